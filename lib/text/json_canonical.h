/* json_canonical.h - the one text that all JSON texts of the same meaning share. */
#ifndef AIGNE_TEXT_JSON_CANONICAL_H
#define AIGNE_TEXT_JSON_CANONICAL_H

#include "text/json_scan.h"

/* Append checked JSON without white space, members by name, strings with the least escapes; members left
 * out of the outermost object are those named in `without`, which ends with NULL. Numbers stay as they are
 * written. Failures stick in `out` and `a`. */
void json_canonical(struct json value, const char *const *without, struct arena *a,
                    struct buf *out);

#endif
