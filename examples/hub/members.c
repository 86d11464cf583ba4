/* Knows how to read one flat JSON object in place; refuses nesting, null and fractions. */
#include "members.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static void skip_space(struct members *m)
{
    while (m->at < m->end && strchr(" \t\r\n", *m->at) && *m->at)
        m->at++;
}

static bool take(struct members *m, char c)
{
    skip_space(m);
    if (m->at == m->end || *m->at != c)
        return false;
    m->at++;
    return true;
}

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return found ? (int)(found - digits) : -1;
}

static bool take_unit(struct members *m, uint32_t *out)
{
    uint32_t unit = 0;
    if (m->end - m->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = hex(*m->at++);
        if (digit < 0)
            return false;
        unit = unit * 16 + (uint32_t)digit;
    }
    *out = unit;
    return true;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* What follows "\u"; a text never grows by being decoded. */
static char *take_unicode(struct members *m, char *to)
{
    uint32_t c = 0;
    uint32_t low = 0;
    if (!take_unit(m, &c) || c == 0 || (c >= 0xdc00 && c < 0xe000))
        return NULL;
    if (c >= 0xd800 && c < 0xdc00) {
        if (m->end - m->at < 6 || m->at[0] != '\\' || m->at[1] != 'u')
            return NULL;
        m->at += 2;
        if (!take_unit(m, &low) || low < 0xdc00 || low >= 0xe000)
            return NULL;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    return put_utf8(to, c);
}

static char *take_escape(struct members *m, char *to)
{
    static const char names[] = "\"\\/bfnrt";
    static const char means[] = "\"\\/\b\f\n\r\t";
    if (m->at == m->end)
        return NULL;
    char name = *m->at++;
    if (name == 'u')
        return take_unicode(m, to);
    const char *found = name ? strchr(names, name) : NULL;
    if (!found)
        return NULL;
    *to = means[found - names];
    return to + 1;
}

static char *take_string(struct members *m)
{
    if (!take(m, '"'))
        return NULL;
    char *start = m->at;
    char *to = start;
    while (to && m->at < m->end && *m->at != '"') {
        char c = *m->at++;
        if ((unsigned char)c < 0x20)
            return NULL;
        if (c == '\\')
            to = take_escape(m, to);
        else
            *to++ = c;
    }
    if (!to || m->at == m->end)
        return NULL;
    m->at++;
    *to = '\0';
    return start;
}

/* A number, true or false. It moves one byte to the left, over the colon or the space before it, so
 * that the byte after it is not overwritten by its NUL. */
static char *take_plain(struct members *m)
{
    skip_space(m);
    char *start = m->at;
    while (m->at < m->end && strchr("0123456789aeflrstu", *m->at) && *m->at)
        m->at++;
    size_t len = (size_t)(m->at - start);
    memmove(start - 1, start, len);
    start[len - (len > 0)] = '\0';
    start--;
    bool word = strcmp(start, "true") == 0 || strcmp(start, "false") == 0;
    bool number = len > 0 && strspn(start, "0123456789") == len;
    return word || number ? start : NULL;
}

static int take_end(struct members *m)
{
    skip_space(m);
    return m->at == m->end ? 0 : -1;
}

int members_next(struct members *m, char **name, char **value)
{
    bool first = !m->begun;
    m->begun = true;
    if (first && !take(m, '{'))
        return -1;
    if (take(m, '}'))
        return take_end(m);
    if (!first && !take(m, ','))
        return -1;
    skip_space(m);
    *name = take_string(m);
    if (!*name || !take(m, ':'))
        return -1;
    skip_space(m);
    m->quoted = m->at < m->end && *m->at == '"';
    *value = m->quoted ? take_string(m) : take_plain(m);
    return *value ? 1 : -1;
}
