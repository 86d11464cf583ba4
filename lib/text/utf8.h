/* utf8.h - is this text, and where do its characters begin. */
#ifndef AIGNE_TEXT_UTF8_H
#define AIGNE_TEXT_UTF8_H

#include "base/slice.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool utf8_valid(struct slice s);
/* How many bytes at the start of `s` are valid characters beyond ASCII: text of other scripts comes in
 * runs. Ends at an ASCII byte, at a byte that is not UTF-8, or with `s`. */
size_t utf8_run(struct slice s);
/* Write the code point; returns the number of bytes, at most 4. What is no
 * character is written as U+FFFD. */
size_t utf8_put(char out[4], uint32_t code_point);
/* The length of the valid character at the start of `s`; 0 when the bytes there are not one. */
size_t utf8_take(struct slice s, uint32_t *code_point);

#endif
