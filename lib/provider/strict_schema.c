/* Knows how a JSON Schema is made strict; refuses to know what it describes. */
#include "provider/strict_schema.h"
#include "base/limits.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

enum level_kind {
    LEVEL_SCHEMA,     /* its keys are keywords */
    LEVEL_PROPERTIES, /* names to schemas, optional ones to be made nullable */
    LEVEL_NAMED,      /* names to schemas */
    LEVEL_LIST        /* schemas one after the other */
};

struct level {
    enum level_kind kind;
    struct json_walk walk;
    struct json schema; /* the one this belongs to */
    bool nullable;      /* to be closed as one of two alternatives */
};

struct strict {
    struct wire *w;
    struct level *levels;
    size_t depth;
};

static bool is_object_schema(struct json schema)
{
    return json_string_is(json_get(schema, "type"), "object") ||
           json_get(schema, "properties").kind == JSON_OBJECT;
}

static bool is_required(struct json schema, struct slice key)
{
    struct json_walk w = json_walk(json_get(schema, "required"));
    while (json_next(&w)) {
        struct slice raw = w.value.raw;
        if (w.value.kind == JSON_STRING && slice_eq(slice_of(raw.p + 1, raw.n - 2), key))
            return true;
    }
    return false;
}

static int enter(struct strict *s, enum level_kind kind, struct json v, struct json schema)
{
    if (s->depth > LIMIT_JSON_DEPTH)
        return fault_set(s->w->why, AIGNE_E_REQUEST, "The schema is nested too deeply.");
    s->levels[s->depth++] = (struct level){kind, json_walk(v), schema, false};
    if (v.kind == JSON_ARRAY)
        json_open_array(&s->w->json);
    else
        json_open_object(&s->w->json);
    return AIGNE_OK;
}

static void write_key(struct wire *w, struct slice key)
{
    json_write_raw(&w->json, SLICE("\""));
    buf_put_slice(&w->body, key); /* as it was written, escapes and all */
    BUF_LITERAL(&w->body, "\":");
    w->json.comma = false;
}

/* All properties are required and no others allowed. */
static void write_closure(struct wire *w, struct json schema)
{
    struct json properties = json_get(schema, "properties");
    struct json_walk walk = json_walk(properties);
    if (properties.kind != JSON_OBJECT)
        json_member_raw(&w->json, "properties", SLICE("{}"));
    json_member_array(&w->json, "required");
    while (json_next(&walk)) {
        json_write_raw(&w->json, SLICE("\""));
        buf_put_slice(&w->body, walk.key);
        buf_put_byte(&w->body, '"');
    }
    json_close_array(&w->json);
    json_member_bool(&w->json, "additionalProperties", false);
}

static void leave(struct strict *s)
{
    struct level *l = &s->levels[--s->depth];
    struct json_writer *j = &s->w->json;
    if (l->kind == LEVEL_SCHEMA && is_object_schema(l->schema))
        write_closure(s->w, l->schema);
    if (l->walk.in_object)
        json_close_object(j);
    else
        json_close_array(j);
    if (!l->nullable)
        return;
    json_write_raw(j, SLICE("{\"type\":\"null\"}"));
    json_close_array(j);
    json_close_object(j);
}

/* What the value of a keyword holds; LEVEL_SCHEMA with a scalar or data: nothing to look into. */
static bool keyword_holds(const struct json_walk *w, enum level_kind *kind)
{
    static const struct {
        const char *keyword;
        enum json_kind value;
        enum level_kind kind;
    } keywords[] = {
        {"properties", JSON_OBJECT, LEVEL_PROPERTIES},
        {"$defs", JSON_OBJECT, LEVEL_NAMED},
        {"definitions", JSON_OBJECT, LEVEL_NAMED},
        {"items", JSON_OBJECT, LEVEL_SCHEMA},
        {"anyOf", JSON_ARRAY, LEVEL_LIST},
        {"oneOf", JSON_ARRAY, LEVEL_LIST},
        {"allOf", JSON_ARRAY, LEVEL_LIST},
        {"prefixItems", JSON_ARRAY, LEVEL_LIST},
    };
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (w->value.kind == keywords[i].value && json_key_is(w, keywords[i].keyword)) {
            *kind = keywords[i].kind;
            return true;
        }
    }
    return false;
}

static int take_keyword(struct strict *s, struct level *l)
{
    enum level_kind kind = LEVEL_SCHEMA;
    bool closing =
        json_key_is(&l->walk, "required") || json_key_is(&l->walk, "additionalProperties");
    if (closing && is_object_schema(l->schema))
        return AIGNE_OK;
    write_key(s->w, l->walk.key);
    if (!keyword_holds(&l->walk, &kind)) {
        json_write_raw(&s->w->json, l->walk.value.raw);
        return AIGNE_OK;
    }
    return enter(s, kind, l->walk.value, kind == LEVEL_SCHEMA ? l->walk.value : l->schema);
}

/* A schema in a list or behind a name. */
static int take_schema(struct strict *s, struct level *l)
{
    struct json v = l->walk.value;
    bool nullable = l->kind == LEVEL_PROPERTIES && !is_required(l->schema, l->walk.key);
    if (l->walk.in_object)
        write_key(s->w, l->walk.key);
    if (v.kind != JSON_OBJECT) {
        json_write_raw(&s->w->json, v.raw);
        return AIGNE_OK;
    }
    if (nullable) {
        json_open_object(&s->w->json);
        json_member_array(&s->w->json, "anyOf");
    }
    int rc = enter(s, LEVEL_SCHEMA, v, v);
    if (rc == AIGNE_OK)
        s->levels[s->depth - 1].nullable = nullable;
    return rc;
}

int strict_schema_write(struct wire *w, const char *name, struct slice schema)
{
    struct json root = json_of(schema.p ? schema : SLICE("{}"));
    struct strict s = {.w = w};
    s.levels = arena_array(w->arena, LIMIT_JSON_DEPTH + 2, sizeof *s.levels);
    if (!s.levels)
        return fault_nomem(w->why);
    json_key(&w->json, name);
    if (root.kind != JSON_OBJECT) {
        json_write_raw(&w->json, root.raw);
        return AIGNE_OK;
    }
    int rc = enter(&s, LEVEL_SCHEMA, root, root);
    while (s.depth > 0 && rc == AIGNE_OK) {
        struct level *l = &s.levels[s.depth - 1];
        if (!json_next(&l->walk))
            leave(&s);
        else
            rc = l->kind == LEVEL_SCHEMA ? take_keyword(&s, l) : take_schema(&s, l);
    }
    return rc;
}
