/* Knows whether JSON arguments fit the schema of a verb; refuses to know what they mean. */
#include "base/mem.h"
#include "base/nearest.h"
#include "hub/verb.h"
#include <aignehub/aignehub.h>

enum { NAME_LARGEST = 64, PATH_SIZE = 96, NESTED_LARGEST = 8 };

struct level {
    struct json schema;
    struct json value;
    char path[PATH_SIZE]; /* "caching." */
};

static int refuse(struct fault *why)
{
    if (why)
        why->http = 400;
    return AIGNE_E_REQUEST;
}

static int refuse_unknown(const struct level *at, struct slice key, struct fault *why)
{
    char names[32][NAME_LARGEST];
    struct nearest nearest = {.text = key, .distance = SIZE_MAX};
    struct json_walk w = json_walk(json_get(at->schema, "properties"));
    for (size_t i = 0; i < 32 && json_next(&w); i++) {
        fault_copy(names[i], sizeof names[i], w.key);
        nearest_offer(&nearest, names[i]);
    }
    char shown[NAME_LARGEST];
    fault_copy(shown, sizeof shown, key);
    refuse(why);
    if (!nearest.used)
        return fault_field(why, AIGNE_E_REQUEST, shown, "There is no argument \"%s%s\".",
                           at->path, shown);
    struct nearest_advice advice = nearest_advise(&nearest);
    return fault_field(why, AIGNE_E_REQUEST, shown,
                       "There is no argument \"%s%s\"; " NEAREST_FORMAT ".", at->path, shown,
                       NEAREST_HOLES(advice));
}

static bool kind_is(enum json_kind kind, struct json name)
{
    static const struct {
        const char *name;
        enum json_kind kind;
    } kinds[] = {{"string", JSON_STRING}, {"number", JSON_NUMBER}, {"boolean", JSON_TRUE},
                 {"object", JSON_OBJECT}, {"array", JSON_ARRAY},   {"null", JSON_NULL}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (json_string_is(name, kinds[i].name))
            return kinds[i].kind == (kind == JSON_FALSE ? JSON_TRUE : kind);
    return false;
}

static bool kind_fits(enum json_kind kind, struct json type)
{
    if (type.kind == JSON_STRING)
        return kind_is(kind, type);
    struct json_walk w = json_walk(type);
    while (json_next(&w))
        if (kind_is(kind, w.value))
            return true;
    return false;
}

/* "string", or "number or string", out of the schema's type. */
static void name_types(struct json type, char out[NAME_LARGEST])
{
    struct buf names AUTO(buf_free);
    buf_init(&names, NAME_LARGEST);
    if (type.kind == JSON_STRING)
        (void)json_string_into(type, &names);
    struct json_walk w = json_walk(type);
    for (size_t i = 0; type.kind == JSON_ARRAY && json_next(&w); i++) {
        if (i > 0)
            BUF_LITERAL(&names, " or ");
        (void)json_string_into(w.value, &names);
    }
    fault_copy(out, NAME_LARGEST, buf_slice(&names));
}

static int refuse_kind(const struct level *at, const char *name, struct json value,
                       struct json type, struct fault *why)
{
    char wanted[NAME_LARGEST];
    name_types(type, wanted);
    refuse(why);
    return fault_field(why, AIGNE_E_REQUEST, name, "Argument \"%s%s\" is %s; it must be: %s.",
                       at->path, name, json_kind_name(value.kind), wanted);
}

static int check_choice(const struct level *at, const char *name, struct json value,
                        struct json choices, struct fault *why)
{
    struct json_walk w = json_walk(choices);
    while (json_next(&w))
        if (slice_eq(w.value.raw, value.raw))
            return AIGNE_OK;
    refuse(why);
    return fault_field(why, AIGNE_E_REQUEST, name, "Argument \"%s%s\" must be one of %.*s.",
                       at->path, name, (int)choices.raw.n, choices.raw.p);
}

static int check_required(const struct level *at, struct fault *why)
{
    struct json_walk w = json_walk(json_get(at->schema, "required"));
    while (json_next(&w)) {
        char name[NAME_LARGEST];
        fault_copy(name, sizeof name, slice_of(w.value.raw.p + 1, w.value.raw.n - 2));
        if (json_present(json_get(at->value, name)))
            continue;
        refuse(why);
        return fault_field(why, AIGNE_E_REQUEST, name, "Argument \"%s%s\" is missing.",
                           at->path, name);
    }
    return AIGNE_OK;
}

static bool enter(struct level *levels, size_t *count, const struct level *from,
                  const char *name, struct json schema, struct json value)
{
    if (value.kind != JSON_OBJECT || !json_present(json_get(schema, "properties")))
        return true;
    if (*count == NESTED_LARGEST)
        return false;
    struct level *next = &levels[(*count)++];
    const struct slice dotted[] = {slice_text(from->path), slice_text(name), SLICE(".")};
    size_t n = 0;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < dotted[i].n && n < PATH_SIZE - 1; k++)
            next->path[n++] = dotted[i].p[k];
    next->path[n] = '\0';
    next->schema = schema;
    next->value = value;
    return true;
}

static int check_level(struct level *levels, size_t *count, struct fault *why)
{
    struct level at = levels[--*count];
    struct json properties = json_get(at.schema, "properties");
    struct json_walk w = json_walk(at.value);
    while (json_next(&w)) {
        char name[NAME_LARGEST];
        fault_copy(name, sizeof name, w.key);
        struct json schema = json_get(properties, name);
        if (w.key.n >= NAME_LARGEST || schema.kind != JSON_OBJECT)
            return refuse_unknown(&at, w.key, why);
        struct json type = json_get(schema, "type");
        struct json choices = json_get(schema, "enum");
        int rc = kind_fits(w.value.kind, type) ? AIGNE_OK
                                               : refuse_kind(&at, name, w.value, type, why);
        if (!rc && choices.kind == JSON_ARRAY)
            rc = check_choice(&at, name, w.value, choices, why);
        if (rc)
            return rc;
        if (!enter(levels, count, &at, name, schema, w.value))
            return fault_set(why, AIGNE_E_INTERNAL, "A verb's schema is nested too deep.");
    }
    return check_required(&at, why);
}

int arguments_check(const char *schema, struct json arguments, struct fault *why)
{
    struct level levels[NESTED_LARGEST];
    size_t count = 1;
    levels[0] = (struct level){.schema = json_of(slice_text(schema)), .value = arguments};
    if (arguments.kind != JSON_OBJECT) {
        refuse(why);
        return fault_set(why, AIGNE_E_REQUEST, "The arguments are %s; they must be an object.",
                         json_kind_name(arguments.kind));
    }
    int rc = AIGNE_OK;
    while (count > 0 && !rc)
        rc = check_level(levels, &count, why);
    return rc;
}
