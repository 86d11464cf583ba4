/* openai_responses_input.c - knows the input of an OpenAI Responses request, item by item; refuses to know
 * settings, and items that only the provider who stored or made them understands. */
#include "ingress/openai_responses.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "ingress/openai.h"
#include "ingress/server_tools.h"
#include <aignehub/aignehub.h>

/* ---- parts ---- */

static int read_image(struct reading *r, struct json part, struct chat_part *p)
{
    struct slice url = SLICE_NONE;
    if (json_present(json_get(part, "file_id")))
        return reading_refuse(r, "file_id",
                              "means nothing to this model's provider; send image_url");
    int rc = read_needed_string(r, "image_url", json_get(part, "image_url"), &url);
    if (!rc)
        rc = read_string(r, "detail", json_get(part, "detail"), &p->detail);
    return rc ? rc : read_place(r, "image_url", url, p);
}

static int read_file(struct reading *r, struct json part, struct chat_part *p)
{
    struct slice place = SLICE_NONE;
    struct json url = json_get(part, "file_url");
    const char *member = json_present(url) ? "file_url" : "file_data";
    if (json_present(json_get(part, "file_id")))
        return reading_refuse(r, "file_id",
                              "means nothing to this model's provider; send file_data");
    int rc = read_string(r, "filename", json_get(part, "filename"), &p->filename);
    if (!rc)
        rc = read_needed_string(r, member, json_get(part, member), &place);
    return rc ? rc : read_place(r, member, place, p);
}

static const struct {
    const char *type;
    int (*read)(struct reading *r, struct json part, struct chat_part *p);
} part_types[] = {{"input_text", openai_read_text},  {"output_text", openai_read_text},
                  {"text", openai_read_text},        {"refusal", openai_read_refusal},
                  {"input_image", read_image},       {"input_file", read_file},
                  {"input_audio", openai_read_audio}};

static int read_part(struct reading *r, struct json part)
{
    if (part.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", part);
    struct json type = json_get(part, "type");
    for (size_t i = 0; i < sizeof part_types / sizeof part_types[0]; i++) {
        if (!json_string_is(type, part_types[i].type))
            continue;
        struct chat_part *p = chat_add_part(&r->build, CHAT_TEXT);
        return p ? part_types[i].read(r, part, p) : reading_nomem(r);
    }
    return reading_refuse(
        r, "type", "must be input_text, input_image, input_file, output_text or refusal");
}

/* ---- items ---- */

static int add_message(struct reading *r, enum chat_role role)
{
    return chat_add_message(&r->build, role) ? AIGNE_OK : reading_nomem(r);
}

/* What the model said between two of the others' words is one message: its reasoning, texts, calls. */
static int begin_assistant(struct reading *r)
{
    const struct chat_request *out = r->build.request;
    bool goes_on =
        out->message_count > 0 && out->messages[out->message_count - 1].role == CHAT_ASSISTANT;
    return goes_on ? AIGNE_OK : add_message(r, CHAT_ASSISTANT);
}

static int read_message(struct reading *r, struct json item)
{
    static const struct {
        const char *name;
        enum chat_role role;
    } roles[] = {{"user", CHAT_USER},
                 {"assistant", CHAT_ASSISTANT},
                 {"system", CHAT_SYSTEM},
                 {"developer", CHAT_SYSTEM}};
    struct json role = json_get(item, "role");
    struct json content = json_get(item, "content");
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (!json_string_is(role, roles[i].name))
            continue;
        if (!json_present(content))
            return reading_refuse(r, "content", "is missing");
        int rc = roles[i].role == CHAT_ASSISTANT ? begin_assistant(r)
                                                 : add_message(r, roles[i].role);
        return rc ? rc : read_parts(r, "content", content, read_part);
    }
    return reading_refuse(r, "role", "must be user, assistant, system or developer");
}

static int read_call(struct reading *r, struct json item)
{
    int rc = begin_assistant(r);
    if (rc)
        return rc;
    struct chat_part *p = chat_add_part(&r->build, CHAT_TOOL_CALL);
    if (!p)
        return reading_nomem(r);
    const struct chat_request *out = r->build.request;
    const struct chat_message *m = &out->messages[out->message_count - 1];
    if (m->part_count > LIMIT_TOOL_CALLS)
        return reading_refuse(r, "", "is one of more than %d in a turn", LIMIT_TOOL_CALLS);
    rc = read_needed_string(r, "call_id", json_get(item, "call_id"), &p->id);
    if (!rc)
        rc = read_needed_string(r, "name", json_get(item, "name"), &p->name);
    return rc ? rc
              : openai_read_arguments(r, "arguments", json_get(item, "arguments"),
                                      &p->arguments);
}

static int read_result(struct reading *r, struct json item)
{
    struct json output = json_get(item, "output");
    int rc = add_message(r, CHAT_TOOL);
    if (rc)
        return rc;
    const struct chat_request *out = r->build.request;
    rc = read_needed_string(r, "call_id", json_get(item, "call_id"),
                            &out->messages[out->message_count - 1].tool_call_id);
    if (!rc && !json_present(output))
        return reading_refuse(r, "output", "is missing");
    return rc ? rc : read_parts(r, "output", output, read_part);
}

/* ---- reasoning ---- */

static int join_texts(struct reading *r, const char *member, struct json list, struct buf *out)
{
    if (!json_present(list))
        return AIGNE_OK;
    if (list.kind != JSON_ARRAY)
        return reading_kind(r, member, "an array", list);
    struct json_walk w = json_walk(list);
    while (json_next(&w)) {
        struct slice text = SLICE_NONE;
        int rc = read_string(r, member, json_get(w.value, "text"), &text);
        if (rc)
            return rc;
        if (out->n && text.n)
            BUF_LITERAL(out, "\n\n");
        buf_put_slice(out, text);
    }
    return buf_rc(out) ? reading_nomem(r) : AIGNE_OK;
}

static struct chat_part *add_thought(struct reading *r, enum chat_part_kind kind,
                                     struct slice vendor)
{
    struct chat_part *p = chat_add_part(&r->build, kind);
    if (p && vendor.n)
        p->origin = vendor;
    return p;
}

static int add_redacted(struct reading *r, struct slice vendor, struct slice seal)
{
    struct chat_part *p = add_thought(r, CHAT_REDACTED, vendor);
    if (!p)
        return reading_nomem(r);
    p->text = seal;
    return AIGNE_OK;
}

static int add_thinking(struct reading *r, struct slice vendor, struct slice text,
                        struct slice seal)
{
    struct chat_part *p = add_thought(r, CHAT_THINKING, vendor);
    if (!p)
        return reading_nomem(r);
    p->text = text;
    p->signature = seal;
    return AIGNE_OK;
}

/* Sealed by who wrote it: OpenAI, or a provider that speaks like it. */
static int add_native(struct reading *r, struct json item, struct slice text,
                      struct slice content)
{
    struct slice id = SLICE("");
    int rc = read_string(r, "id", json_get(item, "id"), &id);
    if (rc)
        return rc;
    struct slice parts[] = {id, SLICE(":"), content};
    struct slice seal = arena_join(r->arena, parts, 3);
    if (!seal.p)
        return reading_nomem(r);
    return text.n ? add_thinking(r, SLICE("openai"), text, seal)
                  : add_redacted(r, SLICE("openai"), seal);
}

/* "VENDOR:KIND:SEAL", as it was handed out here. What seals a call waits for it as a part without a name,
 * see responses_read_input. */
static int add_foreign(struct reading *r, struct slice text, struct slice content)
{
    struct slice vendor = SLICE("");
    struct slice kind = SLICE("");
    struct slice seal = SLICE("");
    if (!slice_cut(content, ':', &vendor, &content) || !slice_cut(content, ':', &kind, &seal))
        return reading_refuse(r, "encrypted_content", "is not what was handed out");
    if (slice_is(kind, RESPONSES_SEAL_REDACTED))
        return add_redacted(r, vendor, seal);
    if (!slice_is(kind, RESPONSES_SEAL_CALL))
        return add_thinking(r, vendor, text, seal);
    struct chat_part *p = add_thought(r, CHAT_TOOL_CALL, vendor);
    if (!p)
        return reading_nomem(r);
    p->signature = seal;
    return AIGNE_OK;
}

static int read_reasoning(struct reading *r, struct json item)
{
    static const char *const names[] = {"summary", "content", "encrypted_content"};
    struct buf words AUTO(buf_free);
    struct slice content = SLICE_NONE;
    struct json v[3];
    buf_init(&words, LIMIT_REQUEST_BODY);
    json_pick(item, names, 3, v);
    int rc = begin_assistant(r);
    if (!rc)
        rc = join_texts(r, names[0], v[0], &words);
    if (!rc)
        rc = join_texts(r, names[1], v[1], &words);
    if (!rc)
        rc = read_string(r, names[2], v[2], &content);
    if (rc)
        return rc;
    struct slice text = arena_copy(r->arena, buf_slice(&words));
    if (!text.p)
        return reading_nomem(r);
    if (slice_starts(content, RESPONSES_SEAL))
        return add_foreign(r, text, slice_from(content, strlen(RESPONSES_SEAL)));
    if (content.n)
        return add_native(r, item, text, content);
    return text.n ? add_thinking(r, SLICE_NONE, text, SLICE_NONE) : AIGNE_OK;
}

/* Clients that take answers to be stored name reasoning by its id. What has words they keep to themselves:
 * it is an aid, and the answer goes on without. */
static int read_reference(struct reading *r, struct json item)
{
    struct slice id = SLICE_NONE;
    int rc = read_needed_string(r, "id", json_get(item, "id"), &id);
    if (rc)
        return rc;
    if (!slice_starts(id, "rs_"))
        return reading_refuse(r, "id",
                              "names what is not stored here: send the item itself, "
                              "as SDKs do with store set to false");
    rc = begin_assistant(r);
    struct slice content = slice_from(id, strlen("rs_"));
    return rc || !slice_starts(content, RESPONSES_SEAL)
               ? rc
               : add_foreign(r, SLICE(""), slice_from(content, strlen(RESPONSES_SEAL)));
}

/* ---- the list ---- */

static const struct {
    const char *type;
    int (*read)(struct reading *r, struct json item);
} item_types[] = {{"message", read_message},
                  {"function_call", read_call},
                  {"function_call_output", read_result},
                  {"reasoning", read_reasoning},
                  {"item_reference", read_reference}};

/* What the provider's own tools did, and those it defines and its clients run. */
static bool of_server(struct slice type)
{
    return slice_ends(type, "_call") || slice_ends(type, "_call_output") ||
           slice_starts(type, "mcp_") || slice_starts(type, "tool_search_");
}

/* A turn in which nothing was said is none. */
static int read_told(struct reading *r, struct slice type, struct json item)
{
    struct chat_request *out = r->build.request;
    int rc = read_server_tool(r, type, item);
    if (!out->messages[out->message_count - 1].part_count)
        out->message_count--;
    return rc;
}

/* A picture that was drawn is the model's own. */
static int read_server(struct reading *r, struct slice type, struct json item)
{
    struct json drawn = json_get(item, "result");
    int rc = begin_assistant(r);
    if (rc || !slice_is(type, "image_generation_call") || drawn.kind != JSON_STRING)
        return rc ? rc : read_told(r, type, item);
    struct chat_part *p = chat_add_part(&r->build, CHAT_DATA);
    if (!p)
        return reading_nomem(r);
    p->mime = SLICE("image/png");
    return read_needed_string(r, "result", drawn, &p->text);
}

static int read_item(struct reading *r, struct json item)
{
    struct slice name = SLICE_NONE;
    if (item.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", item);
    struct json type = json_get(item, "type");
    if (!json_present(type))
        return read_message(r, item);
    for (size_t i = 0; i < sizeof item_types / sizeof item_types[0]; i++) {
        if (json_string_is(type, item_types[i].type))
            return item_types[i].read(r, item);
    }
    int rc = read_string(r, "type", type, &name);
    if (!rc && of_server(name))
        return read_server(r, name, item);
    return rc ? rc
              : reading_refuse(r, "type",
                               "is \"%.*s\", which means nothing to this model's "
                               "provider",
                               (int)(name.n < 40 ? name.n : 40), name.p);
}

/* The seal of a call stands before it, as an item of its own: the two become one. Without the call, which
 * a client may leave out, it says nothing. */
static void settle_seals(struct chat_message *m)
{
    size_t kept = 0;
    struct slice seal = SLICE_NONE;
    for (size_t i = 0; i < m->part_count; i++) {
        struct chat_part *p = &m->parts[i];
        bool is_seal = p->kind == CHAT_TOOL_CALL && !p->name.p;
        if (is_seal)
            seal = p->signature;
        else if (p->kind == CHAT_TOOL_CALL) {
            p->signature = seal;
            seal = SLICE_NONE;
        }
        if (!is_seal)
            m->parts[kept++] = *p;
    }
    m->part_count = kept;
}

static int read_items(struct reading *r, struct json input)
{
    struct chat_request *out = r->build.request;
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(input);
    for (size_t i = 0; json_next(&w) && !rc; i++) {
        if (i >= LIMIT_MESSAGES)
            return reading_too_many(r, "input", LIMIT_MESSAGES, "items");
        reading_at(r, "input", i);
        rc = read_item(r, w.value);
    }
    reading_whole(r);
    for (size_t i = 0; i < out->message_count && !rc; i++)
        settle_seals(&out->messages[i]);
    return !rc && !out->message_count
               ? reading_refuse(r, "input", "must hold at least one item")
               : rc;
}

int responses_read_input(struct reading *r, struct json instructions, struct json input)
{
    int rc = AIGNE_OK;
    if (json_present(instructions)) {
        if (instructions.kind != JSON_STRING)
            return reading_kind(r, "instructions", "a string", instructions);
        rc = add_message(r, CHAT_SYSTEM);
        if (!rc)
            rc = read_parts(r, "instructions", instructions, read_part);
    }
    if (rc || !json_present(input))
        return rc ? rc : reading_refuse(r, "input", "is missing");
    if (input.kind == JSON_STRING) {
        rc = add_message(r, CHAT_USER);
        return rc ? rc : read_parts(r, "input", input, read_part);
    }
    if (input.kind != JSON_ARRAY)
        return reading_kind(r, "input", "a string or an array of items", input);
    return read_items(r, input);
}
