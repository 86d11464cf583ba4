/* Knows how a text grows and is wiped; refuses to know what it says. */
#define _GNU_SOURCE
#include "bytes.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 4 * 1024 };

static bool make_room(struct bytes *b, size_t more)
{
    size_t capacity = b->capacity ? b->capacity : FIRST;
    while (capacity - b->n < more)
        capacity *= 2;
    if (capacity == b->capacity)
        return true;
    char *larger = malloc(capacity);
    if (!larger)
        return false;
    if (b->n > 0) {
        memcpy(larger, b->p, b->n);
        explicit_bzero(b->p, b->n);
    }
    free(b->p);
    b->p = larger;
    b->capacity = capacity;
    return true;
}

bool bytes_put(struct bytes *b, const char *data, size_t len)
{
    if (len == 0 || b->failed)
        return !b->failed;
    b->failed = !make_room(b, len);
    if (b->failed)
        return false;
    memcpy(b->p + b->n, data, len);
    b->n += len;
    return true;
}

bool bytes_text(struct bytes *b, const char *text)
{
    return bytes_put(b, text, strlen(text));
}

bool bytes_format(struct bytes *b, const char *format, ...)
{
    char room[512];
    va_list values;
    va_start(values, format);
    int n = vsnprintf(room, sizeof(room), format, values);
    va_end(values);
    b->failed = b->failed || n < 0 || (size_t)n >= sizeof(room);
    return bytes_put(b, room, b->failed ? 0 : (size_t)n);
}

bool bytes_string(struct bytes *b, const char *text, size_t len)
{
    size_t done = 0;
    bytes_text(b, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        bytes_put(b, text + done, i - done);
        bytes_format(b, c < 0x20 ? "\\u%04x" : "\\%c", c);
        done = i + 1;
    }
    bytes_put(b, text + done, len - done);
    return bytes_text(b, "\"");
}

void bytes_free(struct bytes *b)
{
    if (b->n > 0)
        explicit_bzero(b->p, b->n);
    free(b->p);
    *b = (struct bytes){0};
}
