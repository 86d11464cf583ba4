/* Knows how verbs read arguments and say what is to change; refuses to know any kind of object. */
#include "hub/verb.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/random.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

enum { NAME_LARGEST = 200, FIRST_OPS = 8 };

int verb_missing(struct verb_call *v, const char *kind, struct slice id)
{
    v->why->http = 404;
    return fault_set(v->why, AIGNE_E_REQUEST, "There is no %s \"%.*s\"; see %s.list.", kind,
                     (int)(id.n < 100 ? id.n : 100), id.p, kind);
}

struct json verb_json(const struct verb_call *v, const char *name)
{
    struct json value = json_get(v->arguments, name);
    return value.kind == JSON_NULL ? (struct json){.kind = JSON_NONE} : value;
}

struct slice verb_text(struct verb_call *v, const char *name)
{
    return json_string(verb_json(v, name), v->arena);
}

bool verb_flag(const struct verb_call *v, const char *name, bool otherwise)
{
    bool value = otherwise;
    return json_bool(verb_json(v, name), &value) ? value : otherwise;
}

int verb_name(struct verb_call *v, const char *name, struct slice *out)
{
    *out = verb_text(v, name);
    if (v->arena->failed)
        return fault_nomem(v->why);
    if (!out->p)
        return AIGNE_OK;
    *out = slice_trim(*out);
    if (out->n == 0 || out->n > NAME_LARGEST)
        return verb_refuse(v, name, "Argument \"%s\" must have 1 to %d bytes.", name,
                           NAME_LARGEST);
    for (size_t i = 0; i < out->n; i++)
        if ((unsigned char)out->p[i] < ' ' || out->p[i] == 127)
            return verb_refuse(v, name, "Argument \"%s\" contains control characters.", name);
    return AIGNE_OK;
}

/* The known ones, then the operator's own. */
static void offer_providers(struct verb_call *v, struct nearest *nearest)
{
    const struct catalog *c = v->catalog;
    const char *name;
    for (size_t i = 0; (name = c->known->name_at(i)) != NULL; i++)
        nearest_offer(nearest, name);
    for (size_t i = 0; i < c->provider_count; i++) {
        if (slice_eq(c->providers[i].name, c->providers[i].type))
            continue;
        const char *own = arena_copy(v->arena, c->providers[i].name).p;
        if (own)
            nearest_offer(nearest, own);
    }
}

int verb_unknown_provider(struct verb_call *v, const char *name, struct slice given)
{
    struct nearest nearest = {.text = given, .distance = SIZE_MAX};
    offer_providers(v, &nearest);
    struct nearest_advice advice = nearest_advise(&nearest);
    v->why->http = 400;
    return fault_field(v->why, AIGNE_E_REQUEST, name,
                       "There is no provider named \"%.*s\"; " NEAREST_FORMAT ".",
                       (int)(given.n < 60 ? given.n : 60), given.p, NEAREST_HOLES(advice));
}

int verb_provider(struct verb_call *v, const char *name, struct slice *out)
{
    struct hub_provider_facts facts;
    struct slice given;
    int rc = verb_name(v, name, &given);
    *out = SLICE_NONE;
    if (rc || !given.p)
        return rc;
    if (catalog_facts(v->catalog, given, &facts)) {
        *out = facts.name;
        return AIGNE_OK;
    }
    return verb_unknown_provider(v, name, given);
}

int verb_policy(struct verb_call *v, struct slice *out)
{
    struct policy ignored;
    struct json given = json_get(v->arguments, "policy");
    *out = given.raw;
    return policy_read(given, &ignored, v->why);
}

int verb_add(struct verb_call *v, struct store_op op)
{
    if (v->op_count == v->op_capacity) {
        size_t capacity = v->op_capacity ? v->op_capacity * 2 : FIRST_OPS;
        struct store_op *grown = arena_array(v->arena, capacity, sizeof *grown);
        if (!grown)
            return fault_nomem(v->why);
        if (v->op_count)
            memcpy(grown, v->ops, v->op_count * sizeof *grown);
        v->ops = grown;
        v->op_capacity = capacity;
    }
    v->ops[v->op_count++] = op;
    return AIGNE_OK;
}

int verb_put(struct verb_call *v, const char *table, struct slice id, struct slice body,
             int64_t expected_version)
{
    if (v->arena->failed || !body.p || !id.p)
        return fault_nomem(v->why);
    return verb_add(v, (struct store_op){.kind = STORE_PUT,
                                         .table = slice_text(table),
                                         .id = id,
                                         .body = body,
                                         .expected_version = expected_version});
}

int verb_drop(struct verb_call *v, const struct store_object *object)
{
    return verb_add(v, (struct store_op){.kind = STORE_DROP,
                                         .table = object->table,
                                         .id = object->id,
                                         .expected_version = object->version});
}

int verb_delete(struct verb_call *v, const struct store_object *object)
{
    int rc = verb_drop(v, object);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_member_string(&v->w, "id", object->id);
    json_member_bool(&v->w, "deleted", true);
    json_close_object(&v->w);
    return AIGNE_OK;
}

int verb_remove(struct verb_call *v, verb_find_fn find)
{
    const struct store_object *object = NULL;
    int rc = find(v, &object);
    return object ? verb_delete(v, object) : rc;
}

int verb_show(struct verb_call *v, verb_find_fn find, verb_more_fn more)
{
    const struct store_object *object = NULL;
    int rc = find(v, &object);
    if (!object)
        return rc;
    verb_reply(v, object->id, object->body);
    if (more)
        more(v, object);
    json_close_object(&v->w);
    return v->why->code;
}

int verb_check(struct verb_call *v, const char *table, struct slice id, int64_t version)
{
    return verb_add(v, (struct store_op){.kind = STORE_CHECK,
                                         .table = slice_text(table),
                                         .id = id,
                                         .expected_version = version});
}

int verb_money(struct verb_call *v, enum store_op_kind kind, struct money_op *op)
{
    return verb_add(v, (struct store_op){.kind = kind, .money = op});
}

static int read_amount(struct verb_call *v, const char *name, struct json given, int64_t *out)
{
    struct slice text = given.kind == JSON_STRING ? json_string(given, v->arena) : given.raw;
    if (v->arena->failed)
        return fault_nomem(v->why);
    return billing_amount(text, out)
               ? AIGNE_OK
               : verb_refuse(v, name,
                             "Argument \"%s\" must be credits from 0 up, with at most %d "
                             "digits after the point.",
                             name, DECIMAL_AMOUNT_DIGITS);
}

int verb_amount(struct verb_call *v, const char *name, int64_t *out)
{
    struct json given = verb_json(v, name);
    *out = 0;
    return given.kind == JSON_NONE ? AIGNE_OK : read_amount(v, name, given, out);
}

int verb_amount_json(struct verb_call *v, const char *name, struct slice *out)
{
    struct json given = json_get(v->arguments, name);
    int64_t amount = 0;
    *out = given.kind == JSON_NULL ? VERB_NULL : SLICE_NONE;
    int rc = json_present(given) ? read_amount(v, name, given, &amount) : AIGNE_OK;
    if (rc || !json_present(given))
        return rc;
    struct buf json AUTO(buf_free);
    buf_init(&json, 64);
    BUF_LITERAL(&json, "\"");
    decimal_write(&json, amount, DECIMAL_AMOUNT_DIGITS);
    BUF_LITERAL(&json, "\"");
    *out = buf_rc(&json) ? SLICE_NONE : arena_copy(v->arena, buf_slice(&json));
    return out->p ? AIGNE_OK : fault_nomem(v->why);
}

int verb_whole(struct verb_call *v, const char *name, int64_t otherwise, int64_t largest,
               int64_t *out)
{
    struct json given = verb_json(v, name);
    *out = otherwise;
    if (given.kind != JSON_NONE && (!json_int64(given, out) || *out < 1 || *out > largest))
        return verb_refuse(v, name, "Argument \"%s\" must be a whole number from 1 to %lld.",
                           name, (long long)largest);
    return AIGNE_OK;
}

int verb_moment(struct verb_call *v, const char *name, int64_t *out)
{
    struct json given = verb_json(v, name);
    if (given.kind == JSON_NONE)
        return AIGNE_OK;
    struct slice text = given.kind == JSON_STRING ? json_string(given, v->arena) : given.raw;
    if (v->arena->failed)
        return fault_nomem(v->why);
    return moment_parse(text, out)
               ? AIGNE_OK
               : verb_refuse(v, name,
                             "Argument \"%s\" must be an ISO 8601 time or milliseconds since "
                             "1970.",
                             name);
}

struct slice verb_new_id(struct verb_call *v)
{
    char id[RANDOM_ID_SIZE];
    int64_t ms = v->now_ms;
    if (ms <= v->hub->last_id_ms)
        ms = v->hub->last_id_ms + 1;
    v->hub->last_id_ms = ms;
    if (random_id(id, ms)) {
        v->arena->failed = true;
        return SLICE_NONE;
    }
    return arena_copy(v->arena, slice_of(id, RANDOM_ID_SIZE - 1));
}
