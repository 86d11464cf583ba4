/* Knows what conditions can ask of a request; refuses to know what depends on them. */
#include "hub/condition.h"
#include "base/nearest.h"
#include <aignehub/aignehub.h>

enum { KEY, USER, APP, MODEL, TYPE, STREAM, NAMES };
static const char *const names[NAMES] = {"key", "user", "app", "model", "type", "stream"};

static size_t find_name(struct slice key)
{
    size_t i = 0;
    while (i < NAMES && !slice_is(key, names[i]))
        i++;
    return i;
}

/* A string is compared by what it says, everything else by how it is written. */
static struct slice text_of(struct json v, struct arena *a)
{
    return v.kind == JSON_STRING ? json_string(v, a) : v.raw;
}

static bool is_user(const struct condition_facts *f, struct slice wanted)
{
    const struct store_object *named = catalog_user(f->catalog, wanted);
    return slice_eq(f->user, wanted) || (named && slice_eq(f->user, named->id));
}

static struct slice metadata_of(const struct condition_facts *f, struct slice key,
                                struct arena *a)
{
    struct json_walk w = json_walk(json_of(f->metadata));
    struct slice found = SLICE_NONE;
    while (f->metadata.n && json_next(&w))
        if (slice_eq(w.key, slice_from(key, sizeof CONDITION_METADATA - 1)))
            found = text_of(w.value, a);
    return found;
}

static struct slice fact_of(const struct condition_facts *f, struct slice key, struct arena *a)
{
    switch (find_name(key)) {
    case USER:
        return f->user;
    case APP:
        return f->app;
    case MODEL:
        return f->model;
    case TYPE:
        return slice_text(kind_name(f->kind));
    case STREAM:
        return f->streamed ? SLICE("true") : SLICE("false");
    case KEY:
        return f->key ? f->key->id : SLICE_NONE;
    default:
        return metadata_of(f, key, a);
    }
}

static bool equals(const struct condition_facts *f, struct slice key, struct slice fact,
                   struct slice wanted)
{
    if (fact.p && slice_eq(fact, wanted))
        return true;
    if (slice_is(key, names[USER]))
        return is_user(f, wanted);
    return slice_is(key, names[KEY]) && f->key && slice_eq(f->key->name, wanted);
}

static bool starts(struct slice fact, struct slice prefix)
{
    return fact.p && fact.n >= prefix.n && slice_eq(slice_of(fact.p, prefix.n), prefix);
}

static bool any_of(const struct condition_facts *f, struct slice key, struct slice fact,
                   struct json wanted, struct arena *a)
{
    if (wanted.kind != JSON_ARRAY)
        return equals(f, key, fact, text_of(wanted, a));
    struct json_walk w = json_walk(wanted);
    while (json_next(&w))
        if (equals(f, key, fact, text_of(w.value, a)))
            return true;
    return false;
}

static bool member_met(const struct condition_facts *f, struct slice key, struct json wanted,
                       struct arena *a)
{
    struct slice fact = fact_of(f, key, a);
    if (wanted.kind != JSON_OBJECT)
        return any_of(f, key, fact, wanted, a);
    struct json prefix = json_get(wanted, "prefix");
    struct json not = json_get(wanted, "not");
    bool starts_so = !json_present(prefix) || starts(fact, text_of(prefix, a));
    return starts_so && !(json_present(not ) && any_of(f, key, fact, not, a));
}

bool condition_met(struct slice when, const struct condition_facts *facts, struct arena *a)
{
    struct json_walk w = json_walk(when.p ? json_of(when) : (struct json){.kind = JSON_NONE});
    while (when.p && json_next(&w))
        if (!member_met(facts, w.key, w.value, a))
            return false;
    return true;
}

/* ---- checks ---- */

static bool is_plain(struct json v)
{
    return v.kind == JSON_STRING || v.kind == JSON_NUMBER || v.kind == JSON_TRUE ||
           v.kind == JSON_FALSE;
}

static bool is_plain_or_list(struct json v)
{
    struct json_walk w = json_walk(v);
    if (v.kind != JSON_ARRAY)
        return is_plain(v);
    while (json_next(&w))
        if (!is_plain(w.value))
            return false;
    return json_count(v) > 0;
}

static bool is_test(struct json v)
{
    struct json_walk w = json_walk(v);
    if (v.kind != JSON_OBJECT)
        return is_plain_or_list(v);
    while (json_next(&w)) {
        bool known = json_key_is(&w, "prefix")
                         ? w.value.kind == JSON_STRING
                         : json_key_is(&w, "not") && is_plain_or_list(w.value);
        if (!known)
            return false;
    }
    return json_count(v) > 0;
}

static int refuse_name(struct slice key, struct fault *why)
{
    struct nearest nearest = {.text = key, .distance = SIZE_MAX};
    for (size_t i = 0; i < NAMES; i++)
        nearest_offer(&nearest, names[i]);
    nearest_offer(&nearest, CONDITION_METADATA "NAME");
    struct nearest_advice advice = nearest_advise(&nearest);
    return fault_field(why, AIGNE_E_REQUEST, "when",
                       "A condition cannot ask for \"%.*s\"; " NEAREST_FORMAT ".",
                       (int)(key.n < 60 ? key.n : 60), key.p, NEAREST_HOLES(advice));
}

int condition_check(struct json when, struct fault *why)
{
    struct json_walk w = json_walk(when);
    if (why)
        why->http = 400;
    while (json_next(&w)) {
        bool metadata =
            slice_starts(w.key, CONDITION_METADATA) && w.key.n >= sizeof CONDITION_METADATA;
        if (!metadata && find_name(w.key) == NAMES)
            return refuse_name(w.key, why);
        if (!is_test(w.value))
            return fault_field(why, AIGNE_E_REQUEST, "when",
                               "The condition on \"%.*s\" must be a value, a list of values, "
                               "{\"prefix\": text} or {\"not\": value or list}.",
                               (int)(w.key.n < 60 ? w.key.n : 60), w.key.p);
    }
    if (why)
        why->http = 0;
    return AIGNE_OK;
}
