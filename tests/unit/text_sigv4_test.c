/* Knows the signatures that Amazon published for its signing tests, and one that two other implementations
 * agree on. */
#include "base/mem.h"
#include "text/sigv4.h"
#include "unit.h"

#define TOKEN "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
#define BODY_SUM                                                                               \
    "X-Amz-Content-Sha256:9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e\n"
#define PLAIN "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Amazon's rows; "name:value" headers separated by line ends. */
static const struct {
    const char *method;
    const char *target;
    const char *headers;
    const char *body;
    const char *token;
    const char *signature;
} rows[] = {
    {"GET", "/", "", "", NULL,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"GET", "", "", "", NULL,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"POST", "/", "", "", NULL,
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"GET", "/", "", "", TOKEN,
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
    {"GET", "/" PLAIN, "", "", NULL,
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"GET", "//example//", "", "", NULL,
     "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"},
    {"GET", "/", "My-Header1:value2\nMy-Header1:value2\nMy-Header1:value1\n", "", NULL,
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"GET", "/", "My-Header1:value4\nMy-Header1:value1\nMy-Header1:value3\nMy-Header1:value2\n",
     "", NULL, "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"GET", "/", "My-Header1: value1\nMy-Header2: \"a   b   c\"\n", "", NULL,
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"POST", "/", "My-Header1:VALUE1\n", "", NULL,
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"POST", "/", "My-Header1:value1\n", "", NULL,
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"GET", "/?Param1=value1", "", "", NULL,
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"GET", "/?Param2=value2&Param1=value1", "", "", NULL,
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"GET", "/?&Param2=value2&&Param1=%76alue1&", "", "", NULL,
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"GET", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "", "", NULL,
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {"GET", "/?" PLAIN "=" PLAIN, "", "", NULL,
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"GET", "/?%E1%88%B4=bar", "", "", NULL,
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"POST", "/?Param1=value1", "", "", NULL,
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"POST", "/",
     "Content-Type:application/x-www-form-urlencoded\nContent-Length:13\n" BODY_SUM,
     "Param1=value1", NULL, "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
    {"POST", "/",
     "Content-Type:application/x-www-form-urlencoded; charset=utf-8\nContent-Length:13\n" BODY_SUM,
     "Param1=value1", NULL, "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"},
};

static struct http_request request_of(const char *method, struct slice url, const char *headers,
                                      const char *body)
{
    struct http_request r = {.method = method, .url = url};
    struct slice rest = slice_text(headers);
    struct http_header h;
    while (http_block_next(&rest, &h))
        r.headers[r.header_count++] = h;
    r.body[r.body_count++] = slice_text(body);
    return r;
}

static struct slice signature_of(const struct http_request *r)
{
    assert_slice(r->headers[r->header_count - 1].name, "authorization");
    struct slice value = r->headers[r->header_count - 1].value;
    return slice_from(value, slice_find(value, SLICE("Signature=")) + 10);
}

static void amazons_own_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a;
        arena_init(&a);
        const struct slice parts[] = {SLICE("https://example.amazonaws.com"),
                                      slice_text(rows[i].target)};
        struct http_request r =
            request_of(rows[i].method, arena_join(&a, parts, 2), rows[i].headers, rows[i].body);
        const struct sigv4 s = {.key_id = SLICE("AKIDEXAMPLE"),
                                .secret = SLICE("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                                .session_token = slice_text(rows[i].token),
                                .region = SLICE("us-east-1"),
                                .service = SLICE("service"),
                                .now_ms = 1440938160999};
        assert_int_equal(sigv4_sign(&r, &s, &a), AIGNE_OK);
        assert_slice(signature_of(&r), rows[i].signature);
        arena_free(&a);
    }
}

static struct sigv4 bedrock(void)
{
    return (struct sigv4){.key_id = SLICE("AKIDEXAMPLE"),
                          .secret = SLICE("secret/with+signs"),
                          .session_token = SLICE("a token=="),
                          .region = SLICE("eu-west-1"),
                          .service = SLICE("bedrock"),
                          .now_ms = 1795387600000};
}

/* aws4 and @smithy/signature-v4 give this one for a path that is encoded already. */
static int sign_converse(struct http_request *r, struct arena *a)
{
    *r = request_of("POST",
                    SLICE("http://localhost:8080/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A"
                          "123456789012%3Ainference-profile%2Feu.anthropic.claude-sonnet-4-5-"
                          "v1%3A0/converse"),
                    "content-type: application/json\naccept: application/json\n",
                    "{\"messages\":[]}");
    const struct sigv4 s = bedrock();
    return sigv4_sign(r, &s, a);
}

static void as_others_sign(void **state)
{
    (void)state;
    struct arena a;
    struct http_request r;
    arena_init(&a);
    assert_int_equal(sign_converse(&r, &a), AIGNE_OK);
    assert_slice(r.headers[4].value,
                 "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-west-1/bedrock/"
                 "aws4_request, SignedHeaders=accept;content-type;host;x-amz-date;x-amz-"
                 "security-token, Signature="
                 "dec26bb01b4ffd585ba88832eefe71c49198c9006074f3bd94fd4cc117b08a74");
    assert_slice(r.headers[2].value, "20261122T224640Z");
    arena_free(&a);
}

static void dates(void **state)
{
    static const struct {
        int64_t ms;
        const char *date;
    } moments[] = {{0, "19700101T000000Z"},
                   {-5, "19700101T000000Z"},
                   {951782399000, "20000228T235959Z"},
                   {951782400000, "20000229T000000Z"},
                   {951868800000, "20000301T000000Z"},
                   {1740787199999, "20250228T235959Z"},
                   {1740787200000, "20250301T000000Z"},
                   {1798761599000, "20261231T235959Z"},
                   {4107542400000, "21000301T000000Z"}};
    (void)state;
    for (size_t i = 0; i < COUNT(moments); i++) {
        struct arena a;
        struct sigv4 s = bedrock();
        struct http_request r = request_of("GET", SLICE("https://host:443/"), "", "");
        arena_init(&a);
        s.now_ms = moments[i].ms;
        assert_int_equal(sigv4_sign(&r, &s, &a), AIGNE_OK);
        assert_slice(r.headers[0].value, moments[i].date);
        arena_free(&a);
    }
}

/* A port that the scheme implies is not sent, so it is not signed. */
static void implied_ports(void **state)
{
    static const char *const urls[] = {"https://host/x", "https://host:443/x"};
    struct arena a;
    struct slice signatures[2];
    const struct sigv4 s = bedrock();
    (void)state;
    arena_init(&a);
    for (size_t i = 0; i < 2; i++) {
        struct http_request r = request_of("GET", slice_text(urls[i]), "", "");
        assert_int_equal(sigv4_sign(&r, &s, &a), AIGNE_OK);
        signatures[i] = signature_of(&r);
    }
    assert_true(slice_eq(signatures[0], signatures[1]));
    arena_free(&a);
}

static void refused(void **state)
{
    (void)state;
    struct arena a;
    const struct sigv4 s = bedrock();
    arena_init(&a);
    struct http_request r = request_of("GET", SLICE("no url"), "", "");
    assert_int_equal(sigv4_sign(&r, &s, &a), AIGNE_E_CONFIG);
    r = request_of("GET", SLICE("https://host/"), "", "");
    for (int i = 0; i < HTTP_REQUEST_HEADERS - 2; i++)
        assert_int_equal(http_request_header(&r, "x", SLICE("y")), AIGNE_OK);
    assert_int_equal(sigv4_sign(&r, &s, &a), AIGNE_E_INTERNAL);
    arena_free(&a);
}

static void sign_poorly(void *user)
{
    (void)user;
    struct arena a;
    struct http_request r;
    arena_init(&a);
    int rc = sign_converse(&r, &a);
    assert_int_equal(rc, failing_alloc_tripped() ? AIGNE_E_NOMEM : AIGNE_OK);
    arena_free(&a);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    assert_true(failing_alloc_each(sign_poorly, NULL) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amazons_own_examples),
        cmocka_unit_test(as_others_sign),
        cmocka_unit_test(dates),
        cmocka_unit_test(implied_ports),
        cmocka_unit_test(refused),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
