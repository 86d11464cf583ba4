/* Knows what each verb does, replies and refuses. */
#include "hub_test.h"
#include "text/json_scan.h"

static struct hub *hub;

static int setup(void **state)
{
    (void)state;
    hub = open_hub(":memory:");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hub_drop(hub);
    return 0;
}

static void ok(const char *name, const char *arguments)
{
    verb_ok(hub, name, arguments);
}

static void bad(const char *name, const char *arguments, int http, const char *words)
{
    verb_fails(hub, name, arguments, AIGNE_E_REQUEST, http, words);
}

static void has(const char *part)
{
    if (!strstr(verb_reply_text(), part))
        fail_msg("no %s in %s", part, verb_reply_text());
}

static void has_not(const char *part)
{
    if (strstr(verb_reply_text(), part))
        fail_msg("%s in %s", part, verb_reply_text());
}

static void test_the_table(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct hub_verb *v = hub_verb_at(0); v; v = hub_verb_at(++count)) {
        struct json_problem problem;
        assert_int_equal(json_check(slice_text(v->arguments), &problem), AIGNE_OK);
        assert_true(strlen(v->doc) > 10 && v->doc[strlen(v->doc) - 1] == '.');
        bad(v->name, "[]", 400, "must be an object");
        bad(v->name, "{\"noSuchArgument\":1}", 400, "There is no argument \"noSuchArgument\"");
        bad(v->name, "{", 400, "not JSON");
    }
    assert_true(count > 50);
    bad("provider.putt", "{}", 404, "\"provider.put\"");
    bad("", "{}", 404, "There is no verb \"\"; verb.list lists them");
    bad("help", "{}", 404, "verb.list lists them");
    bad("provider.tst", "{}", 404, "the nearest known one is \"provider.test\"");
    verb_fails(hub, "rate.test", "{\"provider\":\"echo\",\"model\":\"echo\"}", AIGNE_E_USAGE, 0,
               "can call providers");
    ok("hub.status", "");
    ok("verb.list", "");
    has("\"name\":\"rate.test\",\"description\":\"Ask the model of a rate one short question.\"");
}

static void test_arguments(void **state)
{
    (void)state;
    bad("provider.put", "{}", 400, "\"name\" is missing");
    bad("provider.put", "{\"name\":null}", 400, "is null");
    bad("provider.put", "{\"name\":1}", 400, "must be: string");
    bad("provider.put", "{\"name\":\"openai\",\"enbled\":true}", 400,
        "the nearest known one is \"enabled\"");
    bad("provider.put", "{\"name\":\"openai\",\"apiKey\":\"x\"}", 400,
        "there are: name, type, displayName, baseUrl, region, enabled, keyless, config.");
    bad("provider.put", "{\"name\":\"opnai\"}", 400, "the nearest known one is \"openai\"");
    bad("provider.put", "{\"name\":\"mistral\"}", 400, "there are: openai, anthropic, bedrock");
    bad("provider.put", "{\"name\":\"openai\",\"enabled\":\"yes\"}", 400, "must be: boolean");
    bad("rate.put",
        "{\"provider\":\"openai\",\"model\":\"m\",\"caching\":{\"readrate\":1},\"inputRate\":1}",
        400, "\"caching.readrate\"; the nearest known one is \"readRate\"");
    bad("rate.put", "{\"provider\":\"openai\",\"model\":\"m\",\"caching\":[1]}", 400,
        "must be: object or null");
    bad("rate.put", "{\"provider\":\"openai\",\"model\":\"m\",\"type\":\"chatt\"}", 400,
        "must be one of [\"chat\"");
    assert_string_equal(verb_fault()->param, "type");
    bad("key.create", "{\"name\":\"\"}", 400, "1 to 200 bytes");
    bad("key.create", "{\"name\":\"a\\u0007b\"}", 400, "control characters");
    static char huge[1024 * 1024 + 64];
    memset(huge, ' ', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    bad("hub.status", huge, 400, "longer than");
    bad("hub.status", "{} {}", 400, "not JSON");
    bad("hub.status", "\xff", 400, "not JSON");
    bad("key.create", "{\"name\":\"\xff\"}", 400, "not JSON");
}

static void test_providers(void **state)
{
    (void)state;
    ok("provider.put", "{\"name\":\"Gemini\",\"displayName\":\"G\",\"config\":{\"a\":[1]}}");
    has("{\"id\":\"google\",\"name\":\"google\",\"displayName\":\"G\",\"enabled\":true,\"config\":"
        "{\"a\":[1]},\"createdAt\":\"2");
    has("\"credentialCount\":0,\"activeCredentialCount\":0}");
    /* Only what is mentioned changes; null removes. */
    ok("provider.put", "{\"name\":\"google\",\"enabled\":false,\"config\":null}");
    has("\"displayName\":\"G\"");
    has("\"enabled\":false");
    has_not("config");
    ok("provider.put", "{\"name\":\"google\",\"baseUrl\":\" https://example.com/v1 \"}");
    has("\"baseUrl\":\"https://example.com/v1\"");
    has("\"enabled\":false");
    ok("provider.put", "{\"name\":\"google\",\"baseUrl\":\"\"}");
    has_not("baseUrl");
    ok("provider.get", "{\"name\":\"GEMINI\"}");
    has("\"id\":\"google\"");
    ok("provider.put", "{\"name\":\"bedrock\",\"region\":\"us-east-1\"}");
    ok("provider.list", "");
    has("{\"count\":2,\"list\":[{\"id\":\"bedrock\"");
    ok("provider.list", "{\"page\":2,\"pageSize\":1}");
    has("{\"count\":2,\"list\":[{\"id\":\"google\"");
    bad("provider.list", "{\"pageSize\":0}", 400, "pageSize");
    bad("provider.list", "{\"page\":1.5}", 400, "page");
    bad("provider.put", "{\"name\":\"opnai\"}", 400, "\"openai\"");
    bad("provider.put", "{\"name\":\"openai\",\"baseUrl\":\"ftp://x\"}", 400, "baseUrl");
    bad("provider.put", "{\"name\":\"openai\",\"baseUrl\":\"https://u:p@x/\"}", 400, "baseUrl");
    bad("provider.put", "{\"name\":\"bedrock\",\"region\":\"us east.evil.com/\"}", 400,
        "region");
    bad("provider.get", "{\"name\":\"openai\"}", 404, "provider.list");
    bad("provider.get", "{\"name\":\"echo\"}", 404, "works by itself");
    bad("provider.delete", "{\"name\":\"openai\"}", 404, "no provider \"openai\"");
    bad("provider.put", "{\"name\":\"openai\",\"config\":{\"odd\":1}}", 400, "no \"odd\"");
    assert_string_equal(verb_fault()->param, "config");
}

static void test_providers_under_names_of_ones_own(void **state)
{
    (void)state;
    bad("provider.put", "{\"name\":\"groq\"}", 400, "say its \"type\"");
    bad("provider.put", "{\"name\":\"groq\",\"type\":\"opnai\"}", 400,
        "the nearest known one is \"openai\"");
    assert_string_equal(verb_fault()->param, "type");
    bad("provider.put", "{\"name\":\"gemini\",\"type\":\"openai\"}", 400, "already known");
    bad("provider.put", "{\"name\":\"Groq\",\"type\":\"openai\"}", 400, "lower-case");
    bad("provider.put", "{\"name\":\"a/b\",\"type\":\"openai\"}", 400, "lower-case");
    bad("provider.put", "{\"name\":\"-a\",\"type\":\"openai\"}", 400, "lower-case");
    bad("provider.put", "{\"name\":\"a23456789012345678901234567890123\",\"type\":\"openai\"}",
        400, "1 to 32");
    bad("provider.put", "{\"name\":\"azure\"}", 400, "\"baseUrl\" is missing");
    bad("provider.put", "{\"name\":\"azure-eu\",\"type\":\"azure\"}", 400, "no usual place");
    bad("provider.put", "{\"name\":\"g\",\"type\":\"openai\",\"config\":{\"odd\":1}}", 400,
        "no \"odd\"");
    bad("credential.put", "{\"provider\":\"groq\",\"name\":\"k\",\"value\":\"s-1\"}", 400,
        "no provider named");
    ok("provider.put", "{\"name\":\"OpenAI\",\"type\":\"openai\"}"); /* says nothing new */
    has_not("\"type\"");
    ok("provider.put",
       "{\"name\":\"groq\",\"type\":\"OpenAI\",\"baseUrl\":\"https://g.example/v1\"}");
    has("{\"id\":\"groq\",\"name\":\"groq\",\"type\":\"openai\",\"baseUrl\"");
    ok("provider.put", "{\"name\":\"groq\",\"keyless\":true}"); /* the type is remembered */
    has("\"type\":\"openai\"");
    has("\"keyless\":true");
    ok("provider.put", "{\"name\":\"azure-eu\",\"type\":\"azure\",\"baseUrl\":\"https://e\"}");
    ok("provider.put", "{\"name\":\"azure-eu\",\"displayName\":\"EU\"}");
    bad("provider.put", "{\"name\":\"azure-eu\",\"baseUrl\":null}", 400, "is missing");
    ok("credential.put", "{\"provider\":\"GROQ\",\"name\":\"k\",\"value\":\"s-1\"}");
    has("\"provider\":\"groq\"");
    ok("credential.list", "{\"provider\":\"Groq\"}");
    has("\"count\":1");
    ok("rate.put", "{\"provider\":\"groq\",\"model\":\"m\",\"inputRate\":1,\"outputRate\":1}");
    bad("rate.list", "{\"provider\":\"grok\"}", 400, "the nearest known one is \"groq\"");
    ok("provider.get", "{\"name\":\"groq\"}");
    has("\"activeCredentialCount\":1");
    ok("provider.delete", "{\"name\":\"groq\"}");
    has("\"credentialsDeleted\":1,\"ratesDeleted\":1");
    bad("provider.get", "{\"name\":\"groq\"}", 400, "no provider named");
}

static void test_deleting_a_provider_takes_all_with_it(void **state)
{
    (void)state;
    ok("credential.put", "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-1\"}");
    ok("credential.put", "{\"provider\":\"openai\",\"name\":\"b\",\"value\":\"sk-2\"}");
    ok("credential.put", "{\"provider\":\"google\",\"name\":\"a\",\"value\":\"sk-3\"}");
    ok("rate.put",
       "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":1,\"outputRate\":1}");
    ok("rate.put",
       "{\"provider\":\"google\",\"model\":\"m\",\"inputRate\":1,\"outputRate\":1}");
    ok("provider.delete", "{\"name\":\"openai\"}");
    has("{\"id\":\"openai\",\"deleted\":true,\"credentialsDeleted\":2,\"ratesDeleted\":1}");
    ok("credential.list", "");
    has("{\"count\":1,");
    ok("rate.list", "");
    has("{\"count\":1,");
    ok("hub.status", "");
    has("\"providers\":1,\"credentials\":1,\"rates\":1,\"users\":0,\"keys\":0");
}

static void test_credentials(void **state)
{
    (void)state;
    char id[64];
    ok("credential.put",
       "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\" sk-0123456789ab\\n\"}");
    has("\"provider\":\"openai\",\"name\":\"a\",\"credentialType\":\"api_key\",\"active\":true,"
        "\"maskedValue\":\"sk-*********9ab\"");
    reply_member("id", id, sizeof id);
    ok("provider.get", "{\"name\":\"openai\"}"); /* made along the way */
    has("\"credentialCount\":1,\"activeCredentialCount\":1");
    /* The same provider and name is the same credential. */
    ok("credential.put",
       "{\"provider\":\"OpenAI\",\"name\":\"a\",\"value\":{\"api_key\":\"short\"}}");
    has(id);
    has("\"maskedValue\":\"***\"");
    ok("credential.put", "{\"provider\":\"openai\",\"name\":\"a\",\"active\":false}");
    has("\"maskedValue\":\"***\"");
    has("\"active\":false");
    ok("credential.list", "{\"provider\":\"openai\"}");
    has("{\"count\":1,");
    ok("credential.list", "{\"provider\":\"google\"}");
    has("{\"count\":0,");
    char arguments[256];
    (void)snprintf(arguments, sizeof arguments,
                   "{\"provider\":\"openai\",\"name\":\"new name\",\"id\":\"%s\"}", id);
    ok("credential.put", arguments);
    has(id);
    ok("credential.get", "{\"provider\":\"openai\",\"name\":\"new name\"}");
    has(id);
    has_not("sealed");
    bad("credential.get", "{\"provider\":\"openai\",\"name\":\"a\"}", 404,
        "no credential \"a\"");
    ok("credential.delete", "{\"provider\":\"openai\",\"name\":\"new name\"}");
    bad("credential.delete", "{\"provider\":\"openai\",\"name\":\"new name\"}", 404,
        "credential.list");
}

static void test_pairs(void **state)
{
    (void)state;
    ok("credential.put",
       "{\"provider\":\"bedrock\",\"name\":\"aws\",\"value\":{\"access_key_id\":"
       "\"AKIA0123456789ABCDEF\",\"secret_access_key\":\"wJal\\/rXU\"}}");
    has("\"credentialType\":\"access_key_pair\"");
    has("\"maskedValue\":\"AKIA************CDEF\"");
    has_not("wJal");
    struct catalog *c = hub_catalog(hub);
    const struct catalog_provider *p = catalog_provider(c, SLICE("bedrock"));
    struct buf secret;
    buf_init(&secret, 4096);
    assert_int_equal(p->active_count, 1);
    assert_true(slice_is(p->credentials[0].type, "access_key_pair"));
    assert_int_equal(hub_open_secret(hub, &p->credentials[0], &secret, NULL), AIGNE_OK);
    assert_string_equal(secret.p, "{\"access_key_id\":\"AKIA0123456789ABCDEF\","
                                  "\"secret_access_key\":\"wJal/rXU\"}");
    buf_wipe_free(&secret);
    catalog_drop(c);
}

static void test_temporary_pairs(void **state)
{
    (void)state;
    ok("credential.put",
       "{\"provider\":\"bedrock\",\"name\":\"sts\",\"value\":{\"access_key_id\":\"ASIA1\","
       "\"secret_access_key\":\"s\",\"session_token\":\"FwoG//tok==\"}}");
    has_not("FwoG");
    struct catalog *c = hub_catalog(hub);
    const struct catalog_provider *p = catalog_provider(c, SLICE("bedrock"));
    struct buf secret;
    buf_init(&secret, 4096);
    assert_int_equal(hub_open_secret(hub, &p->credentials[0], &secret, NULL), AIGNE_OK);
    assert_string_equal(secret.p, "{\"access_key_id\":\"ASIA1\",\"secret_access_key\":\"s\","
                                  "\"session_token\":\"FwoG//tok==\"}");
    buf_wipe_free(&secret);
    catalog_drop(c);
}

static void test_credentials_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *words;
    } table[] = {
        {"\"sk-a****wxyz\"", "masked preview"},
        {"\"***\"", "masked preview"},
        {"{\"api_key\":\"sk-***\"}", "masked preview"},
        {"{\"access_key_id\":\"AKIA***\",\"secret_access_key\":\"x\"}", "masked preview"},
        {"{\"access_key_id\":\"AKIA\",\"secret_access_key\":\"***\"}", "masked preview"},
        {"\"\"", "1 to"},
        {"\"  \"", "1 to"},
        {"\"sk-1\\nX-Evil: 1\"", "line breaks"},
        {"\"sk-\xc3\xa9\"", "outside ASCII"},
        {"{}", "must be a key"},
        {"{\"api_key\":1}", "value.api_key"},
        {"{\"apiKey\":\"x\"}", "nearest known one is \"api_key\""},
        {"{\"access_key_id\":\"x\"}", "must be a key"},
        {"{\"session_token\":\"x\"}", "must be a key"},
        {"{\"api_key\":\"x\",\"session_token\":\"x\"}", "must be a key"},
        {"{\"access_key_id\":\"x\",\"secret_access_key\":\"y\",\"session_token\":\"a***\"}",
         "masked preview"},
        {"{\"api_key\":\"x\",\"access_key_id\":\"x\"}", "must be a key"},
        {"7", "must be: object or string or null"}};
    for (size_t i = 0; i < COUNT(table); i++) {
        char arguments[512];
        (void)snprintf(arguments, sizeof arguments,
                       "{\"provider\":\"openai\",\"name\":\"a\",\"value\":%s}", table[i].value);
        bad("credential.put", arguments, 400, table[i].words);
    }
    bad("credential.put", "{\"provider\":\"openai\",\"name\":\"a\"}", 400,
        "\"value\" is missing");
    bad("credential.put", "{\"provider\":\"nobody\",\"name\":\"a\",\"value\":\"x\"}", 400,
        "no provider named");
    bad("credential.put",
        "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"x\",\"credentialType\":"
        "\"access_key_pair\"}",
        400, "credentialType");
    bad("credential.put",
        "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"x\",\"id\":\"nosuch\"}", 404,
        "no credential");
    bad("credential.get", "{}", 400, "Say which");
    bad("credential.get", "{\"provider\":\"openai\"}", 400, "Say which");
    ok("credential.list", "");
    has("{\"count\":0,"); /* nothing was made on the way to a refusal */
    ok("provider.list", "");
    has("{\"count\":0,");
    char id[64];
    char arguments[256];
    ok("credential.put", "{\"provider\":\"google\",\"name\":\"g\",\"value\":\"x\"}");
    reply_member("id", id, sizeof id);
    ok("credential.put", "{\"provider\":\"google\",\"name\":\"h\",\"value\":\"x\"}");
    (void)snprintf(arguments, sizeof arguments,
                   "{\"provider\":\"openai\",\"name\":\"g\",\"id\":\"%s\"}", id);
    bad("credential.put", arguments, 400, "another provider");
    (void)snprintf(arguments, sizeof arguments,
                   "{\"provider\":\"google\",\"name\":\"h\",\"id\":\"%s\"}", id);
    bad("credential.put", arguments, 400, "Another credential");
}

/* What credential.list shows, put back whole, changes no key: it is refused. */
static void test_a_mask_never_becomes_a_key(void **state)
{
    (void)state;
    for (size_t n = 1; n < 60; n++) {
        char key[64];
        char masked[64];
        char arguments[256];
        memset(key, 'k', n);
        key[n] = '\0';
        (void)snprintf(arguments, sizeof arguments,
                       "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"%s\"}", key);
        ok("credential.put", arguments);
        reply_member("maskedValue", masked, sizeof masked);
        size_t shown = 0;
        for (const char *p = masked; *p; p++)
            shown += *p == 'k';
        assert_true(2 * shown <= n);
        assert_true(n >= 8 || shown == 0);
        (void)snprintf(arguments, sizeof arguments,
                       "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"%s\"}", masked);
        bad("credential.put", arguments, 400, "masked preview");
    }
}

static void test_rates(void **state)
{
    (void)state;
    char id[64];
    char arguments[256];
    ok("rate.put",
       "{\"provider\":\"openai\",\"model\":\"gpt-4o-mini\",\"inputRate\":1.5e-7,"
       "\"outputRate\":\"0.00000060\",\"caching\":{\"readRate\":7.5e-8},\"unitCosts\":"
       "{\"input\":\"0.1\",\"output\":0},\"modelDisplay\":\"Mini\",\"modelMetadata\":"
       "{\"maxTokens\":1}}");
    has("\"provider\":\"openai\",\"model\":\"gpt-4o-mini\",\"type\":\"chat\",\"inputRate\":"
        "\"0.00000015\",\"outputRate\":\"0.0000006\",\"caching\":{\"readRate\":\"0.000000075\"},"
        "\"unitCosts\":{\"input\":\"0.1\",\"output\":\"0\"},\"modelDisplay\":\"Mini\","
        "\"modelMetadata\":{\"maxTokens\":1}");
    reply_member("id", id, sizeof id);
    ok("rate.put", "{\"provider\":\"openai\",\"model\":\"gpt-4o-mini\",\"outputRate\":1}");
    has(id); /* a wrong price can be put right */
    has("\"inputRate\":\"0.00000015\"");
    has("\"outputRate\":\"1\"");
    ok("rate.put", "{\"provider\":\"openai\",\"model\":\"gpt-4o-mini\",\"caching\":null}");
    has_not("caching");
    ok("rate.put", "{\"provider\":\"openai\",\"model\":\"gpt-4o-mini\",\"type\":\"image\","
                   "\"inputRate\":0,\"outputRate\":0}");
    has_not(id);
    ok("rate.list", "{\"type\":\"image\"}");
    has("{\"count\":1,");
    ok("rate.list", "{\"provider\":\"OPENAI\",\"model\":\"gpt-4o-mini\"}");
    has("{\"count\":2,");
    ok("rate.get", "{\"provider\":\"openai\",\"model\":\"gpt-4o-mini\"}");
    has(id);
    (void)snprintf(arguments, sizeof arguments, "{\"id\":\"%s\"}", id);
    ok("rate.get", arguments);
    ok("rate.delete", arguments);
    bad("rate.delete", arguments, 404, "no rate");
    bad("rate.get", "{}", 400, "Say which");
}

static void test_rates_that_are_refused(void **state)
{
    (void)state;
    static const char *const rates[] = {"-1",      "\"-0.1\"", "\"1,5\"",
                                        "\"\"",    "\"free\"", "1e-19",
                                        "\"NaN\"", "1e30",     "\"Infinity\""};
    for (size_t i = 0; i < COUNT(rates); i++) {
        char arguments[256];
        (void)snprintf(
            arguments, sizeof arguments,
            "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":%s,\"outputRate\":1}",
            rates[i]);
        bad("rate.put", arguments, 400, "\"inputRate\" must be credits per token");
        (void)snprintf(
            arguments, sizeof arguments,
            "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":1,\"outputRate\":1,"
            "\"caching\":{\"writeRate\":%s}}",
            rates[i]);
        bad("rate.put", arguments, 400, "\"writeRate\" must be credits per token");
    }
    bad("rate.put", "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":1}", 400,
        "needs \"inputRate\" and \"outputRate\"");
    bad("rate.put", "{\"provider\":\"openai\",\"inputRate\":1,\"outputRate\":1}", 400,
        "\"model\" is missing");
    ok("rate.list", "");
    has("{\"count\":0,");
}

static void test_users_and_keys(void **state)
{
    (void)state;
    char user[64];
    char key[128];
    char id[64];
    char arguments[512];
    assert_true(hub_is_new(hub));
    ok("user.put", "{\"name\":\"Jo\",\"email\":\"jo@example.com\"}");
    reply_member("id", user, sizeof user);
    ok("user.put", "{\"name\":\"Jo\",\"email\":null,\"metadata\":{\"a\":1}}");
    has(user);
    has_not("email");
    (void)snprintf(arguments, sizeof arguments, "{\"id\":\"%s\",\"name\":\"Joe\"}", user);
    ok("user.put", arguments);
    ok("user.get", "{\"name\":\"Joe\"}");
    has(user);
    bad("user.get", "{\"name\":\"Jo\"}", 404, "no user \"Jo\"");
    ok("user.put", "{\"name\":\"Ann\"}");
    (void)snprintf(arguments, sizeof arguments, "{\"id\":\"%s\",\"name\":\"Ann\"}", user);
    bad("user.put", arguments, 400, "Another user");
    bad("user.put", "{}", 400, "\"name\" is missing");
    bad("user.put", "{\"id\":\"x\",\"name\":\"y\"}", 404, "no user");

    ok("key.create", "{\"name\":\"first\",\"user\":\"Joe\",\"expiresAt\":\"2999-01-01\"}");
    has("\"role\":\"user\"");
    has("\"expiresAt\":\"2999-01-01T00:00:00.000Z\"");
    reply_member("key", key, sizeof key);
    assert_int_equal(strlen(key), 6 + 52);
    assert_memory_equal(key, "aigne-", 6);
    char hint[16];
    reply_member("hint", hint, sizeof hint);
    assert_string_equal(hint, key + strlen(key) - 4);
    reply_member("id", id, sizeof id);
    assert_false(hub_is_new(hub));
    ok("key.list", "");
    has("\"count\":1");
    has_not(key);
    has_not("hash");
    (void)snprintf(arguments, sizeof arguments, "{\"user\":\"%s\"}", user);
    ok("key.list", arguments);
    has("\"count\":1");
    ok("key.list", "{\"user\":\"Joe\"}");
    has("\"count\":1");
    ok("key.list", "{\"user\":\"nobody\"}");
    has("\"count\":0");
    (void)snprintf(arguments, sizeof arguments, "{\"id\":\"%s\"}", id);
    ok("key.get", arguments);
    has_not(key);
    ok("key.create", "{\"name\":\"second\",\"role\":\"admin\"}");
    has("\"role\":\"admin\"");
    ok("user.delete", "{\"name\":\"Joe\"}");
    has("\"keysDeleted\":1");
    bad("key.get", arguments, 404, "no key");
    bad("key.create", "{\"name\":\"x\",\"user\":\"Joe\"}", 404, "no user");
    bad("key.create", "{\"name\":\"x\",\"role\":\"owner\"}", 400, "must be one of");
    bad("key.create", "{\"name\":\"x\",\"expiresAt\":\"2001-01-01\"}", 400, "to come");
    bad("key.create", "{\"name\":\"x\",\"expiresAt\":\"soon\"}", 400, "to come");
    bad("key.create", "{}", 400, "\"name\" is missing");
}

/* Remembered or not, each key is the one it is, also where more are used than are remembered; and whoever forgets
 * them with their catalogue finds those of the next. */
static void test_who_came_lately(void **state)
{
    (void)state;
    enum { KEYS = 3 * RECENT_KEYS };
    static char keys[KEYS][128];
    static char ids[KEYS][64];
    static struct recent_keys recent;
    const struct catalog_key *who = NULL;
    char arguments[128];
    for (int i = 0; i < KEYS; i++) {
        (void)snprintf(arguments, sizeof arguments, "{\"name\":\"k%d\"}", i);
        ok("key.create", arguments);
        reply_member("key", keys[i], sizeof keys[i]);
        reply_member("id", ids[i], sizeof ids[i]);
    }
    struct catalog *c = hub_catalog(hub);
    for (int i = 0; i < 3 * KEYS; i++) {
        char *key = keys[i % KEYS];
        for (int again = 0; again < 2; again++) {
            assert_int_equal(hub_who(c, &recent, slice_text(key), 1, &who, NULL), AIGNE_OK);
            assert_true(slice_is(who->id, ids[i % KEYS]));
        }
        key[20] ^= 1;
        assert_int_equal(hub_who(c, &recent, slice_text(key), 1, &who, NULL), AIGNE_E_AUTH);
        key[20] ^= 1;
    }
    (void)snprintf(arguments, sizeof arguments, "{\"id\":\"%s\"}", ids[KEYS - 1]);
    ok("key.revoke", arguments);
    recent_keys_forget(&recent);
    catalog_drop(c);
    c = hub_catalog(hub);
    assert_int_equal(hub_who(c, &recent, slice_text(keys[KEYS - 1]), 1, &who, NULL),
                     AIGNE_E_AUTH);
    assert_int_equal(hub_who(c, &recent, slice_text(keys[0]), 1, &who, NULL), AIGNE_OK);
    catalog_drop(c);
}

static void test_who(void **state)
{
    (void)state;
    char key[128];
    char id[64];
    char arguments[128];
    const struct catalog_key *who = NULL;
    struct fault unknown;
    struct fault why;
    fault_clear(&unknown);
    ok("key.create", "{\"name\":\"k\",\"role\":\"admin\",\"expiresAt\":4102444800000}");
    reply_member("key", key, sizeof key);
    reply_member("id", id, sizeof id);
    struct catalog *c = hub_catalog(hub);
    assert_int_equal(hub_who(c, NULL, slice_text(key), 4102444799999, &who, NULL), AIGNE_OK);
    assert_true(slice_is(who->id, id));
    assert_true(slice_is(who->name, "k"));
    assert_true(who->admin);
    assert_int_equal(hub_who(c, NULL, SLICE("aigne-nobodys"), 0, &who, &unknown), AIGNE_E_AUTH);
    assert_null(who);
    assert_int_equal(unknown.http, 401);
    static const char *const never[] = {"", " ", "aigne-"};
    for (size_t i = 0; i < COUNT(never); i++)
        assert_int_equal(hub_who(c, NULL, slice_text(never[i]), 0, &who, NULL), AIGNE_E_AUTH);
    assert_int_equal(hub_who(c, NULL, SLICE_NONE, 0, &who, NULL), AIGNE_E_AUTH);
    fault_clear(&why);
    assert_int_equal(hub_who(c, NULL, slice_text(key), 4102444800000, &who, &why),
                     AIGNE_E_AUTH);
    assert_string_equal(why.text, unknown.text); /* expired: no word of it */
    catalog_drop(c);
    (void)snprintf(arguments, sizeof arguments, "{\"id\":\"%s\"}", id);
    ok("key.revoke", arguments);
    has("\"revokedAt\":\"2");
    char first[64];
    reply_member("revokedAt", first, sizeof first);
    ok("key.revoke", arguments);
    has(first);
    c = hub_catalog(hub); /* at once, not after a minute */
    fault_clear(&why);
    assert_int_equal(hub_who(c, NULL, slice_text(key), 0, &who, &why), AIGNE_E_AUTH);
    assert_string_equal(why.text, unknown.text);
    catalog_drop(c);
    ok("key.list", "");
    has("\"count\":1");
    ok("key.delete", arguments);
    bad("key.revoke", arguments, 404, "no key");
}

static void test_settings(void **state)
{
    (void)state;
    ok("settings.get", "");
    assert_string_equal(verb_reply_text(), "{\"id\":\"hub\"}");
    ok("settings.put", "{\"creditPrefix\":\"\xe2\x82\xac\",\"name\":\"Ours\"}");
    ok("settings.put", "{\"publicUrl\":\"https://hub.example.com\"}");
    ok("settings.get", "{}");
    has("\"creditPrefix\":\"\xe2\x82\xac\"");
    has("\"name\":\"Ours\"");
    has("\"publicUrl\":\"https://hub.example.com\"");
    ok("settings.put", "{\"creditPrefix\":null}");
    has_not("creditPrefix");
    bad("settings.put", "{\"creditPrefix\":\"\"}", 400, "must be one of"); /* breaks clients */
    bad("settings.put", "{\"creditPrefix\":\"USD\"}", 400, "must be one of");
    bad("settings.put", "{\"publicUrl\":\"example.com\"}", 400, "publicUrl");
}

static void test_usage(void **state)
{
    (void)state;
    ok("usage.list", "");
    assert_string_equal(verb_reply_text(), "{\"count\":0,\"list\":[]}");
    bad("usage.list", "{\"pageSize\":1000}", 400, "1 to 100");
    bad("usage.list", "{\"since\":true}", 400, "since");
    bad("usage.list", "{\"status\":\"succes\"}", 400, "must be one of");
    bad("usage.list", "{\"users\":\"x\"}", 400, "nearest known one is \"user\"");
}

static bool no_facts(struct slice name, struct hub_provider_facts *out)
{
    (void)name;
    (void)out;
    return false;
}

static const char *no_names(size_t index)
{
    (void)index;
    return NULL;
}

static void test_facts_are_the_hosts(void **state)
{
    (void)state;
    struct hub *other = NULL;
    const struct hub_providers none = {no_facts, no_names, test_check_config};
    const struct hub_options options = {.data = SLICE(":memory:"), .providers = &none};
    assert_int_equal(hub_open(&options, &other, NULL), AIGNE_OK);
    verb_fails(other, "provider.put", "{\"name\":\"openai\"}", AIGNE_E_REQUEST, 400,
               "no provider named");
    hub_hold(other);
    hub_drop(other);
    hub_drop(other);
    hub_drop(NULL);
}

#define WITH_HUB(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HUB(test_the_table),
        WITH_HUB(test_arguments),
        WITH_HUB(test_providers),
        WITH_HUB(test_providers_under_names_of_ones_own),
        WITH_HUB(test_deleting_a_provider_takes_all_with_it),
        WITH_HUB(test_credentials),
        WITH_HUB(test_pairs),
        WITH_HUB(test_temporary_pairs),
        WITH_HUB(test_credentials_that_are_refused),
        WITH_HUB(test_a_mask_never_becomes_a_key),
        WITH_HUB(test_rates),
        WITH_HUB(test_rates_that_are_refused),
        WITH_HUB(test_users_and_keys),
        WITH_HUB(test_who),
        WITH_HUB(test_who_came_lately),
        WITH_HUB(test_settings),
        WITH_HUB(test_usage),
        WITH_HUB(test_facts_are_the_hosts),
    };
    return cmocka_run_group_tests_name("verbs", tests, NULL, NULL);
}
