/* word.h - looking at eight bytes at once; inside text/ only.
 *
 * A mark is a word whose bytes have their highest bit set where the question is answered yes. The
 * lowest mark is always right; marks above it may be false, so only the lowest is ever used. */
#ifndef AIGNE_TEXT_WORD_H
#define AIGNE_TEXT_WORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORD_SIZE    8
#define WORD_HIGHEST 0x8080808080808080U

/* The first byte in memory is the lowest byte of the word, on every machine. */
static inline uint64_t word_load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline uint64_t word_of(unsigned char byte)
{
    return byte * 0x0101010101010101U;
}

/* Marks bytes equal to `byte`, and perhaps bytes from 0x80 on. `byte` is below 0x80. */
static inline uint64_t word_equal(uint64_t word, unsigned char byte)
{
    return (word ^ word_of(byte)) - word_of(1);
}

/* Marks bytes below `limit`, and perhaps bytes from 0x80 on. `limit` is at most 0x80. */
static inline uint64_t word_below(uint64_t word, unsigned char limit)
{
    return word - word_of(limit);
}

/* Marks what ends a plain run inside a JSON string: quote, backslash, control, non-ASCII. */
static inline uint64_t word_special(uint64_t word)
{
    return (word | word_equal(word, '"') | word_equal(word, '\\') | word_below(word, 0x20)) &
           WORD_HIGHEST;
}

/* How many bytes precede the lowest mark. */
static inline size_t word_first(uint64_t marks)
{
    return (size_t)__builtin_ctzll(marks) / 8;
}

#endif
