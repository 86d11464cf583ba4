/* Knows how to read settings by json-c, the only file that does; refuses to know any setting. */
#include "text/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>
#include <json-c/json.h>
#include <limits.h>

static void free_tokener(json_tokener **tokener)
{
    if (*tokener)
        json_tokener_free(*tokener);
}

static void free_object(json_object **object)
{
    json_object_put(*object);
}

/* "line 3, column 7" is what an editor shows. */
static int wrong_at(struct slice text, size_t offset, const char *what, struct fault *why)
{
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < offset && i < text.n; i++) {
        line += text.p[i] == '\n';
        column = text.p[i] == '\n' ? 1 : column + 1;
    }
    return fault_set(why, AIGNE_E_CONFIG,
                     "The settings are not valid JSON at line %zu, column %zu: %s.", line,
                     column, what);
}

/* Blanks and comments may follow the object; anything else is where this stops. */
static size_t skip_trailing(struct slice text, size_t at)
{
    while (at < text.n) {
        struct slice rest = slice_from(text, at);
        if (slice_starts(rest, "//")) {
            at += slice_find_byte(rest, '\n');
        } else if (slice_starts(rest, "/*")) {
            size_t end = slice_find(slice_from(rest, 2), SLICE("*/"));
            if (end == rest.n - 2)
                return at;
            at += end + 4;
        } else if (slice_trim(slice_of(rest.p, 1)).n == 0) {
            at++;
        } else {
            return at;
        }
    }
    return at;
}

static int parse(struct slice text, json_object **out, struct fault *why)
{
    AUTO(free_tokener) json_tokener *tokener = json_tokener_new_ex(LIMIT_JSON_DEPTH);
    if (!tokener)
        return fault_nomem(why);
    if (text.n > INT_MAX)
        return fault_set(why, AIGNE_E_CONFIG, "The settings are larger than 2 GB.");
    json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
    *out = json_tokener_parse_ex(tokener, text.p, (int)text.n);
    enum json_tokener_error problem = json_tokener_get_error(tokener);
    size_t end = json_tokener_get_parse_end(tokener);
    bool at_end = problem == json_tokener_continue;
    if (at_end) { /* a comment on the last line wants its end */
        *out = json_tokener_parse_ex(tokener, "\n", 2);
        problem = json_tokener_get_error(tokener);
        end = text.n;
    }
    if (at_end && problem != json_tokener_success)
        return wrong_at(text, text.n, "the text ends too early", why);
    if (problem != json_tokener_success)
        return wrong_at(text, end, json_tokener_error_desc(problem), why);
    if (!json_object_is_type(*out, json_type_object))
        return wrong_at(text, 0, "an object {...} must be here", why);
    size_t rest = skip_trailing(text, end);
    if (rest < text.n)
        return wrong_at(text, rest, "nothing may follow the object", why);
    return AIGNE_OK;
}

static int tell(const char *name, json_object *value, json_setting_fn each, void *user,
                struct fault *why)
{
    if (json_object_is_type(value, json_type_string)) {
        struct slice text =
            slice_of(json_object_get_string(value), (size_t)json_object_get_string_len(value));
        return each(user, slice_text(name), text, true, why);
    }
    size_t length = 0;
    const char *text =
        json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN, &length);
    if (!text)
        return fault_nomem(why);
    return each(user, slice_text(name), slice_of(text, length), false, why);
}

int json_settings(struct slice text, json_setting_fn each, void *user, struct fault *why)
{
    AUTO(free_object) json_object *object = NULL;
    int rc = parse(text.p ? text : SLICE(""), &object, why);
    if (rc != AIGNE_OK)
        return rc;
    struct json_object_iterator at = json_object_iter_begin(object);
    struct json_object_iterator end = json_object_iter_end(object);
    while (rc == AIGNE_OK && !json_object_iter_equal(&at, &end)) {
        rc = tell(json_object_iter_peek_name(&at), json_object_iter_peek_value(&at), each, user,
                  why);
        json_object_iter_next(&at);
    }
    return rc;
}
