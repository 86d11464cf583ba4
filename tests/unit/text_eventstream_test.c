/* Knows messages as Amazon's own codec writes them, and what a damaged one is. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/crc32.h"
#include "text/eventstream.h"
#include "unit.h"

#define EVENT                                                                                  \
    SLICE("\0\0\0\x76\0\0\0\x52\x96\xd5\xfa\xde\x0d:message-type\x07\0\x05"                    \
          "event\x0b:event-type\x07\0\x0cmessageStart\x0d:content-type\x07\0\x10"              \
          "application/json{\"role\":\"assistant\"}\x1c\xc6\xbe\x18")
/* With a header of each type in front. */
#define EXCEPTION                                                                              \
    SLICE("\0\0\0\xab\0\0\0\x89\xf6\xb1\x4a\x6a"                                               \
          "\x01"                                                                               \
          "a\0\x01"                                                                            \
          "b\x01\x01"                                                                          \
          "c\x02\xff\x01"                                                                      \
          "d\x03\0\x02\x01"                                                                    \
          "e\x04\0\0\0\x03\x01"                                                                \
          "f\x05\0\0\0\0\0\0\0\x04\x01"                                                        \
          "g\x06\0\x05"                                                                        \
          "bytes\x01"                                                                          \
          "h\x08\0\0\0\x02\x05\x16\xb5\xc8\x01"                                                \
          "i\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"              \
          "\x0d:message-type\x07\0\x09"                                                        \
          "exception\x0f:exception-type\x07\0\x13throttlingException"                          \
          "{\"message\":\"slow\"}\x0c\x47\xb3\x06")
#define ERROR                                                                                  \
    SLICE("\0\0\0\x5d\0\0\0\x4d\xad\xcc\xe9\x3e\x0d:message-type\x07\0\x05"                    \
          "error\x0b:error-code\x07\0\x0dInternalError\x0e:error-message\x07\0\x09"            \
          "It broke.j\x26\x36\xaa")

#define TELLS                                                                                  \
    "event messageStart {\"role\":\"assistant\"};"                                             \
    "failed throttlingException {\"message\":\"slow\"};"                                       \
    "failed InternalError It broke.;"

static int read_stream(struct slice stream, size_t step, struct buf *out)
{
    struct eventstream s;
    struct eventstream_message m;
    int rc = 0;
    eventstream_init(&s);
    buf_clear(out);
    for (size_t at = 0; at < stream.n && rc == 0; at += step) {
        size_t n = stream.n - at < step ? stream.n - at : step;
        char *piece = mem_text(stream.p + at, n);
        if (!piece)
            rc = AIGNE_E_NOMEM;
        eventstream_feed(&s, slice_of(piece, piece ? n : 0));
        while (rc >= 0 && (rc = eventstream_next(&s, &m)) > 0)
            buf_printf(out, "%s %.*s %.*s;", m.failed ? "failed" : "event", (int)m.name.n,
                       m.name.p, (int)m.data.n, m.data.p);
        mem_free(piece); /* borrowed only until now */
    }
    eventstream_free(&s);
    return rc;
}

static struct buf three_messages(void)
{
    struct buf b;
    buf_init(&b, 1000);
    buf_reserve(&b, 1000);
    buf_put_slice(&b, EVENT);
    buf_put_slice(&b, EXCEPTION);
    buf_put_slice(&b, ERROR);
    return b;
}

static void any_split_gives_the_same_messages(void **state)
{
    (void)state;
    struct buf out;
    struct buf stream = three_messages();
    buf_init(&out, 2000);
    for (size_t step = 1; step <= stream.n; step++) {
        assert_int_equal(read_stream(buf_slice(&stream), step, &out), 0);
        assert_slice(buf_slice(&out), TELLS);
    }
    buf_free(&out);
    buf_free(&stream);
}

static void every_damaged_byte_is_seen(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 2000);
    struct slice whole = EXCEPTION;
    for (size_t i = 0; i < whole.n; i++) {
        char *copy = mem_text(whole.p, whole.n);
        assert_non_null(copy);
        copy[i] = (char)(copy[i] ^ 0x10);
        assert_int_equal(read_stream(slice_of(copy, whole.n), whole.n, &out), AIGNE_E_PROTOCOL);
        assert_int_equal(read_stream(slice_of(copy, whole.n), 1, &out), AIGNE_E_PROTOCOL);
        assert_int_equal(out.n, 0);
        mem_free(copy);
    }
    buf_free(&out);
}

static void put_number(struct buf *b, size_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_put_byte(b, (char)(value >> shift & 255));
}

/* A message with sums that are right, whatever its headers are. */
static int read_made(size_t length, size_t headers_length, struct slice headers)
{
    struct buf message;
    struct buf out;
    buf_init(&message, 1000);
    buf_init(&out, 1000);
    put_number(&message, length);
    put_number(&message, headers_length);
    put_number(&message, crc32_of(0, buf_slice(&message)));
    buf_put_slice(&message, headers);
    put_number(&message, crc32_of(0, buf_slice(&message)));
    int rc = read_stream(buf_slice(&message), 1000, &out);
    assert_int_equal(read_stream(buf_slice(&message), 5, &out), rc);
    buf_free(&message);
    buf_free(&out);
    return rc;
}

static void whole_but_wrong(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        {"\0\0", 2}, /* a header without a name */
        {"\x01"      /* and without a type */
         "a",
         2},
        {"\x01" /* of no known type */
         "a\x0a",
         3},
        {"\x01" /* a text without its length */
         "a\x07\0",
         4},
        {"\x01" /* longer than what follows */
         "a\x07\0\x02"
         "b",
         6},
        {"\x01" /* a number cut short */
         "a\x04\0\0\0",
         6},
        {"\x05" /* a name longer than what follows */
         "ab",
         3},
        {"\x0d:message-type\x07\0\x03odd", 20}, /* a kind nobody knows */
        {"\x0d:message-type\x06\0\x05"          /* not as a string */
         "event",
         22},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(read_made(16 + rows[i].n, rows[i].n, rows[i]), AIGNE_E_PROTOCOL);
    assert_int_equal(read_made(16, 0, SLICE("")), AIGNE_E_PROTOCOL);
    assert_int_equal(read_made(16, 1, SLICE("")), AIGNE_E_PROTOCOL);
    assert_int_equal(read_made(15, 0, SLICE("")), AIGNE_E_PROTOCOL);
    assert_int_equal(read_made(0, 0, SLICE("")), AIGNE_E_PROTOCOL);
    assert_int_equal(read_made(LIMIT_FRAME + 1, 0, SLICE("")), AIGNE_E_PROTOCOL);
    assert_int_equal(read_made(16, 0xFFFFFFFF, SLICE("")), AIGNE_E_PROTOCOL);
    assert_int_equal(read_made(22 + 16, 22,
                               SLICE("\x0d:message-type\x07\0\x05"
                                     "event")),
                     0);
}

static void what_is_no_such_stream(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(read_stream(SLICE("data: {\"text\":1}\n\n"), 3, &out), AIGNE_E_PROTOCOL);
    assert_int_equal(read_stream(SLICE("{\"message\":\"no\"}"), 100, &out), AIGNE_E_PROTOCOL);
    assert_int_equal(read_stream(SLICE("\0\0\0\x76\0\0"), 100, &out), 0); /* not all yet */
    buf_free(&out);
}

static void whole_messages_are_not_copied(void **state)
{
    (void)state;
    struct eventstream s;
    struct eventstream_message m;
    struct slice event = EVENT;
    eventstream_init(&s);
    eventstream_feed(&s, event);
    assert_int_equal(eventstream_next(&s, &m), 1);
    assert_ptr_equal(m.raw.p, event.p);
    assert_int_equal(eventstream_next(&s, &m), 0);
    assert_null(s.carry.p);
    eventstream_free(&s);
}

static void read_once(void *user)
{
    struct buf *b = user;
    int rc = read_stream(buf_slice(&b[0]), 9, &b[1]);
    assert_int_equal(rc, failing_alloc_tripped() ? AIGNE_E_NOMEM : 0);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    struct buf b[2] = {three_messages()};
    buf_init(&b[1], 2000);
    buf_reserve(&b[1], 2000);
    assert_true(failing_alloc_each(read_once, b) > 2);
    buf_free(&b[0]);
    buf_free(&b[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_gives_the_same_messages),
        cmocka_unit_test(every_damaged_byte_is_seen),
        cmocka_unit_test(whole_but_wrong),
        cmocka_unit_test(what_is_no_such_stream),
        cmocka_unit_test(whole_messages_are_not_copied),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
