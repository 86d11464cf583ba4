/* Knows what every store promises; the same tests run on SQLite and in memory. */
#include "hub_test.h"
#include "store/moment.h"
#include "text/json_scan.h"

static const struct store_type *type;
static struct store *store;

static int setup(void **state)
{
    type = *state;
    struct fault why;
    fault_clear(&why);
    if (type->open(slice_text(test_path("store.db")), false, &store, &why))
        fail_msg("%s", why.text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    type->close(store);
    type->close(NULL);
    test_folder_remove();
    return 0;
}

static struct store_op put(const char *table, const char *id, const char *body,
                           int64_t expected)
{
    return (struct store_op){.kind = STORE_PUT,
                             .table = slice_text(table),
                             .id = slice_text(id),
                             .body = slice_text(body),
                             .expected_version = expected};
}

static int apply(struct store_op *ops, size_t count)
{
    struct fault why;
    fault_clear(&why);
    int rc = type->apply(store, ops, count, &why);
    if (rc == AIGNE_E_REQUEST)
        assert_int_equal(why.http, 409);
    return rc;
}

static int64_t version(void)
{
    int64_t v = -1;
    assert_int_equal(type->version(store, &v, NULL), AIGNE_OK);
    return v;
}

/* "table/id=body@version ..." of all objects. */
static const char *dump(void)
{
    static char text[4096];
    struct arena a;
    struct store_object *objects = NULL;
    size_t count = 0;
    int64_t v = -1;
    size_t n = 0;
    arena_init(&a);
    assert_int_equal(type->load(store, &a, &objects, &count, &v, NULL), AIGNE_OK);
    assert_int_equal(v, version());
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%.*s/%.*s=%.*s@%d ",
                              (int)objects[i].table.n, objects[i].table.p, (int)objects[i].id.n,
                              objects[i].id.p, (int)objects[i].body.n, objects[i].body.p,
                              (int)objects[i].version);
    arena_free(&a);
    return text;
}

static void test_objects(void **state)
{
    (void)state;
    int64_t before = version();
    assert_string_equal(dump(), "");
    struct store_op first[] = {put("b", "1", "{}", STORE_ABSENT), put("a", "2", "{}", -1),
                               put("a", "1", "{\"x\":1}", -1)};
    assert_int_equal(apply(first, 3), AIGNE_OK);
    assert_int_equal(version(), before + 1); /* once a batch */
    assert_string_equal(dump(), "a/1={\"x\":1}@1 a/2={}@1 b/1={}@1 ");
    struct store_op change = put("a", "1", "{\"x\":2}", 1);
    assert_int_equal(apply(&change, 1), AIGNE_OK);
    assert_string_equal(dump(), "a/1={\"x\":2}@2 a/2={}@1 b/1={}@1 ");
    struct store_op drop = {.kind = STORE_DROP,
                            .table = SLICE("a"),
                            .id = SLICE("1"),
                            .expected_version = STORE_ANY_VERSION};
    assert_int_equal(apply(&drop, 1), AIGNE_OK);
    assert_int_equal(apply(&drop, 1), AIGNE_OK); /* what is not there is gone already */
    assert_string_equal(dump(), "a/2={}@1 b/1={}@1 ");
    /* A version is never given twice, so an old one never fits a new object of the same name. */
    assert_int_equal(apply(first, 3), AIGNE_E_REQUEST);
    struct store_op again = put("a", "1", "{}", STORE_ABSENT);
    assert_int_equal(apply(&again, 1), AIGNE_OK);
    assert_true(version() >= 4);
    change.expected_version = 2;
    assert_int_equal(apply(&change, 1), AIGNE_E_REQUEST);
}

static void test_all_or_nothing(void **state)
{
    (void)state;
    struct store_op one = put("a", "1", "{}", STORE_ABSENT);
    assert_int_equal(apply(&one, 1), AIGNE_OK);
    int64_t before = version();
    struct usage_row row = sample_row("row");
    struct store_op ops[] = {put("a", "2", "{}", -1),
                             {.kind = STORE_USAGE, .usage = &row},
                             put("a", "1", "{\"changed\":1}", 77)};
    assert_int_equal(apply(ops, 3), AIGNE_E_REQUEST);
    assert_int_equal(version(), before);
    assert_string_equal(dump(), "a/1={}@1 ");
    struct store_op absent[] = {put("a", "3", "{}", -1), put("a", "1", "{}", STORE_ABSENT)};
    assert_int_equal(apply(absent, 2), AIGNE_E_REQUEST);
    struct store_op check[] = {put("a", "3", "{}", -1), put("a", "1", "", 5)};
    check[1].kind = STORE_CHECK;
    assert_int_equal(apply(check, 2), AIGNE_E_REQUEST);
    check[1].expected_version = before;
    assert_int_equal(apply(check, 2), AIGNE_OK);
    assert_string_equal(dump(), "a/1={}@1 a/3={}@2 "); /* looked at, not written */
    struct store_op missing[] = {{.kind = STORE_CHECK,
                                  .table = SLICE("a"),
                                  .id = SLICE("9"),
                                  .expected_version = STORE_ABSENT}};
    assert_int_equal(apply(missing, 1), AIGNE_OK);
    assert_int_equal(version(), before + 1);
}

static const char *list(const char *filters)
{
    static char text[256 * 1024];
    struct buf json;
    struct fault why;
    buf_init(&json, sizeof text - 1);
    fault_clear(&why);
    int rc = type->usage_list(store, slice_text(filters), &json, &why);
    if (rc)
        (void)snprintf(text, sizeof text, "%d %d %s", rc, why.http, why.text);
    else
        memcpy(text, json.p, json.n + 1);
    buf_free(&json);
    return text;
}

/* "count: id id id" of a listing. */
static const char *ids(const char *filters)
{
    static char text[8192];
    struct json reply = json_of(slice_text(list(filters)));
    int64_t count = -1;
    assert_true(json_int64(json_get(reply, "count"), &count));
    size_t n = (size_t)snprintf(text, sizeof text, "%d:", (int)count);
    struct json_walk w = json_walk(json_get(reply, "list"));
    while (json_next(&w)) {
        struct slice id = json_get(w.value, "id").raw;
        n += (size_t)snprintf(text + n, sizeof text - n, " %.*s", (int)id.n - 2, id.p + 1);
    }
    return text;
}

static void add(const struct usage_row *row)
{
    struct store_op op = {.kind = STORE_USAGE, .usage = row};
    assert_int_equal(apply(&op, 1), AIGNE_OK);
}

static void test_one_row(void **state)
{
    (void)state;
    struct usage_row row = sample_row("01ROW");
    int64_t before = version();
    row.call_id = SLICE("01CALL");
    row.usage = USAGE_TOKENS(10, 20, 30, 40, 3, 5);
    row.credits = 1000000003300;
    row.streamed = true;
    row.error = SLICE("");
    add(&row);
    assert_int_equal(version(), before); /* usage is no part of the catalogue */
    assert_string_equal(
        list("{}"),
        "{\"count\":1,\"list\":[{\"id\":\"01ROW\",\"requestId\":\"01CALL\",\"upstreamRequestId\":"
        "\"req-1\",\"user\":\"user-1\",\"keyId\":\"key-1\",\"type\":\"chat\",\"ingress\":\"aigne\","
        "\"model\":\"gpt-4o-mini\",\"requestedModel\":\"openai/gpt-4o-mini\",\"provider\":"
        "\"openai\",\"credentialId\":\"credential-1\",\"status\":\"success\",\"httpStatus\":200,"
        "\"attempt\":1,\"streamed\":true,\"estimated\":false,\"inputTokens\":10,\"outputTokens\":3,"
        "\"cacheReadInputTokens\":20,\"cacheCreationInputTokens\":70,\"reasoningTokens\":5,"
        "\"credits\":\"1000.0000033\",\"durationMs\":1235,\"firstByteMs\":346,\"createdAt\":"
        "\"2026-01-01T00:00:00.000Z\"}]}");
}

static void test_counts_beyond_tokens(void **state)
{
    (void)state;
    struct usage_row row = sample_row("01UNITS");
    usage_init(&row.usage);
    row.usage.images = 2;
    row.usage.milliseconds = 4000;
    row.usage.image_output = 0;
    row.dropped = SLICE("seed, style");
    add(&row);
    const char *said = list("{}");
    assert_non_null(
        strstr(said, "\"imageOutputTokens\":0,\"images\":2,\"milliseconds\":4000,"));
    assert_non_null(strstr(said, "\"dropped\":\"seed, style\""));
    assert_null(strstr(said, "characters"));
}

static void test_a_row_that_knows_little(void **state)
{
    (void)state;
    struct usage_row row = {.id = SLICE("r"), .call_id = SLICE("c"), .first_byte_us = -1};
    row.status = SLICE("error");
    row.error = SLICE("AIGNE_E_UPSTREAM: \"quoted\"\n\xf0\x9f\x98\x80");
    usage_init(&row.usage);
    add(&row);
    assert_string_equal(
        list("{}"),
        "{\"count\":1,\"list\":[{\"id\":\"r\",\"requestId\":\"c\",\"type\":\"\",\"ingress\":\"\","
        "\"model\":\"\",\"requestedModel\":\"\",\"provider\":\"\",\"status\":\"error\","
        "\"error\":\"AIGNE_E_UPSTREAM: \\\"quoted\\\"\\n\xf0\x9f\x98\x80\",\"httpStatus\":0,"
        "\"attempt\":0,\"streamed\":false,\"estimated\":false,\"credits\":null,\"durationMs\":0,"
        "\"createdAt\":\"1970-01-01T00:00:00.000Z\"}]}");
}

static void test_filters_and_pages(void **state)
{
    (void)state;
    static const char *const names[] = {"r0", "r1", "r2", "r3", "r4", "r5"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct usage_row row = sample_row(names[i]);
        row.started_ms += (int64_t)i * 1000;
        row.user = i % 2 ? SLICE("odd") : SLICE("even");
        row.provider = i < 3 ? SLICE("openai") : SLICE("google");
        row.status = i == 5 ? SLICE("cancelled") : SLICE("success");
        row.call_id = i < 2 ? SLICE("call") : slice_text(names[i]);
        row.app = i == 4 ? SLICE("app") : SLICE("");
        row.model = i == 2 ? SLICE("m") : SLICE("n");
        row.key_id = i == 1 ? SLICE("k") : SLICE("l");
        add(&row);
    }
    assert_string_equal(ids("{}"), "6: r5 r4 r3 r2 r1 r0");
    assert_string_equal(ids("{\"order\":\"asc\"}"), "6: r0 r1 r2 r3 r4 r5");
    assert_string_equal(ids("{\"user\":\"odd\"}"), "3: r5 r3 r1");
    assert_string_equal(ids("{\"user\":\"odd\",\"provider\":\"google\"}"), "2: r5 r3");
    assert_string_equal(ids("{\"status\":\"cancelled\"}"), "1: r5");
    assert_string_equal(ids("{\"requestId\":\"call\"}"), "2: r1 r0");
    assert_string_equal(ids("{\"app\":\"app\"}"), "1: r4");
    assert_string_equal(ids("{\"model\":\"m\",\"key\":\"l\"}"), "1: r2");
    assert_string_equal(ids("{\"key\":\"k\"}"), "1: r1");
    assert_string_equal(ids("{\"user\":\"nobody\"}"), "0:");
    assert_string_equal(ids("{\"user\":\"' OR 1=1 --\"}"), "0:");
    assert_string_equal(ids("{\"user\":null}"), "6: r5 r4 r3 r2 r1 r0");
    assert_string_equal(ids("{\"since\":1767225603000}"), "3: r5 r4 r3");
    assert_string_equal(ids("{\"since\":\"2026-01-01T00:00:01Z\",\"until\":"
                            "\"2026-01-01T01:00:03+01:00\"}"),
                        "2: r2 r1");
    assert_string_equal(ids("{\"until\":\"1767225601000\"}"), "1: r0");
    assert_string_equal(ids("{\"pageSize\":4}"), "6: r5 r4 r3 r2");
    assert_string_equal(ids("{\"pageSize\":4,\"page\":2}"), "6: r1 r0");
    assert_string_equal(ids("{\"pageSize\":4,\"page\":3}"), "6:");
    assert_string_equal(ids("{\"page\":2147483647,\"pageSize\":100}"), "6:");
}

static void test_bad_filters(void **state)
{
    (void)state;
    assert_string_equal(list("{\"page\":0}"),
                        "-4 400 Argument \"page\" must be a whole number from 1 up.");
    assert_string_equal(list("{\"pageSize\":101}"),
                        "-4 400 Argument \"pageSize\" must be a whole number from 1 to 100.");
    assert_string_equal(list("{\"pageSize\":1.5}"),
                        "-4 400 Argument \"pageSize\" must be a whole number from 1 to 100.");
    assert_string_equal(
        list("{\"order\":\"up\"}"),
        "-4 400 Argument \"order\" must be \"desc\" (newest first) or \"asc\".");
    assert_string_equal(list("{\"user\":7}"), "-4 400 Argument \"user\" must be a string.");
    assert_string_equal(
        list("{\"since\":\"yesterday\"}"),
        "-4 400 Argument \"since\" must be an ISO 8601 time or milliseconds since "
        "1970.");
}

static void test_many_rows_of_one_moment(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    static char names[ROWS][16];
    static struct usage_row rows[ROWS];
    static struct store_op ops[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        (void)snprintf(names[i], sizeof names[i], "row%zu", i);
        rows[i] = sample_row(names[i]);
        ops[i] = (struct store_op){.kind = STORE_USAGE, .usage = &rows[i]};
    }
    assert_int_equal(apply(ops, ROWS), AIGNE_OK);
    assert_memory_equal(list("{}"), "{\"count\":3000,", 14);
}

static void test_values_as_they_are(void **state)
{
    (void)state;
    /* A NUL inside, a quote, and a name of SQL. */
    struct store_op op = {.kind = STORE_PUT,
                          .table = SLICE("objects"),
                          .id = SLICE("a'b;--"),
                          .body = SLICE("{\"x\":\"\\u0000'\"}"),
                          .expected_version = STORE_ABSENT};
    assert_int_equal(apply(&op, 1), AIGNE_OK);
    assert_string_equal(dump(), "objects/a'b;--={\"x\":\"\\u0000'\"}@1 ");
}

static void test_moments(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"1970-01-01", 0},
                {"1970-01-01T00:00:00Z", 0},
                {"2000-02-29T12:00:00.5Z", 951825600500},
                {"2026-03-01T12:30", 1772368200000},
                {"2026-03-01 12:30:00.250+02:00", 1772361000250},
                {"2026-03-01T12:30:00-0530", 1772388000000},
                {"9999-12-31T23:59:59.999Z", 253402300799999},
                {"0", 0},
                {"1772368200000", 1772368200000}};
    static const char *const bad[] = {"",
                                      "x",
                                      "-1",
                                      "2026-02-29",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-01-32",
                                      "2026-01-01T24:00",
                                      "2026-01-01T",
                                      "26-01-01",
                                      "2026-01-01T12:60",
                                      "2026-01-01T12:00:00.Z",
                                      "2026-01-01x",
                                      "2026-01-01T12:00+25:00",
                                      "1970-01-01T00:00:00+01:00",
                                      "2026-01-01T12:00ZZ",
                                      "1.5",
                                      "99999999999999999999"};
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t ms = -1;
        if (!moment_parse(slice_text(good[i].text), &ms) || ms != good[i].ms)
            fail_msg("%s is %lld", good[i].text, (long long)ms);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t ms = 0;
        if (moment_parse(slice_text(bad[i]), &ms))
            fail_msg("%s was taken as %lld", bad[i], (long long)ms);
    }
    /* Each day of 400 years there and back. */
    for (int64_t day = 0; day < 146097; day++) {
        char text[MOMENT_SIZE];
        int64_t ms = 0;
        moment_write(day * 86400000 + 1, text);
        assert_true(moment_parse(slice_of(text, MOMENT_SIZE - 1), &ms));
        assert_int_equal(ms, day * 86400000 + 1);
    }
}

/* What is forgotten is still spent. */
static void test_the_newest_rows_in_memory(void **state)
{
    enum { BATCH = 500, BATCHES = 45 };
    static struct usage_row rows[BATCH];
    static struct store_op ops[BATCH];
    static char ids[BATCH][16];
    struct buf json;
    struct fault why;
    int64_t count = 0;
    (void)state;
    fault_clear(&why);
    for (int b = 0; b < BATCHES; b++) {
        for (int i = 0; i < BATCH; i++) {
            (void)snprintf(ids[i], sizeof ids[i], "r%d", b * BATCH + i);
            rows[i] = sample_row(ids[i]);
            rows[i].account = SLICE("ann");
            rows[i].charged = true;
            rows[i].credits = 3;
            ops[i] = (struct store_op){.kind = STORE_USAGE, .usage = &rows[i]};
        }
        assert_int_equal(type->apply(store, ops, BATCH, &why), AIGNE_OK);
    }
    assert_int_equal(type->money_upkeep(store, 1, &why), AIGNE_OK);
    buf_init(&json, 1 << 20);
    assert_int_equal(type->usage_list(store, SLICE("{}"), &json, &why), AIGNE_OK);
    assert_true(json_int64(json_get(json_of(buf_slice(&json)), "count"), &count));
    assert_int_equal(count, STORE_MEMORY_ROWS);
    const struct money_query check = {.report = MONEY_CHECK, .page = 1, .page_size = 1};
    buf_clear(&json);
    assert_int_equal(type->money_list(store, &check, &json, &why), AIGNE_OK);
    assert_int_equal(json_get(json_of(buf_slice(&json)), "ok").kind, JSON_TRUE);
    buf_free(&json);
}

#define BOTH(test)                                                                             \
    {#test " (sqlite)", test, setup, teardown, (void *)(uintptr_t)&store_sqlite},              \
    {                                                                                          \
#        test " (memory)", test, setup, teardown, (void *)(uintptr_t)&store_memory             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {BOTH(test_objects),
                                       BOTH(test_all_or_nothing),
                                       BOTH(test_one_row),
                                       BOTH(test_counts_beyond_tokens),
                                       BOTH(test_a_row_that_knows_little),
                                       BOTH(test_filters_and_pages),
                                       BOTH(test_bad_filters),
                                       BOTH(test_many_rows_of_one_moment),
                                       BOTH(test_values_as_they_are),
                                       {"newest rows", test_the_newest_rows_in_memory, setup,
                                        teardown, (void *)(uintptr_t)&store_memory},
                                       cmocka_unit_test(test_moments)};
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
