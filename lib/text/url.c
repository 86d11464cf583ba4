/* Knows the parts of a URL and how to put them together; refuses to resolve any name. */
#include "text/url.h"
#include "base/limits.h"
#include <aignehub/aignehub.h>

static bool has_unsafe_byte(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char byte = (unsigned char)s.p[i];
        if (byte <= 0x20 || byte >= 0x7F || byte == '\\' || byte == '"' || byte == '<' ||
            byte == '>')
            return true;
    }
    return false;
}

static bool is_letter_or_digit(char c)
{
    char letter = (char)(c | 0x20);
    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool host_is_good(struct slice host, bool bracketed)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool good = bracketed ? is_hex(c) || c == ':' || c == '.'
                              : is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
        if (!good)
            return false;
    }
    return host.n > 0;
}

static bool port_is_good(struct slice port)
{
    int64_t number;
    return port.n >= 1 && port.n <= 5 && port.p[0] != '-' && slice_int64(port, &number) &&
           number >= 1 && number <= 65535;
}

/* "host", "host:80", "[::1]:80" -> the host; what is wrong, or NULL. */
static const char *take_host(struct slice authority, struct slice *host)
{
    struct slice rest;
    bool bracketed = authority.n > 0 && authority.p[0] == '[';
    if (bracketed) {
        if (!slice_cut(slice_from(authority, 1), ']', host, &rest))
            return "its address lacks the closing bracket";
    } else {
        size_t colon = slice_find_byte(authority, ':');
        *host = slice_of(authority.p, colon);
        rest = slice_from(authority, colon);
    }
    if (!host_is_good(*host, bracketed))
        return "it has no valid host name";
    if (rest.n > 0 && (rest.p[0] != ':' || !port_is_good(slice_from(rest, 1))))
        return "its port is not a number from 1 to 65535";
    return NULL;
}

static size_t authority_length(struct slice s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != '/' && s.p[n] != '?')
        n++;
    return n;
}

/* What is wrong with `text`, or NULL. */
static const char *take_apart(struct slice text, struct url *out)
{
    if (!text.p || text.n == 0)
        return "it is empty";
    if (text.n > LIMIT_URL)
        return "it is longer than 8192 bytes";
    bool secure = slice_starts_nocase(text, "https://");
    if (!secure && !slice_starts_nocase(text, "http://"))
        return "it must begin with http:// or https://";
    if (has_unsafe_byte(text))
        return "it contains a blank or a byte that must be written as %XX";
    if (slice_find_byte(text, '#') < text.n)
        return "it must not have a fragment (#...)";
    out->scheme = secure ? SLICE("https") : SLICE("http");
    struct slice rest = slice_from(text, secure ? 8 : 7);
    struct slice authority = slice_of(rest.p, authority_length(rest));
    if (slice_find_byte(authority, '@') < authority.n)
        return "it must not have a user name or password: use the setting for the key";
    const char *wrong = take_host(authority, &out->host);
    if (wrong)
        return wrong;
    out->origin = slice_of(text.p, (size_t)(authority.p + authority.n - text.p));
    rest = slice_from(rest, authority.n);
    out->path = slice_of(rest.p, slice_find_byte(rest, '?'));
    out->query = slice_from(rest, out->path.n + 1);
    return NULL;
}

int url_parse(struct slice text, struct url *out, struct fault *why)
{
    *out = (struct url){0};
    const char *wrong = take_apart(text, out);
    if (!wrong)
        return AIGNE_OK;
    return fault_set(why, AIGNE_E_CONFIG, "The URL is not usable: %s.", wrong);
}

struct slice url_join(struct arena *a, struct slice base, struct slice path)
{
    if (path.n == 0)
        return arena_copy(a, base);
    while (base.n > 0 && base.p[base.n - 1] == '/')
        base.n--;
    while (path.n > 0 && path.p[0] == '/')
        path = slice_from(path, 1);
    struct slice parts[] = {base, SLICE("/"), path};
    return arena_join(a, parts, 3);
}

void url_encode(struct buf *out, struct slice s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char byte = (unsigned char)s.p[i];
        bool plain = is_letter_or_digit(s.p[i]) || byte == '-' || byte == '.' || byte == '_' ||
                     byte == '~';
        char text[3] = {'%', hex[byte >> 4], hex[byte & 15]};
        buf_put(out, plain ? s.p + i : text, plain ? 1 : 3);
    }
}

bool url_climbs(struct slice path)
{
    while (path.p) {
        struct slice part = slice_of(path.p, slice_find_byte(path, '/'));
        if (slice_is(part, ".") || slice_is(part, ".."))
            return true;
        path = part.n < path.n ? slice_from(path, part.n + 1) : SLICE_NONE;
    }
    return false;
}

static unsigned hex_value(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The character that `s` begins with, and how many bytes it takes; 0: malformed. */
static size_t decode_one(struct slice s, char *out)
{
    *out = s.p[0];
    if (s.p[0] != '%')
        return 1;
    if (s.n < 3 || !is_hex(s.p[1]) || !is_hex(s.p[2]))
        return 0;
    *out = (char)(hex_value(s.p[1]) << 4 | hex_value(s.p[2]));
    return 3;
}

static struct slice decode(struct arena *a, struct slice s, bool plus_is_blank)
{
    if (!s.p)
        return SLICE("");
    bool plain =
        slice_find_byte(s, '%') == s.n && (!plus_is_blank || slice_find_byte(s, '+') == s.n);
    if (plain)
        return s;
    char *out = arena_bytes(a, s.n);
    size_t n = 0;
    for (size_t at = 0, used = 0; out && at < s.n; at += used) {
        used = decode_one(slice_of(s.p + at, s.n - at), &out[n]);
        if (used == 0)
            return SLICE_NONE;
        if (plus_is_blank && s.p[at] == '+')
            out[n] = ' ';
        n++;
    }
    return slice_of(out, out ? n : 0);
}

struct slice url_decode(struct arena *a, struct slice s)
{
    return decode(a, s, false);
}

static bool name_is(struct slice written, const char *name)
{
    while (written.n > 0 && *name != '\0') {
        char c;
        size_t used = decode_one(written, &c);
        if (used == 0 || c != *name++)
            return false;
        written = slice_from(written, used);
    }
    return written.n == 0 && *name == '\0';
}

struct slice url_query(struct arena *a, struct slice query, const char *name)
{
    while (query.p && query.n > 0) {
        struct slice pair = slice_of(query.p, slice_find_byte(query, '&'));
        query = slice_from(query, pair.n + 1);
        size_t equals = slice_find_byte(pair, '=');
        if (name_is(slice_of(pair.p, equals), name))
            return decode(a, slice_from(pair, equals + 1), true);
    }
    return SLICE_NONE;
}
