/* Knows secrets that nobody may ever find again: it plants them and searches everything that comes out. */
#define _POSIX_C_SOURCE 200809L
#include "base/log.h"
#include "hub_test.h"
#include <unistd.h>

#define CANARY_KEY    "sk-CANARY0key0of0a0provider"
#define CANARY_OLD    "sk-CANARY1the0one0before"
#define CANARY_ID     "AKIACANARY2IDENTITY"
#define CANARY_SECRET "CANARY3secret0of0a0pair"
#define MASTER_KEY    "CANARY4master0key0thirty2bytes!!"
#define NEW_MASTER    "CANARY5master0key0thirty2bytes!!"

/* Six characters of each are enough to tell; a mask may show four at each end. */
static const char *const canaries[] = {"CANARY0", "0of0a0p", "CANARY1", "CANARY2",
                                       "CANARY3", "0of0a0p", "CANARY4", "CANARY5"};

static void search(const char *text, const char *where)
{
    for (size_t i = 0; i < COUNT(canaries); i++)
        if (strstr(text, canaries[i]))
            fail_msg("%s found in %s: %s", canaries[i], where, text);
}

static void search_log(void *user, int level, const char *area, const char *line, size_t len)
{
    char copy[2048];
    (void)user;
    (void)level;
    (void)area;
    fault_copy(copy, sizeof copy, slice_of(line, len));
    search(copy, "a log line");
}

static void say(struct hub *h, const char *name, const char *arguments)
{
    (void)verb(h, name, arguments);
    search(verb_reply_text(), name);
    search(verb_fault()->text, name);
    search(verb_fault()->param, name);
}

static void search_file(const char *name, const char *access_key)
{
    const char *path = test_path(name);
    for (size_t i = 0; i < COUNT(canaries); i++)
        if (file_contains(path, canaries[i]))
            fail_msg("%s found in the file %s", canaries[i], name);
    assert_false(file_contains(path, access_key));
    assert_false(file_contains(path, access_key + strlen("aigne-")));
}

static void plant(struct hub *h)
{
    say(h, "credential.put",
        "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"" CANARY_OLD "\"}");
    say(h, "credential.put",
        "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"" CANARY_KEY "\"}");
    say(h, "credential.put",
        "{\"provider\":\"bedrock\",\"name\":\"b\",\"value\":{\"access_key_id\":\"" CANARY_ID
        "\",\"secret_access_key\":\"" CANARY_SECRET "\"}}");
    /* And refused in every way. */
    say(h, "credential.put",
        "{\"provider\":\"openai\",\"name\":\"x\",\"value\":\"" CANARY_KEY "***\"}");
    say(h, "credential.put",
        "{\"provider\":\"openai\",\"name\":\"x\",\"value\":[\"" CANARY_KEY "\"]}");
    say(h, "credential.put",
        "{\"provider\":\"nobody\",\"name\":\"x\",\"value\":\"" CANARY_KEY "\"}");
    say(h, "credential.put",
        "{\"provider\":\"openai\",\"name\":\"x\",\"value\":{\"api_key\":\"" CANARY_KEY
        "\",\"access_key_id\":\"" CANARY_ID "\"}}");
    say(h, "credential.put",
        "{\"provider\":\"openai\",\"name\":\"x\",\"value\":{\"api_kye\":\"" CANARY_KEY "\"}}");
    say(h, "credential.put",
        "{\"provider\":\"openai\",\"name\":\"x\",\"value\":\"" CANARY_KEY "\"");
    say(h, "credential.put",
        "{\"provider\":\"openai\",\"name\":\"x\",\"value\":\"" CANARY_KEY
        "\",\"credentialType\":\"access_key_pair\"}");
    say(h, "credential.putt", "{\"value\":\"" CANARY_KEY "\"}");
    say(h, "credential.reseal", "{\"masterKey\":\"" NEW_MASTER "!\"}");
    say(h, "credential.reseal", "{\"masterKey\":\"" NEW_MASTER "\",\"masterKeyFile\":\"/x\"}");
}

static void look_everywhere(struct hub *h)
{
    static const char *const verbs[] = {"credential.list", "provider.list", "key.list",
                                        "settings.get",    "hub.status",    "usage.list"};
    for (size_t i = 0; i < COUNT(verbs); i++)
        say(h, verbs[i], "{}");
    say(h, "credential.get", "{\"provider\":\"openai\",\"name\":\"a\"}");
    say(h, "credential.get", "{\"provider\":\"bedrock\",\"name\":\"b\"}");
    say(h, "provider.get", "{\"name\":\"openai\"}");
}

static void test_canaries(void **state)
{
    (void)state;
    struct hub *h = NULL;
    struct fault why;
    char path[256];
    char access_key[128];
    (void)snprintf(path, sizeof path, "%s", test_path("canary.db"));
    const struct hub_options options = {
        .providers = &test_known, .data = slice_text(path), .master_key = SLICE(MASTER_KEY)};
    const struct hub_options wrong = {
        .providers = &test_known, .data = slice_text(path), .master_key = SLICE(NEW_MASTER)};
    const struct hub_options broken = {
        .providers = &test_known, .data = slice_text(path), .master_key = SLICE("CANARY4x")};
    fault_clear(&why);
    log_set(LOG_DEBUG, search_log, NULL);
    assert_int_equal(hub_open(&options, &h, &why), AIGNE_OK);
    plant(h);
    verb_ok(h, "key.create", "{\"name\":\"k\"}");
    reply_member("key", access_key, sizeof access_key);
    look_everywhere(h);
    search_file("canary.db", access_key);
    search_file("canary.db-wal", access_key);
    assert_int_equal(hub_open(&wrong, &(struct hub *){NULL}, &why), AIGNE_E_CONFIG);
    search(why.text, "a fault");
    assert_int_equal(hub_open(&broken, &(struct hub *){NULL}, &why), AIGNE_E_CONFIG);
    search(why.text, "a fault");
    say(h, "credential.reseal", "{\"masterKey\":\"" NEW_MASTER "\"}");
    assert_non_null(strstr(verb_reply_text(), "\"resealed\":2"));
    look_everywhere(h);
    verb_ok(h, "key.list", "{}");
    assert_null(strstr(verb_reply_text(), access_key));
    hub_drop(h);
    search_file("canary.db", access_key);
    log_set(0, NULL, NULL);
}

/* An envelope moved to another credential's row by whoever can write the file opens nothing. */
static void test_moved_envelopes(void **state)
{
    (void)state;
    struct hub *h = open_hub(":memory:");
    struct buf secret;
    struct fault why;
    fault_clear(&why);
    buf_init(&secret, 4096);
    verb_ok(h, "credential.put", "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-1\"}");
    verb_ok(h, "credential.put", "{\"provider\":\"google\",\"name\":\"b\",\"value\":\"sk-2\"}");
    struct catalog *c = hub_catalog(h);
    struct catalog_credential moved = catalog_provider(c, SLICE("google"))->credentials[0];
    moved.sealed = catalog_provider(c, SLICE("openai"))->credentials[0].sealed;
    assert_int_equal(hub_open_secret(h, &moved, &secret, &why), AIGNE_E_STORE);
    assert_int_equal(why.http, 503);
    assert_int_equal(secret.n, 0);
    moved.sealed = SLICE("");
    assert_int_equal(hub_open_secret(h, &moved, &secret, &why), AIGNE_E_STORE);
    char long_id[300];
    memset(long_id, 'x', sizeof long_id);
    moved.id = slice_of(long_id, sizeof long_id);
    assert_int_equal(hub_open_secret(h, &moved, &secret, &why), AIGNE_E_STORE);
    catalog_drop(c);
    buf_free(&secret);
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
        cmocka_unit_test(test_canaries),
        cmocka_unit_test(test_moved_envelopes),
    };
    return cmocka_run_group_tests_name("secrets", tests, NULL, teardown);
}
