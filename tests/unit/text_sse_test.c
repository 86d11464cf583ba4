/* Knows what events a stream holds, however it is split, and that reading it costs no copies. */
#include "base/limits.h"
#include "base/mem.h"
#include "text/sse.h"
#include "unit.h"

/* Events as "name|data;" one after the other. */
static void read_stream(struct slice stream, size_t step, struct buf *out)
{
    struct sse s;
    struct sse_event e;
    int rc;
    sse_init(&s);
    buf_clear(out);
    for (size_t at = 0; at < stream.n; at += step) {
        size_t left = stream.n - at;
        char *piece = mem_text(stream.p + at, left < step ? left : step);
        sse_feed(&s, slice_of(piece, left < step ? left : step));
        while ((rc = sse_next(&s, &e)) > 0) {
            buf_put_slice(out, e.name);
            buf_put_byte(out, '|');
            buf_put_slice(out, e.data);
            buf_put_byte(out, ';');
        }
        assert_int_equal(rc, 0);
        mem_free(piece); /* borrowed only until now */
    }
    while ((rc = sse_finish(&s, &e)) > 0)
        buf_printf(out, "%.*s|%.*s;", (int)e.name.n, e.name.p, (int)e.data.n, e.data.p);
    assert_int_equal(rc, 0);
    sse_free(&s);
}

static const struct {
    const char *stream;
    const char *events;
} rows[] = {
    {"", ""},
    {"data: a\n\n", "|a;"},
    {"data:a\n\ndata: b\n\n", "|a;|b;"},
    {"data:  a \n\n", "| a ;"},
    {"event: e\ndata: a\n\n", "e|a;"},
    {"data: a\nevent: e\n\n", "e|a;"},
    {"event: e\nevent: f\ndata: a\n\n", "f|a;"},
    {"data: a\ndata: b\ndata:\ndata: c\n\n", "|a\nb\n\nc;"},
    {"data: a\r\n\r\ndata: b\r\n\r\n", "|a;|b;"},
    {"data: a\r\rdata: b\r\r", "|a;|b;"},
    {"data: a\r\n\rdata: b\n\r\ndata: c\n\rdata: d\r\r\ndata: e\n\n", "|a;|b;|c;|d;|e;"},
    {"data: a\rdata: b\ndata: c\r\ndata: d\n\n", "|a\nb\nc\nd;"},
    {": comment\n\ndata: a\n: comment\n\n", "|a;"},
    {"event: lone\n\nid: 7\nretry: 5\n\ndata: a\n\n", "|a;"},
    {"data: a\nid: 7\nretry: 5\nother\n\n", "|a;"},
    {"data\n\nevent: e\ndata\n\n", "e|;"},
    {"data:\n\n", ""},
    {"data:\ndata:\n\n", "|\n;"},
    {"\n\n\r\n\r\r\ndata: a\n\n\n\n\n", "|a;"},
    {"data: last", "|last;"},
    {"data: last\n", "|last;"},
    {"data: last\r", "|last;"},
    {"data: last\r\n\r", "|last;"},
    {"data: a\n\nevent: e\ndata: last\n", "|a;e|last;"},
    {": comment", ""},
    {"\xEF\xBB\xBF"
     "data: a\n\n",
     "|a;"},
    {"\xEF\xBB\xBF\n\ndata: a\n\n", "|a;"},
    {"\xEF\xBB\xBF", ""},
    {"\n\xEF\xBB\xBF"
     "data: a\n\n",
     ""}, /* not at the start: a field of another name */
    {"datax: a\n\ndat: b\n\n Data: c\n\ndata: d\n\n", "|d;"},
    {"data: {\"choices\":[{\"delta\":{\"content\":\"Hello, wide world\"}}]}\n\ndata: [DONE]\n\n",
     "|{\"choices\":[{\"delta\":{\"content\":\"Hello, wide world\"}}]};|[DONE];"},
};

static void any_split_gives_the_same_events(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 10000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice stream = slice_text(rows[i].stream);
        for (size_t step = 1; step <= stream.n + 1; step++) {
            read_stream(stream, step, &out);
            assert_slice(buf_slice(&out), rows[i].events);
        }
    }
    buf_free(&out);
}

static void whole_events_are_not_copied(void **state)
{
    (void)state;
    struct sse s;
    struct sse_event e;
    const char *piece = "event: e\ndata: one\n\ndata: two\r\n\r\n";
    failing_alloc_begin(0);
    sse_init(&s);
    sse_feed(&s, slice_text(piece));
    assert_int_equal(sse_next(&s, &e), 1);
    assert_ptr_equal(e.data.p, piece + 15);
    assert_ptr_equal(e.raw.p, piece);
    assert_int_equal(e.raw.n, 20);
    assert_int_equal(sse_next(&s, &e), 1);
    assert_slice(e.raw, "data: two\r\n\r\n");
    assert_int_equal(sse_next(&s, &e), 0);
    assert_int_equal(sse_finish(&s, &e), 0);
    assert_int_equal(failing_alloc_count(), 0);
    sse_free(&s);
    assert_int_equal(failing_alloc_end(), 0);
}

static void comments_are_noticed(void **state)
{
    (void)state;
    struct sse s;
    struct sse_event e;
    sse_init(&s);
    sse_feed(&s, SLICE(": alive\n\n"));
    assert_int_equal(sse_next(&s, &e), 0);
    assert_true(s.comment_seen);
    sse_feed(&s, SLICE("data: a\n\n"));
    assert_int_equal(sse_next(&s, &e), 1);
    assert_false(s.comment_seen);
    assert_int_equal(sse_next(&s, &e), 0);
    assert_false(s.comment_seen);
    sse_feed(&s, SLICE("\n"));
    assert_int_equal(sse_next(&s, &e), 0);
    assert_true(s.comment_seen);
    sse_free(&s);
}

static void events_have_a_ceiling(void **state)
{
    (void)state;
    struct sse s;
    struct sse_event e;
    static char piece[1024 * 1024];
    memset(piece, 'x', sizeof(piece));
    memcpy(piece, "data: ", 6);
    sse_init(&s);
    int rc = 0;
    size_t fed = 0;
    while (rc == 0 && fed <= LIMIT_FRAME + sizeof(piece)) {
        sse_feed(&s, slice_of(piece, sizeof(piece)));
        fed += sizeof(piece);
        rc = sse_next(&s, &e);
    }
    assert_int_equal(rc, AIGNE_E_PROTOCOL);
    assert_true(fed > LIMIT_FRAME);
    assert_int_equal(sse_next(&s, &e), AIGNE_E_PROTOCOL); /* and stays so */
    assert_int_equal(sse_finish(&s, &e), AIGNE_E_PROTOCOL);
    sse_free(&s);
}

/* One long event in tiny pieces: looking again from its start each time would take minutes. */
static void long_events_are_read_once(void **state)
{
    (void)state;
    struct sse s;
    struct sse_event e;
    sse_init(&s);
    for (int i = 0; i < 1000000; i++) {
        sse_feed(&s, i % 20 ? SLICE("0123456") : SLICE("\ndata: "));
        assert_int_equal(sse_next(&s, &e), 0);
    }
    sse_feed(&s, SLICE("\n\ndata: next\n\n"));
    assert_int_equal(sse_next(&s, &e), 1);
    assert_int_equal(e.raw.n, 1000000 / 20 * (7 + 19 * 7) - 1 + 2);
    assert_int_equal(e.data.n, 1000000 / 20 * (19 * 7 + 1) - 1);
    assert_int_equal(sse_next(&s, &e), 1);
    assert_slice(e.data, "next");
    assert_int_equal(sse_next(&s, &e), 0);
    assert_int_equal(s.carry.n, 0);
    sse_free(&s);
}

static void read(void *user)
{
    struct sse s;
    struct sse_event e;
    int rc = 0;
    int events = 0;
    static const char *const pieces[] = {"data: a\ndata", ": b\n\ndata: c\n\ndata: d",
                                         "\ndata: e\n\n"};
    (void)user;
    sse_init(&s);
    for (size_t i = 0; i < COUNT(pieces) && rc >= 0; i++) {
        sse_feed(&s, slice_text(pieces[i]));
        while ((rc = sse_next(&s, &e)) > 0)
            events++;
    }
    if (failing_alloc_tripped())
        assert_int_equal(rc, AIGNE_E_NOMEM);
    else
        assert_int_equal(events, 3);
    sse_free(&s);
}

static void survives_failing_memory(void **state)
{
    (void)state;
    assert_int_equal(failing_alloc_each(read, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_gives_the_same_events),
        cmocka_unit_test(whole_events_are_not_copied),
        cmocka_unit_test(comments_are_noticed),
        cmocka_unit_test(events_have_a_ceiling),
        cmocka_unit_test(long_events_are_read_once),
        cmocka_unit_test(survives_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
