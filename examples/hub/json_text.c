/* Knows where the parts of a JSON text begin and end; refuses to copy them or to know what they mean. */
#include "json_text.h"
#include <string.h>

enum { DEEPEST = 128 };

struct reader {
    const char *at;
    const char *end;
};

static bool skip_value(struct reader *r, int depth);

static void skip_space(struct reader *r)
{
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n'))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool skip_escape(struct reader *r)
{
    if (r->at == r->end)
        return false;
    char c = *r->at++;
    if (c != 'u')
        return c && strchr("\"\\/bfnrt", c);
    for (int i = 0; i < 4; i++)
        if (r->at == r->end || !is_hex(*r->at++))
            return false;
    return true;
}

/* The rest of a character of several bytes, as UTF-8 has it: no longer than needed, no surrogates, nothing
 * beyond U+10FFFF. */
static bool skip_rest(struct reader *r, unsigned char first)
{
    int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || r->end - r->at < more)
        return false;
    unsigned char second = (unsigned char)*r->at;
    unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most)
        return false;
    for (int i = 1; i < more; i++)
        if (((unsigned char)r->at[i] & 0xc0) != 0x80)
            return false;
    r->at += more;
    return true;
}

static bool skip_string(struct reader *r)
{
    if (!take(r, '"'))
        return false;
    while (r->at < r->end) {
        unsigned char c = (unsigned char)*r->at++;
        if (c == '"')
            return true;
        if (c < 0x20 || (c == '\\' && !skip_escape(r)) || (c >= 0x80 && !skip_rest(r, c)))
            return false;
    }
    return false;
}

static bool skip_digits(struct reader *r)
{
    const char *start = r->at;
    while (r->at < r->end && is_digit(*r->at))
        r->at++;
    return r->at > start;
}

static bool skip_number(struct reader *r)
{
    (void)take(r, '-');
    if (!take(r, '0') && !skip_digits(r))
        return false;
    if (take(r, '.') && !skip_digits(r))
        return false;
    if (!take(r, 'e') && !take(r, 'E'))
        return true;
    (void)(take(r, '+') || take(r, '-'));
    return skip_digits(r);
}

static bool skip_word(struct reader *r, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool skip_key(struct reader *r)
{
    skip_space(r);
    if (!skip_string(r))
        return false;
    skip_space(r);
    return take(r, ':');
}

/* An object or an array, from behind its bracket on. */
static bool skip_parts(struct reader *r, bool keys, int depth)
{
    char close = keys ? '}' : ']';
    skip_space(r);
    if (take(r, close))
        return true;
    do {
        if (keys && !skip_key(r))
            return false;
        skip_space(r);
        if (!skip_value(r, depth + 1))
            return false;
        skip_space(r);
    } while (take(r, ','));
    return take(r, close);
}

static bool skip_value(struct reader *r, int depth)
{
    if (depth > DEEPEST || r->at == r->end)
        return false;
    switch (*r->at) {
    case '{':
    case '[':
        return skip_parts(r, *r->at++ == '{', depth);
    case '"':
        return skip_string(r);
    case 't':
        return skip_word(r, "true");
    case 'f':
        return skip_word(r, "false");
    case 'n':
        return skip_word(r, "null");
    default:
        return skip_number(r);
    }
}

bool json_text_read(const char *p, size_t n, struct json_text *out)
{
    struct reader r = {p, p + n};
    skip_space(&r);
    const char *start = r.at;
    if (n == 0 || !skip_value(&r, 0))
        return false;
    *out = (struct json_text){start, (size_t)(r.at - start)};
    skip_space(&r);
    return r.at == r.end;
}

/* The value that begins here, without what follows it. */
static struct json_text value_at(struct reader *r)
{
    skip_space(r);
    const char *start = r->at;
    (void)skip_value(r, 0);
    return (struct json_text){start, (size_t)(r->at - start)};
}

struct json_text json_text_member(struct json_text object, const char *name)
{
    struct json_text found = {NULL, 0};
    struct reader r = {object.p, object.p + object.n};
    if (!json_text_is_object(object))
        return found;
    r.at++;
    skip_space(&r);
    if (take(&r, '}'))
        return found;
    do {
        struct json_text key = value_at(&r);
        skip_space(&r);
        (void)take(&r, ':');
        struct json_text value = value_at(&r);
        if (json_text_is(key, name))
            found = value;
        skip_space(&r);
    } while (take(&r, ','));
    return found;
}

bool json_text_next(struct json_text array, struct json_text *element)
{
    struct reader r = {array.p, array.p + array.n};
    if (array.n == 0 || *array.p != '[')
        return false;
    r.at = element->p ? element->p + element->n : r.at + 1;
    skip_space(&r);
    if (element->p ? !take(&r, ',') : *r.at == ']')
        return false;
    *element = value_at(&r);
    return true;
}

bool json_text_is_object(struct json_text value)
{
    return value.n > 0 && *value.p == '{';
}

bool json_text_is_string(struct json_text value)
{
    return value.n > 0 && *value.p == '"';
}

static int hex_value(char c)
{
    return is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The next character of a string; what is not ASCII comes as -1. */
static int next_character(struct reader *r)
{
    static const char names[] = "\"\\/bfnrt";
    static const char means[] = "\"\\/\b\f\n\r\t";
    char c = *r->at++;
    if (c != '\\')
        return (unsigned char)c < 0x80 ? c : -1;
    c = *r->at++;
    if (c != 'u')
        return means[strchr(names, c) - names];
    int unit = 0;
    for (int i = 0; i < 4; i++)
        unit = unit * 16 + hex_value(*r->at++);
    return unit < 0x80 ? unit : -1;
}

bool json_text_is(struct json_text value, const char *word)
{
    if (!json_text_is_string(value))
        return false;
    struct reader r = {value.p + 1, value.p + value.n - 1};
    for (; r.at < r.end && *word; word++)
        if (next_character(&r) != *word)
            return false;
    return r.at == r.end && !*word;
}
