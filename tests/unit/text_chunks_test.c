/* Knows what the chunks of Amazon's model streams hold, and what is none. */
#include "text/chunks.h"
#include "unit.h"

static void events(void **state)
{
    (void)state;
    static const struct {
        const char *payload;
        const char *raw;
    } rows[] = {
        /* {"type":"ping"} */
        {"{\"bytes\":\"eyJ0eXBlIjoicGluZyJ9\",\"p\":\"abc\"}",
         "event: ping\ndata: {\"type\":\"ping\"}\n\n"},
        /* {"a":\n1} */
        {"{\"bytes\":\"eyJhIjoKMX0=\"}", "data: {\"a\": 1}\n\n"},
        /* {"type":"a\nb"} written out, and {"type":5} */
        {"{\"bytes\":\"eyJ0eXBlIjoiYVxuYiJ9\"}", "data: {\"type\":\"a\\nb\"}\n\n"},
        {"{\"bytes\":\"eyJ0eXBlIjo1fQ==\"}", "data: {\"type\":5}\n\n"},
        {"{\"p\":\"abc\"}", ""},
        {"{\"bytes\":null}", ""},
        {"nonsense", ""},
    };
    struct chunks c;
    struct sse_event e;
    chunks_init(&c);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(chunks_event(&c, slice_text(rows[i].payload), &e), 1);
        assert_slice(e.raw, rows[i].raw);
        assert_false(e.failed);
    }
    assert_int_equal(chunks_event(&c, SLICE("{\"bytes\":\"%%\"}"), &e), AIGNE_E_PROTOCOL);
    chunks_free(&c);
}

static void read_once(void *user)
{
    (void)user;
    struct chunks c;
    struct sse_event e;
    chunks_init(&c);
    int rc = chunks_event(&c, SLICE("{\"bytes\":\"eyJ0eXBlIjoicGluZyJ9\"}"), &e);
    assert_int_equal(rc, failing_alloc_tripped() ? AIGNE_E_NOMEM : 1);
    chunks_free(&c);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    assert_true(failing_alloc_each(read_once, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
