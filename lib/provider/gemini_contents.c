/* Knows how a conversation is written as Gemini contents; refuses to know the parameters. */
#include "provider/gemini.h"
#include "provider/media.h"
#include "provider/turns.h"
#include <aignehub/aignehub.h>

/* Accepted in place of a signature that another provider's call cannot have. */
#define SIGNATURE_NONE "skip_thought_signature_validator"

/* Its own signatures come back as parts of their own; the reasoning of others means nothing to it. */
static bool is_own_thought(const struct chat_part *p)
{
    return p->kind == CHAT_THINKING && p->signature.n &&
           slice_is_nocase(p->origin, GEMINI_VENDOR);
}

bool gemini_thoughts_of_others(const struct chat_request *r)
{
    for (size_t i = 0; i < r->message_count; i++) {
        for (size_t k = 0; k < r->messages[i].part_count; k++) {
            const struct chat_part *p = &r->messages[i].parts[k];
            if (p->kind == CHAT_THINKING && !is_own_thought(p))
                return true;
        }
    }
    return false;
}

static bool part_says(const struct chat_part *p)
{
    bool text = p->kind == CHAT_TEXT || p->kind == CHAT_REFUSAL;
    if (text)
        return p->text.n > 0;
    return p->kind == CHAT_DATA || p->kind == CHAT_URL || p->kind == CHAT_TOOL_CALL ||
           is_own_thought(p);
}

static bool says(const struct chat_message *m)
{
    for (size_t i = 0; i < m->part_count; i++) {
        if (part_says(&m->parts[i]) && m->parts[i].kind != CHAT_THINKING)
            return true;
    }
    return m->role == CHAT_TOOL;
}

static void write_text(struct gemini *x, struct slice text)
{
    json_open_object(&x->w.json);
    json_member_string(&x->w.json, "text", text);
    json_close_object(&x->w.json);
}

static void write_thought(struct gemini *x, const struct chat_part *p)
{
    struct json_writer *j = &x->w.json;
    json_open_object(j);
    json_member_string(j, "text", p->text.p ? p->text : SLICE(""));
    if (p->text.n)
        json_member_bool(j, "thought", true);
    json_member_string(j, "thoughtSignature", p->signature);
    json_close_object(j);
}

int gemini_write_system(struct gemini *x)
{
    const struct chat_request *r = x->w.request;
    bool open = false;
    int rc = wire_refuse_system_files(&x->w);
    if (rc)
        return rc;
    for (size_t i = 0; i < r->message_count; i++) {
        const struct chat_message *m = &r->messages[i];
        for (size_t k = 0; m->role == CHAT_SYSTEM && k < m->part_count; k++) {
            if (m->parts[k].kind != CHAT_TEXT || !m->parts[k].text.n)
                continue;
            if (!open) {
                json_member_object(&x->w.json, "systemInstruction");
                json_member_array(&x->w.json, "parts");
            }
            open = true;
            write_text(x, m->parts[k].text);
        }
    }
    if (!open)
        return AIGNE_OK;
    json_close_array(&x->w.json);
    json_close_object(&x->w.json);
    return AIGNE_OK;
}

static int write_media(struct gemini *x, size_t message, size_t part)
{
    struct json_writer *j = &x->w.json;
    struct media m = media_of(&x->w.request->messages[message].parts[part]);
    if (!m.url.p && !m.mime.p)
        return wire_refuse_part(&x->w, message, part,
                                "say what kind of file this is (mimeType).");
    json_open_object(j);
    json_key(j, m.url.p ? "fileData" : "inlineData");
    json_open_object(j);
    json_member_string_opt(j, "mimeType", m.mime);
    if (m.url.p)
        json_member_string(j, "fileUri", m.url);
    else
        json_member_string(j, "data", m.base64);
    json_close_object(j);
    json_close_object(j);
    return AIGNE_OK;
}

/* `first`: of a set of calls; only that one carries the signature. */
static int write_call(struct gemini *x, const struct chat_part *p, bool first)
{
    struct json_writer *j = &x->w.json;
    struct slice name = name_to_wire(&gemini_names, p->name, x->w.arena);
    if (!name.p)
        return fault_nomem(x->w.why);
    json_open_object(j);
    json_member_object(j, "functionCall");
    if (x->model.call_ids)
        json_member_string_opt(j, "id", p->id);
    json_member_string(j, "name", name);
    wire_object(&x->w, "args", p->arguments, "input");
    json_close_object(j);
    if (p->signature.n)
        json_member_string(j, "thoughtSignature", p->signature);
    else if (first && x->model.signatures)
        json_member_text(j, "thoughtSignature", SIGNATURE_NONE);
    json_close_object(j);
    return AIGNE_OK;
}

static int write_said(struct gemini *x, size_t message, bool *first_call)
{
    const struct chat_message *m = &x->w.request->messages[message];
    int rc = AIGNE_OK;
    for (size_t k = 0; k < m->part_count && rc == AIGNE_OK; k++) {
        const struct chat_part *p = &m->parts[k];
        if (!part_says(p))
            continue;
        if (p->kind == CHAT_TOOL_CALL) {
            rc = write_call(x, p, *first_call);
            *first_call = false;
        } else if (p->kind == CHAT_DATA || p->kind == CHAT_URL) {
            rc = write_media(x, message, k);
        } else if (p->kind == CHAT_THINKING) {
            write_thought(x, p);
        } else {
            write_text(x, p->text);
        }
    }
    return rc;
}

static int write_result(struct gemini *x, const struct call_pair *call)
{
    struct json_writer *j = &x->w.json;
    const struct chat_message *m = &x->w.request->messages[call->result];
    struct slice name = name_to_wire(&gemini_names, call->part->name, x->w.arena);
    struct slice text = wire_joined_text(m, x->w.arena);
    if (!name.p || !text.p)
        return fault_nomem(x->w.why);
    json_open_object(j);
    json_member_object(j, "functionResponse");
    if (x->model.call_ids)
        json_member_string_opt(j, "id", m->tool_call_id);
    json_member_string(j, "name", name);
    if (m->failed) {
        json_member_object(j, "response");
        json_member_string(j, "error", text);
        json_close_object(j);
    } else {
        wire_object(&x->w, "response", text, "result");
    }
    json_close_object(j);
    json_close_object(j);
    return AIGNE_OK;
}

/* Results in the order of their calls: without ids the order is what joins them. */
static int write_results(struct gemini *x, const struct turn *t)
{
    int rc = AIGNE_OK;
    while (rc == AIGNE_OK && x->answered < x->pairs.count &&
           x->pairs.calls[x->answered].result < t->end)
        rc = write_result(x, &x->pairs.calls[x->answered++]);
    return rc;
}

/* Files that tools gave follow all results. */
static int write_result_files(struct gemini *x, const struct turn *t)
{
    const struct chat_request *r = x->w.request;
    int rc = AIGNE_OK;
    for (size_t n = t->first; n < t->end; n++) {
        const struct chat_message *m = &r->messages[n];
        for (size_t k = 0; m->role == CHAT_TOOL && k < m->part_count && rc == AIGNE_OK; k++) {
            if (m->parts[k].kind == CHAT_DATA || m->parts[k].kind == CHAT_URL)
                rc = write_media(x, n, k);
        }
    }
    return rc;
}

static int write_turn(struct gemini *x, const struct turn *t)
{
    const struct chat_request *r = x->w.request;
    bool first_call = true;
    int rc = AIGNE_OK;
    json_open_object(&x->w.json);
    json_member_text(&x->w.json, "role", t->assistant ? "model" : "user");
    json_member_array(&x->w.json, "parts");
    if (!t->assistant)
        rc = write_results(x, t);
    if (rc == AIGNE_OK && !t->assistant)
        rc = write_result_files(x, t);
    for (size_t i = t->first; i < t->end && rc == AIGNE_OK; i++) {
        if (turn_has(r, says, i) && r->messages[i].role != CHAT_TOOL)
            rc = write_said(x, i, &first_call);
    }
    json_close_array(&x->w.json);
    json_close_object(&x->w.json);
    return rc;
}

int gemini_write_contents(struct gemini *x)
{
    struct json_writer *j = &x->w.json;
    struct turn t = {0};
    int rc = turn_pairs(x->w.request, says, x->w.arena, &x->pairs, x->w.why);
    bool more = turn_next(x->w.request, says, &t);
    json_member_array(j, "contents");
    if (!more || t.assistant)
        json_write_raw(
            j, SLICE("{\"role\":\"user\",\"parts\":[{\"text\":\"" TURN_NEUTRAL "\"}]}"));
    while (more && rc == AIGNE_OK) {
        rc = write_turn(x, &t);
        more = turn_next(x->w.request, says, &t);
    }
    json_close_array(j);
    return rc;
}
