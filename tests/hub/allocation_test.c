/* Knows that every allocation may fail: the result must be an error, no leak and no half-made change. */
#include "base/clock.h"
#include "failing_alloc.h"
#include "hub/route_targets.h"
#include "hub_test.h"
#include "test_store.h"
#include "text/json_scan.h"
#include <sqlite3.h>

/* A store that was filled before and outlives the runs: what a hub loads when it opens. */
static struct store *kept;

static int open_kept(struct slice where, bool durable, struct store **out, struct fault *why)
{
    (void)where;
    (void)durable;
    (void)why;
    *out = kept;
    return AIGNE_OK;
}

static void keep_open(struct store *s)
{
    (void)s;
}

static struct store_type kept_type(void)
{
    struct store_type type = test_store;
    type.open = open_kept;
    type.close = keep_open;
    return type;
}

static int open_on(const struct store_type *type, struct hub **out, struct fault *why)
{
    const struct hub_options options = {
        .providers = &test_known,
        .data = SLICE(":memory:"),
        .store = type,
        .master_key =
            SLICE("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")};
    fault_clear(why);
    return hub_open(&options, out, why);
}

static void fill(struct hub *h)
{
    verb_ok(h, "provider.put", "{\"name\":\"own\",\"type\":\"openai\"}");
    verb_ok(h, "credential.put", "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-1\"}");
    verb_ok(h, "credential.put",
            "{\"provider\":\"bedrock\",\"name\":\"b\",\"value\":{\"access_key_id\":\"i\","
            "\"secret_access_key\":\"s\"}}");
    verb_ok(h, "rate.put",
            "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":1,\"outputRate\":2}");
    verb_ok(h, "provider.put", "{\"name\":\"xai\"}");
    verb_ok(h, "user.put", "{\"name\":\"Jo\"}");
    verb_ok(h, "key.create", "{\"name\":\"k\",\"user\":\"Jo\",\"policy\":{\"retries\":1}}");
    verb_ok(h, "rate.put",
            "{\"provider\":\"bedrock\",\"model\":\"n\",\"inputRate\":1,\"outputRate\":2,"
            "\"modelMetadata\":{\"features\":[\"text\"],\"contextWindow\":10}}");
    verb_ok(h, "route.put",
            "{\"name\":\"r\",\"strategy\":\"least-busy\",\"policy\":{\"retries\":2},"
            "\"targets\":[{\"model\":\"openai/m\"},{\"model\":\"bedrock/n\"},"
            "{\"model\":\"xai/x\"}]}");
    verb_ok(h, "team.put", "{\"name\":\"T\",\"members\":[\"Jo\"]}");
    verb_ok(h, "budget.put",
            "{\"name\":\"B\",\"on\":\"team\",\"id\":\"T\",\"per\":\"day\",\"amount\":1}");
    verb_ok(h, "topup.put", "{\"team\":\"T\",\"below\":5,\"amount\":2,\"monthly\":9}");
    verb_ok(h, "limit.put", "{\"name\":\"L\",\"on\":\"user\",\"id\":\"Jo\",\"concurrent\":1}");
}

/* Opening reads it all: catalogue, keys, rates. */
static void open_once(void *user)
{
    const struct store_type *type = user;
    struct hub *h = NULL;
    struct fault why;
    int rc = open_on(type, &h, &why);
    if (failing_alloc_tripped()) {
        assert_true(rc == AIGNE_E_NOMEM || rc == AIGNE_OK);
        assert_true(rc == AIGNE_OK || h == NULL);
    } else {
        assert_int_equal(rc, AIGNE_OK);
    }
    if (rc)
        return;
    struct catalog *c = hub_catalog(h);
    assert_int_equal(c->key_count, 1);
    assert_int_equal(c->rate_count, 2);
    assert_int_equal(catalog_provider(c, SLICE("openai"))->active_count, 1);
    catalog_drop(c);
    hub_drop(h);
}

static void test_open(void **state)
{
    (void)state;
    struct hub *h = NULL;
    struct fault why;
    struct store_type type = kept_type();
    assert_int_equal(test_store.open(SLICE(""), false, &kept, NULL), AIGNE_OK);
    assert_int_equal(open_on(&type, &h, &why), AIGNE_OK);
    fill(h);
    hub_drop(h);
    assert_true(failing_alloc_each(open_once, &type) > 10);
    test_store.close(kept);
}

struct script {
    const char *name;
    const char *arguments;
};

/* One verb on a hub of its own whose store was filled without failures; afterwards either all of the
 * change is there or none. */
static struct hub *under_test;

static void count_changes(struct hub *h, int64_t *version)
{
    struct catalog *c = hub_catalog(h);
    *version = c->version;
    catalog_drop(c);
}

static void sweep(const struct script *s)
{
    for (size_t nth = 1;; nth++) {
        struct store_type type = test_store;
        struct buf json;
        struct fault why;
        int64_t before = 0;
        int64_t after = 0;
        failing_alloc_begin(0);
        assert_int_equal(open_on(&type, &under_test, &why), AIGNE_OK);
        fill(under_test);
        count_changes(under_test, &before);
        failing_alloc_begin(nth);
        buf_init(&json, 1 << 20);
        int rc = hub_do(under_test, s->name, slice_text(s->arguments), &json, &why);
        bool tripped = failing_alloc_tripped();
        if (rc != AIGNE_OK && rc != AIGNE_E_NOMEM)
            fail_msg("%s: %d %s when allocation %zu fails", s->name, rc, why.text, nth);
        assert_true(tripped || rc == AIGNE_OK);
        if (rc)
            assert_int_equal(json.n, 0);
        else
            assert_int_equal(json_check(buf_slice(&json), &(struct json_problem){0}), AIGNE_OK);
        buf_free(&json);
        failing_alloc_begin(0); /* the next look must find a whole state */
        verb_ok(under_test, "hub.status", "");
        count_changes(under_test, &after);
        assert_true(after == before || after == before + 1);
        struct route_plan plan;
        struct arena a;
        arena_init(&a);
        struct catalog *c = hub_catalog(under_test);
        (void)route_plan(c, SLICE("openai/m"), KIND_CHAT, 0, &a, &plan, &why);
        catalog_drop(c);
        arena_free(&a);
        hub_drop(under_test);
        failing_alloc_end();
        if (!tripped)
            return;
    }
}

static void test_verbs(void **state)
{
    (void)state;
    static const struct script scripts[] = {
        {"provider.put",
         "{\"name\":\"google\",\"baseUrl\":\"https://x.example/v1\",\"config\":{}}"},
        {"provider.put", "{\"name\":\"openai\",\"displayName\":\"\\u004f\"}"},
        {"provider.put", "{\"name\":\"groq\",\"type\":\"openai\",\"keyless\":true}"},
        {"provider.put", "{\"name\":\"own\",\"displayName\":\"O\"}"},
        {"provider.get", "{\"name\":\"openai\"}"},
        {"provider.list", "{}"},
        {"provider.delete", "{\"name\":\"openai\"}"},
        {"credential.put", "{\"provider\":\"xai\",\"name\":\"n\",\"value\":\"sk-\\u0031\"}"},
        {"credential.put",
         "{\"provider\":\"bedrock\",\"name\":\"b\",\"value\":{\"access_key_id\":"
         "\"x\",\"secret_access_key\":\"y\\\"\"}}"},
        {"credential.get", "{\"provider\":\"openai\",\"name\":\"a\"}"},
        {"credential.list", "{\"provider\":\"openai\"}"},
        {"credential.delete", "{\"provider\":\"openai\",\"name\":\"a\"}"},
        {"credential.reseal", "{\"masterKey\":\"0123456789abcdef0123456789abcdef\"}"},
        {"rate.put",
         "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":\"0.1\",\"caching\":"
         "{\"readRate\":1},\"unitCosts\":{\"input\":1}}"},
        {"rate.put",
         "{\"provider\":\"openai\",\"model\":\"m\",\"unitCosts\":{\"input\":1},\"tiers\":"
         "[{\"service\":\"\\u0062atch\",\"rates\":{\"input\":1},\"costs\":{\"image\":2}}]}"},
        {"rate.margin", "{\"margin\":0.2,\"provider\":\"openai\"}"},
        {"catalog.import",
         "{\"margin\":\"0.5\",\"body\":{\"prices\":[{\"provider\":\"openai\",\"model\":\"n\","
         "\"type\":\"chat\",\"unitCosts\":{\"input\":1},\"tiers\":[{\"above\":5,\"costs\":"
         "{\"input\":2}}]},{\"provider\":\"openai\",\"model\":\"m\",\"unitCosts\":{\"input\":1}}]}}"},
        {"catalog.drift", "{\"raise\":true,\"record\":true,\"body\":[{\"provider\":\"openai\","
                          "\"model\":\"m\",\"inputCostPerToken\":9}]}"},
        {"rate.get", "{\"provider\":\"openai\",\"model\":\"m\"}"},
        {"rate.list", "{\"model\":\"m\"}"},
        {"rate.delete", "{\"provider\":\"openai\",\"model\":\"m\"}"},
        {"user.put", "{\"name\":\"Ann\",\"email\":\"a@b\"}"},
        {"user.get", "{\"name\":\"Jo\"}"},
        {"user.list", "{}"},
        {"user.delete", "{\"name\":\"Jo\"}"},
        {"key.create", "{\"name\":\"x\",\"user\":\"Jo\",\"expiresAt\":\"2999-01-01\"}"},
        {"key.list", "{}"},
        {"route.put", "{\"name\":\"s\",\"strategy\":\"weighted\",\"when\":{\"user\":\"Jo\"},"
                      "\"targets\":[{\"model\":\"r\"},{\"model\":\"openai/q\",\"canary\":5}]}"},
        {"route.put", "{\"name\":\"openai/m\",\"policy\":{\"totalTimeout\":5}}"},
        {"route.get", "{\"name\":\"r\"}"},
        {"route.list", "{}"},
        {"route.test", "{\"name\":\"r\",\"key\":\"k\",\"request\":{\"messages\":\"Hi\"}}"},
        {"route.delete", "{\"name\":\"r\"}"},
        {"policy.list", "{}"},
        {"settings.put",
         "{\"name\":\"x\",\"policy\":{\"idleTimeout\":1},\"publicUrl\":\"https://x.example\"}"},
        {"settings.get", "{}"},
        {"usage.list", "{\"user\":\"\\u0061\",\"since\":\"2026-01-01\"}"},
        {"usage.list", "{\"search\":\"a\",\"until\":\"2046-01-01T00:01:02Z\"}"},
        {"team.put", "{\"name\":\"T2\"}"},
        {"team.get", "{\"team\":\"T\"}"},
        {"team.list", "{}"},
        {"team.delete", "{\"team\":\"T\"}"},
        {"budget.put", "{\"name\":\"B\",\"amount\":\"2.5\"}"},
        {"budget.delete", "{\"name\":\"B\"}"},
        {"limit.put", "{\"name\":\"L\",\"queue\":5}"},
        {"limit.get", "{\"name\":\"L\"}"},
        {"limit.list", "{}"},
        {"limit.state", "{\"name\":\"L\"}"},
        {"limit.delete", "{\"name\":\"L\"}"},
        {"topup.put",
         "{\"user\":\"Jo\",\"below\":1,\"amount\":2,\"monthly\":3,\"customer\":\"c\"}"},
        {"topup.end", "{\"team\":\"T\",\"id\":\"x\",\"paid\":false}"},
        {"topup.list", "{}"},
        {"topup.delete", "{\"team\":\"T\"}"},
        {"health.list", "{}"},
        {"event.list", "{}"},
        {"verb.list", "{}"},
        {"hub.status", "{}"}};
    for (size_t i = 0; i < COUNT(scripts); i++)
        sweep(&scripts[i]);
}

/* Names with their vendor's prefix are made for the plan. */
static void route_once(void *user)
{
    struct catalog *c = user;
    struct route_plan plan;
    struct arena a;
    struct fault why;
    fault_clear(&why);
    arena_init(&a);
    int rc = route_plan(c, SLICE("claude-3"), KIND_CHAT, 0, &a, &plan, &why);
    assert_int_equal(rc, failing_alloc_tripped() ? AIGNE_E_NOMEM : AIGNE_OK);
    arena_free(&a);
}

/* Through a route, and through what the request itself names. */
static void choose_once(void *user)
{
    static const struct slice also[] = {{"r", 1}, {"nosuch", 6}};
    static const char *const models[] = {"r", "openai/m", "bedrock/n"};
    struct catalog *c = user;
    struct fit fit = {.features = FIT_BIT(FIT_TOOLS), .prompt_tokens = 20};
    for (size_t i = 0; i < 2 * COUNT(models); i++) {
        struct route_plan plan;
        struct arena a;
        struct fault why;
        struct route_ask ask = {.facts = {.catalog = c, .model = slice_text(models[i / 2])},
                                .call_id = SLICE("x"),
                                .fit = &fit,
                                .also = also,
                                .also_count = i % 2 ? COUNT(also) : 0};
        fault_clear(&why);
        arena_init(&a);
        int rc = route_choose(&ask, &a, &plan, &why);
        int wanted =
            strcmp(models[i / 2], "bedrock/n") == 0 && i % 2 == 0 ? AIGNE_E_REQUEST : AIGNE_OK;
        assert_true(rc == wanted || (failing_alloc_tripped() && rc == AIGNE_E_NOMEM));
        assert_true(rc == AIGNE_OK || plan.count == 0 || rc == AIGNE_E_NOMEM);
        arena_free(&a);
    }
}

static void test_route(void **state)
{
    (void)state;
    struct hub *h = NULL;
    struct fault why;
    const struct store_type type = test_store;
    assert_int_equal(open_on(&type, &h, &why), AIGNE_OK);
    fill(h);
    struct catalog *c = hub_catalog(h);
    assert_true(failing_alloc_each(route_once, c) >= 1);
    choose_once(c); /* what is measured is kept from now on */
    assert_true(failing_alloc_each(choose_once, c) >= 8);
    catalog_drop(c);
    hub_drop(h);
}

/* The rows are there, or the caller knows that they are not. */
static void apply_once(void *user)
{
    struct store *s = NULL;
    struct buf json;
    int64_t count = -1;
    struct usage_row rows[] = {sample_row("a"), sample_row("b")};
    struct store_op ops[] = {{.kind = STORE_USAGE, .usage = &rows[0]},
                             {.kind = STORE_USAGE, .usage = &rows[1]},
                             {.kind = STORE_PUT,
                              .table = SLICE("t"),
                              .id = SLICE("i"),
                              .body = SLICE("{}"),
                              .expected_version = STORE_ABSENT}};
    (void)user;
    int rc = test_store.open(SLICE(""), false, &s, NULL);
    if (rc) {
        assert_int_equal(rc, AIGNE_E_NOMEM);
        return;
    }
    rc = test_store.apply(s, ops, 3, NULL);
    assert_true(rc == AIGNE_OK || rc == AIGNE_E_NOMEM);
    buf_init(&json, 1 << 20);
    if (test_store.usage_list(s, SLICE("{}"), &json, NULL) == AIGNE_OK) {
        assert_true(json_int64(json_get(json_of(buf_slice(&json)), "count"), &count));
        assert_int_equal(count, rc ? 0 : 2);
    }
    buf_free(&json);
    test_store.close(s);
}

static void test_memory_store(void **state)
{
    (void)state;
    assert_true(failing_alloc_each(apply_once, NULL) > 5);
}

static void sqlite_once(void *user)
{
    struct store *s = NULL;
    struct buf json;
    struct arena a;
    struct store_object *objects = NULL;
    size_t count = 0;
    int64_t version = 0;
    arena_init(&a);
    buf_init(&json, 1 << 20);
    int rc = store_sqlite.open(slice_text(user), false, &s, NULL);
    if (!rc)
        rc = store_sqlite.load(s, &a, &objects, &count, &version, NULL);
    if (!rc)
        rc = store_sqlite.usage_list(
            s, SLICE("{\"user\":\"\\u0061\",\"search\":\"a\",\"until\":4000000000001}"), &json,
            NULL);
    assert_int_equal(rc, failing_alloc_tripped() ? AIGNE_E_NOMEM : AIGNE_OK);
    store_sqlite.close(s);
    buf_free(&json);
    arena_free(&a);
}

static void test_sqlite_store(void **state)
{
    (void)state;
    struct hub *h = open_hub(test_path("memory.db"));
    fill(h);
    hub_drop(h);
    char path[256];
    (void)snprintf(path, sizeof path, "%s", test_path("memory.db"));
    assert_true(failing_alloc_each(sqlite_once, path) > 5);
}

/* What a look at the sums says of all rows there are. */
static int64_t calls_summed(struct store *s, int64_t now_ms)
{
    struct usage_question question = {
        .report = USAGE_SUMMARY, .arguments = SLICE("{}"), .now_ms = now_ms};
    struct buf json;
    int64_t calls = -1;
    buf_init(&json, 1 << 20);
    assert_int_equal(store_sqlite.usage_report(s, &question, &json, NULL), AIGNE_OK);
    (void)json_int64(json_path(json_of(buf_slice(&json)), "total.calls"), &calls);
    buf_free(&json);
    return calls;
}

static void add_up_once(void *user)
{
    struct store *s = NULL;
    struct sqlite3 *db = NULL;
    struct fault why;
    int64_t later_ms = clock_wall_ms() + 3600000;
    assert_int_equal(sqlite3_open(user, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE rollup_state SET place = 0; DELETE FROM rollup;"
                                  "DELETE FROM rollup_names; DELETE FROM rollup_keys",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    fault_clear(&why);
    int rc = store_sqlite.open(slice_text(user), false, &s, &why);
    if (!rc)
        rc = store_sqlite.roll_up(s, later_ms, &why);
    if (rc) /* names that cannot be remembered are asked for again */
        assert_true(failing_alloc_tripped() && rc == AIGNE_E_NOMEM);
    if (s &&
        failing_alloc_tripped()) /* nothing is lost and nothing counted twice, whether it was added up or not */
        assert_int_equal(calls_summed(s, later_ms), 3);
    store_sqlite.close(s);
}

static void test_sums(void **state)
{
    (void)state;
    struct hub *h = open_hub(test_path("sums.db"));
    hub_drop(h);
    char path[256];
    (void)snprintf(path, sizeof path, "%s", test_path("sums.db"));
    struct store *s = NULL;
    struct usage_row rows[] = {sample_row("a"), sample_row("b"), sample_row("c")};
    struct store_op ops[3];
    for (size_t i = 0; i < 3; i++) {
        rows[i].started_ms = clock_wall_ms();
        rows[i].app = slice_text((const char *[]){"x", "y", "x"}[i]);
        ops[i] = (struct store_op){.kind = STORE_USAGE, .usage = &rows[i]};
    }
    assert_int_equal(store_sqlite.open(slice_text(path), false, &s, NULL), AIGNE_OK);
    assert_int_equal(store_sqlite.apply(s, ops, 3, NULL), AIGNE_OK);
    store_sqlite.close(s);
    assert_true(failing_alloc_each(add_up_once, path) > 5);
}

static void key_once(void *user)
{
    struct vault_key *k = NULL;
    struct buf sealed;
    struct buf opened;
    (void)user;
    buf_init(&sealed, 4096);
    buf_init(&opened, 4096);
    int rc = vault_key_random(&k, NULL);
    if (!rc)
        rc = vault_seal(k, SLICE("a"), SLICE("secret"), &sealed, NULL);
    if (!rc)
        rc = vault_open(k, SLICE("a"), buf_slice(&sealed), &opened, NULL);
    assert_int_equal(rc, failing_alloc_tripped() ? AIGNE_E_NOMEM : AIGNE_OK);
    buf_wipe_free(&opened);
    buf_free(&sealed);
    vault_key_free(k);
}

static void test_vault(void **state)
{
    (void)state;
    assert_int_equal(failing_alloc_each(key_once, NULL), 3);
}

static int teardown(void **state)
{
    (void)state;
    test_folder_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),         cmocka_unit_test(test_verbs),
        cmocka_unit_test(test_route),        cmocka_unit_test(test_memory_store),
        cmocka_unit_test(test_sqlite_store), cmocka_unit_test(test_sums),
        cmocka_unit_test(test_vault),
    };
    return cmocka_run_group_tests_name("allocation", tests, NULL, teardown);
}
