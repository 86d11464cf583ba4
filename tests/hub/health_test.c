/* Knows how what came of calls changes where the next ones go, with a clock of its own. */
#include "base/clock.h"
#include "hub/health_save.h"
#include "hub/hub_state.h"
#include "hub/route_health.h"
#include "hub_test.h"

static struct hub *hub;
static struct catalog *held;
static int64_t now_ms;
static const char *reply;

static int setup(void **state)
{
    (void)state;
    hub = open_hub(":memory:");
    now_ms = clock_monotonic_us() / 1000 + 1000;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    catalog_drop(held);
    held = NULL;
    hub_drop(hub);
    hub = NULL;
    return 0;
}

static void key(const char *provider, const char *name, int weight)
{
    char arguments[256];
    (void)snprintf(arguments, sizeof arguments,
                   "{\"provider\":\"%s\",\"name\":\"%s\",\"value\":\"sk-%s-0123456789\","
                   "\"weight\":%d}",
                   provider, name, name, weight);
    verb_ok(hub, "credential.put", arguments);
}

static void price(const char *provider, const char *model)
{
    char arguments[256];
    (void)snprintf(arguments, sizeof arguments,
                   "{\"provider\":\"%s\",\"model\":\"%s\",\"type\":\"chat\",\"inputRate\":1,"
                   "\"outputRate\":1}",
                   provider, model);
    verb_ok(hub, "rate.put", arguments);
}

/* A plan on a catalogue that is held until the next one. */
static struct route_plan planned;
static void plan(const char *model)
{
    struct arena a;
    struct fault why;
    arena_init(&a);
    struct catalog *c = hub_catalog(hub);
    catalog_drop(held);
    held = c;
    if (route_plan(c, slice_text(model), KIND_CHAT, now_ms, &a, &planned, &why))
        fail_msg("%s", why.text);
    arena_free(&a);
}

static const char *names(void)
{
    static char text[1024];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < planned.count; i++) {
        const struct route_attempt *at = &planned.attempts[i];
        struct slice name = at->credential ? at->credential->name : at->provider->name;
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s", i ? " " : "", (int)name.n,
                              name.p);
    }
    return text;
}

static void assert_plan(const char *model, const char *wanted)
{
    plan(model);
    if (strcmp(names(), wanted) != 0)
        fail_msg("%s goes to \"%s\" instead of \"%s\"", model, names(), wanted);
}

static void note_attempt(const struct route_attempt *at, int rc, const struct fault *why)
{
    struct health_outcome o = {
        .rc = rc, .why = why, .started_ms = now_ms, .now_ms = now_ms, .chance = 0};
    health_note(at->provider->health, at->credential ? at->credential->health : NULL, at->model,
                &o);
}

static void note(size_t attempt, int rc, struct fault why)
{
    why.code = rc;
    note_attempt(&planned.attempts[attempt], rc, &why);
}

static const struct fault bad_key = {.http = 401, .upstream = true, .credential_bad = true};
static const struct fault broken = {.http = 503, .upstream = true};
static const struct fault none;

static struct fault busy(int64_t retry_ms)
{
    return (struct fault){.http = 429, .upstream = true, .retry_ms = retry_ms};
}

static void has(const char *words)
{
    if (!strstr(reply, words))
        fail_msg("no %s in %s", words, reply);
}

static void a_bad_key_stays_away_and_comes_back(void **state)
{
    (void)state;
    key("openai", "a", 100);
    key("openai", "b", 100);
    assert_plan("openai/m", "a b");
    note(0, AIGNE_E_AUTH, bad_key);
    note(1, AIGNE_OK, none);
    for (int i = 0; i < 5; i++)
        assert_plan("openai/m", "b");
    reply = verb_ok(hub, "credential.list", "{}");
    has("\"status\":\"disabled\"");
    has("\"status\":\"active\"");
    has("\"reason\":\"AIGNE_E_AUTH 401\"");
    now_ms += 5000;
    assert_plan("openai/m", "a b"); /* one probes */
    assert_plan("openai/m", "b");   /* others do not */
    note(0, AIGNE_OK, none);
    assert_plan("openai/m", "b");
    plan("openai/m");
    now_ms += 30000; /* the probe never came back */
    assert_plan("openai/m", "a b");
    note(0, AIGNE_E_AUTH, bad_key);
    now_ms += 9999;
    assert_plan("openai/m", "b");
    now_ms += 1;
    assert_plan("openai/m", "a b");
    note(0, AIGNE_OK, none);
    plan("openai/m");
    assert_int_equal(planned.count, 2);
    reply = verb_ok(hub, "health.list", "{\"provider\":\"openai\"}");
    has("\"count\":2");
    has("\"state\":\"closed\"");
}

static void the_only_key_is_tried_whatever_is_known(void **state)
{
    (void)state;
    key("openai", "a", 100);
    plan("openai/m");
    note(0, AIGNE_E_AUTH, bad_key);
    assert_plan("openai/m", "a");
    now_ms++;
    plan("openai/m");
    note(0, AIGNE_OK, none);
    reply = verb_ok(hub, "credential.get", "{\"provider\":\"openai\",\"name\":\"a\"}");
    has("\"status\":\"active\"");
}

static void the_only_key_that_is_refused_is_asked_by_one_at_a_time(void **state)
{
    (void)state;
    struct fault why;
    fault_clear(&why);
    key("openai", "a", 100);
    plan("openai/m");
    note(0, AIGNE_E_AUTH, bad_key);
    now_ms++;
    plan("openai/m");
    assert_int_equal(planned.attempts[0].health.condition, HEALTH_DISABLED);
    assert_null(route_knock(&planned, now_ms));
    struct health_entry *known = route_knock(&planned, now_ms);
    assert_non_null(known);
    health_tell(known, now_ms, &why);
    assert_int_equal(why.http, 503);
    assert_non_null(strstr(why.text, "AIGNE_E_AUTH 401"));
    note(0, AIGNE_E_AUTH, bad_key);
    plan("openai/m");
    assert_null(route_knock(&planned, now_ms)); /* it is over, so the next may ask */
    note(0, AIGNE_OK, none);
    plan("openai/m");
    assert_int_equal(planned.attempts[0].health.condition, HEALTH_READY);
}

/* Whether a call goes there though it fails; else what the caller is told. */
static bool knocks(struct fault *why)
{
    fault_clear(why);
    plan("openai/m");
    assert_int_equal(planned.attempts[0].health.condition, HEALTH_OPEN);
    struct health_entry *known = route_knock(&planned, now_ms);
    if (known)
        health_tell(known, now_ms, why);
    return !known;
}

static void who_seems_dead_and_is_alone_is_asked_by_one_at_a_time(void **state)
{
    (void)state;
    struct fault why;
    key("openai", "a", 100);
    key("openai", "b", 100);
    plan("openai/m");
    for (int i = 0; i < 3; i++)
        note(0, AIGNE_E_UPSTREAM, broken);
    for (int i = 0; i < 2; i++) { /* they open it, but it may be a bad moment */
        assert_true(knocks(&why));
        assert_int_equal(planned.count, 2);
        note(0, AIGNE_E_UPSTREAM, broken);
    }
    for (int i = 0; i < 5; i++) { /* its next probe is far away */
        now_ms += 60000;
        plan("openai/m");
        note(0, AIGNE_E_UPSTREAM, broken);
    }
    assert_true(knocks(&why));
    assert_int_equal(planned.count, 1); /* one of its keys is enough */
    assert_false(knocks(&why));
    assert_int_equal(why.code, AIGNE_E_UPSTREAM);
    assert_int_equal(why.http, 503);
    assert_int_equal(why.retry_ms, 1000);
    assert_non_null(strstr(why.text, "openai/m keeps failing (AIGNE_E_UPSTREAM 503)"));
    now_ms += 999;
    assert_false(knocks(&why)); /* it is still waited for; but not for ever */
    now_ms += 1;
    assert_true(knocks(&why));
    note(0, AIGNE_E_UPSTREAM, broken);
    assert_true(knocks(&why)); /* it is over, so the next may ask */
    note(0, AIGNE_OK, none);
    plan("openai/m");
    assert_int_equal(planned.attempts[0].health.condition, HEALTH_READY);
    assert_int_equal(planned.count, 2);
}

static bool knocks_while_cooling(struct fault *why)
{
    fault_clear(why);
    plan("openai/m");
    assert_int_equal(planned.attempts[0].health.condition, HEALTH_PACED);
    struct health_entry *known = route_knock(&planned, now_ms);
    if (known)
        health_tell(known, now_ms, why);
    return !known;
}

static void whose_only_key_cools_is_asked_by_one_at_a_time(void **state)
{
    (void)state;
    struct fault why;
    struct fault slow = busy(7000);
    key("openai", "a", 100);
    plan("openai/m");
    FAULT_COPY(slow.text, SLICE("slow down, org-7"));
    note(0, AIGNE_E_RATE, slow);
    now_ms += 500;
    assert_true(knocks_while_cooling(&why));
    assert_false(knocks_while_cooling(&why));
    assert_int_equal(why.code, AIGNE_E_RATE);
    assert_int_equal(why.http, 429);
    assert_int_equal(why.retry_ms, 6500);
    assert_non_null(strstr(why.text, "openai"));
    assert_null(strstr(why.text, "slow down")); /* no record may hold what a provider says, */
    health_quote(planned.attempts[0].credential->health, &why);
    assert_non_null(strstr(why.text, "slow down, org-7")); /* but the caller is told */
    note(0, AIGNE_E_RATE, busy(5000));
    assert_true(knocks_while_cooling(&why)); /* it is over, so the next may ask */
    now_ms++;
    note(0, AIGNE_OK, none);
    plan("openai/m"); /* which ends the pause */
    assert_int_equal(planned.attempts[0].health.condition, HEALTH_READY);
}

static void who_refuses_now_and_then_is_always_asked(void **state)
{
    (void)state;
    struct fault why;
    key("openai", "a", 100);
    plan("openai/m");
    note(0, AIGNE_E_RATE, busy(7000));
    for (int i = 0; i < 40; i++) {
        plan("openai/m");
        if (i % 4)
            note(0, AIGNE_E_RATE, busy(7000));
        else
            note(0, AIGNE_OK, none);
        assert_int_equal(knocks_while_cooling(&why), true);
        now_ms += 50;
    }
}

/* What began before the refusal says nothing of what comes after it. */
static void a_late_success_does_not_end_the_pause(void **state)
{
    (void)state;
    struct fault why;
    key("openai", "a", 100);
    plan("openai/m");
    note(0, AIGNE_E_RATE, busy(7000));
    now_ms += 10;
    note(0, AIGNE_OK, none); /* nobody had knocked */
    now_ms += 1000;
    assert_true(knocks_while_cooling(&why));
    assert_false(knocks_while_cooling(&why));
}

static void credit_that_is_used_up_is_told_as_such(void **state)
{
    (void)state;
    struct fault why;
    key("openai", "a", 100);
    plan("openai/m");
    note(0, AIGNE_E_CREDIT, (struct fault){.http = 402, .upstream = true, .retry_ms = -1});
    assert_true(knocks_while_cooling(&why));
    assert_false(knocks_while_cooling(&why));
    assert_int_equal(why.code, AIGNE_E_CREDIT);
    assert_int_equal(why.http, 402);
    assert_true(why.upstream); /* not the caller's */
    assert_int_equal(why.retry_ms, 60000);
}

/* A part of what it is asked is better than nothing. */
static void who_answers_now_and_then_and_is_alone_is_always_asked(void **state)
{
    (void)state;
    int open = 0;
    key("openai", "a", 100);
    for (int i = 0; i < 200; i++) {
        bool fails = i % 6 < 4;
        now_ms += 7;
        plan("openai/m");
        if (planned.attempts[0].health.condition == HEALTH_OPEN) {
            open++;
            assert_null(route_knock(&planned, now_ms));
        }
        note(0, fails ? AIGNE_E_UPSTREAM : AIGNE_OK, fails ? broken : none);
    }
    assert_true(open > 50);
}

static void mistakes_and_cancels_open_nothing(void **state)
{
    (void)state;
    key("openai", "a", 100);
    for (int i = 0; i < 50; i++) {
        plan("openai/m");
        note(0, AIGNE_E_REQUEST, (struct fault){.http = 400, .upstream = true});
        note(0, AIGNE_E_REQUEST, (struct fault){.http = 404, .upstream = true});
        note(0, AIGNE_E_UPSTREAM, (struct fault){.http = 403, .upstream = true});
        note(0, AIGNE_E_CANCELLED, none);
        assert_false(health_troubled(planned.attempts[0].provider->health));
    }
}

static void a_provider_that_fails_is_passed_over(void **state)
{
    (void)state;
    key("anthropic", "a", 100);
    key("openrouter", "o", 100);
    price("anthropic", "claude-x");
    price("openrouter", "anthropic/claude-x");
    for (int i = 0; i < 3; i++) {
        assert_plan("claude-x", "a o");
        note(0, AIGNE_E_UPSTREAM, broken);
        note(1, AIGNE_OK, none);
    }
    assert_plan("claude-x", "o a");
    assert_plan("anthropic/other", "a"); /* the model is broken, not the provider */
    assert_int_equal(planned.attempts[0].health.condition, HEALTH_READY);
    reply = verb_ok(hub, "health.list", "{}");
    has("\"model\":\"claude-x\",\"state\":\"open\",\"failures\":3");
    now_ms += 1000;
    assert_plan("claude-x", "a o");
    assert_plan("claude-x", "o a");
    reply = verb_ok(hub, "health.list", "{}");
    has("\"state\":\"half-open\"");
    plan("claude-x");
    note(1, AIGNE_E_TIMEOUT, none);
    now_ms += 1999;
    assert_plan("claude-x", "o a");
    now_ms += 1;
    assert_plan("claude-x", "a o");
    note(0, AIGNE_OK, none);
    assert_plan("claude-x", "a o");
    for (int i = 0; i < 3; i++)
        note(0, AIGNE_E_NETWORK, none);
    assert_plan("claude-x", "o a");
    verb_ok(hub, "health.reset", "{\"provider\":\"anthropic\",\"model\":\"claude-x\"}");
    assert_plan("claude-x", "a o");
}

static void stragglers_tell_nothing(void **state)
{
    (void)state;
    key("anthropic", "a", 100);
    key("openrouter", "o", 100);
    price("anthropic", "claude-x");
    price("openrouter", "anthropic/claude-x");
    plan("claude-x");
    struct route_attempt first = planned.attempts[0];
    for (int i = 0; i < 3; i++)
        note_attempt(&first, AIGNE_E_UPSTREAM, &broken);
    struct health_outcome late = {
        .rc = AIGNE_OK, .started_ms = now_ms - 10, .now_ms = now_ms + 10};
    health_note(first.provider->health, first.credential->health, first.model, &late);
    assert_plan("claude-x", "o a");
}

static void waits_as_long_as_it_was_told(void **state)
{
    (void)state;
    key("openai", "a", 100);
    key("openai", "b", 100);
    assert_plan("openai/m", "a b");
    note(0, AIGNE_E_RATE, busy(7000));
    for (int i = 0; i < 20; i++)
        assert_plan("openai/m", "b a");
    reply = verb_ok(hub, "credential.list", "{}");
    has("\"status\":\"cooling\"");
    now_ms += 7000;
    int firsts = 0;
    for (int i = 0; i < 110; i++) {
        plan("openai/m");
        firsts += slice_is(planned.attempts[0].credential->name, "a");
    }
    assert_int_equal(firsts, 10); /* a tenth of the other's */
    now_ms += 60000;
    plan("openai/m");
    note(0, AIGNE_OK, none);
    note(1, AIGNE_OK, none);
    assert_false(health_troubled(planned.attempts[0].provider->health));
}

static int64_t cools_for(int64_t asked_ms)
{
    plan("openai/m");
    note(0, AIGNE_E_RATE, busy(asked_ms));
    return health_look(planned.attempts[0].credential->health, now_ms).due_ms - now_ms;
}

/* Who refuses whenever its pause is over is asked ever more rarely. */
static void a_pause_that_was_too_short_doubles(void **state)
{
    (void)state;
    key("openai", "a", 100);
    for (int64_t pause = 1000; pause <= 32000; pause *= 2) {
        assert_int_equal(cools_for(1000), pause);
        assert_int_equal(cools_for(1000), pause); /* another call that was under way */
        now_ms += pause;
    }
    assert_int_equal(cools_for(1000), 60000);
    now_ms += 60000;
    assert_int_equal(cools_for(90000), 90000); /* it knows best */
    now_ms += 90000;
    plan("openai/m");
    note(0, AIGNE_OK, none);
    assert_int_equal(cools_for(1000), 1000);
}

static long long last_event(void)
{
    const char *at = strstr(reply, "\"last\":");
    assert_non_null(at);
    return strtoll(at + strlen("\"last\":"), NULL, 10);
}

static void events_since(long long since)
{
    char arguments[64];
    (void)snprintf(arguments, sizeof arguments, "{\"since\":%lld}", since);
    reply = verb_ok(hub, "event.list", arguments);
}

static void changes_are_events(void **state)
{
    (void)state;
    key("openai", "a", 100);
    reply = verb_ok(hub, "event.list", "{}");
    has("\"list\":[]");
    long long since = last_event();
    plan("openai/m");
    note(0, AIGNE_E_RATE, busy(7000));
    for (int i = 0; i < 3; i++)
        note(0, AIGNE_E_UPSTREAM, broken);
    events_since(since);
    has("\"state\":\"cooling\",\"until\":");
    has("\"provider\":\"openai\",\"model\":\"m\",\"state\":\"open\",\"until\":");
    has("\"reason\":\"AIGNE_E_UPSTREAM 503\"");
    has("\"missed\":false");
    assert_int_equal(last_event(), since + 2);
    since = last_event();
    verb_ok(hub, "health.reset", "{}");
    events_since(since);
    has("\"model\":\"m\",\"state\":\"closed\"");
    has("\"state\":\"active\"");
    assert_null(strstr(reply, "cooling"));
    for (int i = 0; i < 150; i++) {
        note(0, AIGNE_E_AUTH, bad_key);
        verb_ok(hub, "health.reset", "{}");
    }
    events_since(since);
    has("\"missed\":true");
    events_since(last_event());
    has("\"list\":[]");
    has("\"missed\":false");
}

/* The answer was good, and said that it was the last for a while. */
static void what_has_nothing_left_is_passed_over_until_it_has(void **state)
{
    (void)state;
    key("openai", "a", 100);
    key("openai", "b", 100);
    assert_plan("openai/m", "a b");
    const struct route_attempt *at = &planned.attempts[0];
    struct health_outcome o = {
        .why = &none, .started_ms = now_ms, .now_ms = now_ms, .exhausted_ms = 360000};
    health_note(at->provider->health, at->credential->health, at->model, &o);
    for (int i = 0; i < 5; i++)
        assert_plan("openai/m", "b a");
    reply = verb_ok(hub, "credential.list", "{}");
    has("\"status\":\"cooling\"");
    has("nothing remains of its rate limit");
    now_ms += 360000;
    int again = 0;
    for (int i = 0; i < 11; i++) {
        plan("openai/m");
        again += slice_is(planned.attempts[0].credential->name, "a");
    }
    assert_true(again > 0);
}

static void waits_a_moment_or_a_minute(void **state)
{
    (void)state;
    key("openai", "a", 100);
    key("openai", "b", 100);
    assert_plan("openai/m", "a b");
    note(0, AIGNE_E_RATE, busy(0));
    assert_plan("openai/m", "b a");
    note(0, AIGNE_E_CREDIT,
         (struct fault){.http = 402, .upstream = true, .retry_ms = -1}); /* b has no credit */
    now_ms += 59999;
    assert_plan("openai/m", "a b");
    assert_int_equal(planned.attempts[1].health.condition, HEALTH_PACED);
    now_ms += 1;
    plan("openai/m");
    assert_int_equal(planned.attempts[1].health.condition, HEALTH_READY);
    note(0, AIGNE_E_RATE, busy(INT64_MAX));
    assert_int_equal(health_look(planned.attempts[0].credential->health, now_ms).due_ms,
                     now_ms + 86400000);
}

static void weights_are_kept(void **state)
{
    (void)state;
    key("openai", "a", 60);
    key("openai", "b", 30);
    key("openai", "c", 10);
    int served[3] = {0};
    for (int i = 0; i < 1000; i++) {
        plan("openai/m");
        assert_int_equal(planned.count, 3);
        served[planned.attempts[0].credential->name.p[0] - 'a']++;
    }
    assert_int_equal(served[0], 600);
    assert_int_equal(served[1], 300);
    assert_int_equal(served[2], 100);
    verb_fails(hub, "credential.put", "{\"provider\":\"openai\",\"name\":\"a\",\"weight\":0}",
               AIGNE_E_REQUEST, 400, "from 1 to 100");
    verb_fails(hub, "credential.put", "{\"provider\":\"openai\",\"name\":\"a\",\"weight\":1.5}",
               AIGNE_E_REQUEST, 400, "whole number");
}

static void another_key_starts_afresh(void **state)
{
    (void)state;
    key("openai", "a", 100);
    key("openai", "b", 100);
    plan("openai/m");
    note(0, AIGNE_E_AUTH, bad_key);
    health_save(hub->health, hub->type, hub->store);
    assert_int_equal(hub_refresh(hub, NULL), AIGNE_OK);
    assert_plan("openai/m", "b");
    price("openai", "unrelated"); /* another catalogue, the same trouble */
    assert_plan("openai/m", "b");
    key("openai", "a", 100);
    plan("openai/m");
    assert_int_equal(planned.count, 2);
    for (int i = 0; i < 3; i++)
        note(0, AIGNE_E_NETWORK, none);
    plan("openai/m");
    assert_int_equal(planned.attempts[0].health.condition, HEALTH_OPEN);
    verb_ok(hub, "provider.put",
            "{\"name\":\"openai\",\"baseUrl\":\"https://elsewhere.example/v1\"}");
    plan("openai/m");
    assert_int_equal(planned.attempts[0].health.condition, HEALTH_READY);
}

static void what_is_disabled_survives(void **state)
{
    (void)state;
    hub_drop(hub);
    const char *path = test_path("health.db");
    hub = open_hub(path);
    key("openai", "a", 100);
    key("openai", "b", 100);
    plan("openai/m");
    note(0, AIGNE_E_AUTH, bad_key);
    for (int i = 0; i < 3; i++)
        note(1, AIGNE_E_NETWORK, none);
    hub_drop(hub);
    hub = open_hub(path);
    assert_plan("openai/m", "b");
    assert_int_equal(planned.attempts[0].health.condition, HEALTH_READY);
    reply = verb_ok(hub, "credential.list", "{}");
    has("\"status\":\"disabled\"");
    has("AIGNE_E_AUTH 401");
    struct hub *other = open_hub(path);
    verb_ok(other, "health.reset", "{\"credential\":\"a\"}");
    hub_drop(other);
    assert_int_equal(hub_refresh(hub, NULL), AIGNE_OK);
    plan("openai/m");
    assert_int_equal(planned.count, 2);
    hub_drop(hub);
    hub = open_hub(path);
    plan("openai/m");
    assert_int_equal(planned.count, 2);
}

/* ---- a long life, against a world that is known ---- */

enum { KEYS = 6, ROUNDS = 60000 };
static uint32_t chance_state;
static uint32_t chance(uint32_t below)
{
    chance_state = chance_state * 1664525 + 1013904223;
    return (chance_state >> 8) % below;
}

struct world {
    bool key_good[KEYS];
    bool model_works[3];
    int64_t changed_ms;
};

static size_t key_number(const struct route_attempt *at)
{
    return (size_t)(at->credential->name.p[0] - 'a');
}

static size_t model_number(const struct route_attempt *at)
{
    return slice_is(at->provider->name, "anthropic") ? 0
           : slice_is(at->provider->name, "bedrock") ? 1
                                                     : 2;
}

static struct health_view known(const struct route_attempt *at)
{
    struct health_view model =
        health_look(health_model(at->provider->health, at->model), now_ms);
    struct health_view credential = health_look(at->credential->health, now_ms);
    return credential.condition > model.condition ? credential : model;
}

/* What is known to be dead stands behind what is not, unless it is this call's probe. */
static void check_order(const bool *was_due)
{
    bool dead_seen = false;
    for (size_t i = 0; i < planned.count; i++) {
        bool ready = known(&planned.attempts[i]).condition == HEALTH_READY;
        if (ready && dead_seen)
            fail_msg("a live one stands behind a dead one");
        bool probe = i == 0 && planned.attempts[0].health.condition == HEALTH_READY;
        if (!ready && probe && !was_due[key_number(&planned.attempts[0])])
            fail_msg("a dead one was probed before its time");
        dead_seen = dead_seen || (!ready && !probe);
    }
}

static void look_who_is_due(bool *due)
{
    struct catalog *c = hub_catalog(hub);
    for (size_t i = 0; i < c->provider_count; i++) {
        struct catalog_provider *p = &c->providers[i];
        for (struct health_entry *e = p->health ? atomic_load(&p->health->models) : NULL; e;
             e = e->next)
            for (size_t k = 0; k < p->credential_count; k++)
                due[p->credentials[k].name.p[0] - 'a'] |=
                    health_look(e, now_ms).condition == HEALTH_OPEN &&
                    health_look(e, now_ms).due_ms <= now_ms;
        for (size_t k = 0; k < p->credential_count; k++) {
            struct health_view view = health_look(p->credentials[k].health, now_ms);
            due[p->credentials[k].name.p[0] - 'a'] |=
                view.condition == HEALTH_DISABLED && view.due_ms <= now_ms;
        }
    }
    catalog_drop(c);
}

/* Makes the call; gives how many attempts it took, 0 when none succeeded. */
static size_t live_one_call(const struct world *w)
{
    for (size_t i = 0; i < planned.count; i++) {
        const struct route_attempt *at = &planned.attempts[i];
        bool good = w->key_good[key_number(at)];
        bool works = w->model_works[model_number(at)];
        if (works && good && chance(50)) {
            note(i, AIGNE_OK, none);
            return i + 1;
        }
        if (!works)
            note(i, AIGNE_E_UPSTREAM, broken);
        else if (!good)
            note(i, AIGNE_E_AUTH, bad_key);
        else
            note(i, AIGNE_E_RATE, busy(200));
    }
    return 0;
}

static void change_world(struct world *w)
{
    for (size_t i = 0; i < KEYS; i++)
        w->key_good[i] = chance(4) != 0;
    for (size_t i = 0; i < 3; i++)
        w->model_works[i] = chance(3) != 0;
    w->changed_ms = now_ms;
}

static bool anything_works(const struct world *w)
{
    for (size_t i = 0; i < KEYS; i++)
        if (w->key_good[i] && w->model_works[i / 2])
            return true;
    return false;
}

static void never_a_dead_one_before_a_live_one(void **state)
{
    (void)state;
    static const char *const providers[] = {"anthropic", "bedrock", "openrouter"};
    struct world w;
    size_t late = 0;
    size_t settled = 0;
    chance_state = 20;
    for (size_t i = 0; i < KEYS; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        key(providers[i / 2], name, 1 + (int)i * 10);
    }
    for (size_t i = 0; i < 3; i++)
        price(providers[i], "claude-x");
    change_world(&w);
    for (int round = 0; round < ROUNDS; round++) {
        bool due[KEYS] = {false};
        now_ms += 1 + chance(40);
        if (now_ms - w.changed_ms > 20000 && chance(1000) == 0)
            change_world(&w);
        look_who_is_due(due);
        plan("claude-x");
        check_order(due);
        size_t took = live_one_call(&w);
        /* Soon after something broke, it is not asked before others. */
        if (anything_works(&w) && now_ms - w.changed_ms > 5000) {
            settled++;
            late += took != 1;
        }
    }
    assert_true(settled > ROUNDS / 4);
    assert_true(late < settled / 10);
    /* Everything works again: everything is asked again, when its time has come. */
    memset(&w.key_good, 1, sizeof w.key_good);
    memset(&w.model_works, 1, sizeof w.model_works);
    for (int i = 0; i < 6000; i++) {
        char name[64];
        now_ms += 20000;
        (void)snprintf(name, sizeof name, "%s/claude-x", providers[i % 3]);
        plan(name);
        for (size_t k = 0; k < planned.count; k++)
            note(k, AIGNE_OK, none);
    }
    plan("claude-x");
    for (size_t k = 0; k < planned.count; k++)
        assert_false(health_troubled(planned.attempts[k].provider->health));
    assert_int_equal(planned.count, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bad_key_stays_away_and_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(the_only_key_that_is_refused_is_asked_by_one_at_a_time,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_only_key_is_tried_whatever_is_known, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(whose_only_key_cools_is_asked_by_one_at_a_time, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_refuses_now_and_then_is_always_asked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_late_success_does_not_end_the_pause, setup, teardown),
        cmocka_unit_test_setup_teardown(credit_that_is_used_up_is_told_as_such, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_seems_dead_and_is_alone_is_asked_by_one_at_a_time,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(who_answers_now_and_then_and_is_alone_is_always_asked,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_pause_that_was_too_short_doubles, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_are_events, setup, teardown),
        cmocka_unit_test_setup_teardown(mistakes_and_cancels_open_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_provider_that_fails_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(stragglers_tell_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_as_long_as_it_was_told, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_a_moment_or_a_minute, setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_nothing_left_is_passed_over_until_it_has,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(weights_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(another_key_starts_afresh, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_disabled_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(never_a_dead_one_before_a_live_one, setup, teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_folder_remove();
    return failed;
}
