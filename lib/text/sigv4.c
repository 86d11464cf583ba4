/* Knows what is signed, in which order and spelling, and how; refuses to know what a service does. */
#include "text/sigv4.h"
#include "base/mem.h"
#include "text/sha256.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

#define ALGORITHM      "AWS4-HMAC-SHA256"
#define HEADERS_SIGNED (HTTP_REQUEST_HEADERS + 1) /* and host */
#define TEXT_LARGEST   ((size_t)256 * 1024)

enum { DATE_SIZE = 8, MOMENT_SIZE = 16 };

/* What all steps share. */
struct signing {
    const struct sigv4 *s;
    struct arena *arena;
    char moment[MOMENT_SIZE]; /* "20150830T123600Z"; its first eight are the date */
    struct http_header headers[HEADERS_SIGNED];
    size_t header_count;
};

static void put_digits(char *to, size_t width, int64_t value)
{
    for (size_t i = width; i-- > 0; value /= 10)
        to[i] = (char)('0' + value % 10);
}

/* Days are counted from a March, so that the leap day is the last of its year; an era is 400 years. */
static void put_moment(char to[MOMENT_SIZE], int64_t ms)
{
    int64_t seconds = ms > 0 ? ms / 1000 : 0;
    int64_t days = seconds / 86400 + 719468;
    int64_t day = days % 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153;
    int64_t number = month < 10 ? month + 3 : month - 9;
    memcpy(to, "00000000T000000Z", MOMENT_SIZE);
    put_digits(to, 4, days / 146097 * 400 + year + (number <= 2));
    put_digits(to + 4, 2, number);
    put_digits(to + 6, 2, day - (153 * month + 2) / 5 + 1);
    put_digits(to + 9, 2, seconds / 3600 % 24);
    put_digits(to + 11, 2, seconds / 60 % 60);
    put_digits(to + 13, 2, seconds % 60);
}

/* As the transfer will send it: without a port that the scheme implies. */
static struct slice host_of(const struct url *url)
{
    struct slice host = slice_from(url->origin, url->scheme.n + 3);
    const char *implied = slice_is(url->scheme, "https") ? ":443" : ":80";
    if (slice_ends(host, implied))
        host.n -= strlen(implied);
    return host;
}

static struct slice lower(struct arena *a, struct slice s)
{
    char *to = arena_bytes(a, s.n + 1);
    for (size_t i = 0; to && i < s.n; i++)
        to[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
    return to ? slice_of(to, s.n) : SLICE_NONE;
}

static int order_of(struct slice a, struct slice b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* Keeps them sorted by name; those of one name stay in the order they came in. */
static void take_header(struct signing *g, struct slice name, struct slice value)
{
    struct slice key = lower(g->arena, name);
    size_t at = g->header_count++;
    for (; key.p && at > 0 && order_of(g->headers[at - 1].name, key) > 0; at--)
        g->headers[at] = g->headers[at - 1];
    g->headers[at] = (struct http_header){key, slice_trim(value)};
}

static bool same_name(const struct signing *g, size_t i)
{
    return i > 0 && slice_eq(g->headers[i - 1].name, g->headers[i].name);
}

/* Blanks inside a value count as one. */
static void put_value(struct buf *out, struct slice value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] != ' ' || value.p[i - 1] != ' ')
            buf_put_byte(out, value.p[i]);
    }
}

static void put_headers(const struct signing *g, struct buf *out)
{
    for (size_t i = 0; i < g->header_count; i++) {
        if (same_name(g, i)) {
            out->n -= out->n > 0; /* the line end: the line goes on */
            buf_put_byte(out, ',');
        } else {
            buf_put_slice(out, g->headers[i].name);
            buf_put_byte(out, ':');
        }
        put_value(out, g->headers[i].value);
        buf_put_byte(out, '\n');
    }
}

static void put_header_names(const struct signing *g, struct buf *out)
{
    for (size_t i = 0; i < g->header_count; i++) {
        if (same_name(g, i))
            continue;
        if (i)
            buf_put_byte(out, ';');
        buf_put_slice(out, g->headers[i].name);
    }
}

static void put_path(struct buf *out, struct slice path)
{
    struct slice rest = path;
    while (rest.n) {
        struct slice part = slice_of(rest.p, slice_find_byte(rest, '/'));
        url_encode(out, part);
        if (part.n < rest.n)
            buf_put_byte(out, '/');
        rest = slice_from(rest, part.n + 1);
    }
    if (!path.n)
        buf_put_byte(out, '/');
}

/* A part of the query in the one spelling that is signed. */
static struct slice respelled(struct arena *a, struct slice part)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, TEXT_LARGEST);
    struct slice decoded = url_decode(a, part);
    url_encode(&text, decoded.p ? decoded : part);
    return buf_rc(&text) < 0 ? SLICE_NONE : arena_copy(a, buf_slice(&text));
}

static int put_query(struct buf *out, struct slice query, struct arena *a)
{
    size_t count = 0;
    size_t room = 1;
    for (size_t i = 0; i < query.n; i++)
        room += query.p[i] == '&';
    struct http_header *pairs = arena_array(a, room, sizeof *pairs);
    for (struct slice rest = query; pairs && rest.n;) {
        struct slice pair = slice_of(rest.p, slice_find_byte(rest, '&'));
        rest = slice_from(rest, pair.n + 1);
        size_t equals = slice_find_byte(pair, '=');
        struct http_header p = {respelled(a, slice_of(pair.p, equals)),
                                respelled(a, slice_from(pair, equals + 1))};
        if (!p.name.p || !p.value.p)
            return AIGNE_E_NOMEM;
        size_t at = pair.n ? count++ : 0;
        for (; pair.n && at > 0; at--) {
            int order = order_of(pairs[at - 1].name, p.name);
            if (order < 0 || (order == 0 && order_of(pairs[at - 1].value, p.value) <= 0))
                break;
            pairs[at] = pairs[at - 1];
        }
        if (pair.n)
            pairs[at] = p;
    }
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_put_byte(out, '&');
        buf_put_slice(out, pairs[i].name);
        buf_put_byte(out, '=');
        buf_put_slice(out, pairs[i].value);
    }
    return pairs ? AIGNE_OK : AIGNE_E_NOMEM;
}

static int hash_request(const struct signing *g, const struct http_request *r,
                        const struct url *url, char hex[SHA256_HEX_SIZE])
{
    struct buf text AUTO(buf_wipe_free); /* the session token is in it */
    buf_init(&text, TEXT_LARGEST);
    buf_put_text(&text, r->method);
    buf_put_byte(&text, '\n');
    put_path(&text, url->path);
    buf_put_byte(&text, '\n');
    int rc = put_query(&text, url->query, g->arena);
    buf_put_byte(&text, '\n');
    put_headers(g, &text);
    buf_put_byte(&text, '\n');
    put_header_names(g, &text);
    buf_put_byte(&text, '\n');
    struct sha256 hash = sha256_of(http_body(r), r->body_count);
    sha256_hex(&hash, hex);
    buf_put(&text, hex, SHA256_HEX_SIZE);
    if (rc < 0 || buf_rc(&text) < 0)
        return rc < 0 ? rc : buf_rc(&text);
    struct slice all = buf_slice(&text);
    hash = sha256_of(&all, 1);
    sha256_hex(&hash, hex);
    return AIGNE_OK;
}

static struct sha256 sign_text(const struct signing *g, struct slice secret, struct slice text)
{
    const struct slice steps[] = {slice_of(g->moment, DATE_SIZE), g->s->region, g->s->service,
                                  SLICE("aws4_request"), text};
    struct sha256 hash = sha256_hmac(secret, steps[0]);
    for (size_t i = 1; i < sizeof steps / sizeof steps[0]; i++) {
        struct sha256 key = hash;
        hash = sha256_hmac(sha256_slice(&key), steps[i]);
        mem_wipe(&key, sizeof key);
    }
    return hash;
}

static void put_scope(const struct signing *g, struct buf *out)
{
    buf_put(out, g->moment, DATE_SIZE);
    buf_put_byte(out, '/');
    buf_put_slice(out, g->s->region);
    buf_put_byte(out, '/');
    buf_put_slice(out, g->s->service);
    BUF_LITERAL(out, "/aws4_request");
}

/* The value of the authorization header; .p NULL: no memory. */
static struct slice authorization(const struct signing *g, const char hex[SHA256_HEX_SIZE])
{
    struct buf secret AUTO(buf_wipe_free);
    struct buf text AUTO(buf_free);
    char signature[SHA256_HEX_SIZE];
    buf_init(&secret, TEXT_LARGEST);
    buf_init(&text, TEXT_LARGEST);
    buf_reserve(&secret, 4 + g->s->secret.n); /* so that it never moves */
    BUF_LITERAL(&secret, "AWS4");
    buf_put_slice(&secret, g->s->secret);
    BUF_LITERAL(&text, ALGORITHM "\n");
    buf_put(&text, g->moment, MOMENT_SIZE);
    buf_put_byte(&text, '\n');
    put_scope(g, &text);
    buf_put_byte(&text, '\n');
    buf_put(&text, hex, SHA256_HEX_SIZE);
    if (buf_rc(&secret) < 0 || buf_rc(&text) < 0)
        return SLICE_NONE;
    struct sha256 hash = sign_text(g, buf_slice(&secret), buf_slice(&text));
    sha256_hex(&hash, signature);
    buf_clear(&text);
    BUF_LITERAL(&text, ALGORITHM " Credential=");
    buf_put_slice(&text, g->s->key_id);
    buf_put_byte(&text, '/');
    put_scope(g, &text);
    BUF_LITERAL(&text, ", SignedHeaders=");
    put_header_names(g, &text);
    BUF_LITERAL(&text, ", Signature=");
    buf_put(&text, signature, sizeof signature);
    return buf_rc(&text) < 0 ? SLICE_NONE : arena_copy(g->arena, buf_slice(&text));
}

int sigv4_sign(struct http_request *r, const struct sigv4 *s, struct arena *a)
{
    struct signing g = {.s = s, .arena = a};
    struct url url;
    char hex[SHA256_HEX_SIZE];
    put_moment(g.moment, s->now_ms);
    int rc = url_parse(r->url, &url, NULL);
    struct slice moment = arena_copy(a, slice_of(g.moment, MOMENT_SIZE));
    if (rc == AIGNE_OK && moment.p)
        rc = http_request_header(r, "x-amz-date", moment);
    if (rc == AIGNE_OK && s->session_token.n)
        rc = http_request_header(r, "x-amz-security-token", s->session_token);
    if (rc < 0 || a->failed)
        return rc < 0 ? rc : AIGNE_E_NOMEM;
    take_header(&g, SLICE("host"), host_of(&url));
    for (size_t i = 0; i < r->header_count && !a->failed; i++)
        take_header(&g, r->headers[i].name, r->headers[i].value);
    rc = a->failed ? AIGNE_E_NOMEM : hash_request(&g, r, &url, hex);
    if (rc < 0)
        return rc;
    struct slice value = authorization(&g, hex);
    return value.p ? http_request_header(r, "authorization", value) : AIGNE_E_NOMEM;
}
