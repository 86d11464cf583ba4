/* reading_many.c - knows how runs of messages, parts, calls and settings are read; refuses to know what
 * each of them holds. */
#include "chat/reading.h"

#include "base/limits.h"
#include <aignehub/aignehub.h>

int read_parts(struct reading *r, const char *member, struct json v, read_item_fn part)
{
    const char *list = r->build.at.list;
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind == JSON_STRING) {
        struct chat_part *p = chat_add_part(&r->build, CHAT_TEXT);
        return p ? read_string(r, member, v, &p->text) : reading_nomem(r);
    }
    if (v.kind != JSON_ARRAY)
        return reading_kind(r, member, "a string or an array of parts", v);
    struct json_walk w = json_walk(v);
    for (size_t i = 0; json_next(&w); i++) {
        reading_inside(r, member, i);
        int rc = part(r, w.value);
        if (rc)
            return rc;
    }
    reading_at(r, list, r->build.at.index);
    return AIGNE_OK;
}

int read_content(struct reading *r, size_t message, struct json v, read_item_fn part)
{
    reading_at(r, "messages", message);
    return read_parts(r, "content", v, part);
}

int read_calls(struct reading *r, size_t message, const char *member, struct json v,
               read_item_fn call)
{
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_ARRAY)
        return reading_kind(r, member, "an array", v);
    struct json_walk w = json_walk(v);
    for (size_t i = 0; json_next(&w); i++) {
        reading_at(r, "messages", message);
        if (i >= LIMIT_TOOL_CALLS)
            return reading_refuse(r, member, "holds more than %d calls", LIMIT_TOOL_CALLS);
        reading_inside(r, member, i);
        int rc = call(r, w.value);
        if (rc)
            return rc;
    }
    reading_at(r, "messages", message);
    return AIGNE_OK;
}

int read_messages(struct reading *r, struct json v, read_message_fn message)
{
    if (v.kind != JSON_ARRAY)
        return reading_kind(r, "messages", "an array", v);
    struct json_walk w = json_walk(v);
    for (size_t i = 0; json_next(&w); i++) {
        if (i >= LIMIT_MESSAGES)
            return reading_too_many(r, "messages", LIMIT_MESSAGES, "messages");
        reading_at(r, "messages", i);
        int rc = message(r, i, w.value);
        if (rc)
            return rc;
    }
    reading_whole(r);
    if (!r->build.request->message_count)
        return reading_refuse(r, "messages", "must hold at least one message");
    return AIGNE_OK;
}

int read_tools(struct reading *r, const char *member, struct json v, read_item_fn tool)
{
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_ARRAY)
        return reading_kind(r, member, "an array", v);
    struct json_walk w = json_walk(v);
    for (size_t i = 0; json_next(&w); i++) {
        if (i >= CHAT_TOOLS_LARGEST)
            return reading_too_many(r, member, CHAT_TOOLS_LARGEST, member);
        reading_at(r, member, i);
        int rc = tool(r, w.value);
        if (rc)
            return rc;
    }
    reading_whole(r);
    return AIGNE_OK;
}

size_t chat_keep_tools(struct chat_request *r, const struct slice *names, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->tool_count; i++) {
        size_t at = 0;
        while (at < count && !slice_eq(names[at], r->tools[i].name))
            at++;
        if (at < count)
            r->tools[kept++] = r->tools[i];
    }
    r->tool_count = kept;
    return kept;
}

/* ---- settings ---- */

static const struct setting *setting_of(const struct json_walk *w,
                                        const struct setting *settings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (json_key_is(w, settings[i].name) ||
            (settings[i].other && json_key_is(w, settings[i].other)))
            return &settings[i];
    }
    return NULL;
}

static int read_extra(struct reading *r, const struct json_walk *w)
{
    struct slice name = read_key(r, w);
    if (!name.p || chat_add_extra(&r->build, name, w->value.raw))
        return reading_nomem(r);
    return AIGNE_OK;
}

int read_settings(struct reading *r, struct json object, const struct setting *settings,
                  size_t count)
{
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        if (!json_present(w.value))
            continue;
        const struct setting *s = setting_of(&w, settings, count);
        struct slice *to =
            s ? (struct slice *)(void *)((char *)r->build.request + s->offset) : NULL;
        int rc = s ? s->read(r, s->name, w.value, to) : read_extra(r, &w);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

int read_elsewhere(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)r;
    (void)member;
    (void)v;
    (void)to;
    return AIGNE_OK;
}

int read_stop_setting(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    return read_stop(r, member, v);
}

int read_effort_setting(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    return read_effort(r, member, v);
}

int read_parallel_setting(struct reading *r, const char *member, struct json v,
                          struct slice *to)
{
    (void)to;
    return read_bool(r, member, v, &r->build.request->parallel_tool_calls);
}
