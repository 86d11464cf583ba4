/* Knows how a conversation is written as Bedrock's turns and blocks; refuses to know the parameters. */
#include "base/buf.h"
#include "base/mem.h"
#include "provider/bedrock.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

/* What stands beside documents where the user said nothing: a text must. */
#define DOCUMENTS_ALONE "Please read the attached documents."

static bool blank(struct slice text)
{
    return slice_trim(text).n == 0;
}

static void write_text(struct bedrock *b, struct slice text)
{
    struct json_writer *j = &b->x.w.json;
    json_open_object(j);
    json_member_string(j, "text", text);
    json_close_object(j);
}

static bool is_system_text(const struct chat_message *m, const struct chat_part *p)
{
    return m->role == CHAT_SYSTEM && p->kind == CHAT_TEXT && !blank(p->text);
}

int bedrock_write_system(struct bedrock *b)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_request *r = b->x.w.request;
    bool opened = false;
    enum chat_cache last = CHAT_CACHE_NONE; /* of the text before */
    int rc = wire_refuse_system_files(&b->x.w);
    for (size_t i = 0; rc == AIGNE_OK && i < r->message_count; i++) {
        for (size_t k = 0; k < r->messages[i].part_count; k++) {
            const struct chat_part *p = &r->messages[i].parts[k];
            if (!is_system_text(&r->messages[i], p))
                continue;
            if (!opened) {
                json_member_array(j, "system");
            }
            opened = true;
            bedrock_write_cache(b, last);
            write_text(b, p->text);
            last = p->cache;
        }
    }
    if (!opened)
        return rc;
    bedrock_write_cache(b, last == CHAT_CACHE_NONE ? b->x.system : last);
    json_close_array(j);
    return rc;
}

/* Ids must be unique here; other servers begin anew with each answer. */
static struct slice id_of(const struct bedrock *b, size_t index)
{
    const struct call_pair *call = &b->x.pairs.calls[index];
    return call_id_to_wire(call->part->id, call->earlier, BEDROCK_CALL_ID_LONGEST,
                           b->x.w.arena);
}

static int write_call(struct bedrock *b, const struct chat_part *p)
{
    struct json_writer *j = &b->x.w.json;
    struct slice id = id_of(b, b->x.called++);
    struct slice name = name_to_wire(&bedrock_names, p->name, b->x.w.arena);
    if (!id.p || !name.p)
        return fault_nomem(b->x.w.why);
    json_open_object(j);
    json_member_object(j, "toolUse");
    json_member_string(j, "toolUseId", id);
    json_member_string(j, "name", name);
    wire_object(&b->x.w, "input", p->arguments, "input");
    json_close_object(j);
    json_close_object(j);
    return AIGNE_OK;
}

/* Sealed reasoning is bytes here; what came from elsewhere need not be base64. */
static int write_redacted(struct bedrock *b, struct slice sealed)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, 2 * sealed.n + 4);
    if (!base64_valid(sealed))
        base64_encode(&text, sealed);
    json_member_string(&b->x.w.json, "redactedContent",
                       base64_valid(sealed) ? sealed : buf_slice(&text));
    return buf_rc(&text) < 0 ? fault_nomem(b->x.w.why) : AIGNE_OK;
}

static int write_thinking(struct bedrock *b, const struct chat_part *p)
{
    struct json_writer *j = &b->x.w.json;
    json_open_object(j);
    int rc = AIGNE_OK;
    json_member_object(j, "reasoningContent");
    if (p->kind == CHAT_REDACTED) {
        rc = write_redacted(b, p->text);
    } else {
        json_member_object(j, "reasoningText");
        json_member_string(j, "text", p->text);
        json_member_string(j, "signature", p->signature);
        json_close_object(j);
    }
    json_close_object(j);
    json_close_object(j);
    return rc;
}

/* Reasoning stands before what was said after it. `final`: nothing follows, so the text is a beginning
 * that the model continues, which must not end in a blank. */
static int write_assistant(struct bedrock *b, size_t message, bool final)
{
    const struct chat_message *m = &b->x.w.request->messages[message];
    int rc = AIGNE_OK;
    for (size_t k = 0; k < m->part_count && rc == AIGNE_OK; k++) {
        if (anthropic_sealed(m, &m->parts[k]))
            rc = write_thinking(b, &m->parts[k]);
    }
    for (size_t k = 0; k < m->part_count && rc == AIGNE_OK; k++) {
        const struct chat_part *p = &m->parts[k];
        bool text = (p->kind == CHAT_TEXT || p->kind == CHAT_REFUSAL) && !blank(p->text);
        if (text)
            write_text(b, final ? anthropic_without_tail(p->text) : p->text);
        else if (p->kind == CHAT_TOOL_CALL)
            rc = write_call(b, p);
        else
            continue;
        bedrock_write_cache(b, anthropic_cache_at(&b->x, message, k));
    }
    return rc;
}

static int write_user(struct bedrock *b, size_t message, bool *said)
{
    const struct chat_message *m = &b->x.w.request->messages[message];
    int rc = AIGNE_OK;
    for (size_t k = 0; k < m->part_count && rc == AIGNE_OK; k++) {
        const struct chat_part *p = &m->parts[k];
        bool text = p->kind == CHAT_TEXT && !blank(p->text);
        if (text)
            write_text(b, p->text);
        else if (p->kind == CHAT_DATA || p->kind == CHAT_URL)
            rc = bedrock_write_media(b, message, k);
        else
            continue;
        *said = *said || text;
        bedrock_write_cache(b, anthropic_cache_at(&b->x, message, k));
    }
    return rc;
}

/* Where a result cannot say that the tool failed, its text does. */
static void write_failure(struct bedrock *b)
{
    write_text(b, SLICE("The tool failed:"));
}

static int write_result_blocks(struct bedrock *b, size_t message)
{
    const struct chat_message *m = &b->x.w.request->messages[message];
    int rc = AIGNE_OK;
    json_member_array(&b->x.w.json, "content");
    if (m->failed && !b->model.statuses)
        write_failure(b);
    for (size_t k = 0; k < m->part_count && rc == AIGNE_OK; k++) {
        const struct chat_part *p = &m->parts[k];
        if (p->kind == CHAT_TEXT && !blank(p->text))
            write_text(b, p->text);
        else if (p->kind == CHAT_DATA || p->kind == CHAT_URL)
            rc = bedrock_write_media(b, message, k);
    }
    json_close_array(&b->x.w.json);
    return rc;
}

static int write_result(struct bedrock *b, size_t message)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_message *m = &b->x.w.request->messages[message];
    enum chat_cache cache =
        message == b->x.last_message ? b->x.w.request->cache_last : CHAT_CACHE_NONE;
    for (size_t k = 0; k < m->part_count; k++)
        cache = m->parts[k].cache != CHAT_CACHE_NONE ? m->parts[k].cache : cache;
    struct slice id = id_of(b, b->x.pairs.call_of[message] - 1);
    if (!id.p)
        return fault_nomem(b->x.w.why);
    json_open_object(j);
    json_member_object(j, "toolResult");
    json_member_string(j, "toolUseId", id);
    int rc = write_result_blocks(b, message);
    if (m->failed && b->model.statuses)
        json_member_text(j, "status", "error");
    json_close_object(j);
    json_close_object(j);
    bedrock_write_cache(b, cache);
    return rc;
}

static bool has_documents(const struct bedrock *b, const struct turn *t)
{
    const struct chat_request *r = b->x.w.request;
    for (size_t i = t->first; i < t->end; i++) {
        const struct chat_message *m = &r->messages[i];
        for (size_t k = 0; m->role == CHAT_USER && k < m->part_count; k++) {
            if (bedrock_is_document(&m->parts[k]))
                return true;
        }
    }
    return false;
}

/* Results come first, whatever the order in which the caller gave them. */
static int write_turn(struct bedrock *b, const struct turn *t, bool final)
{
    const struct chat_request *r = b->x.w.request;
    bool said = false;
    int rc = AIGNE_OK;
    json_open_object(&b->x.w.json);
    json_member_text(&b->x.w.json, "role", t->assistant ? "assistant" : "user");
    json_member_array(&b->x.w.json, "content");
    for (size_t i = t->first; i < t->end && rc == AIGNE_OK; i++) {
        if (r->messages[i].role == CHAT_TOOL)
            rc = write_result(b, i);
    }
    for (size_t i = t->first; i < t->end && rc == AIGNE_OK; i++) {
        if (!turn_has(r, anthropic_says, i) || r->messages[i].role == CHAT_TOOL)
            continue;
        rc = t->assistant ? write_assistant(b, i, final) : write_user(b, i, &said);
    }
    if (rc == AIGNE_OK && !t->assistant && !said && has_documents(b, t))
        write_text(b, SLICE(DOCUMENTS_ALONE));
    json_close_array(&b->x.w.json);
    json_close_object(&b->x.w.json);
    return rc;
}

int bedrock_write_messages(struct bedrock *b)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_request *r = b->x.w.request;
    struct turn t = {0};
    int rc = turn_pairs(r, anthropic_says, b->x.w.arena, &b->x.pairs, b->x.w.why);
    bool more = turn_next(r, anthropic_says, &t);
    json_member_array(j, "messages");
    if (!more || t.assistant) /* the first turn must be the user's */
        json_write_raw(
            j, SLICE("{\"role\":\"user\",\"content\":[{\"text\":\"" TURN_NEUTRAL "\"}]}"));
    while (more && rc == AIGNE_OK) {
        struct turn next = t;
        more = turn_next(r, anthropic_says, &next);
        rc = write_turn(b, &t, !more);
        t = next;
    }
    json_close_array(j);
    return rc;
}
