/* anthropic_message.c - knows the messages of an Anthropic request: who says what, calls, their results
 * and reasoning; refuses to know settings and tools. */
#include "ingress/anthropic.h"

#include "ingress/server_tools.h"
#include <aignehub/aignehub.h>

typedef int (*read_block_fn)(struct reading *r, struct json block);

static struct chat_message *newest(struct reading *r)
{
    struct chat_request *out = r->build.request;
    return &out->messages[out->message_count - 1];
}

/* Content in an array; `inner` names the blocks in refusals. */
static int read_blocks(struct reading *r, struct json content, read_block_fn read)
{
    struct json_walk w = json_walk(content);
    for (size_t i = 0; json_next(&w); i++) {
        reading_inside(r, "content", i);
        int rc = read(r, w.value);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

static int read_string_content(struct reading *r, struct json content)
{
    struct chat_part *p = chat_add_part(&r->build, CHAT_TEXT);
    return p ? read_string(r, "content", content, &p->text) : reading_nomem(r);
}

/* A message of one kind of blocks, which is begun already. */
static int read_content_of(struct reading *r, struct json content, read_block_fn read)
{
    if (content.kind == JSON_STRING)
        return read_string_content(r, content);
    if (content.kind != JSON_ARRAY)
        return reading_kind(r, "content", "a string or an array of blocks", content);
    return read_blocks(r, content, read);
}

/* ---- the assistant ---- */

struct slice anthropic_seal_vendor(struct slice *seal)
{
    struct slice vendor;
    struct slice rest;
    if (!slice_starts(*seal, ANTHROPIC_SEAL_MARK))
        return SLICE("anthropic");
    rest = slice_from(*seal, sizeof(ANTHROPIC_SEAL_MARK) - 1);
    if (!slice_cut(rest, ':', &vendor, seal))
        *seal = vendor = rest;
    return slice_is(vendor, ANTHROPIC_UNKNOWN_VENDOR) ? SLICE_NONE : vendor;
}

static int read_thinking(struct reading *r, struct json block)
{
    struct chat_part *p = chat_add_part(&r->build, CHAT_THINKING);
    if (!p)
        return reading_nomem(r);
    int rc = read_string(r, "thinking", json_get(block, "thinking"), &p->text);
    if (!rc)
        rc = read_string(r, "signature", json_get(block, "signature"), &p->signature);
    if (rc)
        return rc;
    if (!p->text.p)
        p->text = SLICE("");
    if (!p->signature.n)
        p->signature = SLICE_NONE;
    else
        p->origin = anthropic_seal_vendor(&p->signature);
    return AIGNE_OK;
}

static int read_redacted(struct reading *r, struct json block)
{
    struct chat_part *p = chat_add_part(&r->build, CHAT_REDACTED);
    if (!p)
        return reading_nomem(r);
    int rc = read_needed_string(r, "data", json_get(block, "data"), &p->text);
    if (!rc)
        p->origin = anthropic_seal_vendor(&p->text);
    return rc;
}

/* What seals a call stands before it, and is no part of its own. */
static struct slice take_call_seal(struct reading *r)
{
    struct chat_message *m = newest(r);
    const struct chat_part *p = m->part_count ? &m->parts[m->part_count - 1] : NULL;
    if (!p || p->kind != CHAT_REDACTED || !slice_is(p->origin, ANTHROPIC_CALL_VENDOR))
        return SLICE_NONE;
    m->part_count--;
    return p->text;
}

static int read_tool_use(struct reading *r, struct json block)
{
    static const char *const names[] = {"id", "name", "input"};
    struct json v[3];
    struct slice seal = take_call_seal(r);
    struct chat_part *p = chat_add_part(&r->build, CHAT_TOOL_CALL);
    if (!p)
        return reading_nomem(r);
    p->signature = seal;
    json_pick(block, names, 3, v);
    int rc = read_needed_string(r, names[0], v[0], &p->id);
    if (!rc)
        rc = read_needed_string(r, names[1], v[1], &p->name);
    if (!rc)
        rc = read_object(r, names[2], v[2], &p->arguments);
    if (!rc && !p->arguments.p)
        p->arguments = SLICE("{}");
    return rc;
}

/* A summary of what was said before. */
static int read_compaction(struct reading *r, struct json block)
{
    struct chat_part *p = chat_add_part(&r->build, CHAT_TEXT);
    return p ? read_string(r, "content", json_get(block, "content"), &p->text)
             : reading_nomem(r);
}

/* Its name, where it is what Anthropic's own tools did in an earlier turn. */
static struct slice of_server(struct json type, struct arena *a)
{
    struct slice name = json_string(type, a);
    return slice_is(name, "server_tool_use") || slice_is(name, "mcp_tool_use") ||
                   slice_ends(name, "_tool_result")
               ? name
               : SLICE_NONE;
}

static int read_said(struct reading *r, struct json block)
{
    static const struct {
        const char *type;
        read_block_fn read;
    } own[] = {{"thinking", read_thinking},
               {"redacted_thinking", read_redacted},
               {"tool_use", read_tool_use},
               {"compaction", read_compaction}};
    struct json type = json_get(block, "type");
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (!json_string_is(type, own[i].type))
            continue;
        int rc = own[i].read(r, block);
        return rc ? rc : anthropic_mark_cache(r, block);
    }
    struct slice server = of_server(type, r->arena);
    return server.p ? read_server_tool(r, server, block) : anthropic_read_block(r, block);
}

static int read_assistant(struct reading *r, struct json content)
{
    if (!chat_add_message(&r->build, CHAT_ASSISTANT))
        return reading_nomem(r);
    return read_content_of(r, content, read_said);
}

/* ---- the user ---- */

static int read_result_content(struct reading *r, struct json content)
{
    if (!json_present(content))
        return AIGNE_OK;
    if (content.kind == JSON_STRING)
        return read_string_content(r, content);
    if (content.kind != JSON_ARRAY)
        return reading_kind(r, "content", "a string or an array of blocks", content);
    struct json_walk w = json_walk(content);
    int rc = AIGNE_OK;
    while (!rc && json_next(&w))
        rc = anthropic_read_block(r, w.value);
    return rc;
}

static int read_result(struct reading *r, struct json block)
{
    static const char *const names[] = {"tool_use_id", "content", "is_error"};
    struct json v[3];
    enum chat_choice failed = CHAT_UNSET;
    if (!chat_add_message(&r->build, CHAT_TOOL))
        return reading_nomem(r);
    json_pick(block, names, 3, v);
    int rc = read_needed_string(r, names[0], v[0], &newest(r)->tool_call_id);
    if (!rc)
        rc = read_result_content(r, v[1]);
    if (!rc)
        rc = read_bool(r, names[2], v[2], &failed);
    if (rc)
        return rc;
    newest(r)->failed = failed == CHAT_YES;
    return anthropic_mark_cache(r, block);
}

/* A result is a message of its own; what else is said in between is the user's. */
static int read_heard(struct reading *r, struct json block)
{
    struct json type = json_get(block, "type");
    if (json_string_is(type, "tool_result"))
        return read_result(r, block);
    if (json_string_is(type, "container_upload"))
        return reading_refuse(r, "type",
                              "is \"container_upload\", which only Anthropic itself has");
    if (newest(r)->role == CHAT_TOOL && !chat_add_message(&r->build, CHAT_USER))
        return reading_nomem(r);
    return anthropic_read_block(r, block);
}

static bool begins_with_result(struct json content)
{
    struct json_walk w = json_walk(content);
    return content.kind == JSON_ARRAY && json_next(&w) &&
           json_string_is(json_get(w.value, "type"), "tool_result");
}

static int read_user(struct reading *r, struct json content)
{
    if (!begins_with_result(content) && !chat_add_message(&r->build, CHAT_USER))
        return reading_nomem(r);
    return read_content_of(r, content, read_heard);
}

/* ---- what stands above all ---- */

static int read_system_block(struct reading *r, struct json block)
{
    if (block.kind == JSON_OBJECT && !json_string_is(json_get(block, "type"), "text"))
        return reading_refuse(r, "type", "must be text");
    return anthropic_read_block(r, block);
}

static int read_instruction(struct reading *r, struct json content)
{
    if (!chat_add_message(&r->build, CHAT_SYSTEM))
        return reading_nomem(r);
    return read_content_of(r, content, read_system_block);
}

int anthropic_read_system(struct reading *r, struct json system)
{
    if (!json_present(system))
        return AIGNE_OK;
    if (system.kind != JSON_STRING && system.kind != JSON_ARRAY)
        return reading_kind(r, "system", "a string or an array of blocks", system);
    if (!chat_add_message(&r->build, CHAT_SYSTEM))
        return reading_nomem(r);
    if (system.kind == JSON_STRING)
        return read_string_content(r, system);
    struct json_walk w = json_walk(system);
    int rc = AIGNE_OK;
    for (size_t i = 0; !rc && json_next(&w); i++) {
        reading_at(r, "system", i);
        rc = read_system_block(r, w.value);
    }
    if (!rc)
        reading_whole(r);
    return rc;
}

static const struct {
    const char *name;
    int (*read)(struct reading *r, struct json content);
} roles[] = {{"user", read_user}, {"assistant", read_assistant}, {"system", read_instruction}};

static int read_message(struct reading *r, size_t index, struct json message)
{
    (void)index;
    if (message.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", message);
    struct json role = json_get(message, "role");
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (json_string_is(role, roles[i].name))
            return roles[i].read(r, json_get(message, "content"));
    }
    return reading_refuse(r, "role", "must be user, assistant or system");
}

int anthropic_read_messages(struct reading *r, struct json messages)
{
    if (!json_present(messages))
        return reading_refuse(r, "messages", "is missing");
    if (messages.kind == JSON_ARRAY && !json_count(messages))
        return reading_refuse(r, "messages", "must hold at least one message");
    return read_messages(r, messages, read_message);
}
