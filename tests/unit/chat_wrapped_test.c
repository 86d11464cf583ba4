/* Knows what is taken off an answer that had to be an object, wherever it is split. */
#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "chat/wrapped.h"
#include "unit.h"

struct gathered {
    struct event_sink sink;
    struct buf text;
    int others;
};

static int gather(struct event_sink *self, const struct event *e)
{
    struct gathered *g = LIST_OWNER(self, struct gathered, sink);
    if (e->kind == EVENT_TEXT)
        buf_put_slice(&g->text, e->text);
    else
        g->others++;
    return 0;
}

static void unwraps_to(const char *answer, const char *value)
{
    size_t n = strlen(answer);
    for (size_t piece = 1; piece <= n; piece++) {
        struct arena a;
        struct gathered g = {.sink.push = gather};
        struct event_sink *sink = &g.sink;
        const struct chat_request r = {.format = CHAT_FORMAT_SCHEMA,
                                       .schema = SLICE("{\"type\":\"array\"}")};
        arena_init(&a);
        buf_init(&g.text, 4096);
        assert_non_null(wrapped_request(&r, &a, &sink));
        for (size_t i = 0; i < n; i += piece) {
            struct event e = {.kind = EVENT_TEXT,
                              .text = slice_of(answer + i, n - i < piece ? n - i : piece)};
            assert_int_equal(event_push(sink, &e), 0);
        }
        assert_int_equal(event_push(sink, &(struct event){.kind = EVENT_FINISH}), 0);
        assert_true(slice_is(buf_slice(&g.text), value));
        assert_int_equal(g.others, 1);
        buf_free(&g.text);
        arena_free(&a);
    }
}

static void test_answers(void **state)
{
    (void)state;
    unwraps_to("{\"value\":[1,2]}", "[1,2]");
    unwraps_to(" {\n  \"value\" : [{\"a\":\"}]\\\"\"},[]]\n}\n", " [{\"a\":\"}]\\\"\"},[]]\n");
    unwraps_to("{\"value\":\"}\"}", "\"}\"");
    unwraps_to("{\"value\":7}", "7");
    unwraps_to("{\"value\":[1,", "[1,"); /* cut at the length */
    unwraps_to("I will not: {no}", "I will not: {no}");
    unwraps_to("[1]", "[1]");
}

static void test_schemas(void **state)
{
    static const struct {
        const char *schema;
        const char *wrapped; /* NULL: as it is */
    } cases[] = {
        {"{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/a\"},\"$defs\":{\"a\":{}}}",
         "{\"type\":\"object\",\"properties\":{\"value\":{\"type\":\"array\",\"items\":{\"$ref\":"
         "\"#/$defs/a\"},\"$defs\":{\"a\":{}}}},\"required\":[\"value\"],\"additionalProperties\":false,"
         "\"$defs\":{\"a\":{}}}"},
        {"{\"type\":[\"object\",\"null\"]}",
         "{\"type\":\"object\",\"properties\":{\"value\":{\"type\":[\"object\",\"null\"]}},\"required\":"
         "[\"value\"],\"additionalProperties\":false}"},
        {"{\"type\":\"object\"}", NULL},
        {"{\"anyOf\":[]}", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a;
        struct event_sink *sink = NULL;
        struct chat_request r = {.format = CHAT_FORMAT_SCHEMA,
                                 .schema = slice_text(cases[i].schema)};
        arena_init(&a);
        assert_int_equal(wrapped_wanted(&r), cases[i].wrapped != NULL);
        if (cases[i].wrapped)
            assert_true(slice_is(wrapped_request(&r, &a, &sink)->schema, cases[i].wrapped));
        r.n = SLICE("2");
        assert_false(wrapped_wanted(&r));
        arena_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers),
                                       cmocka_unit_test(test_schemas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
