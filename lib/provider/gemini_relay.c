/* Knows what changes of a Gemini request on the way through: where it goes, and the model's name where it
 * stands in the body; refuses to read the rest. */
#include "base/mem.h"
#include "provider/gemini.h"
#include <aignehub/aignehub.h>

static struct slice quoted_model(const struct chat_target *to, struct arena *a)
{
    struct buf name AUTO(buf_free);
    struct buf out AUTO(buf_free);
    buf_init(&name, to->model.n + 16);
    buf_init(&out, to->model.n * 6 + 100);
    gemini_put_model(&name, to->model);
    struct json_writer w = json_writer(&out);
    json_write_string(&w, buf_slice(&name));
    bool failed = buf_rc(&name) < 0 || buf_rc(&out) < 0;
    return failed ? SLICE_NONE : arena_copy(a, buf_slice(&out));
}

/* ---- names deeper in a body ---- */

struct renaming {
    struct buf out;
    const char *from; /* what is copied next */
    struct slice name;
};

static void rename_model(struct renaming *x, struct json model)
{
    if (model.kind != JSON_STRING || model.raw.p < x->from)
        return;
    buf_put(&x->out, x->from, (size_t)(model.raw.p - x->from));
    buf_put_slice(&x->out, x->name);
    x->from = model.raw.p + model.raw.n;
}

static void rename_inside(struct renaming *x, struct json object)
{
    struct json_walk w = json_walk(object);
    while (object.kind == JSON_OBJECT && json_next(&w)) {
        if (json_key_is(&w, "model"))
            rename_model(x, w.value);
    }
}

/* The model at the top, in a request inside, and in each of a list of requests. */
static struct slice renamed(struct slice body, struct slice name, struct arena *a)
{
    struct buf whole AUTO(buf_free);
    struct renaming x = {.from = body.p, .name = name};
    struct json_walk w = json_walk(json_of(body));
    buf_init(&x.out, body.n * 8 + 1024);
    while (json_next(&w)) {
        bool list = w.value.kind == JSON_ARRAY && json_key_is(&w, "requests");
        struct json_walk items = json_walk(list ? w.value : (struct json){0});
        if (json_key_is(&w, "model"))
            rename_model(&x, w.value);
        else if (json_key_is(&w, "generateContentRequest") ||
                 json_key_is(&w, "generate_content_request"))
            rename_inside(&x, w.value);
        while (list && json_next(&items))
            rename_inside(&x, items.value);
    }
    buf_put(&x.out, x.from, (size_t)(body.p + body.n - x.from));
    whole = x.out; /* to be freed */
    return buf_rc(&whole) < 0 ? SLICE_NONE : arena_copy(a, buf_slice(&whole));
}

/* ---- the request ---- */

int gemini_key(const struct chat_target *to, struct http_request *out, struct fault *why)
{
    return to->secret.n ? wire_header(out, "x-goog-api-key", to->secret, why) : AIGNE_OK;
}

/* Nothing of the client's query goes on: what it can say there either says how the answer is written, or
 * leaves out the usage. */
static int relay_to(const struct chat_target *to, const char *method, struct arena *a,
                    struct http_request *out, struct fault *why)
{
    out->url = gemini_method_url(to, method, a);
    if (!out->url.p)
        return fault_nomem(why);
    int rc = gemini_key(to, out, why);
    return rc < 0 ? rc : wire_header(out, "content-type", SLICE("application/json"), why);
}

int gemini_relay_task(const struct chat_relay *r, const struct chat_target *to,
                      const char *method, struct arena *a, struct http_request *out,
                      struct fault *why)
{
    struct slice name = quoted_model(to, a);
    *out = (struct http_request){.method = "POST", .body_count = 1};
    out->body[0] = name.p ? renamed(r->body, name, a) : SLICE_NONE;
    return out->body[0].p ? relay_to(to, method, a, out, why) : fault_nomem(why);
}

int gemini_relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                 struct http_request *out, struct fault *why)
{
    struct slice old = r->model_value;
    struct slice end = slice_of(r->body.p + r->body.n, 0);
    *out = (struct http_request){.method = "POST", .streamed = r->stream, .body_count = 1};
    out->body[0] = r->body;
    if (old.p && (old.p < r->body.p || old.p + old.n > end.p))
        return fault_set(why, AIGNE_E_INTERNAL, "A member to replace lies outside the body.");
    if (old.p) {
        out->body[0] = slice_of(r->body.p, (size_t)(old.p - r->body.p));
        out->body[1] = quoted_model(to, a);
        out->body[2] = slice_of(old.p + old.n, (size_t)(end.p - old.p) - old.n);
        out->body_count = 3;
        if (!out->body[1].p)
            return fault_nomem(why);
    }
    int rc = relay_to(to, gemini_chat_method(r->stream), a, out, why);
    return rc < 0 || !r->stream ? rc
                                : wire_header(out, "accept", SLICE("text/event-stream"), why);
}
