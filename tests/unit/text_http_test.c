/* Knows how headers, media types and bearer tokens are read, however they are written. */
#include "text/http.h"
#include "unit.h"

static void requests_have_room_for_16_headers(void **state)
{
    (void)state;
    struct http_request r = {0};
    for (int i = 0; i < HTTP_REQUEST_HEADERS; i++)
        assert_int_equal(http_request_header(&r, "X-Name", SLICE("v")), AIGNE_OK);
    assert_int_equal(http_request_header(&r, "X-Name", SLICE("v")), AIGNE_E_INTERNAL);
    assert_int_equal(r.header_count, HTTP_REQUEST_HEADERS);
    assert_slice(r.headers[3].name, "X-Name");
}

static void finds_headers(void **state)
{
    (void)state;
    struct slice block = SLICE("HTTP/1.1 200 at 10:30\r\nContent-Type: text/plain\r\n"
                               "X-Empty:\nX-Tabs:\t a b \t\r\nX-Colon: a:b:c\n"
                               "no colon here\n folded: x\nbad name: x\n:none\n"
                               "content-type: second\nLast: z");
    assert_slice(http_block_get(block, "CONTENT-type"), "text/plain");
    assert_slice(http_block_get(block, "x-empty"), "");
    assert_slice(http_block_get(block, "x-tabs"), "a b");
    assert_slice(http_block_get(block, "x-colon"), "a:b:c");
    assert_slice(http_block_get(block, "last"), "z");
    assert_null(http_block_get(block, "folded").p);
    assert_null(http_block_get(block, "name").p);
    assert_null(http_block_get(block, "").p);
    assert_null(http_block_get(SLICE_NONE, "last").p);
    int count = 0;
    struct http_header header;
    while (http_block_next(&block, &header))
        count++;
    assert_int_equal(count, 6);
    assert_false(http_block_next(&block, &header));
}

static void takes_tokens_as_names(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char line[] = {'a', (char)c, 'z', ':', ' ', 'v', '\0'};
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool token = letter || (c >= '0' && c <= '9') || strchr("!#$%&'*+-.^_`|~", c);
        struct slice block = slice_text(line);
        struct http_header header;
        bool taken = http_block_next(&block, &header) && header.name.n == 3;
        assert_int_equal(taken, token);
    }
}

static void reads_bearers(void **state)
{
    (void)state;
    assert_slice(http_bearer(SLICE("Bearer abc")), "abc");
    assert_slice(http_bearer(SLICE("  bEARER   a.b-c=  ")), "a.b-c=");
    assert_null(http_bearer(SLICE("Basic abc")).p);
    assert_null(http_bearer(SLICE("Bearer")).p);
    assert_null(http_bearer(SLICE("Bearerabc")).p);
    assert_null(http_bearer(SLICE("")).p);
    assert_null(http_bearer(SLICE_NONE).p);
}

static void compares_media_types(void **state)
{
    (void)state;
    const char *sse = "text/event-stream";
    assert_true(http_media_type_is(SLICE("text/event-stream"), sse));
    assert_true(http_media_type_is(SLICE("Text/Event-Stream ; charset=utf-8"), sse));
    assert_true(http_media_type_is(SLICE("application/json, text/event-stream;q=0.9"), sse));
    assert_true(http_media_type_is(SLICE("a/b;x=\"1,\\\",2\", text/event-stream"), sse));
    assert_false(http_media_type_is(SLICE("a/b;x=\", text/event-stream\""), sse));
    assert_false(http_media_type_is(SLICE("text/event-streams"), sse));
    assert_false(http_media_type_is(SLICE("application/json"), sse));
    assert_false(http_media_type_is(SLICE("a/b; text/event-stream"), sse));
    assert_false(http_media_type_is(SLICE(""), sse));
    assert_false(http_media_type_is(SLICE_NONE, sse));
}

static void names_statuses(void **state)
{
    (void)state;
    assert_string_equal(http_status_phrase(200), "OK");
    assert_string_equal(http_status_phrase(402), "Payment Required");
    assert_string_equal(http_status_phrase(429), "Too Many Requests");
    assert_string_equal(http_status_phrase(504), "Gateway Timeout");
    assert_string_equal(http_status_phrase(999), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_have_room_for_16_headers),
        cmocka_unit_test(finds_headers),
        cmocka_unit_test(takes_tokens_as_names),
        cmocka_unit_test(reads_bearers),
        cmocka_unit_test(compares_media_types),
        cmocka_unit_test(names_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
