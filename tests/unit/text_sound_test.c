/* Knows files of sound of a known length, and files that lie about theirs. */
#include "text/sound.h"
#include "unit.h"

/* A file being put together. */
struct file {
    char bytes[2200];
    size_t n;
};

static void put(struct file *f, const void *bytes, size_t n)
{
    assert_true(n <= sizeof f->bytes - f->n);
    memcpy(f->bytes + f->n, bytes, n);
    f->n += n;
}
#define PUT(f, literal) put((f), "" literal, sizeof(literal) - 1)

static void put_number(struct file *f, uint64_t value, size_t bytes, bool big)
{
    for (size_t i = 0; i < bytes; i++) {
        char byte = (char)(value >> 8 * (big ? bytes - 1 - i : i) & 255);
        put(f, &byte, 1);
    }
}
#define LITTLE(f, value, bytes) put_number((f), (value), (bytes), false)
#define BIG(f, value, bytes)    put_number((f), (value), (bytes), true)

static void zeros(struct file *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(f, "", 1);
}

static int64_t length(const struct file *f)
{
    return sound_milliseconds(slice_of(f->bytes, f->n));
}

/* 8,000 samples a second of one byte each. */
static void wav(struct file *f, uint64_t said, size_t there)
{
    PUT(f, "RIFF");
    LITTLE(f, 36 + said, 4);
    PUT(f, "WAVELIST");
    LITTLE(f, 3, 4);
    PUT(f, "abc\0fmt ");
    LITTLE(f, 16, 4);
    LITTLE(f, 1, 2);
    LITTLE(f, 1, 2);
    LITTLE(f, 8000, 4);
    LITTLE(f, 8000, 4);
    LITTLE(f, 1, 2);
    LITTLE(f, 8, 2);
    PUT(f, "data");
    LITTLE(f, said, 4);
    zeros(f, there);
}

static void of_wav(void **state)
{
    (void)state;
    struct file whole = {0};
    struct file live = {0};
    struct file liar = {0};
    wav(&whole, 2000, 2000);
    assert_int_equal(length(&whole), 250);
    wav(&live, 0, 2000);
    assert_int_equal(length(&live), 250);
    wav(&liar, 0xFFFFFFFF, 2000);
    assert_int_equal(length(&liar), 250);
    assert_int_equal(sound_milliseconds(SLICE("RIFF\0\0\0\0WAVEfmt ")), -1);
}

/* MPEG 1 at 32 kbit/s and 48,000 samples a second: 96 bytes, 24 milliseconds. */
static void of_mp3(void **state)
{
    (void)state;
    struct file f = {0};
    PUT(&f, "ID3\4\0\0\0\0\0\x0A");
    PUT(&f, "\xFF\xFB\x14\0......"); /* inside the tag */
    for (int i = 0; i < 10; i++) {
        PUT(&f, "\xFF\xFB\x14\0");
        zeros(&f, 92);
    }
    assert_int_equal(length(&f), 240);
    /* MPEG 2 at 8 kbit/s and 16,000 samples: 36 bytes, 36 milliseconds; rubbish between them. */
    PUT(&f, "rubbish\xFF\xFF");
    for (int i = 0; i < 10; i++) {
        PUT(&f, "\xFF\xF3\x18\0");
        zeros(&f, 32);
    }
    assert_int_equal(length(&f), 600);
    assert_int_equal(sound_milliseconds(SLICE("\xFF\xF1\x50\x80 this is AAC")), -1);
}

static void of_flac(void **state)
{
    (void)state;
    struct file f = {0};
    PUT(&f, "fLaC\x80\0\0\x22");
    zeros(&f, 10);
    BIG(&f, (uint64_t)44100 << 44 | (uint64_t)1 << 41 | (uint64_t)15 << 36 | 66150, 8);
    zeros(&f, 16);
    assert_int_equal(length(&f), 1500);
}

static void page(struct file *f, uint64_t moment, const char *packet, size_t n)
{
    PUT(f, "OggS\0\0");
    LITTLE(f, moment, 8);
    zeros(f, 12);
    LITTLE(f, 1, 1);
    LITTLE(f, n, 1);
    put(f, packet, n);
}

static void of_ogg(void **state)
{
    (void)state;
    struct file opus = {0};
    struct file vorbis = {0};
    page(&opus, 0, "OpusHead\1\1\x38\1\x80\xBB\0\0\0\0\0", 19);
    page(&opus, 48312, "data", 4);
    assert_int_equal(length(&opus), 1000);
    page(&vorbis, 0, "\1vorbis\0\0\0\0\2\x44\xAC\0\0", 16);
    page(&vorbis, 88200, "data", 4);
    assert_int_equal(length(&vorbis), 2000);
    assert_int_equal(sound_milliseconds(SLICE("OggS")), -1);
}

static void movie(struct file *f, uint64_t version)
{
    size_t wide = version ? 8 : 4;
    BIG(f, 16, 4);
    PUT(f, "ftypM4A ....");
    BIG(f, 1, 4);
    PUT(f, "free");
    BIG(f, 20, 8);
    zeros(f, 4);
    BIG(f, 0, 4); /* to the end */
    PUT(f, "moov");
    BIG(f, 20 + 3 * wide, 4);
    PUT(f, "mvhd");
    BIG(f, version, 1);
    zeros(f, 3 + 2 * wide);
    BIG(f, 600, 4);
    BIG(f, 900, wide);
}

static void of_mp4(void **state)
{
    (void)state;
    for (uint64_t version = 0; version < 2; version++) {
        struct file f = {0};
        movie(&f, version);
        assert_int_equal(length(&f), 1500);
    }
}

static void of_webm(void **state)
{
    (void)state;
    struct file f = {0};
    PUT(&f, "\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\xFF\x15\x49\xA9\x66\x92");
    PUT(&f, "\x2A\xD7\xB1\x83\x0F\x42\x40");
    PUT(&f, "\x44\x89\x88\x40\x9F\x40\0\0\0\0\0"); /* 2000.0 */
    assert_int_equal(length(&f), 2000);
    struct file narrow = {0};
    PUT(&narrow, "\x1A\x45\xDF\xA3\x80\x15\x49\xA9\x66\x87\x44\x89\x84\x44\xFA\0\0");
    assert_int_equal(length(&narrow), 2000);
    struct file none = {0};
    PUT(&none,
        "\x1A\x45\xDF\xA3\x80\x15\x49\xA9\x66\x87\x44\x89\x84\x7F\x80\0\0"); /* infinity */
    assert_int_equal(length(&none), -1);
}

static void of_others(void **state)
{
    (void)state;
    assert_int_equal(sound_milliseconds(SLICE("")), -1);
    assert_int_equal(sound_milliseconds(SLICE_NONE), -1);
    assert_int_equal(sound_milliseconds(SLICE("#!AMR\n")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_wav),    cmocka_unit_test(of_mp3), cmocka_unit_test(of_flac),
        cmocka_unit_test(of_ogg),    cmocka_unit_test(of_mp4), cmocka_unit_test(of_webm),
        cmocka_unit_test(of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
