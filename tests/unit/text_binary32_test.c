/* Knows that decimal text becomes the nearest binary32, as the C library's own strtof has it. */
#include "text/binary32.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void same_as_strtof(const char *text)
{
    uint32_t bits = 7;
    float wanted = strtof(text, NULL);
    bool fits = binary32_parse(slice_text(text), &bits);
    if (fits != (isfinite(wanted) != 0))
        fail_msg("%s: %s", text, fits ? "taken" : "refused");
    if (fits && bits != bits_of(wanted))
        fail_msg("%s: %08x instead of %08x", text, bits, bits_of(wanted));
}

static void rows_of_bits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t bits;
    } rows[] = {
        {"0", 0},
        {"-0", 0x80000000},
        {"0.0e99999999999999999999", 0},
        {"-0.000", 0x80000000},
        {"1", 0x3F800000},
        {"-1.5", 0xBFC00000},
        {"0.1", 0x3DCCCCCD},
        {"16777216", 0x4B800000},
        {"16777217", 0x4B800000}, /* half way: to even, down */
        {"16777219", 0x4B800002}, /* half way: to even, up */
        {"16777217.00000000000000000000000000001", 0x4B800001},
        {"1.1754943508222875e-38", 0x00800000}, /* the smallest normal one */
        {"1.1754942106924411e-38", 0x007FFFFF}, /* the largest below */
        {"1.17549428e-38", 0x007FFFFF},
        {"1.401298464324817e-45", 1},
        {"7.006492321624085e-46", 0}, /* a bit below half of the smallest */
        {"7.006492321624086e-46", 1},
        {"1e-46", 0},
        {"-1e-400", 0x80000000},
        {"1e-99999999999999999999", 0},
        {"3.4028234663852886e38", 0x7F7FFFFF},
        {"3.4028235677973362e38", 0x7F7FFFFF}, /* rounds down to the largest */
        {"340282346638528859811704183484516925440", 0x7F7FFFFF},
        {"0.00000000000000000000000000000000000001", 0x006CE3EE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t bits = 7;
        assert_true(binary32_parse(slice_text(rows[i].text), &bits));
        if (bits != rows[i].bits)
            fail_msg("%s: %08x instead of %08x", rows[i].text, bits, rows[i].bits);
    }
}

static void what_is_no_number_or_too_large(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        ".5",
        "1.",
        "01",
        "-01",
        "1e",
        "1e+",
        "1 ",
        " 1",
        "NaN",
        "Infinity",
        "0x1",
        "1,5",
        "null",
        "340282356779733661637539395458142568448", /* half way to what would be next */
        "1e39",
        "-1e39",
        "1e99999999999999999999"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint32_t bits;
        if (binary32_parse(slice_text(bad[i]), &bits))
            fail_msg("\"%s\" was taken", bad[i]);
    }
}

/* Always the same sequence. */
static uint32_t chance(void)
{
    static uint64_t state = 88172645463325252;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static float any_float(void)
{
    float value;
    do {
        uint32_t bits = chance();
        memcpy(&value, &bits, sizeof value);
    } while (!isfinite(value));
    return value;
}

static void every_way_of_writing_comes_back(void **state)
{
    (void)state;
    char text[512];
    for (int i = 0; i < 25000; i++) {
        float value = any_float();
        snprintf(text, sizeof text, "%.*e", (int)(chance() % 20), (double)value);
        same_as_strtof(text);
        snprintf(text, sizeof text, "%.9g", (double)value);
        same_as_strtof(text);
    }
}

/* The hardest to round lie half way between neighbours, exactly or but for a digit far behind. */
static void halves_are_rounded_to_even(void **state)
{
    (void)state;
    char text[512];
    for (int i = 0; i < 5000; i++) {
        float low = any_float();
        uint32_t next = bits_of(low) + 1;
        float high;
        memcpy(&high, &next, sizeof high);
        double half = ((double)low + (double)high) / 2;
        if (!isfinite(high))
            continue;
        snprintf(text, sizeof text, "%.160e", half);
        same_as_strtof(text);
        char *exponent = strchr(text, 'e');
        exponent[-1] = '1';
        same_as_strtof(text);
        snprintf(text, sizeof text, "%.160f", half);
        same_as_strtof(text);
    }
}

static void as_embeddings_are_written(void **state)
{
    (void)state;
    char text[64];
    for (int i = 0; i < 50000; i++) {
        int places = (int)(chance() % 10);
        snprintf(text, sizeof text, "%s0.%0*u%u", chance() % 2 ? "-" : "", places,
                 places ? chance() % 100000 : 0, chance());
        same_as_strtof(text);
        snprintf(text, sizeof text, "%u.%ue-%u", chance() % 10, chance(), chance() % 48);
        same_as_strtof(text);
        snprintf(text, sizeof text, "%u%u%u", 1 + chance() % 9, chance(), chance());
        same_as_strtof(text);
    }
}

static void digits_without_end(void **state)
{
    (void)state;
    char text[5000];
    for (int i = 0; i < 200; i++) {
        size_t n = 0;
        size_t digits = 1 + chance() % 2000;
        size_t point = chance() % digits;
        text[n++] = (char)('1' + chance() % 9);
        for (size_t k = 0; k < digits; k++) {
            if (k == point)
                text[n++] = '.';
            text[n++] = (char)('0' + chance() % 10);
        }
        snprintf(text + n, 20, "e-%u", (unsigned)(point + chance() % 40));
        same_as_strtof(text);
    }
    memset(text, '0', sizeof text);
    memcpy(text, "0.", 2);
    memcpy(text + 4980, "1e4990", 7);
    same_as_strtof(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_bits),
        cmocka_unit_test(what_is_no_number_or_too_large),
        cmocka_unit_test(every_way_of_writing_comes_back),
        cmocka_unit_test(halves_are_rounded_to_even),
        cmocka_unit_test(as_embeddings_are_written),
        cmocka_unit_test(digits_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
