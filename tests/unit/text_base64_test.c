/* Knows RFC 4648's vectors and what is not base64. */
#include "text/base64.h"
#include "unit.h"

static void vectors_both_ways(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    struct buf b;
    buf_init(&b, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&b);
        base64_encode(&b, slice_text(rows[i][0]));
        assert_slice(buf_slice(&b), rows[i][1]);
        buf_clear(&b);
        buf_put_text(&b, "<");
        assert_true(base64_decode(&b, slice_text(rows[i][1])));
        assert_slice(slice_from(buf_slice(&b), 1), rows[i][0]);
        assert_int_equal(b.p[b.n], '\0');
        struct slice bare = slice_text(rows[i][1]);
        bare.n = slice_find_byte(bare, '=');
        buf_clear(&b);
        assert_true(base64_decode(&b, bare)); /* padding is optional */
        assert_slice(buf_slice(&b), rows[i][0]);
    }
    buf_clear(&b);
    assert_true(base64_decode(&b, SLICE("-_+/")));
    assert_memory_equal(b.p, "\xFB\xFF\xBF", 3);
    buf_free(&b);
}

static void refuses_anything_else(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",      "Zg=",      "Zg===", "=",    "==",         "Zm9v=", "Zm9v==", "Zm 9v",
        "Zm9v\n", "Zg==Zg==", "Zm9*",  "Z===", "\303\251Zm", "Zm9vY", "Zm=v"};
    struct buf b;
    buf_init(&b, 1000);
    buf_put_text(&b, "kept");
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(base64_valid(slice_text(bad[i])));
        assert_false(base64_decode(&b, slice_text(bad[i])));
        assert_slice(buf_slice(&b), "kept");
    }
    assert_true(base64_valid(SLICE_NONE));
    for (int byte = 0; byte < 256; byte++) {
        char text[4] = {'A', 'A', (char)byte, 'A'};
        bool fine = byte != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789+/-_",
                                        byte) != NULL;
        assert_int_equal(base64_valid(slice_of(text, 4)), fine);
    }
    buf_free(&b);
}

static void all_bytes_come_back(void **state)
{
    (void)state;
    char bytes[256];
    struct buf text;
    struct buf back;
    buf_init(&text, 1000);
    buf_init(&back, 1000);
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    for (size_t n = 0; n <= 256; n++) {
        buf_clear(&text);
        buf_clear(&back);
        base64_encode(&text, slice_of(bytes, n));
        assert_int_equal(text.n, (n + 2) / 3 * 4);
        assert_true(base64_decode(&back, buf_slice(&text)));
        assert_true(slice_eq(buf_slice(&back), slice_of(bytes, n)));
    }
    buf_free(&text);
    buf_free(&back);
}

static void ceilings_and_memory(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 7);
    base64_encode(&b, SLICE("foob"));
    assert_int_equal(buf_rc(&b), AIGNE_E_REQUEST);
    buf_clear(&b);
    assert_true(base64_decode(&b, SLICE("Zm9vYmFyZm9v")));
    assert_int_equal(buf_rc(&b), AIGNE_E_REQUEST);
    buf_init(&b, 9);
    assert_true(base64_decode(&b, SLICE("Zm9vYmFyZm9v"))); /* fits exactly */
    assert_slice(buf_slice(&b), "foobarfoo");
    buf_free(&b);
}

static void takes_data_urls_apart(void **state)
{
    (void)state;
    struct slice mime = SLICE_NONE;
    struct slice base64 = SLICE_NONE;
    assert_true(data_url_parse(SLICE("data:image/png;base64,AAAA"), &mime, &base64));
    assert_slice(mime, "image/png");
    assert_slice(base64, "AAAA");
    assert_true(
        data_url_parse(SLICE("DATA:text/plain;charset=utf-8;BASE64,SGk"), &mime, &base64));
    assert_slice(mime, "text/plain");
    assert_slice(base64, "SGk");
    assert_true(data_url_parse(SLICE("data:;base64,"), &mime, &base64));
    assert_slice(mime, "text/plain");
    assert_slice(base64, "");
    assert_false(data_url_parse(SLICE("data:text/plain,hi"), &mime, &base64));
    assert_false(data_url_parse(SLICE("data:image/png;base64"), &mime, &base64));
    assert_false(data_url_parse(SLICE("data:image/pngbase64,A"), &mime, &base64));
    assert_false(data_url_parse(SLICE("data:base64,A"), &mime, &base64));
    assert_false(data_url_parse(SLICE("https://x/;base64,A"), &mime, &base64));
    assert_false(data_url_parse(SLICE("data:"), &mime, &base64));
    assert_false(data_url_parse(SLICE_NONE, &mime, &base64));
}

static void bytes_poorly(void *user)
{
    struct arena a;
    (void)user;
    arena_init(&a);
    struct slice bytes = base64_bytes(&a, SLICE("aGVsbG8"));
    assert_true(bytes.p ? slice_is(bytes, "hello") : a.failed);
    arena_free(&a);
}

static void test_bytes_in_an_arena(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    assert_slice(base64_bytes(&a, SLICE("aGVsbG8=")), "hello");
    assert_slice(base64_bytes(&a, SLICE("")), "");
    assert_null(base64_bytes(&a, SLICE("aGVsbG8*")).p);
    assert_false(a.failed);
    arena_free(&a);
    failing_alloc_each(bytes_poorly, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_in_an_arena), cmocka_unit_test(vectors_both_ways),
        cmocka_unit_test(refuses_anything_else),  cmocka_unit_test(all_bytes_come_back),
        cmocka_unit_test(ceilings_and_memory),    cmocka_unit_test(takes_data_urls_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
