/* reply_write.c - knows how an answer reads as AIGNE's ChatModelOutput; refuses to know where it is
 * sent. */
#include "chat/reply.h"

#include "chat/input.h"
#include "text/decimal.h"
#include "text/json_scan.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

/* ---- tool calls and files ---- */

static bool is_sealed(const struct reply_run *run)
{
    return run->seal.p && (run->kind == EVENT_THOUGHT || run->kind == EVENT_REDACTED);
}

static bool has_seals(const struct reply *r)
{
    for (size_t i = 0; i < r->run_count; i++) {
        if (is_sealed(&r->runs[i]))
            return true;
    }
    return false;
}

static void write_sealed(struct json_writer *w, const struct reply *r,
                         const struct reply_run *run)
{
    bool opaque = run->kind == EVENT_REDACTED;
    bool silent = opaque || !r->thoughts.n;
    json_open_typed(w, "text");
    json_member_string(w, "text",
                       silent ? SLICE("") : buf_part(&r->thoughts, run->start, run->end));
    json_member_bool(w, "isThinking", true);
    json_member_string(w, opaque ? "redacted" : "signature", run->seal);
    if (run->vendor.n)
        json_member_string(w, "origin", run->vendor);
    json_close_object(w);
}

/* Clients send a call back with its metadata, and nothing else of the reasoning that led to it: what is
 * sealed of that goes with the first call. */
static void write_metadata(struct json_writer *w, const struct reply *r, size_t call)
{
    struct slice metadata = r->tools[call].metadata;
    if (call || !has_seals(r)) {
        json_member_raw_opt(w, "metadata", metadata);
        return;
    }
    json_member_object(w, "metadata");
    struct json_walk walk = json_walk(json_of(metadata.p ? metadata : SLICE("{}")));
    while (walk.in_object && json_next(&walk)) {
        json_write_raw(w, SLICE("\""));
        buf_put_slice(w->out, walk.key);
        BUF_LITERAL(w->out, "\":");
        buf_put_slice(w->out, walk.value.raw);
    }
    json_member_array(w, "thoughts");
    for (size_t i = 0; i < r->run_count; i++) {
        if (is_sealed(&r->runs[i]))
            write_sealed(w, r, &r->runs[i]);
    }
    json_close_array(w);
    json_close_object(w);
}

static void write_tool_calls(struct json_writer *w, const struct reply *r, size_t count)
{
    json_open_array(w);
    for (size_t i = 0; i < count && i < r->tool_count; i++) {
        const struct reply_tool_call *t = &r->tools[i];
        json_open_object(w);
        json_member_string(w, "id", t->id.p ? t->id : SLICE(""));
        json_member_text(w, "type", "function");
        json_member_object(w, "function");
        json_member_string(w, "name", t->name.p ? t->name : SLICE(""));
        chat_write_arguments(w, buf_slice(&t->arguments));
        json_close_object(w);
        write_metadata(w, r, i);
        json_close_object(w);
    }
    json_close_array(w);
}

void reply_write_file(struct json_writer *w, const struct reply_file *file)
{
    json_open_typed(w, file->is_url ? "url" : "file");
    json_member_string(w, file->is_url ? "url" : "data",
                       file->content.p ? file->content : SLICE(""));
    json_member_string_opt(w, "mimeType", file->mime);
    json_member_string_opt(w, "filename", file->name);
    json_close_object(w);
}

static void write_files(struct json_writer *w, const struct reply *r)
{
    json_open_array(w);
    for (size_t i = 0; i < r->file_count; i++) {
        reply_write_file(w, &r->files[i]);
    }
    json_close_array(w);
}

void reply_write_tool_calls(const struct reply *r, size_t count, struct buf *out)
{
    struct json_writer w = json_writer(out);
    write_tool_calls(&w, r, count);
}

/* ---- usage ---- */

/* AIGNE's clients refuse any other prefix, the empty one included. */
static bool prefix_known(struct slice prefix)
{
    return prefix.p && (slice_is(prefix, "$") || slice_is(prefix, "\xE2\x82\xAC") ||
                        slice_is(prefix, "\xC2\xA5"));
}

static void write_notes(struct json_writer *w, const struct reply_notes *notes)
{
    json_member_string_opt(w, "modelCallId", notes->call_id);
    if (!notes->charged)
        return;
    json_key(w, "aigneHubCredits");
    struct buf *out = w->out;
    decimal_write(out, notes->credits, DECIMAL_AMOUNT_DIGITS);
    w->comma = true;
    if (prefix_known(notes->credit_prefix))
        json_member_string(w, "creditPrefix", notes->credit_prefix);
}

/* What a remote hub said about the call beside the counts, credits foremost. */
static void write_remote(struct json_writer *w, struct slice extras)
{
    struct json_walk members = json_walk(json_of(extras));
    while (json_next(&members)) {
        if (members.key.n && json_present(members.value)) {
            json_key_slice(w, members.key);
            json_write_raw(w, members.value.raw);
        }
    }
}

void reply_write_seconds(struct json_writer *w, int64_t milliseconds)
{
    if (milliseconds < 0)
        return;
    json_key(w, "seconds");
    decimal_write(w->out, milliseconds, 3);
    w->comma = true;
}

/* Each token stands in one count only: inputTokens has those of other media too and leaves out what was
 * read from or written to a cache. Anthropic's adapter of AIGNE reports so, its OpenAI and Gemini ones do not; a hub adds the
 * three up when it prices a call, which is right for this form alone. */
static void write_usage(struct json_writer *w, const struct usage *u,
                        const struct reply_notes *notes)
{
    bool wrote = u->cache_write_5m >= 0 || u->cache_write_1h >= 0;
    json_open_object(w);
    json_member_int(w, "inputTokens",
                    usage_known(u->input) + usage_known(u->audio_input) +
                        usage_known(u->image_input));
    json_member_int(w, "outputTokens", usage_answer(u));
    if (wrote)
        json_member_int(w, "cacheCreationInputTokens",
                        usage_known(u->cache_write_5m) + usage_known(u->cache_write_1h));
    if (u->cache_read >= 0)
        json_member_int(w, "cacheReadInputTokens", u->cache_read);
    if (u->images >= 0)
        json_member_int(w, "images", u->images);
    reply_write_seconds(w, u->milliseconds);
    if (u->characters >= 0)
        json_member_int(w, "characters", u->characters);
    if (notes && notes->call_id.p)
        write_notes(w, notes);
    else if (notes && notes->usage_extras.p)
        write_remote(w, notes->usage_extras);
    json_close_object(w);
}

static bool usage_worth_it(const struct usage *u, const struct reply_notes *notes)
{
    return usage_reported(u) || (notes && notes->charged);
}

bool reply_write_usage(const struct usage *u, const struct reply_notes *notes, struct buf *out)
{
    if (!usage_worth_it(u, notes))
        return false;
    struct json_writer w = json_writer(out);
    write_usage(&w, u, notes);
    return true;
}

/* ---- the whole ---- */

struct slice reply_json(const struct reply *r, bool wanted)
{
    if (r->json.p || !wanted || r->tool_count)
        return r->json;
    struct slice text = slice_trim(buf_slice(&r->text));
    if (!text.n || text.p[0] != '{' || json_check(text, NULL) != AIGNE_OK)
        return SLICE_NONE;
    return text;
}

/* AIGNE has no member for why an answer ended. What its clients could not guess is told in one they
 * pass on unread. */
static const char *const finish_names[] = {[FINISH_UNKNOWN] = NULL,
                                           [FINISH_STOP] = NULL,
                                           [FINISH_STOP_SEQUENCE] = "stop_sequence",
                                           [FINISH_LENGTH] = "length",
                                           [FINISH_TOOLS] = NULL,
                                           [FINISH_FILTER] = "content_filter",
                                           [FINISH_REFUSAL] = "refusal",
                                           [FINISH_PAUSE] = "pause"};

const char *reply_finish_name(enum finish finish)
{
    return finish_names[finish];
}

static void write_extras(struct json_writer *w, const struct reply *r,
                         const struct reply_notes *notes)
{
    for (size_t i = 0; i < r->extra_count; i++) {
        bool ours = notes && notes->model_with_provider.p &&
                    slice_is(r->extras[i].name, "modelWithProvider");
        if (ours)
            continue;
        json_key_slice(w, r->extras[i].name);
        json_write_raw(w, r->extras[i].value);
    }
}

/* Somebody who reads only `text` must still see a refusal. */
static void write_text(struct json_writer *w, const struct reply *r)
{
    struct slice text = buf_slice(&r->text);
    if (!text.n)
        text = buf_slice(&r->refusal);
    if (text.n || (!r->tool_count && !r->file_count && !r->json.p))
        json_member_string(w, "text", text);
    if (r->thoughts.n)
        json_member_string(w, "thoughts", buf_slice(&r->thoughts));
}

/* The first `told` tool calls are known already. */
static void write_chat(struct json_writer *w, const struct reply *r,
                       const struct reply_notes *notes, size_t told)
{
    json_member_raw_opt(w, "json", reply_json(r, notes->wants_json));
    if (r->tool_count > told) {
        json_key(w, "toolCalls");
        write_tool_calls(w, r, r->tool_count);
    }
    if (r->file_count) {
        json_key(w, "files");
        write_files(w, r);
    }
}

/* All but text and thoughts of a chat, all of anything else. */
static void write_tail(struct json_writer *w, const struct reply *r,
                       const struct reply_notes *notes, size_t told)
{
    if (notes->kind == KIND_CHAT)
        write_chat(w, r, notes, told);
    else
        reply_write_task(r, notes->kind, w);
    if (usage_worth_it(&r->usage, notes)) {
        json_key(w, "usage");
        write_usage(w, &r->usage, notes);
    }
    json_member_string_opt(w, "model", r->model);
    json_member_string_opt(w, "modelWithProvider", notes->model_with_provider);
    write_extras(w, r, notes);
    if (reply_finish_name(r->finish))
        json_member_text(w, "finishReason", reply_finish_name(r->finish));
}

static struct reply_notes completed(const struct reply *r, const struct reply_notes *notes)
{
    struct reply_notes all = notes ? *notes : (struct reply_notes){0};
    if (!all.usage_extras.p)
        all.usage_extras = r->usage_extras;
    return all;
}

void reply_write(const struct reply *r, const struct reply_notes *notes, struct buf *out)
{
    struct json_writer w = json_writer(out);
    struct reply_notes all = completed(r, notes);
    json_open_object(&w);
    if (all.kind == KIND_CHAT)
        write_text(&w, r);
    write_tail(&w, r, &all, 0);
    json_close_object(&w);
}

void reply_write_tail(const struct reply *r, const struct reply_notes *notes, size_t told,
                      struct buf *out)
{
    struct json_writer w = json_writer(out);
    struct reply_notes all = completed(r, notes);
    write_tail(&w, r, &all, told);
}
