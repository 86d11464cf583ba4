/* Knows where files of sound tell how long they are; refuses to decode a sample of it. */
#include "text/sound.h"

/* Numbers of up to eight bytes; what lies beyond the end is 0. */
static uint64_t big(struct slice s, size_t at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = at; i < at + bytes; i++)
        value = value << 8 | (i < s.n ? (unsigned char)s.p[i] : 0);
    return value;
}

static uint64_t little(struct slice s, size_t at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = at + bytes; i-- > at;)
        value = value << 8 | (i < s.n ? (unsigned char)s.p[i] : 0);
    return value;
}

#define LONGEST ((uint64_t)1 << 50) /* more units than this are no length of anything */

static int64_t in_milliseconds(uint64_t units, uint64_t per_second)
{
    bool told = units > 0 && units < LONGEST && per_second > 0;
    return told ? (int64_t)(units * 1000 / per_second) : -1;
}

/* ---- WAV ---- */

static int64_t wav(struct slice s)
{
    uint64_t per_second = 0;
    for (s = slice_from(s, 12); s.n >= 8;) {
        uint64_t size = little(s, 4, 4);
        if (slice_starts(s, "fmt "))
            per_second = little(s, 16, 4);
        /* Who writes as he records does not know the size yet: then it goes to the end. */
        if (slice_starts(s, "data"))
            return in_milliseconds(size && size < s.n - 8 ? size : s.n - 8, per_second);
        s = slice_from(s, (size_t)(8 + size + size % 2));
    }
    return -1;
}

/* ---- MP3 ---- */

struct frame {
    size_t bytes;
    uint64_t samples;
    uint64_t per_second;
};

/* Of MPEG 1, 2 and 2.5, layer III, which is what an MP3 holds. */
static bool mp3_frame(struct slice s, struct frame *out)
{
    static const uint16_t kilobits[2][15] = {
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}};
    static const uint16_t rates[3] = {44100, 48000, 32000};
    uint64_t head = big(s, 0, 4);
    unsigned version = head >> 19 & 3; /* 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5 */
    unsigned rate = head >> 10 & 3;
    unsigned speed = head >> 12 & 15;
    bool first = version == 3;
    if (s.n < 4 || head >> 21 != 0x7FF || version == 1 || (head >> 17 & 3) != 1 || rate == 3 ||
        speed == 0 || speed == 15)
        return false;
    out->samples = first ? 1152 : 576;
    out->per_second = (uint64_t)rates[rate] >> (first ? 0 : version == 2 ? 1 : 2);
    out->bytes = (size_t)(out->samples / 8 * kilobits[first][speed] * 1000 / out->per_second +
                          (head >> 9 & 1));
    return true;
}

/* The bit rate may change from frame to frame: they are added up. */
static int64_t mp3(struct slice s)
{
    uint64_t microseconds = 0;
    struct frame f;
    if (slice_starts(s, "ID3")) {
        uint64_t tag = (big(s, 6, 1) & 127) << 21 | (big(s, 7, 1) & 127) << 14 |
                       (big(s, 8, 1) & 127) << 7 | (big(s, 9, 1) & 127);
        s = slice_from(s, (size_t)(10 + tag));
    }
    while (s.n >= 4) {
        bool found = mp3_frame(s, &f);
        if (found)
            microseconds += f.samples * 1000000 / f.per_second;
        s = slice_from(s, found ? f.bytes : 1);
    }
    return in_milliseconds(microseconds, 1000000);
}

/* ---- FLAC ---- */

static int64_t flac(struct slice s)
{
    return in_milliseconds(big(s, 21, 5) & 0xFFFFFFFFF, big(s, 18, 3) >> 4);
}

/* ---- Ogg ---- */

/* Where in the stream its last page ends. */
static uint64_t last_moment(struct slice s)
{
    for (size_t at = s.n; at-- > 0;) {
        if (s.p[at] == 'O' && slice_starts(slice_from(s, at), "OggS"))
            return little(s, at + 6, 8);
    }
    return 0;
}

static int64_t ogg(struct slice s)
{
    struct slice packet = slice_from(s, (size_t)(27 + big(s, 26, 1)));
    uint64_t end = last_moment(s);
    if (slice_starts(packet, "\x01vorbis"))
        return in_milliseconds(end, little(packet, 12, 4));
    uint64_t skipped = little(packet, 10, 2);
    return slice_starts(packet, "OpusHead") && end > skipped
               ? in_milliseconds(end - skipped, 48000)
               : -1;
}

/* ---- MP4 ---- */

/* The content of the first box of this name among those in `s`. */
static struct slice box(struct slice s, const char *name)
{
    while (s.n >= 8) {
        bool wide = big(s, 0, 4) == 1;
        uint64_t size = wide ? big(s, 8, 8) : big(s, 0, 4);
        size_t head = wide ? 16 : 8;
        if (size == 0 || size > s.n)
            size = s.n;
        if (size < head)
            return SLICE("");
        if (slice_starts(slice_from(s, 4), name))
            return slice_from(slice_of(s.p, (size_t)size), head);
        s = slice_from(s, (size_t)size);
    }
    return SLICE("");
}

static int64_t mp4(struct slice s)
{
    struct slice head = box(box(s, "moov"), "mvhd");
    return big(head, 0, 1) == 1 ? in_milliseconds(big(head, 24, 8), big(head, 20, 4))
                                : in_milliseconds(big(head, 16, 4), big(head, 12, 4));
}

/* ---- WebM ---- */

#define INFORMATION 4096 /* where the length stands, it stands near the beginning */

/* A positive IEEE float without its fraction; 0: it is none that counts milliseconds. */
static uint64_t whole_part(uint64_t bits, unsigned mantissa, unsigned exponent)
{
    unsigned bias = (1u << (exponent - 1)) - 1;
    uint64_t power = bits >> mantissa; /* a sign makes it too large */
    if (power < bias || power > bias + 39)
        return 0;
    uint64_t value = (bits & (((uint64_t)1 << mantissa) - 1)) | (uint64_t)1 << mantissa;
    power -= bias;
    return power < mantissa ? value >> (mantissa - power) : value << (power - mantissa);
}

static int64_t webm(struct slice s)
{
    s = slice_of(s.p, s.n < INFORMATION ? s.n : INFORMATION);
    s = slice_from(s, slice_find(s, SLICE("\x15\x49\xA9\x66")));
    size_t scale = slice_find(s, SLICE("\x2A\xD7\xB1\x83"));
    size_t at = slice_find(s, SLICE("\x44\x89"));
    uint64_t nanoseconds = scale < s.n ? big(s, scale + 4, 3) : 1000000;
    uint64_t size = big(s, at + 2, 1);
    uint64_t units = 0;
    if (size == 0x88)
        units = whole_part(big(s, at + 3, 8), 52, 11);
    else if (size == 0x84)
        units = whole_part(big(s, at + 3, 4), 23, 8);
    return in_milliseconds(units * nanoseconds / 1000000, 1000);
}

int64_t sound_milliseconds(struct slice file)
{
    static const struct {
        size_t at;
        const char *mark;
        int64_t (*length)(struct slice s);
    } kinds[] = {
        {0, "RIFF", wav}, {0, "RF64", wav}, {0, "fLaC", flac},
        {0, "OggS", ogg}, {4, "ftyp", mp4}, {0, "\x1A\x45\xDF\xA3", webm},
        {0, "ID3", mp3},  {0, "\xFF", mp3},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (slice_starts(slice_from(file, kinds[i].at), kinds[i].mark))
            return kinds[i].length(file);
    }
    return -1;
}
