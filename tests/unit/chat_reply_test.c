/* Knows how events add up to an answer and how that answer reads as AIGNE's ChatModelOutput. */
#include "chat/reply.h"
#include "text/json_scan.h"
#include "unit.h"

#define CEILING ((size_t)1 << 20)
#define S(text)                                                                                \
    {                                                                                          \
        "" text, sizeof(text) - 1                                                              \
    }

struct row {
    struct event events[12]; /* up to the first without a kind */
    struct reply_notes notes;
    bool without_notes;
    const char *written;
};

static const struct row rows[] = {
    {.without_notes = true, .written = "{\"text\":\"\"}"},
    {.events = {{.kind = EVENT_START, .text = S("gpt"), .id = S("r1")},
                {.kind = EVENT_TEXT, .text = S("Hel")},
                {.kind = EVENT_TEXT, .text = S("lo \"x\"")},
                {.kind = EVENT_TEXT, .text = S("another choice"), .choice = 1},
                {.kind = EVENT_USAGE,
                 .usage = {10, -1, -1, -1, 3, -1, -1, -1, -1, -1, -1, -1, -1, 0}},
                {.kind = EVENT_FINISH, .finish = FINISH_STOP}},
     .without_notes = true,
     .written =
         "{\"text\":\"Hello \\\"x\\\"\",\"usage\":{\"inputTokens\":10,\"outputTokens\":3},"
         "\"model\":\"gpt\"}"},
    {.events = {{.kind = EVENT_THOUGHT, .text = S("hm")},
                {.kind = EVENT_TEXT, .text = S("a")},
                {.kind = EVENT_RESET},
                {.kind = EVENT_THOUGHT, .text = S("so")},
                {.kind = EVENT_TEXT, .text = S("b")},
                {.kind = EVENT_USAGE,
                 .usage = {10, 60, 5, 4, 3, 2, -1, -1, -1, -1, -1, -1, -1, 0}},
                {.kind = EVENT_FINISH, .finish = FINISH_LENGTH}},
     .notes = {.call_id = S("C1"),
               .model_with_provider = S("openai/gpt"),
               .charged = true,
               .credits = 3300,
               .credit_prefix = S("$")},
     .written = "{\"text\":\"b\",\"thoughts\":\"so\",\"usage\":{\"inputTokens\":10,"
                "\"outputTokens\":5,\"cacheCreationInputTokens\":9,\"cacheReadInputTokens\":60,"
                "\"modelCallId\":\"C1\",\"aigneHubCredits\":0.0000033,\"creditPrefix\":\"$\"},"
                "\"modelWithProvider\":\"openai/gpt\",\"finishReason\":\"length\"}"},
    {.events = {{.kind = EVENT_TOOL_BEGIN, .id = S("c0"), .name = S("f"), .metadata = S("{}")},
                {.kind = EVENT_TOOL_BEGIN, .index = 1, .id = S("c1"), .name = S("g")},
                {.kind = EVENT_TOOL_ARGUMENTS, .text = S("{\"a\"")},
                {.kind = EVENT_TOOL_ARGUMENTS, .text = S(":1}")},
                {.kind = EVENT_TOOL_END},
                {.kind = EVENT_TOOL_END, .index = 1},
                {.kind = EVENT_TOOL_BEGIN, .index = 2, .id = S("c2"), .name = S("h")},
                {.kind = EVENT_TOOL_ARGUMENTS, .index = 2, .text = S("{oops")},
                {.kind = EVENT_FINISH, .finish = FINISH_TOOLS}},
     .without_notes = true,
     .written =
         "{\"toolCalls\":[{\"id\":\"c0\",\"type\":\"function\",\"function\":{\"name\":\"f\","
         "\"arguments\":{\"a\":1}},\"metadata\":{}},{\"id\":\"c1\",\"type\":\"function\","
         "\"function\":{\"name\":\"g\",\"arguments\":{}}},{\"id\":\"c2\",\"type\":\"function\","
         "\"function\":{\"name\":\"h\",\"arguments\":\"{oops\"}}]}"},
    {.events = {{.kind = EVENT_TEXT, .text = S(" {\"a\": 1} ")}},
     .notes = {.wants_json = true},
     .written = "{\"text\":\" {\\\"a\\\": 1} \",\"json\":{\"a\": 1}}"},
    {.events = {{.kind = EVENT_TEXT, .text = S("[1]")}},
     .notes = {.wants_json = true},
     .written = "{\"text\":\"[1]\"}"},
    {.events = {{.kind = EVENT_TEXT, .text = S("{\"a\":")}},
     .notes = {.wants_json = true},
     .written = "{\"text\":\"{\\\"a\\\":\"}"},
    {.events = {{.kind = EVENT_JSON, .text = S("{\"b\":2}")}},
     .without_notes = true,
     .written = "{\"json\":{\"b\":2}}"},
    {.events = {{.kind = EVENT_REFUSAL, .text = S("I will ")},
                {.kind = EVENT_REFUSAL, .text = S("not")},
                {.kind = EVENT_FINISH, .finish = FINISH_REFUSAL}},
     .without_notes = true,
     .written = "{\"text\":\"I will not\",\"finishReason\":\"refusal\"}"},
    {.events = {{.kind = EVENT_FILE, .mime = S("image/png"), .text = S("AA=="), .name = S("x")},
                {.kind = EVENT_FILE, .text = S("https://x/y"), .is_url = true}},
     .without_notes = true,
     .written = "{\"files\":[{\"type\":\"file\",\"data\":\"AA==\",\"mimeType\":\"image/png\","
                "\"filename\":\"x\"},{\"type\":\"url\",\"url\":\"https://x/y\"}]}"},
    /* what a remote hub said is told on, unless this hub has something of its own to say */
    {.events = {{.kind = EVENT_TEXT, .text = S("x")},
                {.kind = EVENT_EXTRA, .name = S("modelWithProvider"), .text = S("\"p/m\"")},
                {.kind = EVENT_EXTRA, .name = S("extra"), .text = S("1")},
                {.kind = EVENT_EXTRA, .name = S("extra"), .text = S("[2]")},
                {.kind = EVENT_USAGE,
                 .usage = {1, -1, -1, -1, 1, -1, -1, -1, -1, -1, -1, -1, -1, 0},
                 .metadata = S("{\"aigneHubCredits\":1e-7,\"creditPrefix\":\"$\"}")}},
     .without_notes = true,
     .written =
         "{\"text\":\"x\",\"usage\":{\"inputTokens\":1,\"outputTokens\":1,"
         "\"aigneHubCredits\":1e-7,\"creditPrefix\":\"$\"},\"modelWithProvider\":\"p/m\","
         "\"extra\":[2]}"},
    {.events = {{.kind = EVENT_TEXT, .text = S("x")},
                {.kind = EVENT_EXTRA, .name = S("modelWithProvider"), .text = S("\"p/m\"")},
                {.kind = EVENT_USAGE,
                 .usage = {1, -1, -1, -1, 1, -1, -1, -1, -1, -1, -1, -1, -1, 0},
                 .metadata = S("{\"aigneHubCredits\":9}")}},
     .notes = {.call_id = S("C2"), .model_with_provider = S("hub/p/m")},
     .written =
         "{\"text\":\"x\",\"usage\":{\"inputTokens\":1,\"outputTokens\":1,\"modelCallId\":"
         "\"C2\"},\"modelWithProvider\":\"hub/p/m\"}"},
    /* a prefix that AIGNE's clients refuse is left out; what was charged is told even so */
    {.events = {{.kind = EVENT_TEXT, .text = S("x")}},
     .notes = {.call_id = S("C3"),
               .charged = true,
               .credits = 12000000000,
               .credit_prefix = S("EUR")},
     .written =
         "{\"text\":\"x\",\"usage\":{\"inputTokens\":0,\"outputTokens\":0,\"modelCallId\":"
         "\"C3\",\"aigneHubCredits\":12}}"},
};

static int gather(const struct row *row, struct reply *reply)
{
    for (size_t i = 0; i < COUNT(row->events) && row->events[i].kind; i++) {
        struct event e = row->events[i];
        int rc = event_push(&reply->sink, &e);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

static void writes_what_was_gathered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a;
        struct reply reply;
        struct buf out;
        arena_init(&a);
        reply_init(&reply, &a);
        buf_init(&out, CEILING);
        assert_int_equal(gather(&rows[i], &reply), AIGNE_OK);
        reply_write(&reply, rows[i].without_notes ? NULL : &rows[i].notes, &out);
        assert_int_equal(buf_rc(&out), AIGNE_OK);
        assert_slice(buf_slice(&out), rows[i].written);
        assert_int_equal(json_check(buf_slice(&out), NULL), AIGNE_OK);
        buf_free(&out);
        reply_free(&reply);
        arena_free(&a);
    }
}

static void keeps_what_has_no_place_in_aigne(void **state)
{
    (void)state;
    static const struct row row = {
        .events = {{.kind = EVENT_START, .id = S("answer-1")},
                   {.kind = EVENT_FINISH, .finish = FINISH_STOP_SEQUENCE}}};
    struct arena a;
    struct reply reply;
    arena_init(&a);
    reply_init(&reply, &a);
    assert_int_equal(gather(&row, &reply), AIGNE_OK);
    assert_slice(reply.id, "answer-1");
    assert_int_equal(reply.finish, FINISH_STOP_SEQUENCE);
    assert_null(reply.model.p);
    reply_free(&reply);
    arena_free(&a);
}

static void keeps_the_order_of_the_answer(void **state)
{
    (void)state;
    static const struct event events[] = {
        {.kind = EVENT_THOUGHT, .text = S("th")},
        {.kind = EVENT_THOUGHT, .text = S("ink")},
        {.kind = EVENT_SIGNATURE, .text = S("sig")},
        {.kind = EVENT_THOUGHT, .text = S("more")},
        {.kind = EVENT_REDACTED, .text = S("b64")},
        {.kind = EVENT_SIGNATURE, .text = S("wordless")},
        {.kind = EVENT_TEXT, .text = S("one")},
        {.kind = EVENT_LOGPROBS, .text = S("[]")},
        {.kind = EVENT_LOGPROBS, .text = S("[{\"token\":\"one\"}]")},
        {.kind = EVENT_CITATION, .metadata = S("{\"url\":\"u\"}")},
        {.kind = EVENT_TOOL_BEGIN, .index = 0},
        {.kind = EVENT_FILE, .text = S("b64")},
        {.kind = EVENT_TEXT, .text = S("two")},
        {.kind = EVENT_TEXT, .text = S("of another choice"), .choice = 1},
        {.kind = EVENT_LOGPROBS, .text = S(" [{\"token\":\"two\"}]")},
        {.kind = EVENT_REFUSAL, .text = S("no")},
    };
    static const struct {
        enum event_kind kind;
        size_t start;
        size_t end;
        const char *seal;
    } runs[] = {{EVENT_THOUGHT, 0, 5, "sig"},  {EVENT_THOUGHT, 5, 9, NULL},
                {EVENT_REDACTED, 0, 0, "b64"}, {EVENT_THOUGHT, 9, 9, "wordless"},
                {EVENT_TEXT, 0, 3, NULL},      {EVENT_TOOL_BEGIN, 0, 0, NULL},
                {EVENT_FILE, 0, 0, NULL},      {EVENT_TEXT, 3, 6, NULL},
                {EVENT_REFUSAL, 0, 2, NULL}};
    struct arena a;
    struct reply reply;
    arena_init(&a);
    reply_init(&reply, &a);
    for (size_t i = 0; i < COUNT(events); i++)
        assert_int_equal(event_push(&reply.sink, &events[i]), AIGNE_OK);
    assert_int_equal(reply.run_count, COUNT(runs));
    for (size_t i = 0; i < COUNT(runs); i++) {
        assert_int_equal(reply.runs[i].kind, runs[i].kind);
        assert_int_equal(reply.runs[i].start, runs[i].start);
        assert_int_equal(reply.runs[i].end, runs[i].end);
        if (runs[i].seal)
            assert_slice(reply.runs[i].seal, runs[i].seal);
        else
            assert_null(reply.runs[i].seal.p);
    }
    assert_int_equal(reply.citation_count, 1);
    assert_int_equal(reply.citations[0].at, 3);
    assert_slice(buf_slice(&reply.logprobs), "{\"token\":\"one\"},{\"token\":\"two\"}");
    struct event reset = {.kind = EVENT_RESET};
    assert_int_equal(event_push(&reply.sink, &reset), AIGNE_OK);
    assert_int_equal(reply.run_count, 4);
    assert_int_equal(reply.citation_count, 0);
    reply_free(&reply);
    arena_free(&a);
}

static void refuses_calls_out_of_order(void **state)
{
    (void)state;
    static const struct event wrong[] = {
        {.kind = EVENT_TOOL_BEGIN, .index = 1},
        {.kind = EVENT_TOOL_BEGIN, .index = -1},
        {.kind = EVENT_TOOL_ARGUMENTS, .text = S("{}")},
        {.kind = EVENT_TOOL_END},
        {.kind = EVENT_TOOL_ARGUMENTS, .index = -1},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct arena a;
        struct reply reply;
        arena_init(&a);
        reply_init(&reply, &a);
        assert_int_equal(event_push(&reply.sink, &wrong[i]), AIGNE_E_PROTOCOL);
        reply_free(&reply);
        arena_free(&a);
    }
}

static void writes_usage_alone(void **state)
{
    (void)state;
    struct usage u;
    struct buf out;
    buf_init(&out, CEILING);
    usage_init(&u);
    assert_false(reply_write_usage(&u, NULL, &out));
    assert_int_equal(out.n, 0);
    u.output = 0;
    assert_true(reply_write_usage(&u, NULL, &out));
    assert_slice(buf_slice(&out), "{\"inputTokens\":0,\"outputTokens\":0}");
    buf_free(&out);
}

static void gather_and_write_once(void *user)
{
    const struct row *row = user;
    struct arena a;
    struct reply reply;
    struct buf out;
    arena_init(&a);
    reply_init(&reply, &a);
    buf_init(&out, CEILING);
    int rc = gather(row, &reply);
    if (rc == AIGNE_OK) {
        reply_write(&reply, row->without_notes ? NULL : &row->notes, &out);
        rc = buf_rc(&out);
    }
    assert_int_equal(rc, failing_alloc_tripped() ? AIGNE_E_NOMEM : AIGNE_OK);
    if (rc == AIGNE_OK)
        assert_slice(buf_slice(&out), row->written);
    buf_free(&out);
    reply_free(&reply);
    arena_free(&a);
}

static void survives_failing_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct row row = rows[i];
        assert_true(failing_alloc_each(gather_and_write_once, &row) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_was_gathered),
        cmocka_unit_test(keeps_what_has_no_place_in_aigne),
        cmocka_unit_test(keeps_the_order_of_the_answer),
        cmocka_unit_test(refuses_calls_out_of_order),
        cmocka_unit_test(writes_usage_alone),
        cmocka_unit_test(survives_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
