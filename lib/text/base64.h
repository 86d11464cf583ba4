/* base64.h - RFC 4648 base64, both alphabets read, padding optional when reading. */
#ifndef AIGNE_TEXT_BASE64_H
#define AIGNE_TEXT_BASE64_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include <stdbool.h>

void base64_encode(struct buf *out, struct slice bytes);
bool base64_decode(struct buf *out,
                   struct slice text); /* false: not base64; `out` then unchanged */
/* The bytes in `a`; .p NULL: not base64, or no memory, which a->failed tells. */
struct slice base64_bytes(struct arena *a, struct slice text);
bool base64_valid(struct slice text);
/* "data:image/png;base64,AAAA" -> mime and the base64 text, both borrowed; false: not one. */
bool data_url_parse(struct slice url, struct slice *mime, struct slice *base64);

#endif
