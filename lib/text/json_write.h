/* json_write.h - writing JSON straight into a buf, commas and escapes taken care of.
 *
 * Writes text in, in the order given, so the same calls give the same bytes. Strings must be UTF-8;
 * bytes that are not become U+FFFD. Errors stick in the buf. */
#ifndef AIGNE_TEXT_JSON_WRITE_H
#define AIGNE_TEXT_JSON_WRITE_H

#include "base/buf.h"
#include "base/slice.h"
#include "text/decimal.h"
#include <stdbool.h>
#include <stdint.h>

struct json_writer {
    struct buf *out;
    bool comma; /* the next value or key needs a comma before it */
};

static inline struct json_writer json_writer(struct buf *out)
{
    return (struct json_writer){out, false};
}

void json_open_object(struct json_writer *w);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *name); /* a plain name: nothing to escape */
/* An object whose first member is {"type": TYPE. */
void json_open_typed(struct json_writer *w, const char *type);
/* A key and the beginning of its value. */
void json_member_object(struct json_writer *w, const char *name);
void json_member_array(struct json_writer *w, const char *name);
void json_key_slice(struct json_writer *w, struct slice name);
void json_write_string(struct json_writer *w, struct slice s);
void json_write_text(struct json_writer *w, const char *text); /* NULL writes null */
void json_write_int(struct json_writer *w, int64_t value);
void json_write_bool(struct json_writer *w, bool value);
void json_write_null(struct json_writer *w);
void json_write_raw(struct json_writer *w, struct slice json); /* a value already in JSON */
/* The same on one line, as events need it: JSON of others may have line ends between its values. */
void json_write_line(struct json_writer *w, struct slice json);

/* Key and value in one; the `_opt` ones write nothing when the slice is absent. */
void json_member_string(struct json_writer *w, const char *name, struct slice s);
void json_member_text(struct json_writer *w, const char *name, const char *text);
void json_member_int(struct json_writer *w, const char *name, int64_t value);
void json_member_bool(struct json_writer *w, const char *name, bool value);
void json_member_raw(struct json_writer *w, const char *name, struct slice json);
/* Billionths as decimal text: "0.25". */
void json_member_decimal(struct json_writer *w, const char *name, decimal_wide value,
                         int digits);
void json_member_amount(struct json_writer *w, const char *name, int64_t billionths);
void json_member_string_opt(struct json_writer *w, const char *name, struct slice s);
void json_member_raw_opt(struct json_writer *w, const char *name, struct slice json);

/* Only the escaped characters, without quotes: for a writer that assembles a string piecemeal. */
void json_escape(struct buf *out, struct slice s);

#endif
