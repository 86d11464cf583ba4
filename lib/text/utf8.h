/* utf8.h - is this text, and where do its characters begin. */
#ifndef AIGNE_TEXT_UTF8_H
#define AIGNE_TEXT_UTF8_H

#include "base/slice.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool utf8_valid(struct slice s);
/* Write the code point; returns the number of bytes, at most 4. */
size_t utf8_put(char out[4], uint32_t code_point);
/* The length of the valid character at the start of `s`; 0 when the bytes there are not one. */
size_t utf8_take(struct slice s, uint32_t *code_point);

#endif
