/* Knows a sound that can be read back: a WAV file with a beep for each byte of a text and the text as its
 * comment; refuses to know what words sound like. */
#include "provider/echo.h"

#define RATE          8000 /* samples of one byte in a second */
#define BEEP          80   /* samples for a byte of text: a hundredth of a second */
#define SOUND_LONGEST ((size_t)RATE * 60)

static void put_number(char *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (char)(value >> (8 * i) & 0xFF);
}

static uint64_t number_at(const char *p, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return value;
}

size_t echo_sound_size(struct slice text)
{
    return text.n < SOUND_LONGEST / BEEP ? text.n * BEEP : SOUND_LONGEST;
}

/* RIFF, the format, a list with the comment, and the head of the samples: chunks begin at even bytes. */
struct slice echo_sound_head(struct slice text, struct arena *a)
{
    static const char start[] =
        "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\0\0\0\0\0\0\0\0\1\0\x8\0"
        "LIST\0\0\0\0INFOICMT\0\0\0\0";
    size_t padded = text.n + (text.n & 1);
    size_t sound = echo_sound_size(text);
    size_t whole = sizeof start - 1 + padded + 8;
    char *out = arena_bytes(a, whole);
    if (!out)
        return SLICE_NONE;
    memcpy(out, start, sizeof start - 1);
    put_number(out + 4, whole - 8 + sound, 4);
    put_number(out + 24, RATE, 4);
    put_number(out + 28, RATE, 4);
    put_number(out + 40, 12 + padded, 4);
    put_number(out + 52, text.n, 4);
    memset(out + sizeof start - 1, 0, padded);
    if (text.n)
        memcpy(out + sizeof start - 1, text.p, text.n);
    memcpy(out + whole - 8, (const char[]){'d', 'a', 't', 'a'}, 4);
    put_number(out + whole - 4, sound, 4);
    return slice_of(out, whole);
}

/* A square wave, higher or lower by the byte it stands for. */
size_t echo_sound_samples(struct slice text, size_t at, char *room, size_t size)
{
    size_t end = echo_sound_size(text);
    size_t n = end - at < size ? end - at : size;
    for (size_t i = 0; i < n; i++) {
        size_t half = 4 + (size_t)(text.p[(at + i) / BEEP] & 15);
        room[i] = (char)((at + i) % BEEP / half % 2 ? 0x90 : 0x70);
    }
    return n;
}

/* The next chunk, which says its name and its size; what is cut off is as long as it is. */
static bool next_chunk(struct slice *rest, struct slice *name, struct slice *content)
{
    if (rest->n < 8)
        return false;
    size_t said = (size_t)number_at(rest->p + 4, 4);
    *name = slice_of(rest->p, 4);
    *content = slice_from(*rest, 8);
    if (said < content->n)
        content->n = said;
    *rest = slice_from(*rest, 8 + content->n + (content->n & 1));
    return true;
}

static struct slice comment_of(struct slice list)
{
    struct slice rest = slice_from(list, 4); /* behind "INFO" */
    struct slice name;
    struct slice content;
    while (next_chunk(&rest, &name, &content)) {
        if (slice_is(name, "ICMT"))
            return content;
    }
    return SLICE_NONE;
}

struct slice echo_sound_text(struct slice file, int64_t *milliseconds)
{
    struct slice rest = slice_from(file, 12);
    struct slice text = SLICE_NONE;
    struct slice name;
    struct slice content;
    uint64_t bytes_a_second = 0;
    *milliseconds = -1;
    if (!slice_starts(file, "RIFF") || file.n < 12)
        return SLICE_NONE;
    while (next_chunk(&rest, &name, &content)) {
        if (slice_is(name, "fmt ") && content.n >= 12)
            bytes_a_second = number_at(content.p + 8, 4);
        else if (slice_is(name, "LIST"))
            text = comment_of(content);
        else if (slice_is(name, "data") && bytes_a_second)
            *milliseconds = (int64_t)(content.n * 1000 / bytes_a_second);
    }
    return text;
}
