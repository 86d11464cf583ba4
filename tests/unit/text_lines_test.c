/* Knows what lines a stream holds, however it is split, and that reading it costs no copies. */
#include "base/limits.h"
#include "base/mem.h"
#include "text/lines.h"
#include "unit.h"

/* Lines as "data;" one after the other. */
static int read_stream(struct slice stream, size_t step, struct buf *out)
{
    struct lines l;
    struct slice line;
    int rc = 0;
    lines_init(&l);
    buf_clear(out);
    for (size_t at = 0; at < stream.n && rc == 0; at += step) {
        size_t n = stream.n - at < step ? stream.n - at : step;
        char *piece = mem_text(stream.p + at, n);
        if (!piece)
            rc = AIGNE_E_NOMEM;
        lines_feed(&l, slice_of(piece, piece ? n : 0));
        while (rc >= 0 && (rc = lines_next(&l, &line)) > 0)
            buf_printf(out, "%.*s;", (int)slice_trim(line).n, slice_trim(line).p);
        mem_free(piece); /* borrowed only until now */
    }
    while (rc >= 0 && (rc = lines_finish(&l, &line)) > 0)
        buf_printf(out, "%.*s.", (int)line.n, line.p);
    lines_free(&l);
    return rc;
}

static const struct {
    const char *stream;
    const char *lines;
} rows[] = {
    {"", ""},
    {"\n\r\n \n", ""},
    {"{}\n", "{};"},
    {"{}\r\n[]\n", "{};[];"},
    {"{\"a\":1}\n\n\r\n{\"a\":2}\n", "{\"a\":1};{\"a\":2};"},
    {"one\ntwo", "one;two."},
    {"one\r\ntwo\r", "one;two\r."},
    {"one\n \r\n\t", "one;"},
    {"a\rb\n", "a\rb;"},
};

static void any_split_gives_the_same_lines(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t step = 1; step < 20; step++) {
            assert_int_equal(read_stream(slice_text(rows[i].stream), step, &out), 0);
            assert_slice(buf_slice(&out), rows[i].lines);
        }
    buf_free(&out);
}

static void read_once(void *user)
{
    struct buf *out = user;
    int rc = read_stream(SLICE("first line\nsecond line\nthird"), 7, out);
    assert_int_equal(rc, failing_alloc_tripped() ? AIGNE_E_NOMEM : 0);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    buf_reserve(&out, 1000);
    assert_true(failing_alloc_each(read_once, &out) > 2);
    buf_free(&out);
}

static void whole_lines_are_not_copied(void **state)
{
    (void)state;
    struct lines l;
    struct slice line;
    const char *text = "one\ntwo\n";
    lines_init(&l);
    lines_feed(&l, slice_text(text));
    assert_int_equal(lines_next(&l, &line), 1);
    assert_ptr_equal(line.p, text);
    assert_int_equal(lines_next(&l, &line), 1);
    assert_ptr_equal(line.p, text + 4);
    assert_int_equal(lines_next(&l, &line), 0);
    assert_int_equal(lines_finish(&l, &line), 0);
    lines_free(&l);
}

static void endless_lines_are_refused(void **state)
{
    (void)state;
    static char block[1024 * 1024];
    struct lines l;
    struct slice line;
    int rc = 0;
    memset(block, 'x', sizeof block);
    lines_init(&l);
    for (size_t fed = 0; fed <= LIMIT_FRAME && rc == 0; fed += sizeof block) {
        lines_feed(&l, slice_of(block, sizeof block));
        rc = lines_next(&l, &line);
    }
    assert_int_equal(rc, AIGNE_E_PROTOCOL);
    assert_int_equal(lines_finish(&l, &line), AIGNE_E_PROTOCOL);
    lines_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_split_gives_the_same_lines),
                                       cmocka_unit_test(memory_may_run_out),
                                       cmocka_unit_test(whole_lines_are_not_copied),
                                       cmocka_unit_test(endless_lines_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
