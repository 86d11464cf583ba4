/* Knows how a conversation looks as input of OpenAI's Responses; refuses to know settings and tools. */
#include "provider/media.h"
#include "provider/names.h"
#include "provider/openai_responses.h"
#include <aignehub/aignehub.h>

#define CALL_ID_LONGEST 64

/* ---- what is put in ---- */

static void write_text_part(struct wire *w, struct slice text)
{
    json_open_typed(&w->json, "input_text");
    json_member_string(&w->json, "text", text);
    json_close_object(&w->json);
}

static void write_image(struct wire *w, const struct media *m, struct slice detail)
{
    json_member_text(&w->json, "type", "input_image");
    json_member_string(&w->json, "detail", detail.n ? detail : SLICE("auto"));
    if (m->url.p)
        json_member_string(&w->json, "image_url", m->url);
    else
        wire_data_url(w, "image_url", m->mime, m->base64);
}

static void write_file(struct wire *w, const struct media *m)
{
    json_member_text(&w->json, "type", "input_file");
    if (m->url.p) {
        json_member_string(&w->json, "file_url", m->url);
        return;
    }
    json_member_string(&w->json, "filename", m->filename.n ? m->filename : SLICE("file"));
    wire_data_url(w, "file_data", m->mime.p ? m->mime : SLICE("application/octet-stream"),
                  m->base64);
}

static int write_media(struct wire *w, size_t message, size_t part)
{
    const struct chat_part *p = &w->request->messages[message].parts[part];
    struct media m = media_of(p);
    if (m.kind == MEDIA_AUDIO || m.kind == MEDIA_VIDEO)
        return wire_refuse_part(w, message, part,
                                m.kind == MEDIA_AUDIO ? "this provider takes no audio here."
                                                      : "this provider takes no video.");
    json_open_object(&w->json);
    if (m.kind == MEDIA_IMAGE)
        write_image(w, &m, p->detail);
    else
        write_file(w, &m);
    json_close_object(&w->json);
    return AIGNE_OK;
}

/* One text is a string, anything else a list of parts. */
static int write_content(struct wire *w, const char *member, size_t message)
{
    const struct chat_message *m = &w->request->messages[message];
    bool plain = m->part_count == 0 || (m->part_count == 1 && m->parts[0].kind == CHAT_TEXT);
    if (plain) {
        wire_string_open(w, member);
        if (m->failed)
            BUF_LITERAL(&w->body, "Error: ");
        if (m->part_count)
            json_escape(&w->body, m->parts[0].text);
        wire_string_close(w);
        return AIGNE_OK;
    }
    int rc = AIGNE_OK;
    json_member_array(&w->json, member);
    if (m->failed)
        write_text_part(w, SLICE("Error:"));
    for (size_t i = 0; i < m->part_count && rc == AIGNE_OK; i++) {
        if (m->parts[i].kind == CHAT_TEXT)
            write_text_part(w, m->parts[i].text);
        else if (m->parts[i].kind == CHAT_DATA || m->parts[i].kind == CHAT_URL)
            rc = write_media(w, message, i);
    }
    json_close_array(&w->json);
    return rc;
}

static int write_said(struct wire *w, size_t message)
{
    bool system = w->request->messages[message].role == CHAT_SYSTEM;
    json_open_object(&w->json);
    json_member_text(&w->json, "role", system ? "system" : "user");
    int rc = write_content(w, "content", message);
    json_close_object(&w->json);
    return rc;
}

static int write_call_id(struct wire *w, struct slice id)
{
    struct slice ours = call_id_to_wire(id, 0, CALL_ID_LONGEST, w->arena);
    if (!ours.p)
        return fault_nomem(w->why);
    json_member_string(&w->json, "call_id", ours);
    return AIGNE_OK;
}

static int write_result(struct wire *w, size_t message)
{
    json_open_typed(&w->json, "function_call_output");
    int rc = write_call_id(w, w->request->messages[message].tool_call_id);
    if (rc == AIGNE_OK)
        rc = write_content(w, "output", message);
    json_close_object(&w->json);
    return rc;
}

/* ---- what the model said, each part an item ---- */

static int write_answer(struct wire *w, size_t message, size_t part)
{
    json_open_object(&w->json);
    json_member_text(&w->json, "role", "assistant");
    json_member_string(&w->json, "content", w->request->messages[message].parts[part].text);
    json_close_object(&w->json);
    return AIGNE_OK;
}

/* Only an item as it was given can hold a refusal, and such an item has an id. */
static int write_refusal(struct wire *w, size_t message, size_t part)
{
    json_open_typed(&w->json, "message");
    wire_string_open(w, "id");
    buf_printf(&w->body, "msg_%zu_%zu", message, part);
    wire_string_close(w);
    json_member_text(&w->json, "status", "completed");
    json_member_text(&w->json, "role", "assistant");
    json_member_array(&w->json, "content");
    json_open_typed(&w->json, "refusal");
    json_member_string(&w->json, "refusal", w->request->messages[message].parts[part].text);
    json_close_object(&w->json);
    json_close_array(&w->json);
    json_close_object(&w->json);
    return AIGNE_OK;
}

static int write_call(struct wire *w, size_t message, size_t part)
{
    const struct chat_part *p = &w->request->messages[message].parts[part];
    struct slice name = name_to_wire(&openai_names, p->name, w->arena);
    if (!name.p)
        return fault_nomem(w->why);
    json_open_typed(&w->json, "function_call");
    int rc = write_call_id(w, p->id);
    json_member_string(&w->json, "name", name);
    json_member_string(&w->json, "arguments", p->arguments.n ? p->arguments : SLICE("{}"));
    json_close_object(&w->json);
    return rc;
}

/* Reasoning that was sealed elsewhere, or not at all, means nothing here. Several providers speak this format,
 * and none can open what another has sealed. */
static int write_reasoning(struct wire *w, size_t message, size_t part)
{
    const struct chat_part *p = &w->request->messages[message].parts[part];
    bool worded = p->kind == CHAT_THINKING;
    struct slice seal = worded ? p->signature : p->text;
    bool foreign = (p->origin.p && !slice_eq(p->origin, w->to->provider)) ||
                   slice_starts(seal, "{"); /* of OpenRouter's chats */
    struct slice id;
    struct slice content;
    if (foreign || !slice_cut(seal, RESPONSES_SEAL_MARK, &id, &content)) {
        dropped_note(w->to->dropped, worded ? "thinking" : "redacted_thinking");
        return AIGNE_OK;
    }
    json_open_typed(&w->json, "reasoning");
    if (id.n)
        json_member_string(&w->json, "id", id);
    json_member_array(&w->json, "summary");
    if (worded && p->text.n) {
        json_open_typed(&w->json, "summary_text");
        json_member_string(&w->json, "text", p->text);
        json_close_object(&w->json);
    }
    json_close_array(&w->json);
    json_member_string(&w->json, "encrypted_content", content);
    json_close_object(&w->json);
    return AIGNE_OK;
}

/* Of the files of an assistant's, which users show, none is left: see wire_show_files. */
static int (*const part_writers[])(struct wire *w, size_t message,
                                   size_t part) = {[CHAT_TEXT] = write_answer,
                                                   [CHAT_THINKING] = write_reasoning,
                                                   [CHAT_REDACTED] = write_reasoning,
                                                   [CHAT_TOOL_CALL] = write_call,
                                                   [CHAT_REFUSAL] = write_refusal};

static int write_assistant(struct wire *w, size_t message)
{
    const struct chat_message *m = &w->request->messages[message];
    int rc = AIGNE_OK;
    for (size_t i = 0; i < m->part_count && rc == AIGNE_OK; i++)
        rc = part_writers[m->parts[i].kind](w, message, i);
    return rc;
}

static int (*const message_writers[])(struct wire *w,
                                      size_t message) = {[CHAT_SYSTEM] = write_said,
                                                         [CHAT_USER] = write_said,
                                                         [CHAT_ASSISTANT] = write_assistant,
                                                         [CHAT_TOOL] = write_result};

/* The system message that comes first is `instructions`, unless it would leave no input. */
int responses_write_input(struct wire *w)
{
    const struct chat_request *r = w->request;
    const struct chat_message *first = r->messages;
    int rc = AIGNE_OK;
    bool instructions = r->message_count > 1 && first->role == CHAT_SYSTEM &&
                        first->part_count == 1 && first->parts[0].kind == CHAT_TEXT;
    if (instructions)
        json_member_string(&w->json, "instructions", first->parts[0].text);
    json_member_array(&w->json, "input");
    for (size_t i = instructions ? 1 : 0; i < r->message_count && rc == AIGNE_OK; i++)
        rc = message_writers[r->messages[i].role](w, i);
    json_close_array(&w->json);
    return rc;
}
