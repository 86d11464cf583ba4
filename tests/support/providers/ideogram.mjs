// Knows Ideogram's images: what is refused and how an answer looks.
import { answer, brief, guarded, readForm, readJson, refuseUnless, staged } from './tasks.mjs';

const SETTINGS = ['prompt', 'seed', 'resolution', 'aspect_ratio', 'rendering_speed', 'magic_prompt', 'negative_prompt', 'num_images', 'color_palette', 'style_codes', 'style_type', 'style_preset'];
const FIELDS = {
  generate: SETTINGS,
  remix: [...SETTINGS, 'image', 'image_weight'],
  edit: ['image', 'mask', 'prompt', 'magic_prompt', 'num_images', 'seed', 'rendering_speed', 'style_type', 'color_palette', 'style_codes'],
  reframe: ['image', 'resolution', 'num_images', 'seed', 'rendering_speed', 'style_preset', 'color_palette', 'style_codes'],
  'replace-background': ['image', 'prompt', 'magic_prompt', 'num_images', 'seed', 'rendering_speed', 'style_preset', 'color_palette', 'style_codes'],
};

function rules(fields, operation) {
  for (const name of Object.keys(fields)) refuseUnless(FIELDS[operation].includes(name), `Unknown field ${name}`);
  refuseUnless(operation === 'reframe' || fields.prompt, 'prompt is required');
  refuseUnless(!(fields.resolution && fields.aspect_ratio), 'resolution and aspect_ratio exclude each other');
  refuseUnless(!fields.aspect_ratio || /^\d+x\d+$/.test(fields.aspect_ratio), 'aspect_ratio is not one');
  refuseUnless(!fields.rendering_speed || ['FLASH', 'TURBO', 'DEFAULT', 'QUALITY'].includes(fields.rendering_speed), 'rendering_speed is not one');
  refuseUnless(!fields.magic_prompt || ['AUTO', 'ON', 'OFF'].includes(fields.magic_prompt), 'magic_prompt is not one');
  refuseUnless(!fields.num_images || /^[1-8]$/.test(fields.num_images), 'num_images is from 1 to 8');
  refuseUnless(!fields.color_palette || JSON.parse(fields.color_palette), 'color_palette is not JSON');
  if (operation !== 'generate') refuseUnless(fields.image?.bytes?.length > 3, 'image is required');
  if (operation === 'edit') refuseUnless(fields.mask?.bytes?.length > 3, 'mask is required');
}

async function send(ctx, prompt, n, model) {
  const scenario = await staged(ctx, prompt, model);
  if (!scenario) return;
  const url = `http://${ctx.request.headers.host}/files/a.png`;
  const image = (safe) => ({ prompt, resolution: '1024x1024', url: safe ? url : null, is_image_safe: safe, seed: 5, style_type: 'GENERAL' });
  answer(ctx, { created: '2026-01-01T00:00:00Z', data: Array.from({ length: n }, (_, i) => image(!scenario.unsafe || (scenario.unsafe === 'first' && i > 0))) });
}

async function v3(ctx) {
  const fields = await readForm(ctx);
  ctx.entry.body = brief(fields);
  rules(fields, ctx.route.what);
  await send(ctx, fields.prompt ?? '', Number(fields.num_images ?? 1), 'v3');
}

async function v4(ctx) {
  const fields = await readForm(ctx);
  ctx.entry.body = brief(fields);
  refuseUnless(Boolean(fields.text_prompt) !== Boolean(fields.json_prompt), 'one of text_prompt and json_prompt is required');
  await send(ctx, fields.text_prompt ?? '', 1, 'v4');
}

async function v45(ctx) {
  const body = readJson(ctx);
  ctx.entry.body = body;
  refuseUnless(body.prompt, 'prompt is required');
  await send(ctx, body.prompt, 1, 'v4.5');
}

export const ideogram = {
  name: 'ideogram',
  headers: (id) => ({ 'x-request-id': `ideogram_${id}` }),
  route(method, path) {
    const found = /^\/ideogram\/v1\/ideogram-v3\/([a-z-]+)$/.exec(path);
    if (found && FIELDS[found[1]]) return { what: found[1], method: 'POST', serve: guarded(v3) };
    if (path === '/ideogram/v1/ideogram-v4/generate') return { what: 'v4', method: 'POST', serve: guarded(v4) };
    if (path === '/ideogram/v2/image/generate/ideogram-4-5') return { what: 'v4.5', method: 'POST', serve: guarded(v45) };
    return null;
  },
  authenticate(headers) {
    const key = headers['api-key'];
    if (!key || key.startsWith('bad')) return { key, refuse: [401, { message: 'Not authorized to perform this request' }] };
    return { key };
  },
  error: (status, detail) => ({ error: detail.message ?? (status === 422 ? 'Prompt provided failed safety check due to the inclusion of prohibited content.' : status === 429 ? 'Too many requests' : 'It was refused on purpose') }),
};
