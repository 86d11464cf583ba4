/* reading.c - knows how to read one member and say what is wrong with it; refuses to know which
 * members a format has. */
#include "chat/reading.h"

#include "base/limits.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>
#include <stdio.h>

void reading_start(struct reading *r, struct arena *a, struct chat_request *out,
                   struct fault *why)
{
    r->arena = a;
    r->why = why;
    chat_build(&r->build, a, out);
}

void reading_at(struct reading *r, const char *list, size_t index)
{
    r->build.at = (struct chat_place){.list = list, .index = index};
}

void reading_inside(struct reading *r, const char *inner, size_t index)
{
    r->build.at.inner = inner;
    r->build.at.inner_index = index;
}

void reading_whole(struct reading *r)
{
    r->build.at = (struct chat_place){0};
}

/* "messages[2].content[1].type" */
static void write_path(const struct reading *r, const char *member, char *path, size_t size)
{
    char at[72] = "";
    chat_place_write(&r->build.at, at, sizeof at);
    const char *dot = at[0] && member[0] && member[0] != '[' ? "." : "";
    (void)snprintf(path, size, "%s%s%s", at, dot, member);
}

int reading_refuse(struct reading *r, const char *member, const char *format, ...)
{
    char path[96];
    char text[256];
    write_path(r, member, path, sizeof path);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *named = path[0] ? path : "The request";
    return fault_field(r->why, AIGNE_E_REQUEST, path, "%s %s.", named, text);
}

int reading_nomem(struct reading *r)
{
    return fault_nomem(r->why);
}

int reading_kind(struct reading *r, const char *member, const char *wanted, struct json v)
{
    return reading_refuse(r, member, "must be %s, not %s", wanted, json_kind_name(v.kind));
}

int reading_too_many(struct reading *r, const char *member, int limit, const char *things)
{
    reading_whole(r);
    return reading_refuse(r, member, "holds more than %d %s", limit, things);
}

int read_string(struct reading *r, const char *member, struct json v, struct slice *out)
{
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_STRING)
        return reading_kind(r, member, "a string", v);
    *out = json_string(v, r->arena);
    return out->p ? AIGNE_OK : reading_nomem(r);
}

static int read_raw(struct reading *r, const char *member, enum json_kind kind, struct json v,
                    struct slice *out)
{
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != kind)
        return reading_kind(r, member, json_kind_name(kind), v);
    *out = v.raw;
    return AIGNE_OK;
}

int read_number(struct reading *r, const char *member, struct json v, struct slice *out)
{
    return read_raw(r, member, JSON_NUMBER, v, out);
}

int read_object(struct reading *r, const char *member, struct json v, struct slice *out)
{
    return read_raw(r, member, JSON_OBJECT, v, out);
}

int read_array(struct reading *r, const char *member, struct json v, struct slice *out)
{
    return read_raw(r, member, JSON_ARRAY, v, out);
}

int read_bool(struct reading *r, const char *member, struct json v, enum chat_choice *out)
{
    bool value = false;
    if (!json_present(v))
        return AIGNE_OK;
    if (!json_bool(v, &value))
        return reading_kind(r, member, "true or false", v);
    *out = value ? CHAT_YES : CHAT_NO;
    return AIGNE_OK;
}

int read_needed_string(struct reading *r, const char *member, struct json v, struct slice *out)
{
    if (!json_present(v))
        return reading_refuse(r, member, "is missing");
    int rc = read_string(r, member, v, out);
    if (rc == AIGNE_OK && !out->n)
        return reading_refuse(r, member, "must not be empty");
    return rc;
}

int read_stop(struct reading *r, const char *member, struct json v)
{
    struct chat_request *out = r->build.request;
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_STRING && v.kind != JSON_ARRAY)
        return reading_kind(r, member, "a string or an array of strings", v);
    size_t count = v.kind == JSON_ARRAY ? json_count(v) : 1;
    out->stop = arena_array(r->arena, count ? count : 1, sizeof *out->stop);
    out->stop_count = 0;
    if (!out->stop)
        return reading_nomem(r);
    if (v.kind == JSON_STRING)
        return read_string(r, member, v, &out->stop[out->stop_count++]);
    struct json_walk w = json_walk(v);
    while (json_next(&w) && out->stop_count < count) {
        if (w.value.kind != JSON_STRING)
            return reading_kind(r, member, "an array of strings", w.value);
        int rc = read_string(r, member, w.value, &out->stop[out->stop_count++]);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

int read_effort(struct reading *r, const char *member, struct json v)
{
    struct chat_request *out = r->build.request;
    struct slice name = SLICE_NONE;
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind == JSON_NUMBER) {
        int64_t tokens = 0;
        if (!json_int64(v, &tokens) || tokens < 0)
            return reading_refuse(r, member, "must be a whole number of tokens, 0 or more");
        out->reasoning_budget = tokens;
        out->effort = chat_effort_of_budget(tokens);
        return AIGNE_OK;
    }
    if (v.kind != JSON_STRING)
        return reading_kind(r, member, "the name of an effort or a number of tokens", v);
    int rc = read_string(r, member, v, &name);
    if (rc)
        return rc;
    if (!chat_effort_parse(name, &out->effort))
        return reading_refuse(
            r, member, "must be none, minimal, low, medium, high, xhigh, max or a number");
    return AIGNE_OK;
}

int read_cache(struct reading *r, const char *member, struct json v, enum chat_cache *out)
{
    static const char *const names[] = {"type", "ttl"};
    struct json values[2];
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object", v);
    json_pick(v, names, 2, values);
    if (json_present(values[0]) && !json_string_is(values[0], "ephemeral"))
        return reading_refuse(r, member, "knows only the type \"ephemeral\"");
    if (!json_present(values[1]) || json_string_is(values[1], "5m"))
        *out = CHAT_CACHE_5M;
    else if (json_string_is(values[1], "1h"))
        *out = CHAT_CACHE_1H;
    else
        return reading_refuse(r, member, "has a ttl other than \"5m\" and \"1h\"");
    return AIGNE_OK;
}

#define TOOL_NAME_LONGEST 128

static bool tool_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_-.: \t", c));
}

int read_tool_name(struct reading *r, const char *member, struct json v, struct slice *out)
{
    int rc = read_needed_string(r, member, v, out);
    if (rc)
        return rc;
    if (out->n > TOOL_NAME_LONGEST)
        return reading_refuse(r, member, "must not be longer than %d characters",
                              TOOL_NAME_LONGEST);
    for (size_t i = 0; i < out->n; i++) {
        if (!tool_name_byte(out->p[i]))
            return reading_refuse(
                r, member, "may hold only letters, digits, '_', '-', '.', ':' and blanks");
    }
    return AIGNE_OK;
}

int read_place(struct reading *r, const char *member, struct slice url, struct chat_part *p)
{
    struct slice mime = SLICE_NONE;
    struct slice base64 = SLICE_NONE;
    if (slice_starts_nocase(url, "http://") || slice_starts_nocase(url, "https://")) {
        p->kind = CHAT_URL;
        p->text = url;
        return AIGNE_OK;
    }
    if (!slice_starts_nocase(url, "data:"))
        return reading_refuse(r, member, "must be an http, https or data URL");
    if (!data_url_parse(url, &mime, &base64))
        return reading_refuse(r, member, "is not a data URL with base64 content");
    p->kind = CHAT_DATA;
    p->text = base64;
    if (!p->mime.p && mime.n)
        p->mime = mime;
    return AIGNE_OK;
}

struct slice read_key(struct reading *r, const struct json_walk *w)
{
    struct json quoted = {JSON_STRING, slice_of(w->key.p - 1, w->key.n + 2)};
    return json_string(quoted, r->arena);
}
