/* Knows what the vault promises: sealed secrets open in their place, under their key, unchanged. */
#define _POSIX_C_SOURCE 200809L
#include "hub_test.h"
#include "vault/seal.h"
#include <sys/stat.h>
#include <unistd.h>

#define HEX_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct vault_key *key_of(const char *text)
{
    struct vault_key *k = NULL;
    assert_int_equal(vault_key_of(slice_text(text), &k, NULL), AIGNE_OK);
    return k;
}

static void test_spellings_of_one_key(void **state)
{
    (void)state;
    static const char *const same[] = {
        HEX_KEY,
        "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
        HEX_KEY "\n",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "  AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\r\n"};
    unsigned char raw[VAULT_KEY_SIZE];
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (unsigned char)i;
    struct vault_key *wanted = NULL;
    assert_int_equal(vault_key_of(slice_of((char *)raw, sizeof raw), &wanted, NULL), AIGNE_OK);
    for (size_t i = 0; i < COUNT(same); i++) {
        struct vault_key *k = key_of(same[i]);
        assert_true(vault_key_same(k, wanted));
        vault_key_free(k);
    }
    char text[VAULT_KEY_TEXT];
    vault_key_write(wanted, text);
    assert_string_equal(text, HEX_KEY);
    vault_key_free(wanted);
}

static void test_bad_keys(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "short", HEX_KEY "00", /* a digit pair too many; then letters, then a stray sign */
        "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh!="};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct vault_key *k = NULL;
        struct fault why;
        fault_clear(&why);
        assert_int_equal(vault_key_of(slice_text(bad[i]), &k, &why), AIGNE_E_CONFIG);
        assert_null(k);
        assert_non_null(strstr(why.text, "32 bytes"));
        if (bad[i][0])
            assert_null(strstr(why.text, bad[i]));
    }
    struct vault_key *k = NULL;
    assert_int_equal(vault_key_of(SLICE_NONE, &k, NULL), AIGNE_E_CONFIG);
}

static void seal_text(const struct vault_key *k, const char *identity, const char *secret,
                      struct buf *out)
{
    assert_int_equal(vault_seal(k, slice_text(identity), slice_text(secret), out, NULL),
                     AIGNE_OK);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const secrets[] = {"", "s", "sk-0123456789", "with\nlines and \x7f"};
    struct vault_key *k = key_of(HEX_KEY);
    for (size_t i = 0; i < COUNT(secrets); i++) {
        struct buf sealed;
        struct buf opened;
        buf_init(&sealed, 4096);
        buf_init(&opened, 4096);
        buf_put_text(&sealed, "before");
        buf_put_text(&opened, "before");
        seal_text(k, "a/b", secrets[i], &sealed);
        assert_int_equal(sealed.n, 6 + 1 + 8 + 24 + strlen(secrets[i]) + 16);
        assert_int_equal(
            vault_open(k, SLICE("a/b"), slice_from(buf_slice(&sealed), 6), &opened, NULL),
            AIGNE_OK);
        assert_true(slice_is(slice_from(buf_slice(&opened), 6), secrets[i]));
        assert_int_equal(opened.p[opened.n], '\0');
        buf_free(&sealed);
        buf_wipe_free(&opened);
    }
    vault_key_free(k);
}

static void test_never_the_same_twice(void **state)
{
    (void)state;
    struct vault_key *k = key_of(HEX_KEY);
    struct buf one;
    struct buf two;
    buf_init(&one, 4096);
    buf_init(&two, 4096);
    seal_text(k, "a", "secret", &one);
    seal_text(k, "a", "secret", &two);
    assert_false(slice_eq(buf_slice(&one), buf_slice(&two)));
    buf_free(&one);
    buf_free(&two);
    vault_key_free(k);
}

static size_t bytes_of_hex(const char *hex, char *out)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (char)strtoul(pair, NULL, 16);
    }
    return n;
}

/* The example of draft-irtf-cfrg-xchacha, A.3.1, in our envelope: databases must stay readable. */
static void test_published_vector(void **state)
{
    (void)state;
    static const char hex[] =
        "01e6d4935d6e4d36c5404142434445464748494a4b4c4d4e4f5051525354555657bd6d179d3e83d4"
        "3b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e"
        "39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc36948"
        "8f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd878"
        "0acf49";
    char envelope[512];
    struct buf opened;
    buf_init(&opened, 4096);
    size_t n = bytes_of_hex(hex, envelope);
    struct vault_key *k =
        key_of("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    struct slice identity = SLICE("\x50\x51\x52\x53\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7");
    assert_int_equal(vault_open(k, identity, slice_of(envelope, n), &opened, NULL), AIGNE_OK);
    assert_string_equal(opened.p,
                        "Ladies and Gentlemen of the class of '99: If I could offer you "
                        "only one tip for the future, sunscreen would be it.");
    buf_free(&opened);
    vault_key_free(k);
}

static void test_every_changed_bit_is_noticed(void **state)
{
    (void)state;
    struct vault_key *k = key_of(HEX_KEY);
    struct buf sealed;
    struct buf opened;
    buf_init(&sealed, 4096);
    buf_init(&opened, 4096);
    seal_text(k, "identity", "secret", &sealed);
    for (size_t i = 0; i < sealed.n * 8; i++) {
        struct fault why;
        fault_clear(&why);
        sealed.p[i / 8] = (char)(sealed.p[i / 8] ^ (1 << (i % 8)));
        int rc = vault_open(k, SLICE("identity"), buf_slice(&sealed), &opened, &why);
        bool names_key = i / 8 >= 1 && i / 8 < 9;
        assert_int_equal(rc, names_key ? AIGNE_E_CONFIG : AIGNE_E_STORE);
        assert_int_equal(opened.n, 0);
        assert_null(strstr(why.text, "secret\""));
        sealed.p[i / 8] = (char)(sealed.p[i / 8] ^ (1 << (i % 8)));
    }
    for (size_t n = 0; n < sealed.n; n++)
        assert_int_not_equal(
            vault_open(k, SLICE("identity"), slice_of(sealed.p, n), &opened, NULL), AIGNE_OK);
    assert_int_equal(vault_open(k, SLICE("identity"), buf_slice(&sealed), &opened, NULL),
                     AIGNE_OK);
    buf_free(&sealed);
    buf_wipe_free(&opened);
    vault_key_free(k);
}

static void test_cannot_be_moved_or_opened_by_others(void **state)
{
    (void)state;
    struct vault_key *k = key_of(HEX_KEY);
    struct vault_key *other = NULL;
    struct buf sealed;
    struct buf opened;
    buf_init(&sealed, 4096);
    buf_init(&opened, 4096);
    assert_int_equal(vault_key_random(&other, NULL), AIGNE_OK);
    assert_false(vault_key_same(k, other));
    seal_text(k, "credential/openai/1", "secret", &sealed);
    assert_int_equal(
        vault_open(k, SLICE("credential/openai/2"), buf_slice(&sealed), &opened, NULL),
        AIGNE_E_STORE);
    assert_int_equal(
        vault_open(other, SLICE("credential/openai/1"), buf_slice(&sealed), &opened, NULL),
        AIGNE_E_CONFIG);
    assert_int_equal(vault_open(k, SLICE("x"), SLICE_NONE, &opened, NULL), AIGNE_E_STORE);
    assert_int_equal(opened.n, 0);
    buf_free(&sealed);
    buf_free(&opened);
    vault_key_free(k);
    vault_key_free(other);
    vault_key_free(NULL);
}

static void test_hash_is_blake2b(void **state)
{
    (void)state;
    /* BLAKE2b-256 of "abc" and of nothing, from RFC 7693's algorithm. */
    static const unsigned char abc[VAULT_HASH_SIZE] = {
        0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef,
        0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb,
        0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
    unsigned char hash[VAULT_HASH_SIZE];
    vault_hash(SLICE("abc"), hash);
    assert_memory_equal(hash, abc, sizeof abc);
    assert_true(vault_hash_equal(hash, abc));
    vault_hash(SLICE("abd"), hash);
    assert_false(vault_hash_equal(hash, abc));
    vault_hash(SLICE_NONE, hash);
    assert_false(vault_hash_equal(hash, abc));
}

static void test_key_file(void **state)
{
    (void)state;
    const char *path = test_path("master.key");
    struct vault_key *made = NULL;
    struct vault_key *read = NULL;
    struct stat st;
    assert_int_equal(vault_key_file(path, false, &read, NULL), AIGNE_E_CONFIG);
    assert_int_equal(vault_key_file(path, true, &made, NULL), AIGNE_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(vault_key_file(path, true, &read, NULL), AIGNE_OK);
    assert_true(vault_key_same(made, read));
    vault_key_free(read);
    vault_key_free(made);
    assert_int_equal(test_folder_files(), 1); /* nothing but the key itself was left */
}

static void refuse_file(const char *path, const char *words)
{
    struct vault_key *k = NULL;
    struct fault why;
    fault_clear(&why);
    assert_int_equal(vault_key_file(path, true, &k, &why), AIGNE_E_CONFIG);
    assert_null(k);
    if (!strstr(why.text, words) || !strstr(why.text, path))
        fail_msg("\"%s\" does not say \"%s\"", why.text, words);
}

static void test_key_files_that_are_refused(void **state)
{
    (void)state;
    static const mode_t open_modes[] = {0640, 0604, 0660, 0666, 0610, 0601};
    const char *path = test_path("refused.key");
    struct vault_key *k = NULL;
    assert_int_equal(vault_key_file(path, true, &k, NULL), AIGNE_OK);
    vault_key_free(k);
    for (size_t i = 0; i < COUNT(open_modes); i++) {
        assert_int_equal(chmod(path, open_modes[i]), 0);
        refuse_file(path, "chmod 600");
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(vault_key_file(path, false, &k, NULL), AIGNE_OK);
    vault_key_free(k);
    assert_int_equal(chmod(path, 0600), 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    refuse_file(path, "does not hold 32 bytes");
    refuse_file(test_path("no/such/folder.key"), "cannot be made: its folder does not exist");
    refuse_file("/tmp", "not a regular file");
}

static int teardown(void **state)
{
    (void)state;
    test_folder_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings_of_one_key),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_never_the_same_twice),
        cmocka_unit_test(test_published_vector),
        cmocka_unit_test(test_every_changed_bit_is_noticed),
        cmocka_unit_test(test_cannot_be_moved_or_opened_by_others),
        cmocka_unit_test(test_hash_is_blake2b),
        cmocka_unit_test(test_key_file),
        cmocka_unit_test(test_key_files_that_are_refused),
    };
    return cmocka_run_group_tests_name("vault", tests, NULL, teardown);
}
