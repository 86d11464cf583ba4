/* openai_write.c - knows the pieces that OpenAI's streamed and whole answers share; refuses to know
 * which of the two is written. */
#include "ingress/openai.h"

#include "text/json_scan.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

void openai_write_head(struct json_writer *w, const struct encoding *e, const char *object)
{
    json_key(w, "id");
    json_write_raw(w, SLICE("\"chatcmpl-"));
    json_escape(w->out, e->call_id);
    buf_put_byte(w->out, '"');
    json_member_text(w, "object", object);
    json_member_int(w, "created", e->created_s);
    json_member_string(w, "model", e->model.p ? e->model : SLICE(""));
}

void openai_write_usage(struct json_writer *w, const struct usage *u)
{
    int64_t written = usage_known(u->cache_write_5m) + usage_known(u->cache_write_1h);
    json_member_object(w, "usage");
    json_member_int(w, "prompt_tokens", usage_prompt(u));
    json_member_int(w, "completion_tokens", usage_answer(u));
    json_member_int(w, "total_tokens", usage_prompt(u) + usage_answer(u));
    json_member_object(w, "prompt_tokens_details");
    json_member_int(w, "cached_tokens", usage_known(u->cache_read));
    if (written)
        json_member_int(w, "cache_write_tokens", written);
    json_close_object(w);
    json_member_object(w, "completion_tokens_details");
    json_member_int(w, "reasoning_tokens", usage_known(u->reasoning));
    json_close_object(w);
    json_close_object(w);
}

const char *openai_finish_name(enum finish finish, bool tools, bool refused)
{
    static const char *const names[] = {
        [FINISH_UNKNOWN] = "stop",       [FINISH_STOP] = "stop",
        [FINISH_STOP_SEQUENCE] = "stop", [FINISH_LENGTH] = "length",
        [FINISH_TOOLS] = "tool_calls",   [FINISH_FILTER] = "content_filter",
        [FINISH_REFUSAL] = "stop",       [FINISH_PAUSE] = "stop"};
    if (finish == FINISH_REFUSAL && !refused)
        return "content_filter";
    if (tools && (finish == FINISH_UNKNOWN || finish == FINISH_STOP))
        return "tool_calls";
    return names[finish];
}

void openai_write_call_id(struct json_writer *w, const char *member, const struct encoding *e,
                          struct slice id, int index)
{
    if (id.n) {
        json_member_string(w, member, id);
        return;
    }
    json_key(w, member);
    json_write_raw(w, SLICE("\"call_"));
    json_escape(w->out, e->call_id);
    buf_put_byte(w->out, '_');
    buf_put_int(w->out, index);
    buf_put_byte(w->out, '"');
}

/* Where Google's own layer for OpenAI clients puts what seals a call. */
void openai_write_signature(struct json_writer *w, struct slice metadata)
{
    struct json signature = json_get(json_of(metadata), "thoughtSignature");
    if (signature.kind != JSON_STRING)
        return;
    json_member_object(w, "extra_content");
    json_member_object(w, "google");
    json_member_raw(w, "thought_signature", signature.raw);
    json_close_object(w);
    json_close_object(w);
}

bool openai_is_citation(struct slice metadata)
{
    return json_get(json_of(metadata.p ? metadata : SLICE("")), "url").kind == JSON_STRING;
}

void openai_write_citation(struct json_writer *w, struct slice metadata)
{
    static const char *const theirs[] = {"start_index", "end_index"};
    static const char *const names[] = {"start", "end", "url", "title"};
    struct json v[4];
    json_pick(json_of(metadata), names, 4, v);
    json_open_typed(w, "url_citation");
    json_member_object(w, "url_citation");
    for (size_t i = 0; i < 2; i++) {
        int64_t place = 0;
        json_int64(v[i], &place);
        json_member_int(w, theirs[i], place);
    }
    json_member_raw(w, "url", v[2].raw);
    json_member_raw(w, "title", v[3].kind == JSON_STRING ? v[3].raw : SLICE("\"\""));
    json_close_object(w);
    json_close_object(w);
}

void openai_write_logprobs(struct json_writer *w, struct slice content)
{
    if (!content.p) {
        json_member_text(w, "logprobs", NULL);
        return;
    }
    json_member_object(w, "logprobs");
    json_key(w, "content");
    json_write_raw(w, SLICE("["));
    w->comma = false;
    json_write_line(w, content);
    buf_put_byte(w->out, ']');
    json_member_text(w, "refusal", NULL);
    json_close_object(w);
}

void openai_write_image(struct json_writer *w, struct slice mime, struct slice content,
                        bool is_url)
{
    json_open_typed(w, "image_url");
    json_member_object(w, "image_url");
    json_key(w, "url");
    json_write_raw(w, SLICE("\""));
    if (!is_url) {
        BUF_LITERAL(w->out, "data:");
        json_escape(w->out, mime.n ? mime : SLICE("application/octet-stream"));
        BUF_LITERAL(w->out, ";base64,");
    }
    json_escape(w->out, content);
    buf_put_byte(w->out, '"');
    json_close_object(w);
    json_close_object(w);
}
