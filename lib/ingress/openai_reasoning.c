/* openai_reasoning.c - knows how sealed reasoning travels to clients of OpenAI's chat completions and
 * back, in the `reasoning_details` that OpenRouter's clients know; refuses to know who sealed it. */
#include "ingress/openai.h"

#include <aignehub/aignehub.h>

static const struct {
    const char *vendor;
    const char *format;
} formats[] = {{"anthropic", "anthropic-claude-v1"},
               {"google", "google-gemini-v1"},
               {"openai", "openai-responses-v1"},
               {"xai", "xai-responses-v1"}};
enum { FORMATS = sizeof formats / sizeof formats[0] };
#define OTHERS "hub:" /* and the vendor's name */

static void write_format(struct json_writer *w, struct slice vendor)
{
    for (size_t i = 0; i < FORMATS; i++) {
        if (slice_is(vendor, formats[i].vendor)) {
            json_member_text(w, "format", formats[i].format);
            return;
        }
    }
    if (!vendor.n)
        return;
    json_key(w, "format");
    json_write_raw(w, SLICE("\"" OTHERS));
    json_escape(w->out, vendor);
    buf_put_byte(w->out, '"');
}

void openai_write_detail(struct json_writer *w, const struct openai_detail *d)
{
    json_open_typed(w, d->opaque ? "reasoning.encrypted" : "reasoning.text");
    if (!d->opaque)
        json_member_string(w, "text", d->text.p ? d->text : SLICE(""));
    json_member_string(w, d->opaque ? "data" : "signature", d->seal);
    write_format(w, d->vendor);
    json_member_int(w, "index", (int64_t)d->index);
    json_close_object(w);
}

static struct slice vendor_of(struct json format, struct arena *a)
{
    for (size_t i = 0; i < FORMATS; i++) {
        if (json_string_is(format, formats[i].format))
            return slice_text(formats[i].vendor);
    }
    struct slice name = json_string(format, a);
    return slice_starts(name, OTHERS) ? slice_from(name, sizeof OTHERS - 1) : SLICE_NONE;
}

/* Clients that keep the pieces of a stream apart send a thought in several: those of one index follow one
 * another, and the seal comes with the last. */
static int read_text(struct reading *r, const struct json *v, struct chat_part *p)
{
    struct slice piece = SLICE_NONE;
    int rc = read_string(r, "reasoning_details.text", v[0], &piece);
    if (!rc)
        rc = read_string(r, "reasoning_details.signature", v[1], &p->signature);
    if (rc || !piece.n)
        return rc;
    const struct slice both[] = {p->text, piece};
    p->text = p->text.n ? arena_join(r->arena, both, 2) : piece;
    return p->text.p ? AIGNE_OK : reading_nomem(r);
}

struct details {
    struct json index; /* of the thought that is open */
    bool open;
};

static int read_detail(struct reading *r, struct details *d, struct json detail)
{
    enum { TEXT, SIGNATURE, DATA, TYPE, FORMAT, INDEX, MEMBERS };
    static const char *const names[] = {"text", "signature", "data", "type", "format", "index"};
    struct chat_request *out = r->build.request;
    struct chat_message *m = &out->messages[out->message_count - 1];
    struct json v[MEMBERS];
    if (detail.kind != JSON_OBJECT)
        return reading_kind(r, "reasoning_details", "an array of objects", detail);
    json_pick(detail, names, MEMBERS, v);
    bool opaque = json_string_is(v[TYPE], "reasoning.encrypted");
    if (!opaque && !json_string_is(v[TYPE], "reasoning.text"))
        return AIGNE_OK; /* a summary is nothing to go on with */
    bool more = d->open && !opaque && m->part_count && v[INDEX].kind == JSON_NUMBER &&
                slice_eq(v[INDEX].raw, d->index.raw) &&
                !m->parts[m->part_count - 1].signature.n;
    struct chat_part *p =
        more ? &m->parts[m->part_count - 1]
             : chat_add_part(&r->build, opaque ? CHAT_REDACTED : CHAT_THINKING);
    if (!p)
        return reading_nomem(r);
    *d = (struct details){v[INDEX], !opaque};
    p->origin = vendor_of(v[FORMAT], r->arena);
    return opaque ? read_needed_string(r, "reasoning_details.data", v[DATA], &p->text)
                  : read_text(r, v, p);
}

int openai_read_details(struct reading *r, struct json list, bool *any)
{
    struct details d = {.open = false};
    const struct chat_request *out = r->build.request;
    int rc = AIGNE_OK;
    *any = false;
    if (!json_present(list))
        return AIGNE_OK;
    if (list.kind != JSON_ARRAY)
        return reading_kind(r, "reasoning_details", "an array", list);
    struct json_walk w = json_walk(list);
    while (!rc && json_next(&w))
        rc = read_detail(r, &d, w.value);
    *any = out->messages[out->message_count - 1].part_count > 0;
    return rc;
}
