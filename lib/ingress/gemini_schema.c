/* gemini_schema.c - knows how Google's Schema differs from a JSON Schema; refuses to know what it
 * describes. */
#include "ingress/gemini.h"

#include "base/limits.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>

enum level_kind {
    LEVEL_SCHEMA, /* its keys are keywords */
    LEVEL_NAMED,  /* names to schemas */
    LEVEL_LIST    /* schemas one after the other */
};

struct level {
    enum level_kind kind;
    struct json_walk walk;
    bool nullable; /* of a SCHEMA */
};

struct rewrite {
    struct reading *r;
    const char *member;
    struct buf *out;
    struct json_writer json;
    struct level *levels;
    size_t depth;
};

/* What a keyword's value is made of. */
enum keyword_form { FORM_RAW, FORM_TYPE, FORM_COUNT, FORM_ENUM, FORM_NONE, FORM_DEEP };

static const struct keyword {
    const char *name;
    enum keyword_form form;
    enum json_kind value; /* FORM_DEEP: what it must be */
    enum level_kind kind;
} keywords[] = {
    {"type", FORM_TYPE, JSON_NONE, LEVEL_SCHEMA},
    {"nullable", FORM_NONE, JSON_NONE, LEVEL_SCHEMA}, /* goes into the type */
    {"propertyOrdering", FORM_NONE, JSON_NONE, LEVEL_SCHEMA},
    {"example", FORM_NONE, JSON_NONE, LEVEL_SCHEMA},
    {"enum", FORM_ENUM, JSON_NONE, LEVEL_SCHEMA},
    {"minItems", FORM_COUNT, JSON_NONE, LEVEL_SCHEMA},
    {"maxItems", FORM_COUNT, JSON_NONE, LEVEL_SCHEMA},
    {"minLength", FORM_COUNT, JSON_NONE, LEVEL_SCHEMA},
    {"maxLength", FORM_COUNT, JSON_NONE, LEVEL_SCHEMA},
    {"minProperties", FORM_COUNT, JSON_NONE, LEVEL_SCHEMA},
    {"maxProperties", FORM_COUNT, JSON_NONE, LEVEL_SCHEMA},
    {"properties", FORM_DEEP, JSON_OBJECT, LEVEL_NAMED},
    {"items", FORM_DEEP, JSON_OBJECT, LEVEL_SCHEMA},
    {"anyOf", FORM_DEEP, JSON_ARRAY, LEVEL_LIST},
};

static const struct keyword *keyword_of(const struct json_walk *w)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (google_key_is(w, keywords[i].name))
            return &keywords[i];
    }
    return NULL;
}

static int enter(struct rewrite *x, enum level_kind kind, struct json v)
{
    bool nullable = false;
    if (x->depth > LIMIT_JSON_DEPTH)
        return reading_refuse(x->r, x->member, "is nested too deeply");
    if (kind == LEVEL_SCHEMA)
        (void)json_bool(google_get(v, "nullable"), &nullable);
    x->levels[x->depth++] = (struct level){kind, json_walk(v), nullable};
    if (v.kind == JSON_ARRAY)
        json_open_array(&x->json);
    else
        json_open_object(&x->json);
    return AIGNE_OK;
}

static void leave(struct rewrite *x)
{
    if (x->levels[--x->depth].walk.in_object)
        json_close_object(&x->json);
    else
        json_close_array(&x->json);
}

static void write_key(struct rewrite *x, struct slice key)
{
    json_write_raw(&x->json, SLICE("\""));
    buf_put_slice(x->out, key);
    BUF_LITERAL(x->out, "\":");
    x->json.comma = false;
}

/* Names of types are in capitals there; a list of them is nobody's but may come. */
static int write_type(struct rewrite *x, struct json type, bool nullable)
{
    static const char *const types[] = {"string", "number", "integer", "boolean",
                                        "array",  "object", "null"};
    if (type.kind == JSON_ARRAY) {
        json_member_raw(&x->json, "type", type.raw);
        return AIGNE_OK;
    }
    if (google_enum_is(type, "TYPE_UNSPECIFIED"))
        return AIGNE_OK;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!google_enum_is(type, types[i]))
            continue;
        json_key(&x->json, "type");
        if (nullable)
            json_open_array(&x->json);
        json_write_text(&x->json, types[i]);
        if (nullable) {
            json_write_text(&x->json, "null");
            json_close_array(&x->json);
        }
        return AIGNE_OK;
    }
    return reading_refuse(x->r, x->member, "holds a type that there is not");
}

static void write_enum(struct rewrite *x, struct json list, bool nullable)
{
    json_member_array(&x->json, "enum");
    struct json_walk w = json_walk(list);
    while (json_next(&w))
        json_write_raw(&x->json, w.value.raw);
    if (nullable)
        json_write_null(&x->json);
    json_close_array(&x->json);
}

/* A format of "enum" only says that there is one. */
static bool says_nothing(const struct json_walk *w)
{
    return json_key_is(w, "format") && google_enum_is(w->value, "enum");
}

static int take_keyword(struct rewrite *x, const struct level *l)
{
    const struct keyword *k = keyword_of(&l->walk);
    struct json v = l->walk.value;
    if (!k || (k->form == FORM_DEEP && v.kind != k->value)) {
        if (!says_nothing(&l->walk)) {
            write_key(x, l->walk.key);
            json_write_raw(&x->json, v.raw);
        }
        return AIGNE_OK;
    }
    struct slice number = SLICE_NONE;
    int rc = AIGNE_OK;
    switch (k->form) {
    case FORM_TYPE:
        return write_type(x, v, l->nullable);
    case FORM_ENUM:
        write_enum(x, v, l->nullable);
        break;
    case FORM_COUNT:
        rc = google_read_number(x->r, x->member, v, &number);
        json_member_raw_opt(&x->json, k->name, number);
        break;
    case FORM_DEEP:
        json_key(&x->json, k->name);
        return enter(x, k->kind, v);
    case FORM_RAW:
    case FORM_NONE:
        break;
    }
    return rc;
}

/* A schema in a list or behind a name. */
static int take_schema(struct rewrite *x, const struct level *l)
{
    if (l->walk.in_object)
        write_key(x, l->walk.key);
    if (l->walk.value.kind == JSON_OBJECT)
        return enter(x, LEVEL_SCHEMA, l->walk.value);
    json_write_raw(&x->json, l->walk.value.raw);
    return AIGNE_OK;
}

int google_read_schema(struct reading *r, const char *member, struct json v, struct slice *out)
{
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object", v);
    struct buf text AUTO(buf_free);
    buf_init(&text, v.raw.n * 2 + 1024);
    struct rewrite x = {.r = r, .member = member, .out = &text, .json = json_writer(&text)};
    x.levels = arena_array(r->arena, LIMIT_JSON_DEPTH + 2, sizeof *x.levels);
    if (!x.levels)
        return reading_nomem(r);
    int rc = enter(&x, LEVEL_SCHEMA, v);
    while (x.depth > 0 && rc == AIGNE_OK) {
        struct level *l = &x.levels[x.depth - 1];
        if (!json_next(&l->walk))
            leave(&x);
        else
            rc = l->kind == LEVEL_SCHEMA ? take_keyword(&x, l) : take_schema(&x, l);
    }
    if (rc)
        return rc;
    *out = buf_rc(&text) ? SLICE_NONE : arena_copy(r->arena, buf_slice(&text));
    return out->p ? AIGNE_OK : reading_nomem(r);
}
