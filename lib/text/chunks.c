/* Knows how a chunk of Amazon's model streams becomes a server-sent event; refuses to know which model's. */
#include "text/chunks.h"
#include "base/limits.h"
#include "text/base64.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

void chunks_init(struct chunks *c)
{
    buf_init(&c->json, LIMIT_FRAME);
    buf_init(&c->lines, LIMIT_FRAME + 1024);
}

void chunks_free(struct chunks *c)
{
    buf_free(&c->json);
    buf_free(&c->lines);
}

/* The text between the quotes when it is a plain word. */
static struct slice word_of(struct json type)
{
    struct slice word = SLICE("");
    if (type.kind == JSON_STRING && type.raw.n > 2)
        word = slice_of(type.raw.p + 1, type.raw.n - 2);
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] != '_' && (word.p[i] < 'a' || word.p[i] > 'z'))
            return SLICE("");
    }
    return word;
}

/* An event's data is one line; between the tokens of JSON a line end is a blank. */
static void flatten(struct buf *json)
{
    for (size_t i = 0; i < json->n; i++) {
        if (json->p[i] == '\n' || json->p[i] == '\r')
            json->p[i] = ' ';
    }
}

static int state_of(const struct buf *b)
{
    int rc = buf_rc(b);
    return rc == AIGNE_E_REQUEST ? AIGNE_E_PROTOCOL : rc;
}

int chunks_event(struct chunks *c, struct slice payload, struct sse_event *out)
{
    buf_clear(&c->json);
    buf_clear(&c->lines);
    *out = (struct sse_event){.name = SLICE(""), .data = SLICE(""), .raw = SLICE("")};
    struct json bytes = json_get(json_of(payload), "bytes");
    if (bytes.kind != JSON_STRING)
        return 1;
    bool read = base64_decode(&c->json, slice_of(bytes.raw.p + 1, bytes.raw.n - 2));
    if (!read || buf_rc(&c->json) < 0)
        return read ? state_of(&c->json) : AIGNE_E_PROTOCOL;
    flatten(&c->json);
    out->data = buf_slice(&c->json);
    struct slice name = word_of(json_get(json_of(out->data), "type"));
    if (name.n) {
        BUF_LITERAL(&c->lines, "event: ");
        buf_put_slice(&c->lines, name);
        BUF_LITERAL(&c->lines, "\n");
    }
    BUF_LITERAL(&c->lines, "data: ");
    buf_put_slice(&c->lines, out->data);
    BUF_LITERAL(&c->lines, "\n\n");
    out->raw = buf_slice(&c->lines);
    out->name = name;
    return buf_rc(&c->lines) < 0 ? state_of(&c->lines) : 1;
}
