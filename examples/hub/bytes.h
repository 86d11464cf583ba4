/* bytes.h - a text that grows. Keys pass through some: what one lets go of is wiped. */
#ifndef HUB_BYTES_H
#define HUB_BYTES_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty one. */
struct bytes {
    char *p;
    size_t n;
    size_t capacity;
    bool failed; /* there was no memory for something: it is not whole */
};

/* False: it is not whole. */
bool bytes_put(struct bytes *b, const char *data, size_t len);
bool bytes_text(struct bytes *b, const char *text);
/* As printf would, of at most 500 bytes: for names and numbers. */
bool bytes_format(struct bytes *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A text as a JSON string. */
bool bytes_string(struct bytes *b, const char *text, size_t len);
void bytes_free(struct bytes *b);

#endif
