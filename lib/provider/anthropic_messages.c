/* Knows how a conversation is written as Anthropic turns and blocks; refuses to know the parameters. */
#include "base/mem.h"
#include "provider/anthropic.h"
#include "provider/media.h"
#include "provider/turns.h"
#include "text/base64.h"
#include "text/utf8.h"
#include <aignehub/aignehub.h>

static bool blank(struct slice text)
{
    return slice_trim(text).n == 0;
}

/* A call that bears a signature of its own was made by Gemini, as was what was thought before it. */
static bool called_by_another(const struct chat_message *m)
{
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind == CHAT_TOOL_CALL && m->parts[i].signature.n)
            return true;
    }
    return false;
}

/* Reasoning that is not sealed, or by another vendor, is refused. */
bool anthropic_sealed(const struct chat_message *m, const struct chat_part *p)
{
    bool sealed =
        (p->kind == CHAT_THINKING && p->signature.n) || (p->kind == CHAT_REDACTED && p->text.n);
    return sealed && (!p->origin.p || slice_is_nocase(p->origin, "anthropic")) &&
           !called_by_another(m);
}

void anthropic_note_thoughts(const struct chat_request *r, const struct chat_target *to)
{
    for (size_t i = 0; i < r->message_count; i++) {
        const struct chat_message *m = &r->messages[i];
        for (size_t k = 0; k < m->part_count; k++) {
            bool worded = m->parts[k].kind == CHAT_THINKING;
            if ((worded || m->parts[k].kind == CHAT_REDACTED) &&
                !anthropic_sealed(m, &m->parts[k]))
                dropped_note(to->dropped, worded ? "thinking" : "redacted_thinking");
        }
    }
}

static bool part_says(const struct chat_message *m, const struct chat_part *p)
{
    switch (p->kind) {
    case CHAT_TEXT:
    case CHAT_REFUSAL:
        return !blank(p->text);
    case CHAT_THINKING:
    case CHAT_REDACTED:
        return anthropic_sealed(m, p);
    case CHAT_DATA:
    case CHAT_URL:
    case CHAT_TOOL_CALL:
        return true;
    }
    return false;
}

bool anthropic_says(const struct chat_message *m)
{
    for (size_t i = 0; i < m->part_count; i++) {
        if (part_says(m, &m->parts[i]))
            return true;
    }
    return m->role == CHAT_TOOL;
}

static void write_text(struct anthropic *x, struct slice text, enum chat_cache cache)
{
    struct json_writer *j = &x->w.json;
    json_open_typed(j, "text");
    json_member_string(j, "text", text);
    anthropic_write_cache(x, cache);
    json_close_object(j);
}

static bool is_system_text(const struct chat_message *m, const struct chat_part *p)
{
    return m->role == CHAT_SYSTEM && p->kind == CHAT_TEXT && !blank(p->text);
}

static const struct chat_part *last_system_text(const struct chat_request *r)
{
    for (size_t i = r->message_count; i-- > 0;) {
        const struct chat_message *m = &r->messages[i];
        for (size_t k = m->part_count; k-- > 0;) {
            if (is_system_text(m, &m->parts[k]))
                return &m->parts[k];
        }
    }
    return NULL;
}

int anthropic_write_system(struct anthropic *x)
{
    const struct chat_request *r = x->w.request;
    const struct chat_part *last = last_system_text(r);
    int rc = wire_refuse_system_files(&x->w);
    if (!last || rc)
        return rc;
    json_member_array(&x->w.json, "system");
    for (size_t i = 0; i < r->message_count; i++) {
        const struct chat_message *m = &r->messages[i];
        for (size_t k = 0; k < m->part_count; k++) {
            const struct chat_part *p = &m->parts[k];
            enum chat_cache cache =
                p == last && p->cache == CHAT_CACHE_NONE ? x->system : p->cache;
            if (is_system_text(m, p))
                write_text(x, p->text, cache);
        }
    }
    json_close_array(&x->w.json);
    return AIGNE_OK;
}

static void write_source(struct anthropic *x, const struct media *m)
{
    struct json_writer *j = &x->w.json;
    json_member_object(j, "source");
    json_member_text(j, "type", m->url.p ? "url" : "base64");
    if (m->url.p) {
        json_member_string(j, "url", m->url);
    } else {
        json_member_string(j, "media_type", m->mime);
        json_member_string(j, "data", m->base64);
    }
    json_close_object(j);
}

static int write_text_source(struct anthropic *x, const struct media *m, size_t message,
                             size_t part)
{
    struct json_writer *j = &x->w.json;
    struct buf text AUTO(buf_free);
    buf_init(&text, m->base64.n);
    if (!base64_decode(&text, m->base64))
        return wire_refuse_part(&x->w, message, part, "the content is not base64.");
    if (buf_rc(&text) < 0)
        return fault_nomem(x->w.why);
    if (!utf8_valid(buf_slice(&text)))
        return wire_refuse_part(&x->w, message, part, "the content is no text in UTF-8.");
    json_member_object(j, "source");
    json_member_text(j, "type", "text");
    json_member_text(j, "media_type", "text/plain");
    json_member_string(j, "data", buf_slice(&text));
    json_close_object(j);
    return AIGNE_OK;
}

static bool image_taken(const struct media *m)
{
    return m->url.p || slice_is_nocase(m->mime, "image/jpeg") ||
           slice_is_nocase(m->mime, "image/png") || slice_is_nocase(m->mime, "image/gif") ||
           slice_is_nocase(m->mime, "image/webp");
}

static void write_document_notes(struct anthropic *x, const struct chat_part *p,
                                 struct slice title)
{
    struct json_writer *j = &x->w.json;
    if (title.n)
        json_member_string(j, "title", title);
    if (p->context.n)
        json_member_string(j, "context", p->context);
    if (p->citations == CHAT_YES)
        json_member_raw(j, "citations", SLICE("{\"enabled\":true}"));
}

int anthropic_write_media(struct anthropic *x, size_t message, size_t part,
                          enum chat_cache cache)
{
    struct json_writer *j = &x->w.json;
    struct media m = media_of(&x->w.request->messages[message].parts[part]);
    bool text = m.kind == MEDIA_TEXT && !m.url.p;
    if (m.kind != MEDIA_IMAGE && m.kind != MEDIA_PDF && !text)
        return wire_refuse_part(&x->w, message, part,
                                "this provider takes images, PDF and text files only.");
    if (m.kind == MEDIA_IMAGE && !image_taken(&m))
        return wire_refuse_part(&x->w, message, part,
                                "this provider takes images as jpeg, png, gif or webp.");
    int rc = AIGNE_OK;
    json_open_typed(j, m.kind == MEDIA_IMAGE ? "image" : "document");
    if (text)
        rc = write_text_source(x, &m, message, part);
    else
        write_source(x, &m);
    if (m.kind != MEDIA_IMAGE)
        write_document_notes(x, &x->w.request->messages[message].parts[part], m.filename);
    anthropic_write_cache(x, cache);
    json_close_object(j);
    return rc;
}

/* Ids must be unique here; other servers begin anew with each answer. */
static struct slice id_of(const struct anthropic *x, size_t index)
{
    const struct call_pair *call = &x->pairs.calls[index];
    return call_id_to_wire(call->part->id, call->earlier, ANTHROPIC_CALL_ID_LONGEST,
                           x->w.arena);
}

static int write_call(struct anthropic *x, const struct chat_part *p, enum chat_cache cache)
{
    struct json_writer *j = &x->w.json;
    struct slice id = id_of(x, x->called++);
    struct slice name = name_to_wire(&anthropic_names, p->name, x->w.arena);
    if (!id.p || !name.p)
        return fault_nomem(x->w.why);
    json_open_typed(j, "tool_use");
    json_member_string(j, "id", id);
    json_member_string(j, "name", name);
    wire_object(&x->w, "input", p->arguments, "input");
    anthropic_write_cache(x, cache);
    json_close_object(j);
    return AIGNE_OK;
}

static void write_thinking(struct anthropic *x, const struct chat_part *p)
{
    struct json_writer *j = &x->w.json;
    json_open_object(j);
    if (p->kind == CHAT_REDACTED) {
        json_member_text(j, "type", "redacted_thinking");
        json_member_string(j, "data", p->text);
    } else {
        json_member_text(j, "type", "thinking");
        json_member_string(j, "thinking", p->text);
        json_member_string(j, "signature", p->signature);
    }
    json_close_object(j);
}

enum chat_cache anthropic_cache_at(const struct anthropic *x, size_t message, size_t part)
{
    const struct chat_request *r = x->w.request;
    enum chat_cache own = r->messages[message].parts[part].cache;
    bool last = message == x->last_message && part == x->last_part;
    return own == CHAT_CACHE_NONE && last ? r->cache_last : own;
}

struct slice anthropic_without_tail(struct slice text)
{
    struct slice s = text;
    while (s.n && slice_trim(slice_of(s.p + s.n - 1, 1)).n == 0)
        s.n--;
    return s;
}

/* Reasoning stands before what was said after it. `final`: nothing follows, so the text is a beginning
 * that the model continues, which must not end in a blank. */
static int write_assistant(struct anthropic *x, size_t message, bool final)
{
    const struct chat_message *m = &x->w.request->messages[message];
    int rc = AIGNE_OK;
    for (size_t k = 0; k < m->part_count; k++) {
        const struct chat_part *p = &m->parts[k];
        if (anthropic_sealed(m, p))
            write_thinking(x, p);
    }
    for (size_t k = 0; k < m->part_count && rc == AIGNE_OK; k++) {
        const struct chat_part *p = &m->parts[k];
        bool text = p->kind == CHAT_TEXT || p->kind == CHAT_REFUSAL;
        if (text && part_says(m, p))
            write_text(x, final ? anthropic_without_tail(p->text) : p->text,
                       anthropic_cache_at(x, message, k));
        else if (p->kind == CHAT_TOOL_CALL)
            rc = write_call(x, p, anthropic_cache_at(x, message, k));
    }
    return rc;
}

static int write_user(struct anthropic *x, size_t message)
{
    const struct chat_message *m = &x->w.request->messages[message];
    int rc = AIGNE_OK;
    for (size_t k = 0; k < m->part_count && rc == AIGNE_OK; k++) {
        const struct chat_part *p = &m->parts[k];
        if (p->kind == CHAT_TEXT && !blank(p->text))
            write_text(x, p->text, anthropic_cache_at(x, message, k));
        else if (p->kind == CHAT_DATA || p->kind == CHAT_URL)
            rc = anthropic_write_media(x, message, k, anthropic_cache_at(x, message, k));
    }
    return rc;
}

static int write_result_blocks(struct anthropic *x, size_t message)
{
    const struct chat_message *m = &x->w.request->messages[message];
    int rc = AIGNE_OK;
    json_member_array(&x->w.json, "content");
    for (size_t k = 0; k < m->part_count && rc == AIGNE_OK; k++) {
        const struct chat_part *p = &m->parts[k];
        if (p->kind == CHAT_TEXT && !blank(p->text))
            write_text(x, p->text, CHAT_CACHE_NONE);
        else if (p->kind == CHAT_DATA || p->kind == CHAT_URL)
            rc = anthropic_write_media(x, message, k, CHAT_CACHE_NONE);
    }
    json_close_array(&x->w.json);
    return rc;
}

static int write_result(struct anthropic *x, size_t message)
{
    struct json_writer *j = &x->w.json;
    const struct chat_message *m = &x->w.request->messages[message];
    enum chat_cache cache =
        message == x->last_message ? x->w.request->cache_last : CHAT_CACHE_NONE;
    for (size_t k = 0; k < m->part_count; k++)
        cache = m->parts[k].cache != CHAT_CACHE_NONE ? m->parts[k].cache : cache;
    struct slice id = id_of(x, x->pairs.call_of[message] - 1);
    struct slice text = wire_joined_text(m, x->w.arena);
    int rc = AIGNE_OK;
    if (!id.p || !text.p)
        return fault_nomem(x->w.why);
    json_open_typed(j, "tool_result");
    json_member_string(j, "tool_use_id", id);
    if (!wire_text_only(m))
        rc = write_result_blocks(x, message);
    else if (!blank(text))
        json_member_string(j, "content", text);
    if (m->failed)
        json_member_bool(j, "is_error", true);
    anthropic_write_cache(x, cache);
    json_close_object(j);
    return rc;
}

/* Results come first, whatever the order in which the caller gave them. */
static int write_turn(struct anthropic *x, const struct turn *t, bool final)
{
    const struct chat_request *r = x->w.request;
    int rc = AIGNE_OK;
    json_open_object(&x->w.json);
    json_member_text(&x->w.json, "role", t->assistant ? "assistant" : "user");
    json_member_array(&x->w.json, "content");
    for (size_t i = t->first; i < t->end && rc == AIGNE_OK; i++) {
        if (r->messages[i].role == CHAT_TOOL)
            rc = write_result(x, i);
    }
    for (size_t i = t->first; i < t->end && rc == AIGNE_OK; i++) {
        if (!turn_has(r, anthropic_says, i) || r->messages[i].role == CHAT_TOOL)
            continue;
        rc = t->assistant ? write_assistant(x, i, final) : write_user(x, i);
    }
    json_close_array(&x->w.json);
    json_close_object(&x->w.json);
    return rc;
}

int anthropic_write_messages(struct anthropic *x)
{
    struct json_writer *j = &x->w.json;
    struct turn t = {0};
    int rc = turn_pairs(x->w.request, anthropic_says, x->w.arena, &x->pairs, x->w.why);
    bool more = turn_next(x->w.request, anthropic_says, &t);
    json_member_array(j, "messages");
    if (!more || t.assistant) /* the first turn must be the user's */
        json_write_raw(j, SLICE("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
                                "\"" TURN_NEUTRAL "\"}]}"));
    while (more && rc == AIGNE_OK) {
        struct turn next = t;
        more = turn_next(x->w.request, anthropic_says, &next);
        rc = write_turn(x, &t, !more);
        t = next;
    }
    json_close_array(j);
    return rc;
}
