/* Knows where requests for the operator's own names must go, with a clock and chances of its own. */
#include "base/clock.h"
#include "hub/route_targets.h"
#include "hub_test.h"

static struct hub *hub;
static struct catalog *held;
static struct arena arena;
static int64_t now_ms;
static struct route_ask ask;
static struct route_plan planned;
static struct fault why;

static int setup(void **state)
{
    (void)state;
    hub = open_hub(":memory:");
    now_ms = clock_monotonic_us() / 1000 + 1000;
    arena_init(&arena);
    ask = (struct route_ask){.call_id = SLICE("one")};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    catalog_drop(held);
    held = NULL;
    hub_drop(hub);
    hub = NULL;
    arena_free(&arena);
    return 0;
}

static void ok(const char *name, const char *arguments)
{
    verb_ok(hub, name, arguments);
}

static void bad(const char *arguments, const char *words)
{
    verb_fails(hub, "route.put", arguments, AIGNE_E_REQUEST, 400, words);
}

static void keys(void)
{
    static const char *const providers[] = {"openai", "anthropic", "google", "xai"};
    char arguments[128];
    for (size_t i = 0; i < COUNT(providers); i++) {
        (void)snprintf(arguments, sizeof arguments,
                       "{\"provider\":\"%s\",\"name\":\"k\",\"value\":\"sk-0123456789\"}",
                       providers[i]);
        ok("credential.put", arguments);
    }
}

static void rate(const char *provider, const char *model, const char *price,
                 const char *metadata)
{
    char arguments[512];
    (void)snprintf(arguments, sizeof arguments,
                   "{\"provider\":\"%s\",\"model\":\"%s\",\"inputRate\":%s,\"outputRate\":%s,"
                   "\"modelMetadata\":%s}",
                   provider, model, price, price, metadata);
    ok("rate.put", arguments);
}

static int choose(const char *model)
{
    struct catalog *c = hub_catalog(hub);
    catalog_drop(held);
    held = c;
    arena_clear(&arena);
    fault_clear(&why);
    ask.facts.catalog = c;
    ask.facts.model = slice_text(model);
    ask.now_ms = now_ms;
    return route_choose(&ask, &arena, &planned, &why);
}

/* "provider/model ..." of the plan. */
static const char *places(void)
{
    static char text[1024];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < planned.count; i++) {
        const struct route_attempt *at = &planned.attempts[i];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s/%.*s", i ? " " : "",
                              (int)at->provider->name.n, at->provider->name.p, (int)at->model.n,
                              at->model.p);
    }
    return text;
}

static void goes(const char *model, const char *wanted)
{
    if (choose(model))
        fail_msg("%s: %s", model, why.text);
    if (strcmp(places(), wanted) != 0)
        fail_msg("%s goes to \"%s\" instead of \"%s\"", model, places(), wanted);
}

static void skipped(const char *target, const char *words)
{
    for (size_t i = 0; i < planned.skip_count; i++)
        if (slice_is(planned.skips[i].target, target) &&
            slice_find(planned.skips[i].reason, slice_text(words)) < planned.skips[i].reason.n)
            return;
    fail_msg("%s was not skipped because it %s", target, words);
}

static void refused(const char *model, int code, int http, const char *words)
{
    assert_int_equal(choose(model), code);
    assert_int_equal(planned.count, 0);
    assert_int_equal(why.http, http);
    if (!strstr(why.text, words))
        fail_msg("\"%s\" says nothing of \"%s\"", why.text, words);
}

static void note(const struct route_attempt *at, bool works)
{
    struct fault broken = {.code = AIGNE_E_UPSTREAM, .http = 503, .upstream = true};
    struct health_outcome o = {.rc = works ? AIGNE_OK : AIGNE_E_UPSTREAM,
                               .why = &broken,
                               .started_ms = now_ms,
                               .now_ms = now_ms};
    health_note(at->provider->health, at->credential ? at->credential->health : NULL, at->model,
                &o);
}

/* ---- strategies ---- */

static void targets_come_in_the_order_they_were_put(void **state)
{
    (void)state;
    keys();
    ok("route.put", "{\"name\":\"smart\",\"targets\":[{\"model\":\"openai/a\"},"
                    "{\"model\":\"anthropic/b\"},{\"model\":\"google/c\",\"tier\":2}]}");
    goes("smart", "openai/a anthropic/b google/c");
    assert_true(slice_is(planned.route->name, "smart"));
    goes("aignehub/smart", "openai/a anthropic/b google/c");
    goes("openai/a", "openai/a");
    assert_null(planned.route);
    for (int i = 0; i < 3; i++)
        note(&planned.attempts[0], false);
    goes("smart", "anthropic/b google/c openai/a");
    now_ms += 2000;
    goes("smart", "openai/a anthropic/b google/c"); /* one probes */
    goes("smart", "anthropic/b google/c openai/a"); /* others do not */
    note(&planned.attempts[2], true);
    goes("smart", "openai/a anthropic/b google/c");
    ok("route.put", "{\"name\":\"smart\",\"targets\":[{\"model\":\"openai/a\",\"tier\":3},"
                    "{\"model\":\"xai/d\",\"tier\":2}]}");
    goes("smart", "xai/d openai/a");
    ok("route.delete", "{\"name\":\"smart\"}");
    refused("smart", AIGNE_E_ROUTE, 404, "nobody is known to serve");
}

static void count_first(const char *model, int calls, int *a, int *b)
{
    *a = *b = 0;
    for (int i = 0; i < calls; i++) {
        assert_int_equal(choose(model), AIGNE_OK);
        *a += slice_is(planned.attempts[0].model, "a");
        *b += slice_is(planned.attempts[0].model, "b");
    }
}

static void weights_are_exact_over_a_cycle(void **state)
{
    (void)state;
    int a = 0;
    int b = 0;
    keys();
    ok("route.put",
       "{\"name\":\"w\",\"strategy\":\"weighted\",\"targets\":[{\"model\":\"openai/a\","
       "\"weight\":70},{\"model\":\"anthropic/b\",\"weight\":20},"
       "{\"model\":\"google/c\",\"weight\":10}]}");
    for (int cycle = 0; cycle < 5; cycle++) {
        count_first("w", 10, &a, &b);
        assert_int_equal(a, 7);
        assert_int_equal(b, 2);
    }
    count_first("w", 3, &a, &b);
    /* A dead one gets no turns, and the others share by their weights. */
    choose("openai/a");
    for (int i = 0; i < 3; i++)
        note(&planned.attempts[0], false);
    count_first("w", 30, &a, &b);
    assert_int_equal(a, 0);
    assert_int_equal(b, 20);
    /* The turns go on where they were when something else was changed. */
    ok("route.put", "{\"name\":\"x\",\"targets\":[{\"model\":\"openai/a\"}]}");
    ok("route.put",
       "{\"name\":\"r\",\"strategy\":\"round-robin\",\"targets\":[{\"model\":\"xai/a\","
       "\"weight\":70},{\"model\":\"anthropic/b\",\"weight\":20}]}");
    count_first("r", 10, &a, &b);
    assert_int_equal(a, 5);
    goes("r", "xai/a anthropic/b");
    ok("route.delete", "{\"name\":\"x\"}");
    goes("r", "anthropic/b xai/a");
}

/* Who may not have a target takes nobody else's turns. */
static void turns_of_one_caller_do_not_skew_anothers(void **state)
{
    (void)state;
    int with_c = 0;
    int a = 0;
    keys();
    ok("route.put",
       "{\"name\":\"r\",\"strategy\":\"round-robin\",\"targets\":[{\"model\":\"openai/a\"},"
       "{\"model\":\"anthropic/b\"},{\"model\":\"google/c\",\"when\":{\"app\":\"mine\"}}]}");
    for (int i = 0; i < 30; i++) {
        ask.facts.app = SLICE("mine");
        choose("r");
        with_c += slice_is(planned.attempts[0].model, "c");
        ask.facts.app = SLICE("other");
        choose("r");
        a += slice_is(planned.attempts[0].model, "a");
        skipped("google/c", "is not for this caller");
    }
    assert_int_equal(with_c, 10);
    assert_int_equal(a, 15);
}

static void the_cheapest_for_this_request_is_first(void **state)
{
    (void)state;
    struct fit fit = {.prompt_tokens = 1000, .answer_tokens = 10};
    keys();
    ok("rate.put",
       "{\"provider\":\"openai\",\"model\":\"a\",\"inputRate\":1,\"outputRate\":10}");
    ok("rate.put",
       "{\"provider\":\"anthropic\",\"model\":\"b\",\"inputRate\":3,\"outputRate\":3}");
    ok("route.put",
       "{\"name\":\"p\",\"strategy\":\"lowest-price\",\"targets\":[{\"model\":\"google/c\"},"
       "{\"model\":\"openai/a\"},{\"model\":\"anthropic/b\"}]}");
    ask.fit = &fit;
    goes("p", "openai/a anthropic/b google/c"); /* who has no price comes last */
    fit = (struct fit){.prompt_tokens = 10, .answer_tokens = 1000};
    goes("p", "anthropic/b openai/a google/c");
    ask.strategy_said = true;
    ask.strategy = STRATEGY_PRIORITY;
    goes("p", "google/c openai/a anthropic/b");
}

static void the_quickest_is_first(void **state)
{
    (void)state;
    keys();
    ok("route.put",
       "{\"name\":\"q\",\"strategy\":\"lowest-latency\",\"targets\":[{\"model\":\"openai/a\"},"
       "{\"model\":\"anthropic/b\"}]}");
    goes("q", "openai/a anthropic/b"); /* nothing is known */
    struct health_entry *a = planned.attempts[0].measured;
    struct health_entry *b = planned.attempts[1].measured;
    assert_non_null(a);
    assert_non_null(b);
    health_begin(a);
    health_end(a, now_ms, 300000, false);
    health_begin(b);
    health_end(b, now_ms, 100000, false);
    goes("q", "anthropic/b openai/a");
    /* What takes long counts at once, and what is under way too. */
    health_begin(b);
    health_end(b, now_ms, 900000, false);
    goes("q", "openai/a anthropic/b");
    for (int i = 0; i < 4; i++)
        health_begin(a);
    goes("q", "anthropic/b openai/a");
    for (int i = 0; i < 4; i++)
        health_end(a, now_ms, -1, false);
    goes("q", "openai/a anthropic/b");
    /* To fail at once is not to be quick. */
    health_begin(a);
    health_end(a, now_ms, 100, true);
    goes("q", "anthropic/b openai/a");
    goes("openai/a", "openai/a");
    assert_null(planned.attempts[0].measured);
}

static void measure(const struct route_attempt *at, int64_t took_us, bool works)
{
    health_begin(at->measured);
    health_end(at->measured, now_ms, took_us, !works);
    note(at, works);
}

static void choose_the_quickest(struct route_attempt *a, struct route_attempt *b)
{
    keys();
    ok("route.put",
       "{\"name\":\"q\",\"strategy\":\"lowest-latency\",\"targets\":[{\"model\":\"openai/a\"},"
       "{\"model\":\"anthropic/b\"}]}");
    choose("q");
    *a = planned.attempts[0];
    *b = planned.attempts[1];
}

/* Who died is asked again when its probe is due, though it is the slowest, and counts then as it is now. */
static void the_quickest_is_first_again_after_an_outage(void **state)
{
    (void)state;
    struct route_attempt a, b;
    choose_the_quickest(&a, &b);
    measure(&a, 20000, true);
    measure(&b, 100000, true);
    goes("q", "openai/a anthropic/b");
    for (int i = 0; i < 12; i++)
        measure(&a, 500, false);
    goes("q", "anthropic/b openai/a");
    now_ms += 1000;
    goes("q", "openai/a anthropic/b"); /* the probe, */
    goes("q", "anthropic/b openai/a"); /* which is one call's */
    measure(&a, 500, false);
    now_ms += 1999;
    goes("q", "anthropic/b openai/a");
    now_ms += 1;
    goes("q", "openai/a anthropic/b");
    measure(&a, 30000, true);
    goes("q", "openai/a anthropic/b");
}

/* A failure that opens nothing keeps others away until one call has found out how it is now. */
static void who_failed_is_not_slow_for_long(void **state)
{
    (void)state;
    struct route_attempt a, b;
    choose_the_quickest(&a, &b);
    measure(&a, 20000, true);
    measure(&b, 100000, true);
    measure(&a, 500, false);
    now_ms += 999;
    goes("q", "anthropic/b openai/a");
    now_ms++;
    goes("q", "openai/a anthropic/b"); /* one call finds out, */
    health_begin(a.measured);
    goes("q", "anthropic/b openai/a"); /* and nobody beside it */
    health_end(a.measured, now_ms, 30000, false);
    goes("q", "openai/a anthropic/b");
    measure(&a, 900000, true);
    goes("q", "anthropic/b openai/a"); /* slow, and then halved in each ten seconds */
    for (int seconds = 0; seconds < 40; seconds++, now_ms += 1000)
        measure(&b, 100000, true);
    goes("q", "openai/a anthropic/b");
}

static void the_least_busy_is_first(void **state)
{
    (void)state;
    int a = 0;
    int b = 0;
    keys();
    ok("route.put",
       "{\"name\":\"l\",\"strategy\":\"least-busy\",\"targets\":[{\"model\":\"openai/a\"},"
       "{\"model\":\"anthropic/b\"}]}");
    count_first("l", 10, &a, &b); /* nobody is busy: in turns */
    assert_int_equal(a, 5);
    assert_int_equal(b, 5);
    choose("l");
    struct health_entry *first = planned.attempts[0].measured;
    health_begin(first);
    for (int i = 0; i < 5; i++) {
        choose("l");
        assert_ptr_not_equal(planned.attempts[0].measured, first);
    }
    health_end(first, now_ms, 1000, false);
    count_first("l", 10, &a, &b);
    assert_int_equal(a, 5);
}

/* ---- who gets what ---- */

static void conditions_look_at_the_request(void **state)
{
    (void)state;
    char id[64];
    char user[64];
    keys();
    ok("user.put", "{\"name\":\"joe\"}");
    reply_member("id", user, sizeof user);
    ok("key.create", "{\"name\":\"team\",\"user\":\"joe\"}");
    reply_member("id", id, sizeof id);
    ok("route.put",
       "{\"name\":\"c\",\"targets\":["
       "{\"model\":\"openai/user\",\"when\":{\"user\":\"joe\"}},"
       "{\"model\":\"openai/key\",\"when\":{\"key\":[\"other\",\"team\"]}},"
       "{\"model\":\"openai/tag\",\"when\":{\"metadata.tier\":\"gold\",\"metadata.n\":3}},"
       "{\"model\":\"openai/prefix\",\"when\":{\"app\":{\"prefix\":\"did:\",\"not\":\"did:x\"}}},"
       "{\"model\":\"openai/type\",\"when\":{\"type\":\"chat\",\"stream\":true}},"
       "{\"model\":\"openai/rest\"}]}");
    goes("c", "openai/rest");
    skipped("openai/user", "is not for this caller");
    ask.facts.user = slice_text(user);
    goes("c", "openai/user openai/rest");
    ask.facts.user = SLICE("somebody");
    goes("c", "openai/rest");
    choose("c");
    for (size_t i = 0; i < held->key_count; i++)
        ask.facts.key = slice_is(held->keys[i].id, id) ? &held->keys[i] : ask.facts.key;
    goes("c", "openai/key openai/rest");
    ask.facts.key = NULL;
    ask.facts.metadata = SLICE("{\"n\":3,\"tier\":\"gold\"}");
    goes("c", "openai/tag openai/rest");
    ask.facts.metadata = SLICE("{\"n\":4,\"tier\":\"gold\"}");
    goes("c", "openai/rest");
    ask.facts.app = SLICE("did:y");
    goes("c", "openai/prefix openai/rest");
    ask.facts.app = SLICE("did:x");
    ask.facts.streamed = true;
    goes("c", "openai/type openai/rest");
    /* Of the whole route: for others it is not there. */
    ok("route.put", "{\"name\":\"openai/m\",\"when\":{\"app\":\"beta\"},"
                    "\"targets\":[{\"model\":\"xai/new\"},{\"model\":\"openai/m\"}]}");
    goes("openai/m", "openai/m");
    ask.facts.app = SLICE("beta");
    goes("openai/m", "xai/new openai/m");
    ok("route.put", "{\"name\":\"only\",\"targets\":[{\"model\":\"xai/new\","
                    "\"when\":{\"user\":\"joe\"}}]}");
    refused("only", AIGNE_E_ROUTE, 403, "xai/new is not for this caller");
}

static void canaries_are_some_callers_and_always_the_same(void **state)
{
    (void)state;
    char name[32];
    int canaries = 0;
    int others = 0;
    keys();
    ok("route.put",
       "{\"name\":\"n\",\"targets\":[{\"model\":\"openai/a\"},"
       "{\"model\":\"xai/new\",\"canary\":20},{\"model\":\"xai/newer\",\"canary\":10.5}]}");
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(name, sizeof name, "user-%d", i);
        ask.facts.user = slice_text(name);
        choose("n");
        bool canary = slice_is(planned.attempts[0].model, "new");
        canaries += canary;
        others += slice_is(planned.attempts[0].model, "newer");
        assert_int_equal(planned.count,
                         canary || slice_is(planned.attempts[0].model, "newer") ? 2 : 1);
        ask.call_id = SLICE("another");
        choose("n");
        assert_true(slice_is(planned.attempts[0].model, "new") == canary);
    }
    assert_in_range(canaries, 340, 460);
    assert_in_range(others, 150, 270);
}

static void shadows_are_never_asked(void **state)
{
    (void)state;
    char name[32];
    int shown = 0;
    keys();
    ok("route.put", "{\"name\":\"s\",\"targets\":[{\"model\":\"openai/a\"},"
                    "{\"model\":\"xai/new\",\"shadow\":25}]}");
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "call-%d", i);
        ask.call_id = slice_text(name);
        goes("s", "openai/a");
        shown += planned.shadow.p != NULL;
    }
    assert_in_range(shown, 200, 300);
    ok("route.put",
       "{\"name\":\"s\",\"targets\":[{\"model\":\"openai/a\"},{\"model\":\"xai/new\","
       "\"shadow\":100,\"when\":{\"app\":\"x\"}}]}");
    goes("s", "openai/a");
    assert_null(planned.shadow.p);
    ask.facts.app = SLICE("x");
    goes("s", "openai/a");
    assert_true(slice_is(planned.shadow, "xai/new"));
    ok("route.put", "{\"name\":\"s\",\"targets\":[{\"model\":\"xai/new\",\"shadow\":100}]}");
    refused("s", AIGNE_E_ROUTE, 403, "only shown the request");
}

static void what_a_request_needs_decides(void **state)
{
    (void)state;
    struct fit fit = {.features = FIT_BIT(FIT_TOOLS)};
    keys();
    rate("openai", "plain", "1", "{\"features\":[\"text\"],\"contextWindow\":1000}");
    rate("anthropic", "tooled", "1", "{\"features\":[\"tools\"],\"contextWindow\":5000}");
    rate("google", "all", "1", "{\"maxTokens\":5}");
    ok("route.put", "{\"name\":\"f\",\"targets\":[{\"model\":\"openai/plain\"},"
                    "{\"model\":\"anthropic/tooled\"},{\"model\":\"google/all\"}]}");
    goes("f", "openai/plain anthropic/tooled google/all");
    ask.fit = &fit;
    goes("f", "anthropic/tooled google/all");
    skipped("openai/plain", "cannot take tools");
    fit.features = FIT_BIT(FIT_VISION);
    goes("f", "google/all");
    skipped("anthropic/tooled", "cannot take images");
    fit.features = FIT_BIT(FIT_FILES); /* AIGNE's words say nothing of files */
    goes("f", "anthropic/tooled google/all");
    fit = (struct fit){.prompt_tokens = 2000};
    goes("f", "anthropic/tooled google/all");
    skipped("openai/plain", "is too short: about 2000 tokens do not fit into 1000");
    fit.prompt_tokens = 1000;
    goes("f", "openai/plain anthropic/tooled google/all");
    /* A model that is called by its own name too. */
    fit.features = FIT_BIT(FIT_TOOLS);
    refused("openai/plain", AIGNE_E_REQUEST, 400, "openai/plain cannot take tools");
    assert_true(route_wants_fit(held, &ask));
    goes("openai/other", "openai/other");
    assert_true(route_wants_fit(held, &(struct route_ask){.facts.model = SLICE("f")}));
    ask.facts.model = SLICE("openai/other");
    assert_false(route_wants_fit(held, &ask));
    ok("route.put", "{\"name\":\"f\",\"targets\":[{\"model\":\"openai/plain\"}]}");
    refused("f", AIGNE_E_REQUEST, 400, "openai/plain cannot take tools");
}

static void routes_lead_to_routes(void **state)
{
    (void)state;
    keys();
    ok("route.put", "{\"name\":\"inner\",\"strategy\":\"round-robin\",\"targets\":["
                    "{\"model\":\"openai/a\"},{\"model\":\"anthropic/b\"}]}");
    ok("route.put", "{\"name\":\"outer\",\"targets\":[{\"model\":\"inner\"},"
                    "{\"model\":\"google/c\"}]}");
    goes("outer", "openai/a anthropic/b google/c");
    goes("outer", "anthropic/b openai/a google/c");
    bad("{\"name\":\"inner\",\"targets\":[{\"model\":\"outer\"}]}", "leads back");
    bad("{\"name\":\"google/c\",\"targets\":[{\"model\":\"outer\"}]}", "leads back");
    verb_fails(hub, "route.delete", "{\"name\":\"inner\"}", AIGNE_E_REQUEST, 400,
               "Route \"outer\" leads to this one");
    ok("route.put", "{\"name\":\"third\",\"targets\":[{\"model\":\"outer\"}]}");
    ok("route.put", "{\"name\":\"fourth\",\"targets\":[{\"model\":\"third\"}]}");
    bad("{\"name\":\"fifth\",\"targets\":[{\"model\":\"fourth\"}]}", "through more than 3");
    goes("fourth", "openai/a anthropic/b google/c");
    ok("rate.put",
       "{\"provider\":\"anthropic\",\"model\":\"b\",\"inputRate\":1,\"outputRate\":1}");
    ok("rate.put",
       "{\"provider\":\"google\",\"model\":\"c\",\"inputRate\":2,\"outputRate\":2}");
    ok("route.put", "{\"name\":\"cheap\",\"strategy\":\"lowest-price\",\"targets\":["
                    "{\"model\":\"google/c\"},{\"model\":\"inner\"}]}");
    goes("cheap", "anthropic/b openai/a google/c");
}

static void requests_name_models_and_strategies(void **state)
{
    (void)state;
    static const struct slice also[] = {{"inner", 5}, {"openai/a", 8}, {"nosuch", 6}};
    keys();
    ok("route.put", "{\"name\":\"inner\",\"targets\":[{\"model\":\"openai/a\"},"
                    "{\"model\":\"anthropic/b\"}]}");
    ask.also = also;
    ask.also_count = 3;
    goes("xai/x", "xai/x openai/a anthropic/b");
    skipped("nosuch", "nobody is known to serve");
    goes("inner", "openai/a anthropic/b");
    ask.also_count = 0;
    rate("openai", "m", "2", "{}");
    rate("google", "m", "1", "{}");
    goes("m", "google/m openai/m");
    rate("google", "m", "3", "{}");
    ask.strategy_said = true;
    ask.strategy = STRATEGY_LOWEST_PRICE;
    goes("m", "openai/m google/m");
    rate("google", "m", "1", "{}");
    goes("m", "google/m openai/m");
}

static void one_credential_and_no_other(void **state)
{
    (void)state;
    keys();
    ok("credential.put",
       "{\"provider\":\"openai\",\"name\":\"eu\",\"value\":\"sk-eu-0123456789\"}");
    ok("route.put", "{\"name\":\"e\",\"targets\":[{\"model\":\"openai/a\","
                    "\"credential\":\"eu\"},{\"model\":\"openai/b\",\"credential\":\"k\"}]}");
    for (int i = 0; i < 4; i++) {
        goes("e", "openai/a openai/b");
        assert_true(slice_is(planned.attempts[0].credential->name, "eu"));
        assert_true(slice_is(planned.attempts[1].credential->name, "k"));
    }
    for (int i = 0; i < 3; i++)
        note(&planned.attempts[0], false);
    goes("e", "openai/b openai/a");
    now_ms += 2000;
    goes("e", "openai/a openai/b");
    goes("e", "openai/b openai/a");
    bad("{\"name\":\"e\",\"targets\":[{\"model\":\"openai/a\",\"credential\":\"us\"}]}",
        "has no credential \"us\"");
}

/* ---- the verbs ---- */

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    keys();
    bad("{\"name\":\"a b\",\"targets\":[]}", "contains blanks");
    bad("{\"name\":\"aignehub/x\",\"targets\":[]}", "Nothing could call that route");
    bad("{\"name\":\"x\"}", "nobody is known to serve it");
    bad("{\"name\":\"x\",\"targets\":[]}", "nobody is known to serve it");
    bad("{\"name\":\"x\",\"targets\":[\"openai/a\"]}", "must be an object");
    bad("{\"name\":\"x\",\"targets\":[{}]}", "\"model\" is missing");
    bad("{\"name\":\"x\",\"targets\":[{\"model\":\"openai/a\",\"wieght\":1}]}",
        "the nearest known one is \"weight\"");
    bad("{\"name\":\"x\",\"targets\":[{\"model\":\"opnai/a\"}]}", "Target \"opnai/a\"");
    bad("{\"name\":\"x\",\"targets\":[{\"model\":\"bedrock/a\"}]}", "not configured");
    bad("{\"name\":\"x\",\"targets\":[{\"model\":\"openai/\"}]}", "ends after the provider");
    bad("{\"name\":\"x\",\"targets\":[{\"model\":\"openai/a\",\"weight\":0}]}", "\"weight\"");
    bad("{\"name\":\"x\",\"targets\":[{\"model\":\"openai/a\",\"weight\":101}]}", "1 to 100");
    bad("{\"name\":\"x\",\"targets\":[{\"model\":\"openai/a\",\"tier\":1.5}]}", "\"tier\"");
    bad("{\"name\":\"x\",\"targets\":[{\"model\":\"openai/a\",\"canary\":0}]}", "\"canary\"");
    bad("{\"name\":\"x\",\"targets\":[{\"model\":\"openai/a\",\"shadow\":0.001}]}",
        "\"shadow\"");
    bad("{\"name\":\"x\",\"targets\":[{\"model\":\"openai/a\",\"canary\":60},"
        "{\"model\":\"openai/b\",\"canary\":60}]}",
        "more than 100 percent");
    bad("{\"name\":\"x\",\"strategy\":\"cheapest\",\"targets\":[{\"model\":\"openai/a\"}]}",
        "no strategy \"cheapest\"");
    bad("{\"name\":\"x\",\"strategy\":\"wieghted\"}", "the nearest known one is \"weighted\"");
    bad("{\"name\":\"x\",\"when\":{\"usr\":\"joe\"}}", "the nearest known one is \"user\"");
    bad("{\"name\":\"x\",\"when\":{\"user\":[]}}", "condition on \"user\"");
    bad("{\"name\":\"x\",\"when\":{\"user\":{\"suffix\":\"a\"}}}", "condition on \"user\"");
    bad("{\"name\":\"x\",\"when\":{\"metadata.\":\"a\"}}", "cannot ask for \"metadata.\"");
    bad("{\"name\":\"x\",\"policy\":{\"totalTimout\":1}}", "\"totalTimeout\"");
    verb_fails(hub, "rate.put",
               "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":1,\"outputRate\":1,"
               "\"modelMetadata\":{\"features\":[\"visoin\"]}}",
               AIGNE_E_REQUEST, 400, "the nearest known one is \"vision\"");
    verb_fails(hub, "route.get", "{\"name\":\"x\"}", AIGNE_E_REQUEST, 404, "no route \"x\"");
}

static void has(const char *reply, const char *words)
{
    if (!strstr(reply, words))
        fail_msg("no %s in %s", words, reply);
}

static void doubts_are_told(void **state)
{
    (void)state;
    keys();
    rate("openai", "gpt-5", "1", "{}");
    ok("provider.put", "{\"name\":\"bedrock\"}");
    const char *reply = verb_ok(hub, "route.put",
                                "{\"name\":\"x\",\"targets\":[{\"model\":\"openai/gpt-6\"},"
                                "{\"model\":\"bedrock/m\"},{\"model\":\"openai/gpt-5\"}]}");
    has(reply,
        "\"warnings\":[\"openai/gpt-6 has no rate, and others of its provider have: is it "
        "spelled so?\",\"bedrock/m: No active credentials found");
    reply = verb_ok(hub, "route.put",
                    "{\"name\":\"openai/gpt-5\",\"policy\":{\"totalTimeout\":9}}");
    assert_null(strstr(reply, "warnings"));
    goes("openai/gpt-5", "openai/gpt-5");
    assert_int_equal(planned.route->policy->total_timeout, 9);
    has(verb_ok(hub, "route.list", ""), "{\"count\":2,\"list\":[{\"id\":\"openai/gpt-5\"");
    has(verb_ok(hub, "route.get", "{\"name\":\"x\"}"), "\"model\":\"bedrock/m\"");
    has(verb_ok(hub, "route.put", "{\"name\":\"x\",\"strategy\":\"weighted\"}"), "gpt-6");
}

static void a_choice_can_be_asked_for(void **state)
{
    (void)state;
    keys();
    rate("openai", "plain", "1", "{\"features\":[\"text\"]}");
    ok("route.put",
       "{\"name\":\"t\",\"targets\":[{\"model\":\"openai/plain\"},"
       "{\"model\":\"xai/g\"},{\"model\":\"google/v\",\"when\":{\"user\":\"joe\"}}]}");
    has(verb_ok(hub, "route.test", "{\"name\":\"t\"}"),
        "{\"name\":\"t\",\"route\":true,\"attempts\":[{\"provider\":\"openai\",\"model\":\"plain\","
        "\"credential\":\"k\",\"state\":\"ready\"},{\"provider\":\"xai\"");
    const char *reply =
        verb_ok(hub, "route.test",
                "{\"name\":\"t\",\"request\":{\"messages\":\"hi\",\"tools\":[{\"type\":"
                "\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\","
                "\"properties\":{}}}}]}}");
    has(reply, "{\"target\":\"openai/plain\",\"reason\":\"cannot take tools\"}");
    has(reply, "{\"target\":\"google/v\",\"reason\":\"is not for this caller\"}");
    has(verb_ok(hub, "route.test", "{\"name\":\"nosuch\"}"), "\"status\":404");
    verb_fails(hub, "route.test", "{\"name\":\"t\",\"key\":\"x\"}", AIGNE_E_REQUEST, 404,
               "no key");
}

/* ---- for a long time ---- */

static uint32_t chance_state;
static uint32_t chance(uint32_t below)
{
    chance_state = chance_state * 1664525 + 1013904223;
    return (chance_state >> 8) % below;
}

enum { MODELS = 5, ROUNDS = 60000 };

/* How many attempts it took; 0: nothing answered. */
static size_t live_one_call(const bool *works)
{
    size_t tries = 0;
    assert_in_range(planned.count, 1, LIMIT_ATTEMPTS);
    for (size_t i = 0; i < planned.count; i++) {
        const struct route_attempt *at = &planned.attempts[i];
        size_t which = (size_t)(at->model.p[0] - 'a');
        tries++;
        if (at->health.condition != HEALTH_READY)
            for (size_t k = i + 1; k < planned.count; k++)
                assert_int_not_equal(planned.attempts[k].health.condition, HEALTH_READY);
        note(at, works[which]);
        if (works[which])
            return tries;
    }
    return 0;
}

/* Five targets die and come back while every strategy is asked in turn: nothing known to be dead is asked
 * before what lives, nothing is asked twice, and who lives answers. */
static void never_a_dead_target_before_a_live_one(void **state)
{
    (void)state;
    static const char *const strategies[] = {"priority",     "weighted",       "round-robin",
                                             "lowest-price", "lowest-latency", "least-busy"};
    static const char *const routes[] = {"r0", "r1", "r2", "r3", "r4", "r5"};
    char arguments[512];
    char id[32];
    bool works[MODELS] = {true, true, true, true, true};
    int64_t changed_ms = now_ms;
    size_t calls = 0;
    size_t late = 0;
    size_t answered = 0;
    chance_state = 7;
    keys();
    for (size_t i = 0; i < COUNT(strategies); i++) {
        (void)snprintf(
            arguments, sizeof arguments,
            "{\"name\":\"%s\",\"strategy\":\"%s\",\"targets\":[{\"model\":\"openai/a\","
            "\"weight\":%d},{\"model\":\"anthropic/b\",\"weight\":10},{\"model\":"
            "\"google/c\"},{\"model\":\"xai/d\",\"tier\":2},{\"model\":\"openai/e\","
            "\"tier\":3}]}",
            routes[i], strategies[i], 30 + (int)i);
        ok("route.put", arguments);
    }
    for (int round = 0; round < ROUNDS; round++) {
        now_ms += 1 + chance(40);
        if (now_ms - changed_ms > 20000 && chance(500) == 0) {
            changed_ms = now_ms;
            for (size_t i = 0; i < MODELS; i++)
                works[i] = chance(3) != 0;
        }
        (void)snprintf(id, sizeof id, "call-%d", round);
        ask.call_id = slice_text(id);
        assert_int_equal(choose(routes[chance(COUNT(routes))]), AIGNE_OK);
        assert_int_equal(planned.count, MODELS);
        for (size_t i = 0; i < planned.count; i++)
            for (size_t k = 0; k < i; k++)
                assert_false(slice_eq(planned.attempts[i].model, planned.attempts[k].model));
        size_t tries = live_one_call(works);
        bool anything = works[0] || works[1] || works[2] || works[3] || works[4];
        assert_true(!anything || tries > 0);
        if (anything && now_ms - changed_ms > 5000) {
            calls++;
            late += tries != 1;
            answered += tries > 0;
        }
    }
    assert_int_equal(answered, calls);
    assert_true(calls > ROUNDS / 4);
    assert_true(late < calls / 10);
}

int main(void)
{
#define WITH_HUB(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_HUB(targets_come_in_the_order_they_were_put),
        WITH_HUB(weights_are_exact_over_a_cycle),
        WITH_HUB(turns_of_one_caller_do_not_skew_anothers),
        WITH_HUB(the_cheapest_for_this_request_is_first),
        WITH_HUB(the_quickest_is_first_again_after_an_outage),
        WITH_HUB(who_failed_is_not_slow_for_long),
        WITH_HUB(the_quickest_is_first),
        WITH_HUB(the_least_busy_is_first),
        WITH_HUB(conditions_look_at_the_request),
        WITH_HUB(canaries_are_some_callers_and_always_the_same),
        WITH_HUB(shadows_are_never_asked),
        WITH_HUB(what_a_request_needs_decides),
        WITH_HUB(routes_lead_to_routes),
        WITH_HUB(requests_name_models_and_strategies),
        WITH_HUB(one_credential_and_no_other),
        WITH_HUB(what_cannot_be_meant_is_refused),
        WITH_HUB(doubts_are_told),
        WITH_HUB(a_choice_can_be_asked_for),
        WITH_HUB(never_a_dead_target_before_a_live_one),
    };
    return cmocka_run_group_tests_name("route targets", tests, NULL, NULL);
}
