/* Knows how a provider, credential or model is tried out with one short chat; refuses to know how the
 * chat is carried. */
#include "core/trial.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/library.h"
#include "core/model.h"
#include "core/pull.h"
#include "hub/verb.h"
#include "text/json_scan.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

static const char *schema_of(const char *verb)
{
    for (size_t i = 0; i < trial_verbs.count; i++)
        if (strcmp(verb, trial_verbs.verbs[i].face.name) == 0)
            return trial_verbs.verbs[i].face.arguments;
    return NULL;
}

bool trial_is(const char *verb)
{
    return schema_of(verb) != NULL;
}

struct trial {
    struct slice provider;
    struct slice credential; /* id; absent: the next one */
    struct slice model;
};

static const struct catalog_credential *find_credential(const struct catalog_provider *p,
                                                        struct slice id, struct slice name)
{
    for (size_t i = 0; i < p->credential_count; i++)
        if (id.p ? slice_eq(p->credentials[i].id, id) : slice_eq(p->credentials[i].name, name))
            return &p->credentials[i];
    return NULL;
}

static int read_credential(const struct catalog_provider *p, const struct json *values,
                           struct arena *a, struct trial *t, struct fault *why)
{
    struct slice id = json_string(values[0], a);
    struct slice name = json_string(values[1], a);
    if (!id.p && !name.p)
        return fault_field(why, AIGNE_E_REQUEST, "name",
                           "credential.test needs \"name\" or \"id\" of the credential.");
    const struct catalog_credential *found = find_credential(p, id, name);
    if (!found)
        return fault_field(why, AIGNE_E_REQUEST, "name",
                           "Provider \"%.*s\" has no such credential; see credential.list.",
                           (int)p->name.n, p->name.p);
    t->credential = found->id;
    return AIGNE_OK;
}

/* The row's, where it is that vendor who is asked; of an operator's own, one that has a rate. */
static struct slice cheap_model(const struct catalog *c, const struct catalog_provider *p)
{
    const struct provider_row *row = provider_find(p->type);
    for (size_t i = 0; i < c->rate_count && !slice_eq(p->type, p->name); i++) {
        const struct catalog_rate *r = &c->rates[i];
        if (slice_eq(r->provider, p->name) && slice_is(r->type, "chat"))
            return r->model;
    }
    bool elsewhere = !slice_eq(p->type, p->name) && p->base_url.n;
    return row && !elsewhere ? slice_text(row->test_model) : SLICE("");
}

static int read_arguments(const struct catalog *c, const char *verb, struct slice arguments,
                          struct arena *a, struct trial *t, struct fault *why)
{
    static const char *const names[] = {"id", "name", "provider", "model"};
    struct json values[4];
    struct json_problem problem;
    if (json_check(arguments, &problem) < 0 || json_of(arguments).kind != JSON_OBJECT)
        return fault_set(why, AIGNE_E_REQUEST, "The arguments of %s must be a JSON object.",
                         verb);
    int rc = arguments_check(schema_of(verb), json_of(arguments), why);
    if (rc < 0)
        return rc;
    json_pick(json_of(arguments), names, 4, values);
    t->provider = json_string(values[2], a);
    if (!t->provider.p && strcmp(verb, "provider.test") == 0)
        t->provider = json_string(values[1], a);
    t->model = json_string(values[3], a);
    struct hub_provider_facts facts;
    const struct catalog_provider *p =
        catalog_facts(c, t->provider, &facts) ? catalog_provider(c, facts.name) : NULL;
    if (!p)
        return fault_field(why, AIGNE_E_REQUEST, "provider",
                           "%s needs the name of a provider that was put; see provider.list.",
                           verb);
    t->provider = p->name;
    if (!t->model.p)
        t->model = cheap_model(c, p);
    if (!t->model.n)
        return fault_field(why, AIGNE_E_REQUEST, "model",
                           "%s needs \"model\" for provider \"%.*s\".", verb, (int)p->name.n,
                           p->name.p);
    bool named = strcmp(verb, "credential.test") == 0;
    return named ? read_credential(p, values, a, t, why) : AIGNE_OK;
}

static int ask(struct aigne_hub *h, const struct trial *t, struct arena *a, struct buf *json,
               struct fault *why)
{
    struct slice parts[] = {t->provider, SLICE("/"), t->model};
    struct slice name = arena_join(a, parts, 3);
    struct slice request =
        SLICE("{\"messages\":\"Hello\",\"modelOptions\":{\"maxTokens\":16}}");
    struct aigne_model *m = NULL;
    struct aigne_call *call = NULL;
    struct aigne_reply *reply = NULL;
    int64_t started_us = clock_monotonic_us();
    if (!name.p)
        return fault_nomem(why);
    int rc = model_in_hub(h, SLICE_NONE, name, &m, why);
    if (rc < 0)
        return rc;
    m->pinned_credential = t->credential;
    rc = library_start(m, NULL, request, false, &call, why);
    if (rc >= 0) {
        rc = pull_finish(call, &reply, why);
        call_free(call);
    }
    model_drop(m);
    answer_free(reply);
    if (rc < 0)
        return rc;
    struct json_writer w = json_writer(json);
    json_open_object(&w);
    json_member_bool(&w, "ok", true);
    json_member_string(&w, "model", name);
    json_member_int(&w, "durationMs", (clock_monotonic_us() - started_us) / 1000);
    json_close_object(&w);
    return buf_rc(json) < 0 ? fault_nomem(why) : AIGNE_OK;
}

int trial_do(struct aigne_hub *h, const char *verb, struct slice arguments, struct buf *json,
             struct fault *why)
{
    AUTO(arena_free) struct arena a;
    struct trial t = {0};
    arena_init(&a);
    struct catalog *c = hub_catalog(h->hub);
    int rc = read_arguments(c, verb, arguments.n ? arguments : SLICE("{}"), &a, &t, why);
    if (rc >= 0)
        rc = ask(h, &t, &a, json, why);
    catalog_drop(c);
    return rc;
}
