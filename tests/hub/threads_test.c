/* Knows that calls, administrators and the ledger may all be at work at once; the thread sanitizer watches
 * it too. */
#define _POSIX_C_SOURCE 200809L
#include "hub/route.h"
#include "hub_test.h"
#include "text/json_scan.h"
#include <pthread.h>
#include <semaphore.h>

enum { CALLERS = 4, CALLS = 300, CHANGES = 60 };

static struct hub *hub;
static atomic_bool over;
static char access_key[128];

struct call {
    struct ledger_entry entry;
    struct usage_row row;
    char id[32];
    sem_t *recorded;
};

static void on_recorded(struct ledger_entry *self)
{
    sem_post(((struct call *)(void *)self)->recorded);
}

/* What a call does with the hub, from who it is to the record. */
static void call_once(int caller, int number)
{
    static const char *const keys[] = {"sk-first", "sk-second", "sk-changed"};
    struct call call = {.row = sample_row("x")};
    struct route_plan plan;
    struct arena arena;
    struct buf secret;
    sem_t recorded;
    const struct catalog_key *who = NULL;
    sem_init(&recorded, 0, 0);
    arena_init(&arena);
    buf_init(&secret, 4096);
    struct catalog *c = hub_catalog(hub);
    assert_true(c->version <= hub_catalog_version(hub));
    assert_int_equal(hub_who(c, NULL, slice_text(access_key), 0, &who, NULL), AIGNE_OK);
    assert_int_equal(route_plan(c, SLICE("gpt-4o"), KIND_CHAT, 0, &arena, &plan, NULL),
                     AIGNE_OK);
    assert_int_equal(hub_open_secret(hub, plan.attempts[0].credential, &secret, NULL),
                     AIGNE_OK);
    bool known = false;
    for (size_t i = 0; i < COUNT(keys); i++)
        known = known || strcmp(secret.p, keys[i]) == 0;
    assert_true(known);
    (void)snprintf(call.id, sizeof call.id, "%d.%d", caller, number);
    call.row.id = slice_text(call.id);
    call.row.credential = plan.attempts[0].credential->id;
    call.entry = (struct ledger_entry){.rows = &call.row, .row_count = 1, .done = on_recorded};
    call.recorded = &recorded;
    hub_record(hub, &call.entry);
    while (sem_wait(&recorded) != 0)
        ;
    assert_int_equal(call.entry.rc, AIGNE_OK);
    catalog_drop(c);
    buf_wipe_free(&secret);
    arena_free(&arena);
}

static void *caller(void *user)
{
    int number = *(int *)user;
    for (int i = 0; i < CALLS; i++)
        call_once(number, i);
    return NULL;
}

static int quiet_verb(const char *name, const char *arguments)
{
    struct buf json;
    struct fault why;
    buf_init(&json, 1 << 20);
    int rc = hub_do(hub, name, slice_text(arguments), &json, &why);
    buf_free(&json);
    return rc;
}

static void *administrator(void *user)
{
    (void)user;
    for (int i = 0; i < CHANGES; i++) {
        char arguments[256];
        (void)snprintf(arguments, sizeof arguments,
                       "{\"provider\":\"openai\",\"name\":\"b\",\"value\":\"%s\"}",
                       i % 2 ? "sk-second" : "sk-changed");
        assert_int_equal(quiet_verb("credential.put", arguments), AIGNE_OK);
        if (i % 20 == 10)
            assert_int_equal(
                quiet_verb("credential.reseal",
                           i % 40 == 10
                               ? "{\"masterKey\":\"0123456789abcdef0123456789abcdef\"}"
                               : "{\"masterKey\":\"0123456789abcdef0123456789ABCDEF\"}"),
                AIGNE_OK);
    }
    return NULL;
}

static void *reader(void *user)
{
    (void)user;
    while (!atomic_load(&over)) {
        assert_int_equal(quiet_verb("credential.list", "{}"), AIGNE_OK);
        assert_int_equal(quiet_verb("usage.list", "{\"pageSize\":10}"), AIGNE_OK);
        assert_int_equal(quiet_verb("user.put", "{\"name\":\"Jo\"}"), AIGNE_OK);
    }
    return NULL;
}

static void all_at_once(const char *data)
{
    int numbers[CALLERS];
    pthread_t callers[CALLERS];
    pthread_t administrators[2];
    pthread_t readers;
    atomic_store(&over, false);
    hub = open_hub(data);
    verb_ok(hub, "credential.put",
            "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-first\"}");
    verb_ok(hub, "credential.put",
            "{\"provider\":\"openai\",\"name\":\"b\",\"value\":\"sk-second\"}");
    verb_ok(hub, "key.create", "{\"name\":\"k\"}");
    reply_member("key", access_key, sizeof access_key);
    for (int i = 0; i < CALLERS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&callers[i], NULL, caller, &numbers[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&administrators[i], NULL, administrator, NULL), 0);
    assert_int_equal(pthread_create(&readers, NULL, reader, NULL), 0);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(administrators[i], NULL);
    atomic_store(&over, true);
    pthread_join(readers, NULL);
    verb_ok(hub, "usage.list", "{\"pageSize\":1}");
    int64_t count = 0;
    assert_true(json_int64(json_get(json_of(slice_text(verb_reply_text())), "count"), &count));
    assert_int_equal(count, CALLERS * CALLS);
    hub_drop(hub);
}

static void test_in_memory(void **state)
{
    (void)state;
    all_at_once(":memory:");
}

static void test_on_sqlite(void **state)
{
    (void)state;
    all_at_once(test_path("threads.db"));
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
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_on_sqlite),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, teardown);
}
