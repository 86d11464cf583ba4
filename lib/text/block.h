/* block.h - looking at a block of bytes at once, sixteen where the processor can, else eight; inside
 * text/ only.
 *
 * Each function reads BLOCK_SIZE bytes at p and gives how many precede the first one in question,
 * BLOCK_SIZE when there is none. */
#ifndef AIGNE_TEXT_BLOCK_H
#define AIGNE_TEXT_BLOCK_H

#include <stddef.h>

#ifdef __SSE2__

#    include <emmintrin.h>

#    define BLOCK_SIZE 16

static inline __m128i block_load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline __m128i block_equal(__m128i block, char byte)
{
    return _mm_cmpeq_epi8(block, _mm_set1_epi8(byte));
}

static inline size_t block_first(__m128i found)
{
    /* A mark behind the last byte stands for "none". */
    return (size_t)__builtin_ctz((unsigned)_mm_movemask_epi8(found) | 1U << BLOCK_SIZE);
}

/* Quote, backslash, control or non-ASCII: what ends a plain run inside a JSON string. Bytes from 0x80 on
 * are negative, so one comparison finds them and the control bytes. */
static inline size_t block_special(const char *p)
{
    __m128i block = block_load(p);
    __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    __m128i marks = _mm_or_si128(block_equal(block, '"'), block_equal(block, '\\'));
    return block_first(_mm_or_si128(low, marks));
}

/* Quote or backslash. */
static inline size_t block_quote(const char *p)
{
    __m128i block = block_load(p);
    return block_first(_mm_or_si128(block_equal(block, '"'), block_equal(block, '\\')));
}

/* Quote or bracket, and now and then a byte that is neither: the four brackets are found by one comparison
 * that also lets Y, _, y and DEL through. */
static inline size_t block_structure(const char *p)
{
    __m128i block = block_load(p);
    __m128i bracket = _mm_and_si128(block, _mm_set1_epi8((char)~0x26));
    return block_first(_mm_or_si128(block_equal(block, '"'), block_equal(bracket, 0x59)));
}

#else

#    include "text/word.h"

#    define BLOCK_SIZE WORD_SIZE

static inline size_t block_first(uint64_t marks)
{
    return marks ? word_first(marks) : BLOCK_SIZE;
}

static inline size_t block_special(const char *p)
{
    return block_first(word_special(word_load(p)));
}

static inline size_t block_quote(const char *p)
{
    uint64_t word = word_load(p);
    return block_first((word_equal(word, '"') | word_equal(word, '\\')) & ~word & WORD_HIGHEST);
}

static inline size_t block_structure(const char *p)
{
    uint64_t word = word_load(p);
    uint64_t bracket = word_equal(word & word_of((unsigned char)~0x26U), 0x59);
    return block_first((word_equal(word, '"') | bracket) & ~word & WORD_HIGHEST);
}

#endif

#endif
