/* Knows which lines reach the host and that each stays one line. */
#include "base/log.h"
#include "unit.h"

struct heard {
    int count;
    int level;
    char area[32];
    char line[2000];
};

static void hear(void *user, int level, const char *area, const char *line, size_t len)
{
    struct heard *h = user;
    h->count++;
    h->level = level;
    snprintf(h->area, sizeof(h->area), "%s", area);
    assert_true(len < sizeof(h->line));
    memcpy(h->line, line, len);
    h->line[len] = '\0';
}

static void silent_until_set(void **state)
{
    (void)state;
    struct heard h = {0};
    log_line(LOG_ERROR, "net", "nobody hears this");
    log_set(LOG_WARNING, hear, &h);
    log_line(LOG_INFO, "net", "too quiet");
    assert_int_equal(h.count, 0);
    log_line(LOG_WARNING, "net", "%s after %d ms", "timeout", 20);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.level, LOG_WARNING);
    assert_string_equal(h.area, "net");
    assert_string_equal(h.line, "timeout after 20 ms");
    log_set(LOG_DEBUG, NULL, NULL);
    log_line(LOG_ERROR, "net", "nobody hears this");
    assert_int_equal(h.count, 1);
}

static void one_line_stays_one_line(void **state)
{
    (void)state;
    struct heard h = {0};
    char long_text[3000];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    log_set(LOG_DEBUG, hear, &h);
    log_line(LOG_ERROR, "hub", "a%sb", "\r\nforged: \x1B[0m\x7F");
    assert_string_equal(h.line, "a  forged:  [0m b");
    log_line(LOG_ERROR, "hub", "%s", long_text);
    assert_int_equal(strlen(h.line), 1023);
    log_set(0, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_until_set),
        cmocka_unit_test(one_line_stays_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
