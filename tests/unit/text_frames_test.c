/* Knows that a stream is cut the same way whatever the network did; refuses to know what frames mean. */
#include "text/frames.h"
#include "unit.h"

static void test_events(void **state)
{
    (void)state;
    struct frames f;
    struct sse_event e;
    frames_init(&f, FRAMES_SSE);
    assert_string_equal(frames_media_type(FRAMES_SSE), "text/event-stream");
    frames_feed(&f, SLICE("data: a\n\ndata: b"));
    assert_int_equal(frames_next(&f, &e), 1);
    assert_true(slice_is(e.data, "a"));
    assert_int_equal(frames_next(&f, &e), 0);
    assert_int_equal(frames_finish(&f, &e), 1);
    assert_true(slice_is(e.data, "b"));
    frames_free(&f);
}

static void test_raw_pieces(void **state)
{
    (void)state;
    struct frames f;
    struct sse_event e;
    frames_init(&f, FRAMES_RAW);
    assert_null(frames_media_type(FRAMES_RAW));
    frames_feed(&f, SLICE("data: \n\n"));
    assert_int_equal(frames_next(&f, &e), 1);
    assert_true(slice_is(e.data, "data: \n\n"));
    assert_true(slice_is(e.raw, "data: \n\n"));
    assert_int_equal(frames_next(&f, &e), 0);
    frames_feed(&f, SLICE(""));
    assert_int_equal(frames_next(&f, &e), 0);
    assert_int_equal(frames_finish(&f, &e), 0);
    frames_free(&f);
}

static void test_amazons_messages(void **state)
{
    (void)state;
    struct frames f;
    struct sse_event e;
    struct slice message =
        SLICE("\0\0\0\x5d\0\0\0\x4d\xad\xcc\xe9\x3e\x0d:message-type\x07\0\x05"
              "error\x0b:error-code\x07\0\x0dInternalError\x0e:error-message"
              "\x07\0\x09It broke.j\x26\x36\xaa");
    frames_init(&f, FRAMES_AWS);
    assert_string_equal(frames_media_type(FRAMES_AWS), "application/vnd.amazon.eventstream");
    frames_feed(&f, message);
    assert_int_equal(frames_next(&f, &e), 1);
    assert_true(e.failed);
    assert_true(slice_is(e.name, "InternalError"));
    assert_true(slice_is(e.data, "It broke."));
    assert_true(slice_eq(e.raw, message));
    frames_feed(&f, SLICE("data: {}\n\ndata"));
    assert_int_equal(frames_next(&f, &e), AIGNE_E_PROTOCOL);
    assert_int_equal(frames_finish(&f, &e), 0);
    frames_free(&f);
}

static void test_lines(void **state)
{
    (void)state;
    struct frames f;
    struct sse_event e;
    frames_init(&f, FRAMES_LINES);
    assert_string_equal(frames_media_type(FRAMES_LINES), "application/x-ndjson");
    frames_feed(&f, SLICE("{\"a\":1}\r\n{}"));
    assert_int_equal(frames_next(&f, &e), 1);
    assert_true(slice_is(e.data, "{\"a\":1}"));
    assert_true(slice_is(e.raw, "{\"a\":1}\r\n"));
    assert_int_equal(frames_next(&f, &e), 0);
    assert_int_equal(frames_finish(&f, &e), 1);
    assert_true(slice_is(e.data, "{}"));
    assert_int_equal(frames_finish(&f, &e), 0);
    frames_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events), cmocka_unit_test(test_raw_pieces),
        cmocka_unit_test(test_amazons_messages), cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
