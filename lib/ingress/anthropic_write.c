/* anthropic_write.c - knows the pieces that Anthropic's streamed and whole answers share; refuses to
 * know which of the two is written. */
#include "ingress/anthropic.h"

#include "text/http.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

/* The first version leaves out what the newest says is null. */
bool anthropic_is_newest(const struct encoding *e)
{
    struct slice version = http_block_get(e->headers, "anthropic-version");
    return version.p && !slice_is(version, "2023-06-01");
}

void anthropic_write_head(struct json_writer *w, const struct encoding *e)
{
    json_key(w, "id");
    json_write_raw(w, SLICE("\"msg_"));
    json_escape(w->out, e->call_id);
    buf_put_byte(w->out, '"');
    json_member_text(w, "type", "message");
    json_member_text(w, "role", "assistant");
    json_member_string(w, "model", e->model.p ? e->model : SLICE(""));
}

static const char *reason_of(const struct anthropic_stop *stop)
{
    static const char *const names[] = {[FINISH_UNKNOWN] = "end_turn",
                                        [FINISH_STOP] = "end_turn",
                                        [FINISH_STOP_SEQUENCE] = "stop_sequence",
                                        [FINISH_LENGTH] = "max_tokens",
                                        [FINISH_TOOLS] = "tool_use",
                                        [FINISH_FILTER] = "refusal",
                                        [FINISH_REFUSAL] = "refusal",
                                        [FINISH_PAUSE] = "pause_turn"};
    bool plain = stop->finish == FINISH_UNKNOWN || stop->finish == FINISH_STOP;
    if (plain && stop->refusal.n)
        return names[FINISH_REFUSAL];
    return plain && stop->tools ? names[FINISH_TOOLS] : names[stop->finish];
}

void anthropic_write_stop(struct json_writer *w, const struct encoding *e,
                          const struct anthropic_stop *stop)
{
    const char *reason = reason_of(stop);
    bool refused = strcmp(reason, "refusal") == 0;
    json_member_text(w, "stop_reason", reason);
    if (stop->finish == FINISH_STOP_SEQUENCE && stop->sequence.n)
        json_member_string(w, "stop_sequence", stop->sequence);
    else
        json_member_text(w, "stop_sequence", NULL);
    if (refused) {
        json_member_object(w, "stop_details");
        json_member_text(w, "type", "refusal");
        json_member_text(w, "category", NULL);
        if (stop->refusal.n)
            json_member_string(w, "explanation", stop->refusal);
        else
            json_member_text(w, "explanation", NULL);
        json_close_object(w);
    }
    if (!anthropic_is_newest(e))
        return;
    if (!refused)
        json_member_text(w, "stop_details", NULL);
    json_member_text(w, "container", NULL);
}

static void write_writes(struct json_writer *w, const struct usage *u)
{
    json_member_object(w, "cache_creation");
    json_member_int(w, "ephemeral_5m_input_tokens", usage_known(u->cache_write_5m));
    json_member_int(w, "ephemeral_1h_input_tokens", usage_known(u->cache_write_1h));
    json_close_object(w);
}

static void write_details(struct json_writer *w, const struct usage *u)
{
    if (u->reasoning <= 0) {
        json_member_text(w, "output_tokens_details", NULL);
        return;
    }
    json_member_object(w, "output_tokens_details");
    json_member_int(w, "thinking_tokens", u->reasoning);
    json_close_object(w);
}

void anthropic_write_usage(struct json_writer *w, const struct encoding *e,
                           const struct usage *u, bool delta)
{
    int64_t written = usage_known(u->cache_write_5m) + usage_known(u->cache_write_1h);
    json_member_object(w, "usage");
    json_member_int(w, "input_tokens", usage_prompt(u) - usage_known(u->cache_read) - written);
    json_member_int(w, "cache_creation_input_tokens", written);
    json_member_int(w, "cache_read_input_tokens", usage_known(u->cache_read));
    if (!delta || u->cache_write_1h > 0)
        write_writes(w, u);
    json_member_int(w, "output_tokens", usage_answer(u));
    if (!delta)
        json_member_text(w, "service_tier", "standard");
    if (anthropic_is_newest(e) || u->reasoning > 0)
        write_details(w, u);
    if (anthropic_is_newest(e)) {
        json_member_text(w, "server_tool_use", NULL);
        if (!delta) {
            json_member_text(w, "inference_geo", NULL);
            json_member_text(w, "speed", NULL);
        }
    }
    json_close_object(w);
}

static void write_call_id(struct json_writer *w, const struct encoding *e, struct slice id,
                          size_t index)
{
    if (id.n) {
        json_member_string(w, "id", id);
        return;
    }
    json_key(w, "id");
    json_write_raw(w, SLICE("\"toolu_"));
    json_escape(w->out, e->call_id);
    buf_put_byte(w->out, '_');
    buf_put_int(w->out, (int64_t)index);
    buf_put_byte(w->out, '"');
}

void anthropic_write_seal(struct json_writer *w, const char *name, struct slice vendor,
                          struct slice seal)
{
    json_key(w, name);
    json_write_raw(w, SLICE("\""));
    if (!slice_is(vendor, "anthropic")) {
        BUF_LITERAL(w->out, ANTHROPIC_SEAL_MARK);
        json_escape(w->out, vendor.n ? vendor : SLICE(ANTHROPIC_UNKNOWN_VENDOR));
        buf_put_byte(w->out, ':');
    }
    json_escape(w->out, seal);
    buf_put_byte(w->out, '"');
}

void anthropic_write_call(struct json_writer *w, const struct encoding *e, struct slice id,
                          struct slice name, size_t index)
{
    json_member_text(w, "type", "tool_use");
    write_call_id(w, e, id, index);
    json_member_string(w, "name", name.p ? name : SLICE(""));
    if (anthropic_is_newest(e))
        json_member_raw(w, "caller", SLICE("{\"type\":\"direct\"}"));
}

static void member_or(struct json_writer *w, const char *name, struct json v, const char *other)
{
    if (v.kind == JSON_STRING)
        json_member_raw(w, name, v.raw);
    else
        json_member_text(w, name, other);
}

bool anthropic_can_cite(struct slice metadata)
{
    struct json citation = json_of(metadata.p ? metadata : SLICE(""));
    return json_get(citation, "anthropic").kind == JSON_OBJECT ||
           json_get(citation, "url").kind == JSON_STRING;
}

void anthropic_write_citation(struct json_writer *w, struct slice metadata)
{
    static const char *const names[] = {"anthropic", "url", "title", "cited_text"};
    struct json v[4];
    json_pick(json_of(metadata), names, 4, v);
    if (v[0].kind == JSON_OBJECT) {
        json_write_line(w, v[0].raw);
        return;
    }
    json_open_typed(w, "web_search_result_location");
    json_member_raw(w, "url", v[1].raw);
    member_or(w, "title", v[2], NULL);
    member_or(w, "cited_text", v[3], "");
    json_member_text(w, "encrypted_index", "");
    json_close_object(w);
}

struct slice anthropic_call_seal(struct slice metadata, struct arena *a)
{
    struct json seal = json_get(json_of(metadata), "thoughtSignature");
    return seal.kind == JSON_STRING ? json_string(seal, a) : SLICE_NONE;
}

void anthropic_put_file(struct buf *out, struct slice mime, struct slice content, bool is_url)
{
    BUF_LITERAL(out, "![file](");
    if (!is_url) {
        BUF_LITERAL(out, "data:");
        buf_put_slice(out, mime.n ? mime : SLICE("application/octet-stream"));
        BUF_LITERAL(out, ";base64,");
    }
    buf_put_slice(out, content);
    buf_put_byte(out, ')');
}
