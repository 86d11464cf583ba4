/* verb.h - how a verb is written: a row of a table with its arguments' schema, and a function. */
#ifndef AIGNE_HUB_VERB_H
#define AIGNE_HUB_VERB_H

#include "base/arena.h"
#include "hub/hub_state.h"
#include "text/json_scan.h"
#include "text/json_write.h"

/* One call of a verb. The function reads the catalogue, writes its reply and lists what is to change;
 * the change is made after it returned, whole, and only if nobody else changed the same. It may be
 * called again when somebody did. */
struct verb_call {
    struct hub *hub;
    const struct catalog *catalog;
    struct json arguments; /* fit the verb's schema */
    struct arena *arena;   /* wiped afterwards: secrets pass through */
    struct json_writer w;  /* the reply */
    struct store_op *ops;
    size_t op_count;
    size_t op_capacity;
    int64_t now_ms;
    struct slice who; /* asks for it: an access key's name; "" when nobody says */
    const struct vault_key
        *new_key;      /* of a reseal: seals from now on when the change is made */
    struct fault *why; /* never NULL */
};

struct verb {
    struct hub_verb face;
    bool writes;
    int (*run)(struct verb_call *v); /* NULL: it takes one who can call providers */
};

/* The verbs of one kind of object. */
struct verb_table {
    const struct verb *verbs;
    size_t count;
};
extern const struct verb_table provider_verbs;
extern const struct verb_table credential_verbs;
extern const struct verb_table rate_verbs;
extern const struct verb_table user_verbs;
extern const struct verb_table key_verbs;
extern const struct verb_table settings_verbs;
extern const struct verb_table usage_verbs;
extern const struct verb_table credit_verbs;
extern const struct verb_table team_verbs;
extern const struct verb_table budget_verbs;
extern const struct verb_table topup_verbs;
extern const struct verb_table payment_verbs;
extern const struct verb_table health_verbs;
extern const struct verb_table route_verbs;
extern const struct verb_table price_verbs;
extern const struct verb_table limit_verbs;
extern const struct verb_table trial_verbs;
extern const struct verb_table event_verbs;

/* Pieces of a JSON Schema. Only these forms are understood by arguments_check. */
#define VERB_SCHEMA(required, ...)                                                             \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required              \
    "],\"properties\":{" VERB_JOIN(__VA_ARGS__) "}}"
/* The same where nothing must be given. */
#define VERB_OPTIONAL(...)                                                                     \
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" VERB_JOIN(          \
        __VA_ARGS__) "}}"
#define VERB_NOTHING                "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{}}"
#define VERB_NAMED(name, rest, doc) "\"" name "\":{" rest ",\"description\":\"" doc "\"}"
#define VERB_TEXT(name, doc)        VERB_NAMED(name, "\"type\":\"string\"", doc)
#define VERB_FLAG(name, doc)        VERB_NAMED(name, "\"type\":\"boolean\"", doc)
#define VERB_NUMBER(name, doc)      VERB_NAMED(name, "\"type\":\"number\"", doc)
#define VERB_RATE(name, doc)        VERB_NAMED(name, "\"type\":[\"number\",\"string\"]", doc)
#define VERB_AMOUNT(name, doc)                                                                 \
    VERB_NAMED(name, "\"type\":[\"number\",\"string\",\"null\"]", doc)
#define VERB_TEXT_OR_NULL(name, doc)   VERB_NAMED(name, "\"type\":[\"string\",\"null\"]", doc)
#define VERB_TIME(name, doc)           VERB_NAMED(name, "\"type\":[\"string\",\"number\",\"null\"]", doc)
#define VERB_OBJECT_OR_NULL(name, doc) VERB_NAMED(name, "\"type\":[\"object\",\"null\"]", doc)
#define VERB_CHOICE(name, choices, doc)                                                        \
    VERB_NAMED(name, "\"type\":\"string\",\"enum\":[" choices "]", doc)
/* An object with members of its own, or one of `types` besides. */
#define VERB_PARTS(name, types, parts, doc)                                                    \
    VERB_NAMED(name,                                                                           \
               "\"type\":[\"object\"," types "],\"additionalProperties\":false,"               \
               "\"properties\":{" parts "}",                                                   \
               doc)
#define VERB_PAGE      VERB_NUMBER("page", "which page, from 1")
#define VERB_PAGE_SIZE VERB_NUMBER("pageSize", "how many on a page; all when absent")

/* The pieces, up to sixteen, with commas between. */
#define VERB_JOIN(...)                                                                         \
    VERB_PICK(__VA_ARGS__, VERB_J16, VERB_J15, VERB_J14, VERB_J13, VERB_J12, VERB_J11,         \
              VERB_J10, VERB_J9, VERB_J8, VERB_J7, VERB_J6, VERB_J5, VERB_J4, VERB_J3,         \
              VERB_J2, VERB_J1, 0)                                                             \
    (__VA_ARGS__)
#define VERB_PICK(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, joiner, ...) joiner
#define VERB_J1(a)                                                             a
#define VERB_J2(a, b)                                                          a "," b
#define VERB_J3(a, ...)                                                        a "," VERB_J2(__VA_ARGS__)
#define VERB_J4(a, ...)                                                        a "," VERB_J3(__VA_ARGS__)
#define VERB_J5(a, ...)                                                        a "," VERB_J4(__VA_ARGS__)
#define VERB_J6(a, ...)                                                        a "," VERB_J5(__VA_ARGS__)
#define VERB_J7(a, ...)                                                        a "," VERB_J6(__VA_ARGS__)
#define VERB_J8(a, ...)                                                        a "," VERB_J7(__VA_ARGS__)
#define VERB_J9(a, ...)                                                        a "," VERB_J8(__VA_ARGS__)
#define VERB_J10(a, ...)                                                       a "," VERB_J9(__VA_ARGS__)
#define VERB_J11(a, ...)                                                       a "," VERB_J10(__VA_ARGS__)
#define VERB_J12(a, ...)                                                       a "," VERB_J11(__VA_ARGS__)
#define VERB_J13(a, ...)                                                       a "," VERB_J12(__VA_ARGS__)
#define VERB_J14(a, ...)                                                       a "," VERB_J13(__VA_ARGS__)
#define VERB_J15(a, ...)                                                       a "," VERB_J14(__VA_ARGS__)
#define VERB_J16(a, ...)                                                       a "," VERB_J15(__VA_ARGS__)

/* AIGNE_E_REQUEST naming the argument that does not fit `schema`, and the nearest known name. */
int arguments_check(const char *schema, struct json arguments, struct fault *why);

/* AIGNE_E_REQUEST about one argument: the sentence follows as for printf. */
#define verb_refuse(v, argument, ...)                                                          \
    ((v)->why->http = 400, fault_field((v)->why, AIGNE_E_REQUEST, (argument), __VA_ARGS__))
int verb_missing(struct verb_call *v, const char *kind, struct slice id);

/* Arguments; absent and null are .p NULL. */
struct json verb_json(const struct verb_call *v, const char *name);
struct slice verb_text(struct verb_call *v, const char *name);
/* A name: 1 to 200 bytes without control characters. .p NULL and AIGNE_OK when absent. */
int verb_name(struct verb_call *v, const char *name, struct slice *out);
/* The canonical name of a provider that is known, by the argument `name`. */
int verb_provider(struct verb_call *v, const char *name, struct slice *out);
/* Refuse the argument `name`, which `given` nobody is called, and say what was meant. */
int verb_unknown_provider(struct verb_call *v, const char *name, struct slice given);
/* Credits as billionths; AIGNE_OK and 0 when absent. The second as canonical JSON, "null" for null. */
int verb_amount(struct verb_call *v, const char *name, int64_t *out);
int verb_amount_json(struct verb_call *v, const char *name, struct slice *out);
bool verb_flag(const struct verb_call *v, const char *name, bool otherwise);

/* The argument "policy" as JSON: AIGNE_E_REQUEST about what it may not say. */
int verb_policy(struct verb_call *v, struct slice *out);
#define VERB_POLICY VERB_OBJECT_OR_NULL("policy", "how its calls are carried out, see POLICY")

/* What is to change. */
int verb_put(struct verb_call *v, const char *table, struct slice id, struct slice body,
             int64_t expected_version);
int verb_drop(struct verb_call *v, const struct store_object *object);
/* The same, and the reply that says so. */
int verb_delete(struct verb_call *v, const struct store_object *object);
int verb_check(struct verb_call *v, const char *table, struct slice id, int64_t version);
/* A change of an account, see store.h; `op` must live until the verb is done. */
int verb_money(struct verb_call *v, enum store_op_kind kind, struct money_op *op);
struct money_op *verb_money_op(struct verb_call *v, struct slice id, struct slice account);
/* The account of a user, a team, or a key that belongs to nobody, by the arguments "user" and "team"; .p NULL
 * and AIGNE_OK: neither is there. */
int verb_account(struct verb_call *v, struct slice *out);
int verb_add(struct verb_call *v, struct store_op op);
/* A new id, later than all before; .p NULL: no memory. */
struct slice verb_new_id(struct verb_call *v);

/* A member of an object's body as JSON. .p NULL keeps what was there, "null" removes it. */
struct verb_member {
    const char *name;
    struct slice value;
};
#define VERB_NULL SLICE("null")
/* The text as JSON; .p NULL gives .p NULL. */
struct slice verb_quote(struct verb_call *v, struct slice text);
struct slice verb_number(struct verb_call *v, int64_t value);
/* The text's vault_hash in base64; .p NULL: no memory. */
struct slice verb_hash(struct verb_call *v, struct slice text);
/* The body of an object: `old` (or NULL) with these members, createdAt and updatedAt taken care of. */
struct slice verb_body(struct verb_call *v, const struct store_object *old,
                       const struct verb_member *members, size_t count);

/* Open an object of the reply with its id and all members that may be shown; more may follow. */
void verb_reply(struct verb_call *v, struct slice id, struct slice body);
/* {"count":N,"list":[...]} of a table's objects that `fits` (NULL: all) accepts; `more` (or NULL)
 * writes further members of each. Honours page and pageSize. */
typedef bool (*verb_fits_fn)(struct verb_call *v, struct json body);
typedef void (*verb_more_fn)(struct verb_call *v, const struct store_object *object);
int verb_list(struct verb_call *v, const char *table, verb_fits_fn fits, verb_more_fn more);

/* What a "get" and a "delete" do with the object that the arguments name, as `find` knows it. */
typedef int (*verb_find_fn)(struct verb_call *v, const struct store_object **out);
int verb_show(struct verb_call *v, verb_find_fn find, verb_more_fn more);
int verb_remove(struct verb_call *v, verb_find_fn find);

/* By id or name; AIGNE_E_REQUEST 404. */
int team_find(struct verb_call *v, struct slice id_or_name, const struct store_object **out);
/* The argument "team" as the id of a team that the user, when there is one, is a member of; its JSON, "null"
 * for null, .p NULL when absent. */
int team_argument(struct verb_call *v, struct slice user, struct slice *json);

/* Give a user the starter grant that there is for each name, once; of 0: who comes back by it gets none. */
int credit_starter(struct verb_call *v, const struct store_object *user, int64_t amount);

/* Members of a credential's reply: its status, and what is known of its health. */
void health_write_credential(struct verb_call *v, const struct store_object *object);

/* A whole number from 1 up; `otherwise` when absent. */
int verb_whole(struct verb_call *v, const char *name, int64_t otherwise, int64_t largest,
               int64_t *out);
/* ISO 8601 or milliseconds; `out` stays as it is when absent. */
int verb_moment(struct verb_call *v, const char *name, int64_t *out);

/* By id or name; AIGNE_E_REQUEST 404. */
int user_find(struct verb_call *v, struct slice id_or_name, const struct store_object **out);
/* The id of the user of that name; what nobody is called is taken for an id. */
struct slice user_id(struct verb_call *v, struct slice id_or_name);

#endif
