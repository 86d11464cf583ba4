/* Knows how a conversation is written as OpenAI messages; refuses to know parameters and tools. */
#include "base/mem.h"
#include "provider/media.h"
#include "provider/names.h"
#include "provider/openai.h"
#include "text/base64.h"
#include "text/utf8.h"
#include <aignehub/aignehub.h>

static void write_text_part(struct wire *w, struct slice text)
{
    json_open_typed(&w->json, "text");
    json_member_string(&w->json, "text", text);
    json_close_object(&w->json);
}

static void write_link(struct wire *w, const char *name, const struct media *m)
{
    if (m->url.p)
        json_member_string(&w->json, name, m->url);
    else
        wire_data_url(w, name, m->mime.p ? m->mime : SLICE("application/octet-stream"),
                      m->base64);
}

static void write_image(struct wire *w, const struct media *m, struct slice detail)
{
    json_member_text(&w->json, "type", "image_url");
    json_member_object(&w->json, "image_url");
    write_link(w, "url", m);
    json_member_string_opt(&w->json, "detail", detail);
    json_close_object(&w->json);
}

static void write_audio(struct wire *w, const struct media *m, const char *format)
{
    json_member_text(&w->json, "type", "input_audio");
    json_member_object(&w->json, "input_audio");
    json_member_string(&w->json, "data", m->base64);
    json_member_text(&w->json, "format", format);
    json_close_object(&w->json);
}

/* Mistral reads documents where they are, and calls them so; OpenRouter takes their addresses, too. */
static bool reads_documents(const struct chat_target *to)
{
    return to->quirks & OPENAI_RANDOM_SEED;
}

static bool takes_link(const struct chat_target *to, const struct media *m)
{
    bool follows = reads_documents(to) || (to->quirks & OPENAI_REASONING_DETAILS);
    return m->kind == MEDIA_IMAGE || (follows && m->kind == MEDIA_PDF);
}

static void write_file(struct wire *w, const struct media *m)
{
    if (reads_documents(w->to)) {
        json_member_text(&w->json, "type", "document_url");
        write_link(w, "document_url", m);
        json_member_string_opt(&w->json, "document_name", m->filename);
        return;
    }
    json_member_text(&w->json, "type", "file");
    json_member_object(&w->json, "file");
    json_member_string(&w->json, "filename", m->filename.n ? m->filename : SLICE("file"));
    write_link(w, "file_data", m);
    json_close_object(&w->json);
}

/* Files that are text are refused as files by many servers of this format, and read as text by all. */
static int write_text_file(struct wire *w, const struct media *m, size_t message, size_t part)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, m->filename.n + m->base64.n + 2);
    buf_put_slice(&text, m->filename);
    if (m->filename.n)
        BUF_LITERAL(&text, "\n\n");
    if (!base64_decode(&text, m->base64))
        return wire_refuse_part(w, message, part, "the content is not base64.");
    if (buf_rc(&text) < 0)
        return fault_nomem(w->why);
    if (!utf8_valid(buf_slice(&text)))
        return wire_refuse_part(w, message, part, "the content is no text in UTF-8.");
    write_text_part(w, buf_slice(&text));
    return AIGNE_OK;
}

static int write_media(struct wire *w, size_t message, size_t part)
{
    const struct chat_part *p = &w->request->messages[message].parts[part];
    struct media m = media_of(p);
    const char *format = slice_is(m.mime, "audio/wav")    ? "wav"
                         : slice_is(m.mime, "audio/mpeg") ? "mp3"
                                                          : NULL;
    if (m.url.p && !takes_link(w->to, &m))
        return wire_refuse_part(
            w, message, part,
            "this provider takes files other than images by content, not by "
            "URL.");
    if (m.kind == MEDIA_AUDIO && !format)
        return wire_refuse_part(w, message, part, "this provider takes audio as wav or mp3.");
    if (m.kind == MEDIA_TEXT && m.base64.p)
        return write_text_file(w, &m, message, part);
    if (m.kind == MEDIA_VIDEO)
        return wire_refuse_part(w, message, part, "this provider takes no video.");
    json_open_object(&w->json);
    if (m.kind == MEDIA_IMAGE)
        write_image(w, &m, p->detail);
    else if (format)
        write_audio(w, &m, format);
    else
        write_file(w, &m);
    json_close_object(&w->json);
    return AIGNE_OK;
}

static size_t count_texts(const struct chat_message *m)
{
    size_t count = 0;
    for (size_t i = 0; i < m->part_count; i++)
        count += m->parts[i].kind == CHAT_TEXT;
    return count;
}

/* A string where one will do: every server of this format reads that. */
static int write_content(struct wire *w, size_t message)
{
    const struct chat_message *m = &w->request->messages[message];
    bool plain = wire_text_only(m) || m->role == CHAT_TOOL;
    if (plain && (count_texts(m) < 2 || (w->to->quirks & OPENAI_PLAIN_TEXT))) {
        struct slice text = wire_joined_text(m, w->arena);
        if (!text.p)
            return fault_nomem(w->why);
        wire_string_open(w, "content");
        if (m->failed)
            BUF_LITERAL(&w->body, "Error: ");
        json_escape(&w->body, text);
        wire_string_close(w);
        return AIGNE_OK;
    }
    int rc = AIGNE_OK;
    json_member_array(&w->json, "content");
    if (m->failed)
        write_text_part(w, SLICE("Error:"));
    for (size_t i = 0; i < m->part_count && rc == AIGNE_OK; i++) {
        const struct chat_part *p = &m->parts[i];
        if (p->kind == CHAT_TEXT)
            write_text_part(w, p->text);
        else if ((p->kind == CHAT_DATA || p->kind == CHAT_URL) && !plain)
            rc = write_media(w, message, i);
    }
    json_close_array(&w->json);
    return rc;
}

/* Names of people and agents are free text elsewhere, here they must be identifiers. */
static void write_name(struct wire *w, const struct chat_message *m)
{
    static const struct name_rule rule = {.longest = 64, .also = "-"};
    struct slice name = w->to->quirks & OPENAI_NO_NAMES ? SLICE_NONE : m->name;
    if (name.n && name_to_wire(&rule, name, w->arena).p == name.p)
        json_member_string(&w->json, "name", name);
}

static struct slice call_id(struct wire *w, struct slice id)
{
    return w->to->quirks & OPENAI_SHORT_IDS
               ? call_id_short(id, OPENAI_CALL_ID_SHORT, w->arena)
               : call_id_to_wire(id, 0, OPENAI_CALL_ID_LONGEST, w->arena);
}

static int write_tool_calls(struct wire *w, const struct chat_message *m)
{
    json_member_array(&w->json, "tool_calls");
    for (size_t i = 0; i < m->part_count; i++) {
        const struct chat_part *p = &m->parts[i];
        if (p->kind != CHAT_TOOL_CALL)
            continue;
        struct slice id = call_id(w, p->id);
        struct slice name = name_to_wire(&openai_names, p->name, w->arena);
        if (!id.p || !name.p)
            return fault_nomem(w->why);
        json_open_object(&w->json);
        json_member_string(&w->json, "id", id);
        json_member_text(&w->json, "type", "function");
        json_member_object(&w->json, "function");
        json_member_string(&w->json, "name", name);
        json_member_string(&w->json, "arguments", p->arguments.n ? p->arguments : SLICE("{}"));
        json_close_object(&w->json);
        json_close_object(&w->json);
    }
    json_close_array(&w->json);
    return AIGNE_OK;
}

/* All parts of one kind as one string member; nothing when there is none. */
static void write_joined(struct wire *w, const struct chat_message *m, enum chat_part_kind kind,
                         const char *name)
{
    bool open = false;
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind != kind || !m->parts[i].text.n)
            continue;
        if (!open)
            wire_string_open(w, name);
        open = true;
        json_escape(&w->body, m->parts[i].text);
    }
    if (open)
        wire_string_close(w);
}

static bool has_kind(const struct chat_message *m, enum chat_part_kind kind)
{
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind == kind)
            return true;
    }
    return false;
}

static int write_assistant(struct wire *w, size_t message)
{
    const struct chat_message *m = &w->request->messages[message];
    bool calls = has_kind(m, CHAT_TOOL_CALL);
    int rc = AIGNE_OK;
    if (count_texts(m) || (!calls && !has_kind(m, CHAT_REFUSAL)))
        rc = write_content(w, message);
    else
        json_member_raw(&w->json, "content", SLICE("null"));
    write_joined(w, m, CHAT_REFUSAL, "refusal");
    if (w->to->quirks & OPENAI_THOUGHTS_BACK)
        write_joined(w, m, CHAT_THINKING,
                     w->to->quirks & OPENAI_REASONING ? "reasoning" : "reasoning_content");
    if (w->to->quirks & OPENAI_REASONING_DETAILS)
        openai_write_details(w, m);
    return rc == AIGNE_OK && calls ? write_tool_calls(w, m) : rc;
}

static int write_message(struct wire *w, size_t message)
{
    static const char *const roles[] = {[CHAT_SYSTEM] = "system",
                                        [CHAT_USER] = "user",
                                        [CHAT_ASSISTANT] = "assistant",
                                        [CHAT_TOOL] = "tool"};
    const struct chat_message *m = &w->request->messages[message];
    int rc = AIGNE_OK;
    json_open_object(&w->json);
    json_member_text(&w->json, "role", roles[m->role]);
    if (m->role == CHAT_TOOL) {
        struct slice id = call_id(w, m->tool_call_id);
        if (!id.p)
            return fault_nomem(w->why);
        json_member_string(&w->json, "tool_call_id", id);
    } else {
        write_name(w, m);
    }
    rc = m->role == CHAT_ASSISTANT ? write_assistant(w, message) : write_content(w, message);
    if ((w->to->quirks & OPENAI_RANDOM_SEED) && m->role == CHAT_ASSISTANT &&
        message + 1 == w->request->message_count)
        json_member_bool(&w->json, "prefix", true);
    json_close_object(&w->json);
    return rc;
}

/* Tool messages hold text only: the files that tools gave follow as the user's, behind all results of
 * the turn, which must stand together. */
static int write_tool_files(struct wire *w, size_t first, size_t end)
{
    bool open = false;
    int rc = AIGNE_OK;
    for (size_t i = first; i < end; i++) {
        const struct chat_message *m = &w->request->messages[i];
        for (size_t k = 0; m->role == CHAT_TOOL && k < m->part_count && rc == AIGNE_OK; k++) {
            if (m->parts[k].kind != CHAT_DATA && m->parts[k].kind != CHAT_URL)
                continue;
            if (!open) {
                json_open_object(&w->json);
                json_member_text(&w->json, "role", "user");
                json_member_array(&w->json, "content");
                write_text_part(w, SLICE("Files from the tools:"));
                open = true;
            }
            rc = write_media(w, i, k);
        }
    }
    if (open) {
        json_close_array(&w->json);
        json_close_object(&w->json);
    }
    return rc;
}

/* Servers that know json_object only must be told the schema in words. */
static int write_schema_prompt(struct wire *w)
{
    const struct chat_request *r = w->request;
    if (!(w->to->quirks & OPENAI_NO_SCHEMA) || r->format != CHAT_FORMAT_SCHEMA)
        return AIGNE_OK;
    json_open_object(&w->json);
    json_member_text(&w->json, "role", "system");
    wire_string_open(w, "content");
    BUF_LITERAL(&w->body,
                "Answer with one JSON object and nothing else. It must be valid under "
                "this JSON Schema: ");
    json_escape(&w->body, r->schema);
    wire_string_close(w);
    json_close_object(&w->json);
    return AIGNE_OK;
}

/* Results must stand right behind their calls: what else was said between them follows. */
static int write_replies(struct wire *w, size_t first, size_t end)
{
    const struct chat_request *r = w->request;
    int rc = AIGNE_OK;
    for (size_t i = first; i < end && rc == AIGNE_OK; i++) {
        if (r->messages[i].role == CHAT_TOOL)
            rc = write_message(w, i);
    }
    if (rc == AIGNE_OK)
        rc = write_tool_files(w, first, end);
    for (size_t i = first; i < end && rc == AIGNE_OK; i++) {
        if (r->messages[i].role != CHAT_TOOL)
            rc = write_message(w, i);
    }
    return rc;
}

int openai_write_messages(struct wire *w)
{
    const struct chat_request *r = w->request;
    json_member_array(&w->json, "messages");
    int rc = write_schema_prompt(w);
    size_t i = 0;
    while (i < r->message_count && r->messages[i].role == CHAT_SYSTEM && rc == AIGNE_OK)
        rc = write_message(w, i++);
    while (i < r->message_count && rc == AIGNE_OK) {
        size_t first = i;
        while (i < r->message_count && r->messages[i].role != CHAT_ASSISTANT)
            i++;
        rc = write_replies(w, first, i);
        if (rc == AIGNE_OK && i < r->message_count)
            rc = write_message(w, i++);
    }
    json_close_array(&w->json);
    return rc;
}
