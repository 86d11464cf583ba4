/* Knows what changes of a Gemini request on the way through: where it goes, and the model's name where it
 * stands in the body; refuses to read the rest. */
#include "base/mem.h"
#include "provider/gemini.h"
#include <aignehub/aignehub.h>

static struct slice quoted_model(const struct chat_target *to, struct arena *a)
{
    struct buf out AUTO(buf_free);
    buf_init(&out, to->model.n * 6 + 16);
    bool collected = slice_find_byte(to->model, '/') < to->model.n;
    buf_put_text(&out, collected ? "\"" : "\"models/");
    json_escape(&out, to->model);
    buf_put_byte(&out, '"');
    return buf_rc(&out) < 0 ? SLICE_NONE : arena_copy(a, buf_slice(&out));
}

/* Nothing of the client's query goes on: what it can say there either says how the answer is written, or
 * leaves out the usage. */
int gemini_relay_to(const struct chat_relay *r, const struct chat_target *to,
                    const char *method, struct arena *a, struct http_request *out,
                    struct fault *why)
{
    struct slice old = r->model_value;
    struct slice end = slice_of(r->body.p + r->body.n, 0);
    *out = (struct http_request){.method = "POST", .streamed = r->stream};
    out->body[out->body_count++] = r->body;
    if (old.p) {
        if (old.p < r->body.p || old.p + old.n > end.p)
            return fault_set(why, AIGNE_E_INTERNAL,
                             "A member to replace lies outside the body.");
        out->body[0] = slice_of(r->body.p, (size_t)(old.p - r->body.p));
        out->body[1] = quoted_model(to, a);
        out->body[2] = slice_of(old.p + old.n, (size_t)(end.p - old.p) - old.n);
        out->body_count = 3;
    }
    out->url = gemini_method_url(to, method, a);
    if (!out->url.p || (old.p && !out->body[1].p))
        return fault_nomem(why);
    int rc = to->secret.n ? wire_header(out, "x-goog-api-key", to->secret, why) : AIGNE_OK;
    return rc < 0 ? rc : wire_header(out, "content-type", SLICE("application/json"), why);
}

int gemini_relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                 struct http_request *out, struct fault *why)
{
    int rc = gemini_relay_to(r, to, gemini_chat_method(r->stream), a, out, why);
    return rc < 0 || !r->stream ? rc
                                : wire_header(out, "accept", SLICE("text/event-stream"), why);
}
