/* base64.h - RFC 4648 base64, both alphabets read, padding optional when reading. */
#ifndef AIGNE_TEXT_BASE64_H
#define AIGNE_TEXT_BASE64_H

#include "base/buf.h"
#include "base/slice.h"
#include <stdbool.h>

void base64_encode(struct buf *out, struct slice bytes);
bool base64_decode(struct buf *out,
                   struct slice text); /* false: not base64; `out` then unchanged */
bool base64_valid(struct slice text);
/* "data:image/png;base64,AAAA" -> mime and the base64 text, both borrowed; false: not one. */
bool data_url_parse(struct slice url, struct slice *mime, struct slice *base64);

#endif
