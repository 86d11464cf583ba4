/* Knows how a conversation is written as Ollama's messages; refuses to know parameters and tools. */
#include "provider/media.h"
#include "provider/ollama.h"
#include <aignehub/aignehub.h>

static bool is_text(const struct chat_part *p)
{
    return p->kind == CHAT_TEXT || p->kind == CHAT_REFUSAL;
}

static bool is_file(const struct chat_part *p)
{
    return p->kind == CHAT_DATA || p->kind == CHAT_URL;
}

/* All texts of a message as its one string, lines between them. */
static void write_content(struct wire *w, const struct chat_message *m)
{
    bool more = false;
    wire_string_open(w, "content");
    if (m->failed)
        BUF_LITERAL(&w->body, "Error: ");
    for (size_t i = 0; i < m->part_count; i++) {
        if (!is_text(&m->parts[i]) || !m->parts[i].text.n)
            continue;
        if (more)
            BUF_LITERAL(&w->body, "\\n");
        json_escape(&w->body, m->parts[i].text);
        more = true;
    }
    wire_string_close(w);
}

static int write_image(struct wire *w, size_t message, size_t part)
{
    struct media m = media_of(&w->request->messages[message].parts[part]);
    if (m.kind != MEDIA_IMAGE)
        return wire_refuse_part(w, message, part, "this provider takes no files but images.");
    if (m.url.p)
        return wire_refuse_part(w, message, part,
                                "this provider takes images by content, not by URL.");
    json_write_string(&w->json, m.base64);
    return AIGNE_OK;
}

static int write_images(struct wire *w, size_t message)
{
    const struct chat_message *m = &w->request->messages[message];
    bool open = false;
    int rc = AIGNE_OK;
    for (size_t i = 0; i < m->part_count && rc == AIGNE_OK; i++) {
        if (!is_file(&m->parts[i]))
            continue;
        if (!open) {
            json_member_array(&w->json, "images");
        }
        open = true;
        rc = write_image(w, message, i);
    }
    if (open)
        json_close_array(&w->json);
    return rc;
}

static void write_thinking(struct wire *w, const struct chat_message *m)
{
    bool open = false;
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind != CHAT_THINKING || !m->parts[i].text.n)
            continue;
        if (!open)
            wire_string_open(w, "thinking");
        open = true;
        json_escape(&w->body, m->parts[i].text);
    }
    if (open)
        wire_string_close(w);
}

static void write_call(struct wire *w, const struct chat_part *p, int64_t index)
{
    json_open_object(&w->json);
    json_member_string_opt(&w->json, "id", p->id);
    json_member_object(&w->json, "function");
    json_member_int(&w->json, "index", index);
    json_member_string(&w->json, "name", p->name);
    wire_object(w, "arguments", p->arguments, "input");
    json_close_object(&w->json);
    json_close_object(&w->json);
}

static void write_calls(struct wire *w, const struct chat_message *m)
{
    int64_t index = 0;
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind != CHAT_TOOL_CALL)
            continue;
        if (index == 0) {
            json_member_array(&w->json, "tool_calls");
        }
        write_call(w, &m->parts[i], index++);
    }
    if (index)
        json_close_array(&w->json);
}

/* Results are joined to calls by the tool's name; servers that know ids take those as well. */
static void write_result_of(struct wire *w, const struct chat_message *m)
{
    struct slice name = chat_tool_name_of(w->request, m->tool_call_id);
    json_member_string_opt(&w->json, "tool_name", name.p ? name : m->name);
    json_member_string_opt(&w->json, "tool_call_id", m->tool_call_id);
}

static int write_message(struct wire *w, size_t message)
{
    static const char *const roles[] = {[CHAT_SYSTEM] = "system",
                                        [CHAT_USER] = "user",
                                        [CHAT_ASSISTANT] = "assistant",
                                        [CHAT_TOOL] = "tool"};
    const struct chat_message *m = &w->request->messages[message];
    json_open_object(&w->json);
    json_member_text(&w->json, "role", roles[m->role]);
    write_content(w, m);
    int rc = write_images(w, message);
    if (m->role == CHAT_ASSISTANT) {
        write_thinking(w, m);
        write_calls(w, m);
    }
    if (m->role == CHAT_TOOL)
        write_result_of(w, m);
    json_close_object(&w->json);
    return rc;
}

int ollama_write_messages(struct wire *w)
{
    int rc = AIGNE_OK;
    json_member_array(&w->json, "messages");
    for (size_t i = 0; i < w->request->message_count && rc == AIGNE_OK; i++)
        rc = write_message(w, i);
    json_close_array(&w->json);
    return rc;
}
