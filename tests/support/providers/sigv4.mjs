// Knows who may ask Amazon's services and whether a request is signed by them; asks another implementation,
// aws4, what the signature should be.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../server/clients/package.json', import.meta.url));
const SKEW = 5 * 60 * 1000;
export const secretOf = (id) => `secret/of+${id}`;
export const tokenOf = (id) => `token//of+${id}==`;

const refusal = (type, message) => ({ refuse: [403, { type, message }] });
const parse = (date) => Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

/* {key, region} or {key, refuse}. Ids that begin with AKIABAD are nobody's; those with ASIA are temporary. */
export function verify(headers, { method, target, bytes }, service) {
  const said = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '');
  if (!said) return refusal('IncompleteSignatureException', 'Authorization header requires its parts.');
  const [, key, day, region, named, list, signature] = said;
  const signed = list.split(';');
  const date = headers['x-amz-date'] ?? '';
  const wrong = (text) => ({ key, ...refusal('InvalidSignatureException', text) });
  if (/^AKIABAD/.test(key)) return { key, ...refusal('UnrecognizedClientException', 'The security token included in the request is invalid.') };
  if (named !== service) return wrong(`Credential should be scoped to correct service: '${service}'.`);
  if (!(Math.abs(parse(date) - Date.now()) < SKEW) || !date.startsWith(day)) return wrong(`Signature expired: ${date} is now earlier than that`);
  if (signed.join() !== [...signed].sort().join()) return wrong('SignedHeaders must be sorted.');
  const due = ['host', ...Object.keys(headers).filter((h) => h.startsWith('x-amz-')), 'content-type'].filter((h) => h in headers);
  const missing = due.find((h) => !signed.includes(h));
  if (missing) return wrong(`'${missing}' must be a 'SignedHeader' in the AWS Authorization.`);
  if (key.startsWith('ASIA') && headers['x-amz-security-token'] !== tokenOf(key)) return { key, ...refusal('UnrecognizedClientException', 'The security token included in the request is invalid.') };
  const request = { method, host: headers.host, path: target, service, region, body: bytes.length ? bytes : undefined, extraHeadersToIgnore: { 'content-length': !signed.includes('content-length') }, headers: Object.fromEntries(signed.map((h) => [h, headers[h]])) };
  const ours = require('aws4').sign(request, { accessKeyId: key, secretAccessKey: secretOf(key) }).headers.Authorization;
  if (!ours.endsWith(`Signature=${signature}`) || !ours.includes(`SignedHeaders=${list},`))
    return wrong(`The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.\n\nThe Canonical String for this request should have been\n'${method}\n${target}\n\nx-amz-security-token:${headers['x-amz-security-token'] ?? ''}'`);
  return { key, region };
}
