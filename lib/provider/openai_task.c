/* Knows what OpenAI's requests and answers other than chats have in common; refuses to know what any of
 * them is for. */
#include "provider/openai_task.h"

#include "base/mem.h"
#include "provider/complaint.h"
#include <aignehub/aignehub.h>

int openai_task_post(struct task_wire *w, const char *path, struct http_request *out)
{
    struct arena *a = w->json.arena;
    int rc = task_wire_post(w, openai_url(w->json.to, slice_text(path), a), out);
    return rc < 0 ? rc : openai_headers(w->json.to, a, out, w->json.why);
}

/* ---- a body on its way ---- */

/* What stands instead of model_value, or at the start of an object that has none. */
static struct slice new_name(const struct chat_relay *r, const struct chat_target *to,
                             struct arena *a)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, to->model.n * 6 + 64);
    if (r->content_type.p)
        return to->model;
    struct json_writer w = json_writer(&text);
    if (!r->model_value.p)
        BUF_LITERAL(&text, "\"model\":");
    json_write_string(&w, to->model);
    if (!r->model_value.p)
        buf_put_byte(&text, ',');
    return buf_rc(&text) < 0 ? SLICE_NONE : arena_copy(a, buf_slice(&text));
}

/* A body without any member cannot be told from one that takes a comma; nor is it a request. */
static int place_of_name(const struct chat_relay *r, struct slice *old, struct fault *why)
{
    size_t begin = slice_find_byte(r->body, '{');
    *old = r->model_value;
    if (old->p)
        return AIGNE_OK;
    struct slice rest = slice_trim(slice_from(r->body, begin + 1));
    if (r->content_type.p || begin == r->body.n || !rest.n || rest.p[0] == '}')
        return fault_field(why, AIGNE_E_REQUEST, "model", "The request names no model.");
    *old = slice_of(r->body.p + begin + 1, 0);
    return AIGNE_OK;
}

int openai_task_relay(const struct chat_relay *r, const struct chat_target *to,
                      const char *path, struct arena *a, struct http_request *out,
                      struct fault *why)
{
    struct slice old;
    *out = (struct http_request){.method = "POST", .streamed = r->stream};
    int rc = place_of_name(r, &old, why);
    if (rc < 0)
        return rc;
    const char *end = r->body.p + r->body.n;
    if (old.p < r->body.p || old.p + old.n > end)
        return fault_set(why, AIGNE_E_INTERNAL, "A member to replace lies outside the body.");
    out->url = openai_url(to, slice_text(path), a);
    out->body[0] = slice_of(r->body.p, (size_t)(old.p - r->body.p));
    out->body[1] = new_name(r, to, a);
    out->body[2] = slice_of(old.p + old.n, (size_t)(end - (old.p + old.n)));
    out->body_count = 3;
    if (!out->url.p || !out->body[1].p)
        return fault_nomem(why);
    rc = openai_headers(to, a, out, why);
    struct slice type = r->content_type.p ? r->content_type : SLICE("application/json");
    return rc < 0 ? rc : wire_header(out, "content-type", type, why);
}

/* ---- answers ---- */

static int64_t either(struct json object, const char *name, const char *other)
{
    int64_t count = answer_count(json_get(object, name));
    return count >= 0 ? count : answer_count(json_get(object, other));
}

void openai_task_tokens(struct json usage, struct usage *out)
{
    struct json in = json_get(usage, "input_tokens_details");
    struct json made = json_get(usage, "output_tokens_details");
    if (in.kind != JSON_OBJECT)
        in = json_get(usage, "input_token_details");
    if (made.kind != JSON_OBJECT)
        made = json_get(usage, "output_token_details");
    out->image_input = answer_count(json_get(in, "image_tokens"));
    out->audio_input = answer_count(json_get(in, "audio_tokens"));
    out->input = answer_less(either(usage, "input_tokens", "prompt_tokens"), out->image_input);
    out->input = answer_less(out->input, out->audio_input);
    out->image_output = answer_count(json_get(made, "image_tokens"));
    out->audio_output = answer_count(json_get(made, "audio_tokens"));
    out->output =
        answer_less(either(usage, "output_tokens", "completion_tokens"), out->image_output);
    out->output = answer_less(out->output, out->audio_output);
}

int openai_task_open(struct decoding *d, struct slice body, const char *const *names,
                     size_t count, struct json *values)
{
    const char *all[OPENAI_TASK_MEMBERS + 1] = {"error"};
    struct json found[OPENAI_TASK_MEMBERS + 1];
    struct slice text = slice_trim(body);
    for (size_t i = 0; i < count; i++)
        all[i + 1] = names[i];
    int rc = answer_check_pick(d, text, all, count + 1, found);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < count; i++)
        values[i] = found[i + 1];
    return complaint_present(found[0]) ? complaint_in_answer(d, json_of(text)) : AIGNE_OK;
}
