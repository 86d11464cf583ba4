/* Knows which URLs are usable, what their parts are, and how texts travel inside them. */
#include "base/limits.h"
#include "text/url.h"
#include "unit.h"

static void takes_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *origin, *host, *path, *query;
    } rows[] = {
        {"https://api.openai.com/v1", "https", "https://api.openai.com", "api.openai.com",
         "/v1", ""},
        {"http://localhost:3000", "http", "http://localhost:3000", "localhost", "", ""},
        {"HTTP://X.y:1/", "http", "HTTP://X.y:1", "X.y", "/", ""},
        {"https://h/a/b?x=1&y=/?", "https", "https://h", "h", "/a/b", "x=1&y=/?"},
        {"https://h?x=1", "https", "https://h", "h", "", "x=1"},
        {"https://[::1]:8443/p", "https", "https://[::1]:8443", "::1", "/p", ""},
        {"https://127.0.0.1:65535/v1beta/models/x:generateContent", "https",
         "https://127.0.0.1:65535", "127.0.0.1", "/v1beta/models/x:generateContent", ""},
        {"https://h/a@b", "https", "https://h", "h", "/a@b", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url u;
        struct fault why;
        fault_clear(&why);
        assert_int_equal(url_parse(slice_text(rows[i].text), &u, &why), AIGNE_OK);
        assert_slice(u.scheme, rows[i].scheme);
        assert_slice(u.origin, rows[i].origin);
        assert_slice(u.host, rows[i].host);
        assert_slice(u.path, rows[i].path);
        assert_slice(u.query, rows[i].query);
        assert_int_equal(why.code, 0);
    }
}

static void refuses_and_says_why(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "empty"},
        {"api.openai.com", "http://"},
        {"ftp://h/", "http://"},
        {"https:/h/", "http://"},
        {"https://", "host"},
        {"https:///v1", "host"},
        {"https://:80/", "host"},
        {"https://h o/", "blank"},
        {"https://h/\n", "blank"},
        {"https://h/é", "%XX"},
        {"https://h\\x/", "%XX"},
        {"https://u:SECRET@h/", "user name"},
        {"https://SECRET@h/", "user name"},
        {"https://h/#f", "fragment"},
        {"https://h#f", "fragment"},
        {"https://h:/", "port"},
        {"https://h:0/", "port"},
        {"https://h:65536/", "port"},
        {"https://h:1a/", "port"},
        {"https://h:-1/", "port"},
        {"https://h:000080/", "port"},
        {"https://[::1/", "bracket"},
        {"https://[]/", "host"},
        {"https://[::1]x/", "port"},
        {"https://[fe80::1%25eth0]/", "host"},
        {"https://h!x/", "host"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url u;
        struct fault why;
        fault_clear(&why);
        assert_int_equal(url_parse(slice_text(rows[i][0]), &u, NULL), AIGNE_E_CONFIG);
        assert_int_equal(url_parse(slice_text(rows[i][0]), &u, &why), AIGNE_E_CONFIG);
        if (!strstr(why.text, rows[i][1]))
            fail_msg("%s: %s", rows[i][0], why.text);
        assert_null(strstr(why.text, "SECRET"));
    }
    static char long_url[LIMIT_URL + 10] = "https://h/";
    memset(long_url + 10, 'x', sizeof(long_url) - 10);
    struct url u;
    assert_int_equal(url_parse(slice_of(long_url, LIMIT_URL), &u, NULL), AIGNE_OK);
    assert_int_equal(url_parse(slice_of(long_url, LIMIT_URL + 1), &u, NULL), AIGNE_E_CONFIG);
    assert_int_equal(url_parse(SLICE_NONE, &u, NULL), AIGNE_E_CONFIG);
}

static void joins_with_one_slash(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    assert_string_equal(url_join(&a, SLICE("https://h/v1"), SLICE("chat")).p,
                        "https://h/v1/chat");
    assert_string_equal(url_join(&a, SLICE("https://h/v1/"), SLICE("/chat")).p,
                        "https://h/v1/chat");
    assert_string_equal(url_join(&a, SLICE("https://h//"), SLICE("//chat")).p,
                        "https://h/chat");
    assert_string_equal(url_join(&a, SLICE("https://h/v1/"), SLICE("")).p, "https://h/v1/");
    assert_string_equal(url_join(&a, SLICE("https://h"), SLICE("/")).p, "https://h/");
    arena_free(&a);
}

static void encodes_and_decodes(void **state)
{
    (void)state;
    struct arena a;
    struct buf b;
    arena_init(&a);
    buf_init(&b, 4000);
    url_encode(&b, SLICE("aZ09-._~ /?&=%é+"));
    assert_slice(buf_slice(&b), "aZ09-._~%20%2F%3F%26%3D%25%C3%A9%2B");
    assert_slice(url_decode(&a, buf_slice(&b)), "aZ09-._~ /?&=%é+");
    struct slice plain = SLICE("as+it-is");
    assert_ptr_equal(url_decode(&a, plain).p, plain.p);
    assert_slice(url_decode(&a, SLICE("%e9%C3")), "\xE9\xC3");
    assert_null(url_decode(&a, SLICE("100%")).p);
    assert_null(url_decode(&a, SLICE("%2")).p);
    assert_null(url_decode(&a, SLICE("%g0")).p);
    assert_null(url_decode(&a, SLICE("%0-")).p);
    assert_non_null(url_decode(&a, SLICE("")).p);
    buf_free(&b);
    arena_free(&a);
}

static void knows_what_climbs(void **state)
{
    (void)state;
    assert_true(url_climbs(SLICE("..")));
    assert_true(url_climbs(SLICE(".")));
    assert_true(url_climbs(SLICE("a/../b")));
    assert_true(url_climbs(SLICE("a/.")));
    assert_true(url_climbs(SLICE("../a")));
    assert_false(url_climbs(SLICE("")));
    assert_false(url_climbs(SLICE_NONE));
    assert_false(url_climbs(SLICE("gpt-4.1/..a/b../...")));
}

static void finds_query_values(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    struct slice query =
        SLICE("limit=2&q=a+b%2Bc&empty=&bare&key=x=y&key=second&%6bin=d&bad=%z&&");
    assert_slice(url_query(&a, query, "limit"), "2");
    assert_slice(url_query(&a, query, "q"), "a b+c");
    assert_slice(url_query(&a, query, "empty"), "");
    assert_slice(url_query(&a, query, "bare"), "");
    assert_slice(url_query(&a, query, "key"), "x=y");
    assert_slice(url_query(&a, query, "kin"), "d");
    assert_null(url_query(&a, query, "bad").p);
    assert_null(url_query(&a, query, "lim").p);
    assert_null(url_query(&a, query, "limits").p);
    assert_null(url_query(&a, SLICE_NONE, "limit").p);
    arena_free(&a);
}

static void decode(void *user)
{
    struct arena a;
    (void)user;
    arena_init(&a);
    struct slice decoded = url_decode(&a, SLICE("%41"));
    assert_int_equal(decoded.p == NULL, failing_alloc_tripped());
    assert_int_equal(a.failed, failing_alloc_tripped());
    arena_free(&a);
}

static void survives_failing_memory(void **state)
{
    (void)state;
    assert_int_equal(failing_alloc_each(decode, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_apart),
        cmocka_unit_test(refuses_and_says_why),
        cmocka_unit_test(joins_with_one_slash),
        cmocka_unit_test(encodes_and_decodes),
        cmocka_unit_test(knows_what_climbs),
        cmocka_unit_test(finds_query_values),
        cmocka_unit_test(survives_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
