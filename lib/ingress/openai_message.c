/* openai_message.c - knows the messages of an OpenAI chat request, with what its relatives put into
 * them; refuses to know settings and tools. */
#include "ingress/openai.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "chat/surrogates.h"
#include <aignehub/aignehub.h>

/* ---- parts ---- */

int openai_read_text(struct reading *r, struct json part, struct chat_part *p)
{
    struct json text = json_get(part, "text");
    if (!json_present(text))
        return reading_refuse(r, "text", "is missing");
    return read_string(r, "text", text, &p->text);
}

int openai_read_refusal(struct reading *r, struct json part, struct chat_part *p)
{
    const struct chat_request *out = r->build.request;
    if (out->messages[out->message_count - 1].role != CHAT_ASSISTANT)
        return reading_refuse(r, "type", "is \"refusal\", which only the assistant says");
    p->kind = CHAT_REFUSAL;
    return read_needed_string(r, "refusal", json_get(part, "refusal"), &p->text);
}

static int read_image(struct reading *r, struct json part, struct chat_part *p)
{
    struct slice url = SLICE_NONE;
    struct json image = json_get(part, "image_url");
    if (image.kind == JSON_STRING) {
        int rc = read_needed_string(r, "image_url", image, &url);
        return rc ? rc : read_place(r, "image_url", url, p);
    }
    if (image.kind != JSON_OBJECT)
        return reading_kind(r, "image_url", "an object", image);
    int rc = read_needed_string(r, "image_url.url", json_get(image, "url"), &url);
    if (!rc)
        rc = read_string(r, "image_url.detail", json_get(image, "detail"), &p->detail);
    return rc ? rc : read_place(r, "image_url.url", url, p);
}

int openai_read_audio(struct reading *r, struct json part, struct chat_part *p)
{
    struct json audio = json_get(part, "input_audio");
    struct json format = json_get(audio, "format");
    if (audio.kind != JSON_OBJECT)
        return reading_kind(r, "input_audio", "an object", audio);
    if (!json_string_is(format, "wav") && !json_string_is(format, "mp3"))
        return reading_refuse(r, "input_audio.format", "must be wav or mp3");
    p->kind = CHAT_DATA;
    p->mime = json_string_is(format, "wav") ? SLICE("audio/wav") : SLICE("audio/mpeg");
    return read_needed_string(r, "input_audio.data", json_get(audio, "data"), &p->text);
}

static int read_file(struct reading *r, struct json part, struct chat_part *p)
{
    struct slice data = SLICE_NONE;
    struct json file = json_get(part, "file");
    if (file.kind != JSON_OBJECT)
        return reading_kind(r, "file", "an object", file);
    if (json_present(json_get(file, "file_id")))
        return reading_refuse(r, "file.file_id",
                              "means nothing to this model's provider; send file_data");
    int rc = read_string(r, "file.filename", json_get(file, "filename"), &p->filename);
    if (!rc)
        rc = read_needed_string(r, "file.file_data", json_get(file, "file_data"), &data);
    return rc ? rc : read_place(r, "file.file_data", data, p);
}

static const struct {
    const char *type;
    int (*read)(struct reading *r, struct json part, struct chat_part *p);
} part_types[] = {{"text", openai_read_text},         {"image_url", read_image},
                  {"input_audio", openai_read_audio}, {"file", read_file},
                  {"refusal", openai_read_refusal},   {"input_text", openai_read_text},
                  {"output_text", openai_read_text}};

static int read_part(struct reading *r, struct json part)
{
    if (part.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", part);
    struct json type = json_get(part, "type");
    for (size_t i = 0; i < sizeof part_types / sizeof part_types[0]; i++) {
        if (!json_string_is(type, part_types[i].type))
            continue;
        struct chat_part *p = chat_add_part(&r->build, CHAT_TEXT);
        if (!p)
            return reading_nomem(r);
        int rc = part_types[i].read(r, part, p);
        return rc ? rc
                  : read_cache(r, "cache_control", json_get(part, "cache_control"), &p->cache);
    }
    return reading_refuse(r, "type", "must be text, image_url, input_audio, file or refusal");
}

/* ---- what only the assistant says ---- */

/* Arguments are text that should hold JSON; nothing stands for no arguments. */
int openai_read_arguments(struct reading *r, const char *member, struct json v,
                          struct slice *out)
{
    int rc = read_string(r, member, v, out);
    if (rc)
        return rc;
    if (!out->p || !slice_trim(*out).n)
        *out = SLICE("{}");
    *out = surrogates_replaced(*out, r->arena); /* it is JSON within JSON */
    return out->p ? AIGNE_OK : reading_nomem(r);
}

static int read_tool_call(struct reading *r, struct json call)
{
    static const char *const names[] = {"id", "type", "function", "extra_content"};
    struct json v[4];
    if (call.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", call);
    json_pick(call, names, 4, v);
    if (json_present(v[1]) && !json_string_is(v[1], "function"))
        return reading_refuse(
            r, "type", "must be \"function\": this model's provider knows no other tools");
    if (v[2].kind != JSON_OBJECT)
        return reading_kind(r, "function", "an object", v[2]);
    struct chat_part *p = chat_add_part(&r->build, CHAT_TOOL_CALL);
    if (!p)
        return reading_nomem(r);
    int rc = read_needed_string(r, "id", v[0], &p->id);
    if (!rc)
        rc = read_needed_string(r, "function.name", json_get(v[2], "name"), &p->name);
    if (!rc)
        rc = openai_read_arguments(r, "function.arguments", json_get(v[2], "arguments"),
                                   &p->arguments);
    if (!rc)
        rc = read_string(r, "extra_content.google.thought_signature",
                         json_path(v[3], "google.thought_signature"), &p->signature);
    return rc;
}

/* The old way knew one call without an id: it is given one made of its place. */
static struct slice old_id(struct reading *r, size_t message)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, 64);
    BUF_LITERAL(&text, "call_function_");
    buf_put_int(&text, (int64_t)message);
    return buf_rc(&text) ? SLICE_NONE : arena_copy(r->arena, buf_slice(&text));
}

static int read_function_call(struct reading *r, size_t message, struct json call)
{
    if (!json_present(call))
        return AIGNE_OK;
    if (call.kind != JSON_OBJECT)
        return reading_kind(r, "function_call", "an object", call);
    struct chat_part *p = chat_add_part(&r->build, CHAT_TOOL_CALL);
    if (!p)
        return reading_nomem(r);
    p->id = old_id(r, message);
    if (!p->id.p)
        return reading_nomem(r);
    int rc = read_needed_string(r, "function_call.name", json_get(call, "name"), &p->name);
    return rc ? rc
              : openai_read_arguments(r, "function_call.arguments", json_get(call, "arguments"),
                                      &p->arguments);
}

/* A string member of the assistant that is a part here; "" says nothing. */
static int read_aside(struct reading *r, const char *member, struct json v,
                      enum chat_part_kind kind)
{
    struct slice text = SLICE_NONE;
    int rc = read_string(r, member, v, &text);
    if (rc || !text.n)
        return rc;
    struct chat_part *p = chat_add_part(&r->build, kind);
    if (!p)
        return reading_nomem(r);
    p->text = text;
    return AIGNE_OK;
}

static int read_assistant(struct reading *r, size_t index, struct json message)
{
    static const char *const names[] = {"content",   "tool_calls",       "reasoning_content",
                                        "refusal",   "function_call",    "audio",
                                        "reasoning", "reasoning_details"};
    struct json v[8];
    bool detailed = false;
    json_pick(message, names, 8, v);
    if (json_present(v[5]))
        return reading_refuse(r, "audio",
                              "refers to sound that this model's provider does not have");
    bool elsewhere = !json_present(v[2]) && v[6].kind == JSON_STRING;
    int rc = openai_read_details(r, v[7], &detailed);
    if (!rc && !detailed)
        rc = read_aside(r, names[2], elsewhere ? v[6] : v[2], CHAT_THINKING);
    if (!rc)
        rc = read_content(r, index, v[0], read_part);
    if (!rc)
        rc = read_aside(r, names[3], v[3], CHAT_REFUSAL);
    if (!rc)
        rc = read_calls(r, index, names[1], v[1], read_tool_call);
    return rc ? rc : read_function_call(r, index, v[4]);
}

/* ---- messages ---- */

static int read_plain(struct reading *r, size_t index, struct json message)
{
    return read_content(r, index, json_get(message, "content"), read_part);
}

static int read_result(struct reading *r, size_t index, struct json message)
{
    struct chat_request *out = r->build.request;
    int rc = read_needed_string(r, "tool_call_id", json_get(message, "tool_call_id"),
                                &out->messages[out->message_count - 1].tool_call_id);
    return rc ? rc : read_plain(r, index, message);
}

/* The old way: the result belongs to the newest call of that name, which is not far. */
#define OLD_RESULT_REACH ((size_t)256)

static int read_old_result(struct reading *r, size_t index, struct json message)
{
    struct chat_request *out = r->build.request;
    struct chat_message *m = &out->messages[out->message_count - 1];
    int rc = read_needed_string(r, "name", json_get(message, "name"), &m->name);
    if (rc)
        return rc;
    size_t reach =
        out->message_count < OLD_RESULT_REACH ? out->message_count : OLD_RESULT_REACH;
    size_t last = out->message_count - reach;
    for (size_t i = out->message_count; i-- > last && !m->tool_call_id.p;) {
        for (size_t k = out->messages[i].part_count; k-- > 0;) {
            const struct chat_part *p = &out->messages[i].parts[k];
            if (p->kind == CHAT_TOOL_CALL && slice_eq(p->name, m->name))
                m->tool_call_id = p->id;
        }
    }
    if (!m->tool_call_id.p)
        return reading_refuse(r, "name", "is of a function that was not called");
    return read_plain(r, index, message);
}

static const struct role {
    const char *name;
    enum chat_role role;
    int (*read)(struct reading *r, size_t index, struct json message);
} roles[] = {
    {"user", CHAT_USER, read_plain},        {"assistant", CHAT_ASSISTANT, read_assistant},
    {"system", CHAT_SYSTEM, read_plain},    {"tool", CHAT_TOOL, read_result},
    {"developer", CHAT_SYSTEM, read_plain}, {"function", CHAT_TOOL, read_old_result}};

static int read_message(struct reading *r, size_t index, struct json message)
{
    if (message.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", message);
    struct json role = json_get(message, "role");
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (!json_string_is(role, roles[i].name))
            continue;
        struct chat_message *m = chat_add_message(&r->build, roles[i].role);
        if (!m)
            return reading_nomem(r);
        int rc = read_string(r, "name", json_get(message, "name"), &m->name);
        return rc ? rc : roles[i].read(r, index, message);
    }
    return reading_refuse(r, "role", "must be developer, system, user, assistant or tool");
}

int openai_read_messages(struct reading *r, struct json messages)
{
    if (!json_present(messages))
        return reading_refuse(r, "messages", "is missing");
    return read_messages(r, messages, read_message);
}
