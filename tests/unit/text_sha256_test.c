/* Knows the published examples of SHA-256 (FIPS 180) and of its keyed form (RFC 4231). */
#include "text/sha256.h"
#include "unit.h"

static void assert_hash(struct sha256 hash, const char *hex)
{
    char text[SHA256_HEX_SIZE];
    sha256_hex(&hash, text);
    assert_slice(slice_of(text, sizeof text), hex);
}

static void pieces_are_one_text(void **state)
{
    (void)state;
    const struct slice pieces[] = {SLICE("a"), SLICE(""), SLICE_NONE, SLICE("bc")};
    assert_hash(sha256_of(NULL, 0),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_hash(sha256_of(pieces, 4),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void keys_of_any_length(void **state)
{
    (void)state;
    char long_key[131];
    memset(long_key, 0xaa, sizeof long_key);
    assert_hash(sha256_hmac(SLICE("Jefe"), SLICE("what do ya want for nothing?")),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_hash(sha256_hmac(slice_of(long_key, sizeof long_key),
                            SLICE("Test Using Larger Than Block-Size Key - Hash Key First")),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_one_text),
        cmocka_unit_test(keys_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
