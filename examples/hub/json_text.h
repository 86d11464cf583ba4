/* json_text.h - the parts of a JSON text, as they stand there. */
#ifndef HUB_JSON_TEXT_H
#define HUB_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A value as it was written, without the space around it; not ended by a NUL. .p NULL: there is none. */
struct json_text {
    const char *p;
    size_t n;
};

/* Is it one well-formed value in UTF-8, not nested beyond all measure? `out` is that value. The others want
 * values that came from here. */
bool json_text_read(const char *p, size_t n, struct json_text *out);

/* The last member of that name, which must be plain ASCII. */
struct json_text json_text_member(struct json_text object, const char *name);
/* The elements of an array in turn, from an `element` that is all zero on. False: no more. */
bool json_text_next(struct json_text array, struct json_text *element);

bool json_text_is_object(struct json_text value);
bool json_text_is_string(struct json_text value);
/* Is it the string `word`, which must be plain ASCII? */
bool json_text_is(struct json_text value, const char *word);

#endif
