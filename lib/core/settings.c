/* Knows the settings by name, kind and range; refuses to know what anybody does with them. */
#include "core/settings.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "text/json.h"
#include <aignehub/aignehub.h>

enum setting_kind { TEXT, INT, BOOL };

struct setting {
    const char *name;
    const char *alias;
    int64_t fallback;
    int64_t min;
    int64_t max;
    enum setting_kind kind;
};

static const struct setting settings[SETTING_COUNT] = {
#define SETTING(identifier, name, alias, kind, fallback, min, max, secret, used_by, doc)       \
    {name, alias, fallback, min, max, kind},
#include "core/settings.def"
};

/* The table once more as one JSON Schema, put together by the compiler. */
#define SCHEMA_TEXT(fallback, min, max) "\"type\":\"string\""
#define SCHEMA_INT(fallback, min, max)                                                         \
    "\"type\":\"integer\",\"default\":" #fallback ",\"minimum\":" #min ",\"maximum\":" #max
#define SCHEMA_BOOL(fallback, min, max) "\"type\":\"boolean\",\"default\":false"
#define SCHEMA_SECRET_0                 ""
#define SCHEMA_SECRET_1                 ",\"writeOnly\":true"

#define SCHEMA_ROW(name, alias, kind, fallback, min, max, secret, used_by, doc)                \
    "\"" name "\":{" SCHEMA_##kind(fallback, min, max) SCHEMA_SECRET_##secret                  \
        ",\"x-alias\":\"" alias "\",\"x-used-by\":\"" used_by "\",\"description\":\"" doc      \
        "\"}"

#define SCHEMA_HEAD                                                                            \
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","                           \
    "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"

/* One array behind the other makes one text: a single literal of that length need not be taken by a
 * compiler. */
static const struct {
    char head[sizeof(SCHEMA_HEAD) - 1];
#define SETTING_FIRST(identifier, ...) char identifier[sizeof(SCHEMA_ROW(__VA_ARGS__)) - 1];
#define SETTING(identifier, ...)       char identifier[sizeof("," SCHEMA_ROW(__VA_ARGS__)) - 1];
#include "core/settings.def"
    char tail[sizeof("}}")];
} schema = {SCHEMA_HEAD,
#define SETTING_FIRST(identifier, ...) SCHEMA_ROW(__VA_ARGS__),
#define SETTING(identifier, ...)       "," SCHEMA_ROW(__VA_ARGS__),
#include "core/settings.def"
            "}}"};
const char *const settings_schema = (const char *)&schema;
const size_t settings_schema_size = sizeof(schema) - 1;

void settings_init(struct aigne_config *c)
{
    *c = (struct aigne_config){0};
}

static void value_clear(struct setting_value *v)
{
    if (v->text)
        mem_wipe(v->text, v->size);
    mem_free(v->text);
    *v = (struct setting_value){0};
}

void settings_free(struct aigne_config *c)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        value_clear(&c->values[i]);
}

static int setting_find(struct slice name, size_t *out, struct fault *why)
{
    struct nearest nearest = {.text = name, .distance = SIZE_MAX};
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (slice_is(name, settings[i].name) || slice_is(name, settings[i].alias)) {
            *out = i;
            return AIGNE_OK;
        }
        nearest_offer(&nearest, settings[i].name);
        nearest_offer(&nearest, settings[i].alias);
    }
    int shown = name.n > 60 ? 60 : (int)name.n;
    const char *text = name.p ? name.p : "";
    if (!nearest.best)
        return fault_set(why, AIGNE_E_CONFIG,
                         "There is no setting \"%.*s\"; aigne-config(5) lists them.", shown,
                         text);
    return fault_set(why, AIGNE_E_CONFIG, "There is no setting \"%.*s\"; did you mean \"%s\"?",
                     shown, text, nearest.best);
}

static int put_number(struct aigne_config *c, size_t i, int64_t number, struct fault *why)
{
    const struct setting *s = &settings[i];
    if (number < s->min || number > s->max)
        return fault_set(why, AIGNE_E_CONFIG, "Setting \"%s\" must be from %lld to %lld.",
                         s->name, (long long)s->min, (long long)s->max);
    c->values[i].set = true;
    c->values[i].number = number;
    return AIGNE_OK;
}

static int put_text(struct aigne_config *c, size_t i, struct slice text, struct fault *why)
{
    if (text.n > 0 && memchr(text.p, 0, text.n))
        return fault_set(why, AIGNE_E_CONFIG, "Setting \"%s\" must not contain a NUL byte.",
                         settings[i].name);
    char *copy = mem_text(text.p, text.n);
    if (!copy)
        return fault_nomem(why);
    value_clear(&c->values[i]);
    c->values[i] = (struct setting_value){true, copy, text.n, 0};
    return AIGNE_OK;
}

static int put_bool(struct aigne_config *c, size_t i, struct slice text, struct fault *why)
{
    if (slice_is(text, "true") || slice_is(text, "1"))
        return put_number(c, i, 1, why);
    if (slice_is(text, "false") || slice_is(text, "0"))
        return put_number(c, i, 0, why);
    return fault_set(why, AIGNE_E_CONFIG, "Setting \"%s\" must be true or false.",
                     settings[i].name);
}

static int put(struct aigne_config *c, size_t i, struct slice value, struct fault *why)
{
    if (settings[i].kind == TEXT)
        return put_text(c, i, value, why);
    if (settings[i].kind == BOOL)
        return put_bool(c, i, value, why);
    int64_t number = 0;
    if (!slice_int64(value, &number))
        return fault_set(why, AIGNE_E_CONFIG, "Setting \"%s\" must be a whole number.",
                         settings[i].name);
    return put_number(c, i, number, why);
}

int settings_set(struct aigne_config *c, struct slice name, struct slice value,
                 struct fault *why)
{
    size_t i = 0;
    int rc = setting_find(name, &i, why);
    return rc < 0 ? rc : put(c, i, value, why);
}

int settings_set_int(struct aigne_config *c, struct slice name, int64_t value,
                     struct fault *why)
{
    size_t i = 0;
    int rc = setting_find(name, &i, why);
    if (rc < 0)
        return rc;
    if (settings[i].kind == TEXT)
        return fault_set(why, AIGNE_E_CONFIG, "Setting \"%s\" is text, not a number.",
                         settings[i].name);
    return put_number(c, i, value, why);
}

static int put_member(void *user, struct slice name, struct slice value, bool is_string,
                      struct fault *why)
{
    struct aigne_config *c = user;
    size_t i = 0;
    int rc = setting_find(name, &i, why);
    if (rc < 0)
        return rc;
    if (!is_string && slice_is(value, "null"))
        return AIGNE_OK;
    if (!is_string && settings[i].kind == TEXT)
        return fault_set(why, AIGNE_E_CONFIG, "Setting \"%s\" must be a string.",
                         settings[i].name);
    return put(c, i, value, why);
}

int settings_set_json(struct aigne_config *c, struct slice json, struct fault *why)
{
    return json_settings(json, put_member, c, why);
}

struct slice settings_text(const struct aigne_config *c, enum setting_id id)
{
    const struct setting_value *v = &c->values[id];
    return v->set ? slice_of(v->text, v->size) : SLICE_NONE;
}

int64_t settings_int(const struct aigne_config *c, enum setting_id id)
{
    const struct setting_value *v = &c->values[id];
    return v->set ? v->number : settings[id].fallback;
}

bool settings_bool(const struct aigne_config *c, enum setting_id id)
{
    return settings_int(c, id) != 0;
}
