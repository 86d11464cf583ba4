/* Knows what a multipart/form-data body looks like, to the byte; refuses to know who reads it. */
#include "text/multipart_write.h"
#include "unit.h"

static struct slice written(struct arena *a, const struct http_request *http)
{
    return arena_join(a, http_body(http), http->body_count);
}

static void test_fields_and_files(void **state)
{
    (void)state;
    struct arena a;
    struct multipart m;
    struct http_request http = {0};
    arena_init(&a);
    multipart_begin(&m, &a);
    multipart_field(&m, SLICE("model"), SLICE("m"));
    struct slice bytes = slice_of("\0\r\n--", 5);
    multipart_file(&m, SLICE("a\"b\r\n"), SLICE("x.png"), SLICE("image/png\r\nX: y"), bytes);
    assert_int_equal(multipart_end(&m, &http), AIGNE_OK);
    struct slice type = http.headers[0].value;
    assert_true(slice_is(http.headers[0].name, "content-type"));
    assert_true(slice_is(type, "multipart/form-data; boundary=--aigne-hub-form-boundary-a"));
    struct slice want = slice_of(
        "----aigne-hub-form-boundary-a\r\nContent-Disposition: form-data; "
        "name=\"model\"\r\n\r\nm\r\n"
        "----aigne-hub-form-boundary-a\r\nContent-Disposition: form-data; name=\"a%22b%0D%0A\"; "
        "filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n\0\r\n--\r\n"
        "----aigne-hub-form-boundary-a--\r\n",
        sizeof "----aigne-hub-form-boundary-a\r\nContent-Disposition: form-data; "
               "name=\"model\"\r\n\r\nm\r\n"
               "----aigne-hub-form-boundary-a\r\nContent-Disposition: form-data; "
               "name=\"a%22b%0D%0A\"; "
               "filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n\0\r\n--\r\n"
               "----aigne-hub-form-boundary-a--\r\n" -
            1);
    assert_true(slice_eq(written(&a, &http), want));
    assert_ptr_equal(http.pieces[3].p, bytes.p); /* not copied */
    arena_free(&a);
}

static void test_the_boundary_is_in_no_part(void **state)
{
    (void)state;
    struct arena a;
    struct multipart m;
    struct http_request http = {0};
    arena_init(&a);
    multipart_begin(&m, &a);
    multipart_field(&m, SLICE("a"), SLICE("--aigne-hub-form-boundary-a"));
    multipart_field(&m, SLICE("b"),
                    SLICE("--aigne-hub-form-boundary---aigne-hub-form-boundary-b"));
    assert_int_equal(multipart_end(&m, &http), AIGNE_OK);
    assert_true(slice_ends(http.headers[0].value, "-c"));
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t i = 0; letters[i]; i++) {
        struct slice text[] = {SLICE("--aigne-hub-form-boundary-"), slice_of(&letters[i], 1)};
        multipart_field(&m, SLICE("c"), arena_join(&a, text, 2));
    }
    assert_int_equal(multipart_end(&m, &http), AIGNE_E_REQUEST);
    arena_free(&a);
}

static void write_poorly(void *user)
{
    struct arena a;
    struct multipart m;
    struct http_request http = {0};
    (void)user;
    arena_init(&a);
    multipart_begin(&m, &a);
    for (int i = 0; i < 40; i++)
        multipart_file(&m, SLICE("n"), SLICE_NONE, SLICE_NONE, SLICE("bytes"));
    int rc = multipart_end(&m, &http);
    if (failing_alloc_tripped())
        assert_int_equal(rc, AIGNE_E_NOMEM);
    arena_free(&a);
}

static void test_without_memory(void **state)
{
    (void)state;
    failing_alloc_each(write_poorly, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_and_files),
        cmocka_unit_test(test_the_boundary_is_in_no_part),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
