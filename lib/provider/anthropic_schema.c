/* Knows which JSON Schemas Anthropic's structured output takes; refuses to know the others' use. */
#include "base/limits.h"
#include "provider/anthropic.h"

/* A schema, a list of schemas, or a map of names to schemas, being walked. */
struct level {
    struct json_walk walk;
    bool names; /* its keys are the caller's names, not keywords */
};

static bool refused(const struct json_walk *w)
{
    static const char *const keywords[] = {"minimum",
                                           "maximum",
                                           "exclusiveMinimum",
                                           "exclusiveMaximum",
                                           "multipleOf",
                                           "minLength",
                                           "maxLength",
                                           "pattern",
                                           "minItems",
                                           "maxItems",
                                           "uniqueItems",
                                           "not",
                                           "if",
                                           "oneOf",
                                           "$ref",
                                           "minProperties",
                                           "maxProperties",
                                           "patternProperties",
                                           "contains",
                                           "propertyNames"};
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (json_key_is(w, keywords[i]))
            return true;
    }
    return false;
}

static bool closed(struct json schema)
{
    bool open = true;
    struct json type = json_get(schema, "type");
    bool object =
        json_string_is(type, "object") || json_present(json_get(schema, "properties"));
    return !object || (json_bool(json_get(schema, "additionalProperties"), &open) && !open);
}

static bool holds_names(const struct level *l)
{
    return !l->names &&
           (json_key_is(&l->walk, "properties") || json_key_is(&l->walk, "$defs") ||
            json_key_is(&l->walk, "definitions"));
}

/* Values of these keywords are data, whatever they look like. */
static bool holds_data(const struct level *l)
{
    return !l->names && (json_key_is(&l->walk, "enum") || json_key_is(&l->walk, "const") ||
                         json_key_is(&l->walk, "default") || json_key_is(&l->walk, "examples"));
}

bool anthropic_schema_fits(struct slice schema, struct arena *a)
{
    struct json root = json_of(schema.p ? schema : SLICE(""));
    struct level *levels = arena_array(a, LIMIT_JSON_DEPTH + 1, sizeof *levels);
    if (!levels || root.kind != JSON_OBJECT || !closed(root))
        return false;
    size_t depth = 1;
    levels[0] = (struct level){json_walk(root), false};
    while (depth > 0) {
        struct level *l = &levels[depth - 1];
        if (!json_next(&l->walk)) {
            depth--;
            continue;
        }
        struct json v = l->walk.value;
        bool keyword = l->walk.in_object && !l->names;
        if (keyword && refused(&l->walk))
            return false;
        if ((v.kind != JSON_OBJECT && v.kind != JSON_ARRAY) || (keyword && holds_data(l)))
            continue;
        bool names = keyword && v.kind == JSON_OBJECT && holds_names(l);
        if ((v.kind == JSON_OBJECT && !names && !closed(v)) || depth > LIMIT_JSON_DEPTH)
            return false;
        levels[depth++] = (struct level){json_walk(v), names};
    }
    return true;
}
