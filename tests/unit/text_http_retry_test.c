/* Knows every way a server says when to come back. */
#include "text/http.h"
#include "unit.h"

#define NOVEMBER_1994 784111777000 /* Sun, 06 Nov 1994 08:49:37 GMT */

static void understands_all_forms(void **state)
{
    (void)state;
    static const struct {
        const char *block;
        int64_t wait;
    } rows[] = {
        {"Retry-After: 2\r\n", 2000},
        {"retry-after: 0\n", 0},
        {"Retry-After: 1.5\n", 1500},
        {"Retry-After: 0.0001\n", 1},
        {"Retry-After: 2.0000\n", 2000},
        {"Retry-After: 12.345678\n", 12346},
        {"Retry-After: 5.\n", -1},
        {"Retry-After: .5\n", -1},
        {"Retry-After: -5\n", -1},
        {"Retry-After: soon\n", -1},
        {"Retry-After: 5s\n", -1},
        {"Retry-After: 1.5.2\n", -1},
        {"Retry-After:\n", -1},
        {"Retry-After: 999999999999\n", 999999999999000},
        {"Retry-After: 99999999999999999999\n", -1},
        {"Retry-After-Ms: 250\nRetry-After: 9\n", 250},
        {"Retry-After: 9\nRetry-After-Ms: 250.5\n", 251},
        {"Retry-After-Ms: 0\nRetry-After: 9\n", 0},
        {"Retry-After-Ms: x\nRetry-After: 9\n", 9000},
        {"Other: 1\n", -1},
        {"", -1},
        {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\n", 0},
        {"Retry-After: Sun, 06 Nov 1994 08:49:36 GMT\n", 0},
        {"Retry-After: Sun, 06 Nov 1994 08:50:07 GMT\n", 30000},
        {"Retry-After: Mon, 07 Nov 1994 08:49:37 GMT\n", 86400000},
        {"Retry-After: Mon, 06 Nov 1995 08:49:37 GMT\n", 365LL * 86400000},
        {"Retry-After: Sun, 29 Feb 1996 08:49:37 GMT\n", 480LL * 86400000},
        {"Retry-After: Fri, 01 Mar 1996 08:49:37 GMT\n", 481LL * 86400000},
        {"Retry-After: Sat, 01 Jan 2000 00:00:00 GMT\n", 946684800000 - NOVEMBER_1994},
        {"Retry-After: Wed, 01 Mar 2000 00:00:00 GMT\n", 951868800000 - NOVEMBER_1994},
        {"Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\n", 4133980799000 - NOVEMBER_1994},
        {"Retry-After: Sun, 06 Nov 1994 08:49:37 UTC\n", -1},
        {"Retry-After: Sun, 06 Nox 1994 08:49:37 GMT\n", -1},
        {"Retry-After: Sun, 32 Nov 1994 08:49:37 GMT\n", -1},
        {"Retry-After: Sun, 00 Nov 1994 08:49:37 GMT\n", -1},
        {"Retry-After: Sun, 06 Nov 1994 24:49:37 GMT\n", -1},
        {"Retry-After: Sun, 06 Nov 1994 08:60:37 GMT\n", -1},
        {"Retry-After: Sun, 06 Nov -994 08:49:37 GMT\n", -1},
        {"Retry-After: Sun, 06 Nov 1994 08:49:3x GMT\n", -1},
        {"Retry-After: Sun, 6 Nov 1994 08:49:37 GMT\n", -1},
        {"Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\n", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t wait = http_retry_after_ms(slice_text(rows[i].block), NOVEMBER_1994);
        if (wait != rows[i].wait)
            fail_msg("%s: %lld instead of %lld", rows[i].block, (long long)wait,
                     (long long)rows[i].wait);
    }
    assert_int_equal(http_retry_after_ms(SLICE_NONE, 0), -1);
}

static void understands_what_remains(void **state)
{
    (void)state;
    static const struct {
        const char *block;
        int64_t wait;
    } rows[] = {
        {"x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 6m0s\n", 360000},
        {"X-RateLimit-Remaining-Tokens: 0\nX-RateLimit-Reset-Tokens: 20ms\n", 20},
        {"x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 1h2m3.5s\n", 3723500},
        {"x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 1d\n", 86400000},
        {"x-ratelimit-remaining-requests: 1\nx-ratelimit-reset-requests: 6m0s\n", 0},
        {"x-ratelimit-remaining-requests: 0\n", 0},
        {"x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: soon\n", 0},
        {"x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 6\n", 6000},
        {"x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 6mm\n", 0},
        {"x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: s\n", 0},
        {"x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 9999999999d\n", 0},
        {"x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 1s\n"
         "x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 9s\n",
         9000},
        {"x-ratelimit-remaining: 0\nx-ratelimit-reset: 1784111780000\n", 1000000003000},
        {"x-ratelimit-remaining: 0\nx-ratelimit-reset: 1784111777\n", 1000000000000},
        {"anthropic-ratelimit-requests-remaining: 0\n"
         "anthropic-ratelimit-requests-reset: 1994-11-06T08:50:07Z\n",
         30000},
        {"anthropic-ratelimit-input-tokens-remaining: 0\n"
         "anthropic-ratelimit-input-tokens-reset: 1994-11-06T08:49:38.250Z\n",
         1000},
        {"anthropic-ratelimit-tokens-remaining: 0\n"
         "anthropic-ratelimit-tokens-reset: 1994-11-06T08:49:36Z\n",
         0},
        {"anthropic-ratelimit-tokens-remaining: 0\n"
         "anthropic-ratelimit-tokens-reset: 1994-13-06T08:49:38Z\n",
         0},
        {"anthropic-ratelimit-tokens-remaining: 0\n"
         "anthropic-ratelimit-tokens-reset: 1994-11-06T08:49:38+01:00\n",
         0},
        {"", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t wait = http_exhausted_ms(slice_text(rows[i].block), NOVEMBER_1994);
        if (wait != rows[i].wait)
            fail_msg("%s: %lld instead of %lld", rows[i].block, (long long)wait,
                     (long long)rows[i].wait);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(understands_all_forms),
                                       cmocka_unit_test(understands_what_remains)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
