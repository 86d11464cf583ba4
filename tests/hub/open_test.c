/* Knows how a hub opens, which master keys it takes, and that other processes' changes reach it. */
#define _POSIX_C_SOURCE 200809L
#include "child.h"
#include "hub/route.h"
#include "hub_test.h"
#include "test_store.h"
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static int open_with(const char *data, const char *key, const char *file, struct hub **out,
                     struct fault *why)
{
    const struct hub_options options = {.providers = &test_known,
                                        .data = slice_text(data),
                                        .master_key = slice_text(key),
                                        .master_key_file = slice_text(file)};
    fault_clear(why);
    return hub_open(&options, out, why);
}

static void refuse(const char *data, const char *key, const char *file, int code,
                   const char *words)
{
    struct hub *h = NULL;
    struct fault why;
    int rc = open_with(data, key, file, &h, &why);
    assert_null(h);
    if (rc != code || !strstr(why.text, words))
        fail_msg("%d \"%s\" instead of %d \"%s\"", rc, why.text, code, words);
}

static void assert_secret(struct hub *h, const char *provider, const char *wanted)
{
    struct buf secret;
    struct fault why;
    fault_clear(&why);
    buf_init(&secret, 4096);
    struct catalog *c = hub_catalog(h);
    const struct catalog_provider *p = catalog_provider(c, slice_text(provider));
    assert_non_null(p);
    if (hub_open_secret(h, &p->credentials[0], &secret, &why))
        fail_msg("%s", why.text);
    assert_string_equal(secret.p, wanted);
    buf_wipe_free(&secret);
    catalog_drop(c);
}

#define PUT_KEY "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-secret-1\"}"

static void test_a_file_and_its_key(void **state)
{
    (void)state;
    const char *path = test_path("hub.db");
    struct hub *h = open_hub(path);
    struct stat st;
    verb_ok(h, "credential.put", PUT_KEY);
    hub_drop(h);
    assert_int_equal(stat(test_path("hub.db.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    h = open_hub(path);
    assert_secret(h, "openai", "sk-secret-1");
    hub_drop(h);
    refuse(path, KEY_A, NULL, AIGNE_E_CONFIG, "does not fit this database");
    refuse(path, NULL, test_path("other.key"), AIGNE_E_CONFIG,
           "The credentials of this database");
    assert_int_equal(access(test_path("other.key"), F_OK), -1); /* no stray key was made */
    refuse(path, "tooshort", NULL, AIGNE_E_CONFIG, "32 bytes");
    assert_int_equal(chmod(test_path("hub.db.key"), 0644), 0);
    refuse(path, NULL, NULL, AIGNE_E_CONFIG, "chmod 600");
    assert_int_equal(unlink(test_path("hub.db.key")), 0);
    refuse(path, NULL, NULL, AIGNE_E_CONFIG, "does not exist");
    assert_int_equal(access(test_path("hub.db.key"), F_OK), -1);
}

static void test_a_given_key(void **state)
{
    (void)state;
    struct hub *h = NULL;
    struct fault why;
    const char *path = test_path("given.db");
    assert_int_equal(open_with(path, KEY_A, NULL, &h, &why), AIGNE_OK);
    verb_ok(h, "credential.put", PUT_KEY);
    hub_drop(h);
    assert_int_equal(access(test_path("given.db.key"), F_OK), -1);
    refuse(path, KEY_B, NULL, AIGNE_E_CONFIG, "does not fit this database");
    assert_int_equal(open_with(path, KEY_A, NULL, &h, &why), AIGNE_OK);
    assert_secret(h, "openai", "sk-secret-1");
    hub_drop(h);
    refuse(test_path("no/folder.db"), KEY_A, NULL, AIGNE_E_STORE, "folder");
    refuse("", KEY_A, NULL, AIGNE_E_CONFIG, "path");
}

static void test_a_wrong_key_is_noticed_before_there_are_credentials(void **state)
{
    (void)state;
    struct hub *h = NULL;
    struct fault why;
    const char *path = test_path("empty.db");
    assert_int_equal(open_with(path, KEY_A, NULL, &h, &why), AIGNE_OK);
    hub_drop(h);
    refuse(path, KEY_B, NULL, AIGNE_E_CONFIG, "does not fit this database");
}

static void test_reseal(void **state)
{
    (void)state;
    struct hub *h = NULL;
    struct fault why;
    struct buf secret;
    buf_init(&secret, 4096);
    const char *path = test_path("reseal.db");
    assert_int_equal(open_with(path, KEY_A, NULL, &h, &why), AIGNE_OK);
    verb_ok(h, "credential.put", PUT_KEY);
    verb_ok(h, "credential.put", "{\"provider\":\"google\",\"name\":\"a\",\"value\":\"sk-2\"}");
    struct catalog *before = hub_catalog(h);
    verb_fails(h, "credential.reseal", "{}", AIGNE_E_REQUEST, 400, "Give the new key");
    verb_fails(h, "credential.reseal", "{\"masterKey\":\"short\"}", AIGNE_E_REQUEST, 400,
               "32 bytes");
    verb_fails(h, "credential.reseal", "{\"masterKeyFile\":\"/nonexistent/x.key\"}",
               AIGNE_E_REQUEST, 400, "cannot be made");
    verb_ok(h, "credential.reseal", "{\"masterKey\":\"" KEY_B "\"}");
    assert_non_null(strstr(verb_reply_text(), "\"resealed\":2"));
    assert_null(strstr(verb_reply_text(), KEY_B));
    assert_secret(h, "openai", "sk-secret-1");
    assert_secret(h, "google", "sk-2");
    /* A call that began before the reseal still opens what it planned with. */
    const struct catalog_provider *p = catalog_provider(before, SLICE("openai"));
    assert_int_equal(hub_open_secret(h, &p->credentials[0], &secret, NULL), AIGNE_OK);
    assert_string_equal(secret.p, "sk-secret-1");
    catalog_drop(before);
    buf_wipe_free(&secret);
    verb_ok(h, "credential.put", "{\"provider\":\"xai\",\"name\":\"a\",\"value\":\"sk-3\"}");
    assert_secret(h, "xai", "sk-3");
    hub_drop(h);
    refuse(path, KEY_A, NULL, AIGNE_E_CONFIG, "does not fit this database");
    assert_int_equal(open_with(path, KEY_B, NULL, &h, &why), AIGNE_OK);
    assert_secret(h, "openai", "sk-secret-1");
    assert_secret(h, "xai", "sk-3");
    hub_drop(h);
}

/* Wait until the hub's catalogue is past `version`; at most the second that is promised. */
static void wait_for_change(struct hub *h, int64_t version)
{
    for (int i = 0; i < 1000 && hub_catalog_version(h) == version; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_true(hub_catalog_version(h) > version);
}

static void other_process(const char *path, const char *name, const char *arguments)
{
    struct child c = child_start("do", path, name, arguments);
    assert_int_equal(child_wait(&c), 0);
}

static void test_changes_by_another_process(void **state)
{
    (void)state;
    char path[256];
    (void)snprintf(path, sizeof path, "%s", test_path("two.db"));
    struct hub *h = open_hub(path);
    int64_t version = hub_catalog_version(h);
    struct catalog *held = hub_catalog(h);
    other_process(path, "credential.put", PUT_KEY);
    wait_for_change(h, version);
    assert_secret(h, "openai", "sk-secret-1");
    assert_null(catalog_provider(held, SLICE("openai"))); /* who holds the old one keeps it */
    catalog_drop(held);
    /* A verb sees it without waiting. */
    other_process(path, "provider.put", "{\"name\":\"openai\",\"enabled\":false}");
    verb_ok(h, "provider.put", "{\"name\":\"openai\",\"displayName\":\"O\"}");
    assert_non_null(strstr(verb_reply_text(), "\"enabled\":false"));
    other_process(path, "provider.delete", "{\"name\":\"openai\"}");
    verb_fails(h, "provider.get", "{\"name\":\"openai\"}", AIGNE_E_REQUEST, 404, "no provider");
    hub_drop(h);
}

static void copy_file(const char *from, const char *to)
{
    char text[256];
    FILE *in = fopen(from, "r");
    assert_non_null(in);
    size_t n = fread(text, 1, sizeof text, in);
    fclose(in);
    FILE *out = fopen(to, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, n, out), n);
    fclose(out);
}

static void test_reseal_by_another_process(void **state)
{
    (void)state;
    char path[256];
    char arguments[512];
    (void)snprintf(path, sizeof path, "%s", test_path("rotated.db"));
    struct hub *h = open_hub(path);
    verb_ok(h, "credential.put", PUT_KEY);
    int64_t version = hub_catalog_version(h);
    (void)snprintf(arguments, sizeof arguments, "{\"masterKeyFile\":\"%s\"}",
                   test_path("rotated.new"));
    other_process(path, "credential.reseal", arguments);
    wait_for_change(h, version);
    /* Not ours to open now, and nothing may be sealed under the old key beside it. */
    struct buf secret;
    struct fault why;
    fault_clear(&why);
    buf_init(&secret, 4096);
    struct catalog *c = hub_catalog(h);
    const struct catalog_provider *p = catalog_provider(c, SLICE("openai"));
    assert_int_equal(hub_open_secret(h, &p->credentials[0], &secret, &why), AIGNE_E_CONFIG);
    assert_int_equal(why.http, 503);
    assert_int_equal(secret.n, 0);
    verb_fails(h, "credential.put", PUT_KEY, AIGNE_E_CONFIG, 503, "does not fit");
    /* The operator puts the new key where the hub looks. */
    copy_file(test_path("rotated.new"), test_path("rotated.db.key"));
    int rc = AIGNE_E_CONFIG;
    for (int i = 0; i < 1000 && rc == AIGNE_E_CONFIG; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        buf_clear(&secret);
        rc = hub_open_secret(h, &p->credentials[0], &secret, &why);
    }
    assert_int_equal(rc, AIGNE_OK);
    assert_string_equal(secret.p, "sk-secret-1");
    verb_ok(h, "credential.put", PUT_KEY);
    catalog_drop(c);
    buf_wipe_free(&secret);
    hub_drop(h);
}

/* A store on which somebody else changes the same object in between, the first few times. */
static int interfere;

static int contested_apply(struct store *s, const struct store_op *ops, size_t count,
                           struct fault *why)
{
    if (interfere > 0 && ops[0].kind != STORE_USAGE) {
        struct store_op op = {.kind = STORE_PUT,
                              .table = SLICE("provider"),
                              .id = SLICE("openai"),
                              .body = SLICE("{\"name\":\"openai\",\"region\":\"theirs\"}"),
                              .expected_version = STORE_ANY_VERSION};
        interfere--;
        assert_int_equal(test_store.apply(s, &op, 1, NULL), AIGNE_OK);
    }
    return test_store.apply(s, ops, count, why);
}

static void test_changes_at_the_same_time(void **state)
{
    (void)state;
    struct hub *h = NULL;
    struct fault why;
    struct store_type type = test_store;
    type.apply = contested_apply;
    const struct hub_options options = {
        .providers = &test_known, .data = SLICE(":memory:"), .store = &type};
    assert_int_equal(hub_open(&options, &h, &why), AIGNE_OK);
    interfere = 3;
    verb_ok(h, "provider.put", "{\"name\":\"openai\",\"displayName\":\"ours\"}");
    assert_non_null(strstr(verb_reply_text(), "\"region\":\"theirs\""));
    assert_non_null(strstr(verb_reply_text(), "\"displayName\":\"ours\""));
    assert_int_equal(interfere, 0);
    interfere = 100;
    verb_fails(h, "provider.put", "{\"name\":\"openai\",\"displayName\":\"x\"}",
               AIGNE_E_REQUEST, 409, "changed by somebody else");
    interfere = 0;
    hub_drop(h);
}

static struct store *failing_store;

static int remember_open(struct slice where, bool durable, struct store **out,
                         struct fault *why)
{
    int rc = test_store.open(where, durable, out, why);
    failing_store = *out;
    return rc;
}

static void test_a_failing_store(void **state)
{
    (void)state;
    struct hub *h = NULL;
    struct store_type type = test_store;
    type.open = remember_open;
    const struct hub_options options = {
        .providers = &test_known, .data = SLICE(":memory:"), .store = &type};
    assert_int_equal(hub_open(&options, &h, NULL), AIGNE_OK);
    test_store_fail(failing_store, 1, 1, AIGNE_E_STORE);
    int64_t version = hub_catalog_version(h);
    verb_fails(h, "key.create", "{\"name\":\"x\"}", AIGNE_E_STORE, 0, "store failed");
    assert_int_equal(hub_catalog_version(h), version);
    verb_ok(h, "key.list", "");
    assert_non_null(strstr(verb_reply_text(), "\"count\":0"));
    verb_ok(h, "key.create", "{\"name\":\"x\"}");
    hub_drop(h);
}

static void record_done(struct ledger_entry *self)
{
    self->row_count = 77;
}

static void test_closing_records_what_waits(void **state)
{
    (void)state;
    const char *path = test_path("closing.db");
    struct hub *h = open_hub(path);
    struct usage_row row = sample_row("01ROW");
    struct ledger_entry entry = {.rows = &row, .row_count = 1, .done = record_done};
    hub_record(h, &entry);
    hub_drop(h);
    assert_int_equal(entry.row_count, 77);
    assert_int_equal(entry.rc, AIGNE_OK);
    h = open_hub(path);
    verb_ok(h, "usage.list", "{\"requestId\":\"01ROW\"}");
    assert_non_null(strstr(verb_reply_text(), "{\"count\":1,"));
    hub_drop(h);
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
        cmocka_unit_test(test_a_file_and_its_key),
        cmocka_unit_test(test_a_given_key),
        cmocka_unit_test(test_a_wrong_key_is_noticed_before_there_are_credentials),
        cmocka_unit_test(test_reseal),
        cmocka_unit_test(test_changes_by_another_process),
        cmocka_unit_test(test_reseal_by_another_process),
        cmocka_unit_test(test_changes_at_the_same_time),
        cmocka_unit_test(test_a_failing_store),
        cmocka_unit_test(test_closing_records_what_waits),
    };
    return cmocka_run_group_tests_name("open", tests, NULL, teardown);
}
