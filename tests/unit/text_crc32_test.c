/* Knows sums that others published, and that it does not matter how the bytes are handed over. */
#include "text/crc32.h"
#include "unit.h"

static void known_sums(void **state)
{
    (void)state;
    assert_int_equal(crc32_of(0, SLICE("")), 0);
    assert_int_equal(crc32_of(0, SLICE("123456789")), 0xCBF43926);
    assert_int_equal(crc32_of(0, SLICE("The quick brown fox jumps over the lazy dog")),
                     0x414FA339);
    assert_int_equal(crc32_of(0, SLICE("\0\0\0\x10\0\0\0\0")), 0x05C248EB);
}

static void any_split(void **state)
{
    (void)state;
    char bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + 3);
    uint32_t whole = crc32_of(0, slice_of(bytes, sizeof bytes));
    for (size_t n = 0; n <= sizeof bytes; n++) {
        uint32_t sum = crc32_of(0, slice_of(bytes, n));
        assert_int_equal(crc32_of(sum, slice_of(bytes + n, sizeof bytes - n)), whole);
    }
}

/* A sum bit by bit, by the definition. */
static uint32_t slowly(struct slice s)
{
    uint32_t sum = 0xFFFFFFFF;
    for (size_t i = 0; i < s.n; i++) {
        sum ^= (unsigned char)s.p[i];
        for (int bit = 0; bit < 8; bit++)
            sum = (sum >> 1) ^ (0xEDB88320u & (0u - (sum & 1)));
    }
    return ~sum;
}

static void all_bytes(void **state)
{
    (void)state;
    char bytes[5] = {0};
    for (int i = 0; i < 256; i++)
        for (size_t at = 0; at < sizeof bytes; at++) {
            bytes[at] = (char)i;
            struct slice s = slice_of(bytes, sizeof bytes);
            assert_int_equal(crc32_of(0, s), slowly(s));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sums),
        cmocka_unit_test(any_split),
        cmocka_unit_test(all_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
