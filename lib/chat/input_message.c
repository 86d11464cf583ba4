/* input_message.c - knows the messages of AIGNE's ChatModelInput; refuses to know its settings. */
#include "chat/input_reader.h"

#include "base/limits.h"
#include "chat/surrogates.h"
#include <aignehub/aignehub.h>

/* ---- parts ---- */

enum part_member {
    PART_TYPE,
    PART_TEXT,
    PART_DATA,
    PART_URL,
    PART_MIME,
    PART_FILENAME,
    PART_DETAIL,
    PART_THINKING,
    PART_SIGNATURE,
    PART_REDACTED,
    PART_ORIGIN,
    PART_REFUSAL,
    PART_CACHE,
    PART_IMAGE_URL,
    PART_IMAGE_URL_SNAKE,
    PART_MEMBERS
};

static const char *const part_members[PART_MEMBERS] = {
    "type",     "text",      "data",         "url",       "mimeType",
    "filename", "detail",    "isThinking",   "signature", "redacted",
    "origin",   "isRefusal", "cacheControl", "imageUrl",  "image_url"};

static bool by_assistant(const struct reading *r)
{
    const struct chat_request *out = r->build.request;
    return out->messages[out->message_count - 1].role == CHAT_ASSISTANT;
}

static int read_text_part(struct reading *r, const struct json *v, struct chat_part *p)
{
    enum chat_choice thinking = CHAT_UNSET;
    enum chat_choice refusal = CHAT_UNSET;
    int rc = read_bool(r, "isThinking", v[PART_THINKING], &thinking);
    if (!rc)
        rc = read_bool(r, "isRefusal", v[PART_REFUSAL], &refusal);
    if (!rc && thinking == CHAT_YES)
        rc = read_string(r, "signature", v[PART_SIGNATURE], &p->signature);
    if (!rc && thinking == CHAT_YES)
        rc = read_string(r, "origin", v[PART_ORIGIN], &p->origin);
    if (rc)
        return rc;
    if (!by_assistant(r) && (thinking == CHAT_YES || refusal == CHAT_YES))
        return reading_refuse(r, thinking == CHAT_YES ? "isThinking" : "isRefusal",
                              "is for messages of the role \"agent\" only");
    if (thinking == CHAT_YES && json_present(v[PART_REDACTED])) {
        p->kind = CHAT_REDACTED;
        return read_string(r, "redacted", v[PART_REDACTED], &p->text);
    }
    p->kind = thinking == CHAT_YES  ? CHAT_THINKING
              : refusal == CHAT_YES ? CHAT_REFUSAL
                                    : CHAT_TEXT;
    if (!json_present(v[PART_TEXT]))
        return reading_refuse(r, "text", "is missing");
    return read_string(r, "text", v[PART_TEXT], &p->text);
}

static int read_file_part(struct reading *r, const struct json *v, struct chat_part *p)
{
    p->kind = CHAT_DATA;
    return read_needed_string(r, "data", v[PART_DATA], &p->text);
}

static int read_url_part(struct reading *r, const struct json *v, struct chat_part *p)
{
    struct slice url = SLICE_NONE;
    int rc = read_needed_string(r, "url", v[PART_URL], &url);
    return rc ? rc : read_place(r, "url", url, p);
}

/* As the hub's completions have it, and much of the world. */
static int read_image_url_part(struct reading *r, const struct json *v, struct chat_part *p)
{
    struct json place =
        v[json_present(v[PART_IMAGE_URL]) ? PART_IMAGE_URL : PART_IMAGE_URL_SNAKE];
    struct slice url = SLICE_NONE;
    if (place.kind == JSON_OBJECT)
        place = json_get(place, "url");
    int rc = read_needed_string(r, "imageUrl", place, &url);
    return rc ? rc : read_place(r, "imageUrl", url, p);
}

static int read_local_part(struct reading *r, const struct json *v, struct chat_part *p)
{
    (void)v;
    (void)p;
    return reading_refuse(r, "type",
                          "is \"local\": a path means nothing here; send the bytes as a "
                          "\"file\" part or a link as a \"url\" part");
}

static const struct {
    const char *type;
    int (*read)(struct reading *r, const struct json *v, struct chat_part *p);
    bool file;
} part_types[] = {{"text", read_text_part, false},
                  {"file", read_file_part, true},
                  {"url", read_url_part, true},
                  {"image_url", read_image_url_part, true},
                  {"local", read_local_part, false}};

static int read_part(struct reading *r, struct json part)
{
    struct json v[PART_MEMBERS];
    if (part.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", part);
    json_pick(part, part_members, PART_MEMBERS, v);
    for (size_t i = 0; i < sizeof part_types / sizeof part_types[0]; i++) {
        if (!json_string_is(v[PART_TYPE], part_types[i].type))
            continue;
        struct chat_part *p = chat_add_part(&r->build, CHAT_TEXT);
        if (!p)
            return reading_nomem(r);
        int rc = AIGNE_OK;
        if (part_types[i].file) {
            rc = read_string(r, "mimeType", v[PART_MIME], &p->mime);
            if (!rc)
                rc = read_string(r, "filename", v[PART_FILENAME], &p->filename);
            if (!rc)
                rc = read_string(r, "detail", v[PART_DETAIL], &p->detail);
        }
        if (!rc)
            rc = part_types[i].read(r, v, p);
        return rc ? rc : read_cache(r, "cacheControl", v[PART_CACHE], &p->cache);
    }
    return reading_refuse(r, "type", "must be \"text\", \"file\" or \"url\"");
}

/* ---- tool calls ---- */

/* An object is kept as it is written; a string is what some clients make of it. */
static int read_arguments(struct reading *r, struct json v, struct slice *out)
{
    *out = SLICE("{}");
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind == JSON_OBJECT) {
        *out = v.raw;
        return AIGNE_OK;
    }
    if (v.kind != JSON_STRING)
        return reading_kind(r, "function.arguments", "an object", v);
    struct slice text = SLICE_NONE;
    int rc = read_string(r, "function.arguments", v, &text);
    if (!rc && slice_trim(text).n)
        *out = surrogates_replaced(text, r->arena); /* it is JSON within JSON */
    return rc || out->p ? rc : reading_nomem(r);
}

static int read_metadata(struct reading *r, struct json v, struct chat_part *p)
{
    int rc = read_object(r, "metadata", v, &p->metadata);
    if (rc || !p->metadata.p)
        return rc;
    struct json signature = json_get(v, "thoughtSignature");
    if (signature.kind != JSON_STRING)
        return AIGNE_OK;
    return read_string(r, "metadata.thoughtSignature", signature, &p->signature);
}

/* The sealed reasoning that led to a call travels with it, as parts of the message. */
static int read_sealed_thoughts(struct reading *r, struct json metadata)
{
    struct json list = json_get(metadata, "thoughts");
    struct json_walk w = json_walk(list);
    int rc = AIGNE_OK;
    while (!rc && list.kind == JSON_ARRAY && json_next(&w))
        rc = read_part(r, w.value);
    return rc;
}

static int read_tool_call(struct reading *r, struct json call)
{
    static const char *const names[] = {"id", "type", "function", "metadata"};
    static const char *const function_names[] = {"name", "arguments"};
    struct json v[4];
    struct json f[2];
    if (call.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", call);
    json_pick(call, names, 4, v);
    if (json_present(v[1]) && !json_string_is(v[1], "function"))
        return reading_refuse(r, "type", "must be \"function\"");
    if (v[2].kind != JSON_OBJECT)
        return reading_kind(r, "function", "an object", v[2]);
    json_pick(v[2], function_names, 2, f);
    int rc = read_sealed_thoughts(r, v[3]);
    if (rc)
        return rc;
    struct chat_part *p = chat_add_part(&r->build, CHAT_TOOL_CALL);
    if (!p)
        return reading_nomem(r);
    rc = read_needed_string(r, "id", v[0], &p->id);
    if (!rc)
        rc = read_needed_string(r, "function.name", f[0], &p->name);
    if (!rc)
        rc = read_arguments(r, f[1], &p->arguments);
    if (!rc)
        rc = read_metadata(r, v[3], p);
    if (json_get(v[3], "thoughts").kind == JSON_ARRAY) /* they are parts now */
        p->metadata = SLICE_NONE;
    return rc;
}

/* ---- messages ---- */

static const struct {
    const char *name;
    enum chat_role role;
} roles[] = {{"user", CHAT_USER}, {"system", CHAT_SYSTEM},       {"agent", CHAT_ASSISTANT},
             {"tool", CHAT_TOOL}, {"assistant", CHAT_ASSISTANT}, {"developer", CHAT_SYSTEM}};

static bool role_of(struct json v, enum chat_role *out)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (json_string_is(v, roles[i].name)) {
            *out = roles[i].role;
            return true;
        }
    }
    return false;
}

enum message_member { ROLE, CONTENT, TOOL_CALLS, TOOL_CALL_ID, NAME, CACHE, IS_ERROR, MEMBERS };

static const char *const message_members[MEMBERS] = {
    "role", "content", "toolCalls", "toolCallId", "name", "cacheControl", "isError"};

/* What holds for the tool role alone. */
static int read_result(struct reading *r, const struct json *v, struct chat_message *m)
{
    enum chat_choice failed = CHAT_UNSET;
    if (!json_present(v[TOOL_CALL_ID]))
        return reading_refuse(r, "toolCallId",
                              "is missing: it says which call this is the result of");
    int rc = read_needed_string(r, "toolCallId", v[TOOL_CALL_ID], &m->tool_call_id);
    if (!rc)
        rc = read_bool(r, "isError", v[IS_ERROR], &failed);
    m->failed = failed == CHAT_YES;
    return rc;
}

static int read_message(struct reading *r, size_t index, struct json message)
{
    struct json v[MEMBERS];
    enum chat_role role = CHAT_USER;
    if (message.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", message);
    json_pick(message, message_members, MEMBERS, v);
    if (!role_of(v[ROLE], &role))
        return reading_refuse(r, "role", "must be system, user, agent or tool");
    struct chat_message *m = chat_add_message(&r->build, role);
    if (!m)
        return reading_nomem(r);
    int rc = read_string(r, "name", v[NAME], &m->name);
    if (!rc && role == CHAT_TOOL)
        rc = read_result(r, v, m);
    if (!rc)
        rc = read_content(r, index, v[CONTENT], read_part);
    if (!rc && role != CHAT_ASSISTANT && json_count(v[TOOL_CALLS]))
        return reading_refuse(r, "toolCalls", "is for messages of the role \"agent\"");
    if (!rc)
        rc = read_calls(r, index, "toolCalls", v[TOOL_CALLS], read_tool_call);
    if (rc || !m->part_count)
        return rc;
    return read_cache(r, "cacheControl", v[CACHE], &m->parts[m->part_count - 1].cache);
}

static int read_plain(struct reading *r, struct json text)
{
    if (!chat_add_message(&r->build, CHAT_USER))
        return reading_nomem(r);
    struct chat_part *p = chat_add_part(&r->build, CHAT_TEXT);
    return p ? read_string(r, "messages", text, &p->text) : reading_nomem(r);
}

int input_read_messages(struct reading *r, struct json messages)
{
    if (!json_present(messages))
        return reading_refuse(r, "messages", "is missing");
    if (messages.kind == JSON_STRING)
        return read_plain(r, messages);
    if (messages.kind != JSON_ARRAY)
        return reading_kind(r, "messages", "an array of messages or a string", messages);
    return read_messages(r, messages, read_message);
}
