/* openai_responses_write.c - knows the items and members that OpenAI's streamed and whole Responses share;
 * refuses to know which of the two is written. */
#include "ingress/openai.h"
#include "ingress/openai_responses.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

void responses_write_id(struct json_writer *w, const char *member, const char *prefix,
                        const struct encoding *e, size_t index)
{
    json_key(w, member);
    json_write_raw(w, SLICE("\""));
    buf_put_text(w->out, prefix);
    json_escape(w->out, e->call_id);
    buf_put_byte(w->out, '_');
    buf_put_int(w->out, (int64_t)index);
    buf_put_byte(w->out, '"');
}

static const char *const statuses[] = {[RESPONSES_RUNS] = "in_progress",
                                       [RESPONSES_COMPLETED] = "completed",
                                       [RESPONSES_INCOMPLETE] = "incomplete",
                                       [RESPONSES_FAILED] = "failed"};

/* ---- items ---- */

static void write_list(struct json_writer *w, const char *member, struct slice items)
{
    json_key(w, member);
    json_write_raw(w, SLICE("["));
    buf_put_slice(w->out, items);
    buf_put_byte(w->out, ']');
}

void responses_write_message(struct json_writer *w, const struct encoding *e, size_t index,
                             enum responses_status status, struct slice parts)
{
    json_open_object(w);
    responses_write_id(w, "id", "msg_", e, index);
    json_member_text(w, "type", "message");
    json_member_text(w, "status", statuses[status]);
    json_member_text(w, "role", "assistant");
    write_list(w, "content", parts);
    json_close_object(w);
}

void responses_write_text_part(struct json_writer *w, struct slice text,
                               struct slice annotations, struct slice logprobs)
{
    json_open_typed(w, "output_text");
    json_member_string(w, "text", text);
    write_list(w, "annotations", annotations);
    write_list(w, "logprobs", logprobs);
    json_close_object(w);
}

void responses_write_refusal_part(struct json_writer *w, struct slice text)
{
    json_open_typed(w, "refusal");
    json_member_string(w, "refusal", text);
    json_close_object(w);
}

/* OpenAI's own seal is the id of its item and what was encrypted. */
static bool is_own(const struct responses_seal *seal, struct slice *id, struct slice *content)
{
    return slice_is(seal->vendor, "openai") && slice_cut(seal->data, ':', id, content);
}

static void write_prefixed(struct json_writer *w, const char *member, const char *prefix,
                           struct slice text)
{
    json_key(w, member);
    json_write_raw(w, SLICE("\""));
    buf_put_text(w->out, prefix);
    json_escape(w->out, text);
    buf_put_byte(w->out, '"');
}

static void write_foreign(struct json_writer *w, const char *member, const char *prefix,
                          const struct responses_seal *seal)
{
    json_key(w, member);
    json_write_raw(w, SLICE("\""));
    buf_put_text(w->out, prefix);
    BUF_LITERAL(w->out, RESPONSES_SEAL);
    json_escape(w->out, seal->vendor);
    buf_put_byte(w->out, ':');
    buf_put_text(w->out, seal->kind);
    buf_put_byte(w->out, ':');
    json_escape(w->out, seal->data);
    buf_put_byte(w->out, '"');
}

/* Clients that take answers to be stored bring the id alone: what has no words is in it whole. */
void responses_write_reasoning(struct json_writer *w, const struct encoding *e, size_t index,
                               struct slice text, const struct responses_seal *seal)
{
    struct slice id;
    struct slice content;
    bool own = is_own(seal, &id, &content);
    json_open_object(w);
    if (text.n || !seal->data.p)
        responses_write_id(w, "id", "rs_", e, index);
    else if (!own)
        write_foreign(w, "id", "rs_", seal);
    else if (id.n)
        json_member_string(w, "id", id);
    else /* another hub's, whose ids are not kept: it is in it whole as well */
        write_prefixed(w, "id", "rs_", content);
    json_member_text(w, "type", "reasoning");
    json_member_array(w, "summary");
    if (text.n) {
        json_open_typed(w, "summary_text");
        json_member_string(w, "text", text);
        json_close_object(w);
    }
    json_close_array(w);
    if (own)
        json_member_string(w, "encrypted_content", content);
    else if (seal->data.p)
        write_foreign(w, "encrypted_content", "", seal);
    json_close_object(w);
}

void responses_write_call(struct json_writer *w, const struct encoding *e, size_t index,
                          struct slice call_id, int call, struct slice name,
                          struct slice arguments, enum responses_status status)
{
    json_open_object(w);
    responses_write_id(w, "id", "fc_", e, index);
    json_member_text(w, "type", "function_call");
    json_member_text(w, "status", statuses[status]);
    json_member_string(w, "arguments", arguments);
    openai_write_call_id(w, "call_id", e, call_id, call);
    json_member_string(w, "name", name.p ? name : SLICE(""));
    json_close_object(w);
}

void responses_write_image(struct json_writer *w, const struct encoding *e, size_t index,
                           struct slice content, enum responses_status status)
{
    json_open_object(w);
    responses_write_id(w, "id", "ig_", e, index);
    json_member_text(w, "type", "image_generation_call");
    json_member_text(w, "status", statuses[status]);
    if (content.p)
        json_member_string(w, "result", content);
    else
        json_member_text(w, "result", NULL);
    json_close_object(w);
}

struct slice responses_call_seal(struct slice metadata, struct arena *a)
{
    return json_string(json_get(json_of(metadata.p ? metadata : SLICE("")), "thoughtSignature"),
                       a);
}

static void write_place(struct json_writer *w, const char *member, struct json place)
{
    int64_t at = 0;
    json_int64(place, &at);
    json_member_int(w, member, at);
}

static void write_text_of(struct json_writer *w, const char *member, struct json text)
{
    json_member_raw(w, member, text.kind == JSON_STRING ? text.raw : SLICE("\"\""));
}

bool responses_write_annotation(struct json_writer *w, struct slice citation)
{
    enum { URL, TITLE, START, END, FILE_ID, INDEX, MEMBERS };
    static const char *const names[] = {"url", "title", "start", "end", "file_id", "index"};
    struct json v[MEMBERS];
    json_pick(json_of(citation.p ? citation : SLICE("")), names, MEMBERS, v);
    bool linked = v[URL].kind == JSON_STRING;
    if (!linked && v[TITLE].kind != JSON_STRING && v[FILE_ID].kind != JSON_STRING)
        return false;
    json_open_typed(w, linked ? "url_citation" : "file_citation");
    if (linked) {
        json_member_raw(w, "url", v[URL].raw);
        write_text_of(w, "title", v[TITLE]);
        write_place(w, "start_index", v[START]);
        write_place(w, "end_index", v[END]);
    } else {
        write_text_of(w, "file_id", v[FILE_ID]);
        write_text_of(w, "filename", v[TITLE]);
        write_place(w, "index", json_present(v[INDEX]) ? v[INDEX] : v[END]);
    }
    json_close_object(w);
    return true;
}

/* ---- the response ---- */

void responses_write_head(struct json_writer *w, const struct encoding *e)
{
    json_key(w, "id");
    json_write_raw(w, SLICE("\"resp_"));
    json_escape(w->out, e->call_id);
    buf_put_byte(w->out, '"');
    json_member_text(w, "object", "response");
    json_member_int(w, "created_at", e->created_s);
}

void responses_write_complaint(struct json_writer *w, const struct fault *why)
{
    openai_write_error_members(w, why, false);
    json_member_object(w, "error");
    openai_write_error_members(w, why, true);
    json_close_object(w);
}

static void write_error(struct json_writer *w, const struct fault *why)
{
    bool slow = why->code == AIGNE_E_RATE;
    json_open_object(w);
    json_member_text(w, "code", slow ? "rate_limit_exceeded" : "server_error");
    json_member_text(w, "message", why->text[0] ? why->text : "The call failed.");
    json_close_object(w);
}

enum responses_status responses_status_of(enum finish finish, bool refused)
{
    bool broken = finish == FINISH_LENGTH || finish == FINISH_FILTER ||
                  (finish == FINISH_REFUSAL && !refused);
    return broken ? RESPONSES_INCOMPLETE : RESPONSES_COMPLETED;
}

void responses_write_state(struct json_writer *w, enum responses_status status,
                           enum finish finish, const struct fault *error)
{
    json_member_text(w, "status", statuses[status]);
    json_member_bool(w, "background", false);
    json_key(w, "error");
    if (error)
        write_error(w, error);
    else
        json_write_null(w);
    json_key(w, "incomplete_details");
    if (status == RESPONSES_INCOMPLETE) {
        json_open_object(w);
        json_member_text(w, "reason",
                         finish == FINISH_LENGTH ? "max_output_tokens" : "content_filter");
        json_close_object(w);
    } else {
        json_write_null(w);
    }
}

void responses_write_usage(struct json_writer *w, const struct usage *u)
{
    json_member_object(w, "usage");
    json_member_int(w, "input_tokens", usage_prompt(u));
    json_member_object(w, "input_tokens_details");
    json_member_int(w, "cached_tokens", usage_known(u->cache_read));
    json_member_int(w, "cache_write_tokens",
                    usage_known(u->cache_write_5m) + usage_known(u->cache_write_1h));
    json_close_object(w);
    json_member_int(w, "output_tokens", usage_answer(u));
    json_member_object(w, "output_tokens_details");
    json_member_int(w, "reasoning_tokens", usage_known(u->reasoning));
    json_close_object(w);
    json_member_int(w, "total_tokens", usage_prompt(u) + usage_answer(u));
    json_close_object(w);
}
