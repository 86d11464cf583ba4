/* Knows what a policy may say and in which words; refuses to know what follows from it. */
#include "hub/policy.h"
#include "base/nearest.h"
#include <aignehub/aignehub.h>
#include <stdio.h>

enum { WORD_LARGEST = 64 };

enum kind { MS, COUNT, PERCENT, CHOICE, FLAG };

static const struct row {
    const char *name;
    const char *header;
    enum kind kind;
    int64_t min;
    int64_t max;
    const char *choices;
    const char *doc;
} rows[] = {
#define POLICY(member, name, header, kind, min, max, choices, doc)                             \
    {name, header, kind, min, max, choices, doc},
#include "hub/policy.def"
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Its members are all of one type, in the order of the rows. */
_Static_assert(sizeof(struct policy) == ROWS * sizeof(int64_t), "a member for each row");
static int64_t *values_of(struct policy *p)
{
    return (int64_t *)p;
}

void policy_init(struct policy *p)
{
    for (size_t i = 0; i < ROWS; i++)
        values_of(p)[i] = POLICY_UNSET;
}

void policy_merge(struct policy *onto, const struct policy *more)
{
    const int64_t *said = (const int64_t *)more;
    for (size_t i = 0; i < ROWS; i++)
        if (said[i] != POLICY_UNSET)
            values_of(onto)[i] = said[i];
}

static bool read_choice(const struct row *r, struct slice text, int64_t *out)
{
    struct slice rest = slice_text(r->choices);
    struct slice word;
    for (*out = 0; rest.n; ++*out) {
        if (!slice_cut(rest, ' ', &word, &rest)) {
            word = rest;
            rest = SLICE_NONE;
        }
        if (slice_eq(word, text))
            return true;
    }
    return false;
}

static bool read_value(const struct row *r, struct slice text, int64_t *out)
{
    if (r->kind == CHOICE)
        return read_choice(r, text, out);
    if (r->kind == FLAG) {
        *out = slice_is(text, "true") || slice_is(text, "1");
        return *out || slice_is(text, "false") || slice_is(text, "0");
    }
    return slice_int64(text, out) && *out >= r->min && *out <= r->max;
}

/* `called` is how the caller spelled it. */
static int refuse_value(const struct row *r, const char *called, struct fault *why)
{
    static const char *const units[] = {
        [MS] = " of milliseconds", [COUNT] = "", [PERCENT] = " of percent"};
    if (why)
        why->http = 400;
    if (r->kind == CHOICE)
        return fault_field(why, AIGNE_E_REQUEST, called, "\"%s\" must be one of: %s.", called,
                           r->choices);
    if (r->kind == FLAG)
        return fault_field(why, AIGNE_E_REQUEST, called, "\"%s\" must be true or false.",
                           called);
    return fault_field(why, AIGNE_E_REQUEST, called,
                       "\"%s\" must be a whole number%s from %lld to %lld.", called,
                       units[r->kind], (long long)r->min, (long long)r->max);
}

static int refuse_name(struct slice name, struct fault *why)
{
    struct nearest nearest = {.text = name, .distance = SIZE_MAX};
    char shown[WORD_LARGEST];
    for (size_t i = 0; i < ROWS; i++)
        nearest_offer(&nearest, rows[i].name);
    struct nearest_advice advice = nearest_advise(&nearest);
    fault_copy(shown, sizeof shown, name);
    if (why)
        why->http = 400;
    return fault_field(why, AIGNE_E_REQUEST, shown,
                       "A policy has no \"%s\"; " NEAREST_FORMAT ".", shown,
                       NEAREST_HOLES(advice));
}

static int read_member(const struct json_walk *w, struct policy *out, struct fault *why)
{
    size_t i = 0;
    while (i < ROWS && !json_key_is(w, rows[i].name))
        i++;
    if (i == ROWS)
        return refuse_name(w->key, why);
    struct slice text = w->value.raw;
    if (w->value.kind == JSON_NULL)
        return AIGNE_OK;
    if (w->value.kind == JSON_STRING)
        text = slice_of(text.p + 1, text.n - 2);
    return read_value(&rows[i], text, values_of(out) + i)
               ? AIGNE_OK
               : refuse_value(&rows[i], rows[i].name, why);
}

int policy_read(struct json object, struct policy *out, struct fault *why)
{
    struct json_walk w = json_walk(object);
    int rc = AIGNE_OK;
    policy_init(out);
    while (rc >= 0 && json_next(&w))
        rc = read_member(&w, out, why);
    return rc;
}

bool policy_header(struct slice name, struct slice value, struct policy *p, int *rc,
                   struct fault *why)
{
    size_t i = 0;
    while (i < ROWS && !(rows[i].header[0] && slice_is_nocase(name, rows[i].header)))
        i++;
    if (i == ROWS)
        return false;
    int64_t said = POLICY_UNSET;
    *rc = read_value(&rows[i], slice_trim(value), &said)
              ? AIGNE_OK
              : refuse_value(&rows[i], rows[i].header, why);
    if (*rc >= 0)
        values_of(p)[i] = said;
    return true;
}

static struct slice write_value(const struct row *r, int64_t value, struct arena *a)
{
    struct slice rest = slice_text(r->choices);
    struct slice word = rest;
    char number[24];
    if (r->kind == FLAG)
        return value ? SLICE("true") : SLICE("false");
    if (r->kind != CHOICE) {
        int n = snprintf(number, sizeof number, "%lld", (long long)value);
        return arena_copy(a, slice_of(number, (size_t)n));
    }
    for (; value >= 0; value--)
        if (!slice_cut(rest, ' ', &word, &rest))
            word = rest;
    return word;
}

int policy_send(const struct policy *p, struct arena *a, struct http_request *out,
                struct fault *why)
{
    const int64_t *said = (const int64_t *)p;
    for (size_t i = 0; i < ROWS; i++) {
        if (said[i] == POLICY_UNSET)
            continue;
        if (!rows[i].header[0]) {
            why->http = 400;
            return fault_field(why, AIGNE_E_REQUEST, rows[i].name,
                               "policy.%s is not for those who call: it is said in a hub's "
                               "settings, a route or an access key.",
                               rows[i].name);
        }
        struct slice value = write_value(&rows[i], said[i], a);
        if (!value.p || http_request_header(out, rows[i].header, value) < 0)
            return fault_nomem(why);
    }
    return AIGNE_OK;
}

void policy_describe(struct json_writer *w)
{
    static const char *const kinds[] = {[MS] = "milliseconds",
                                        [COUNT] = "count",
                                        [PERCENT] = "percent",
                                        [CHOICE] = "choice",
                                        [FLAG] = "flag"};
    json_open_array(w);
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *r = &rows[i];
        json_open_object(w);
        json_member_text(w, "name", r->name);
        if (r->header[0])
            json_member_text(w, "header", r->header);
        json_member_text(w, "kind", kinds[r->kind]);
        if (r->kind == CHOICE)
            json_member_text(w, "choices", r->choices);
        if (r->kind < CHOICE) {
            json_member_int(w, "min", r->min);
            json_member_int(w, "max", r->max);
        }
        json_member_text(w, "doc", r->doc);
        json_close_object(w);
    }
    json_close_array(w);
}
