/* Knows how a request is put to libcurl; refuses to know when it is sent. */
#include "base/limits.h"
#include "base/mem.h"
#include "net/transfer_internal.h"
#include <aignehub/aignehub.h>
#include <string.h>

static CURLcode first_failure(const CURLcode *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (codes[i] != CURLE_OK)
            return codes[i];
    return CURLE_OK;
}

#define SET(option, value) curl_easy_setopt(t->easy, option, value)

/* What no request changes. NOSIGNAL: a library must not touch signals, and threads forbid it.
 * QUICK_EXIT: giving up does not wait for a name lookup that hangs. */
CURLcode options_fixed(struct transfer *t)
{
    const CURLcode codes[] = {
        SET(CURLOPT_PRIVATE, (void *)t),
        SET(CURLOPT_CURLU, t->parsed),
        SET(CURLOPT_ERRORBUFFER, t->detail),
        SET(CURLOPT_NOSIGNAL, 1L),
        SET(CURLOPT_QUICK_EXIT, 1L),
        SET(CURLOPT_NOPROGRESS, 1L),
        SET(CURLOPT_FOLLOWLOCATION, 0L),
        SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1),
        SET(CURLOPT_PROTOCOLS_STR, "http,https"),
        SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L),
        SET(CURLOPT_TCP_NODELAY, 1L),
        SET(CURLOPT_TCP_KEEPALIVE, 1L),
        SET(CURLOPT_MAXAGE_CONN, (long)IDLE_CONNECTION_S),
        SET(CURLOPT_PROXY,
            ""), /* given, so that the environment is not read; likewise NOPROXY */
        SET(CURLOPT_NOPROXY, ""),
        SET(CURLOPT_OPENSOCKETFUNCTION, shard_open_socket),
        SET(CURLOPT_OPENSOCKETDATA, (void *)t),
        SET(CURLOPT_CLOSESOCKETFUNCTION,
            shard_close_socket), /* outlives the transfer: the loop */
        SET(CURLOPT_CLOSESOCKETDATA, (void *)t->loop),
        SET(CURLOPT_PREREQFUNCTION, before_sending),
        SET(CURLOPT_PREREQDATA, (void *)t),
        SET(CURLOPT_HEADERFUNCTION, receive_head),
        SET(CURLOPT_HEADERDATA, (void *)t),
        SET(CURLOPT_WRITEFUNCTION, receive_body),
        SET(CURLOPT_WRITEDATA, (void *)t),
        SET(CURLOPT_READFUNCTION, send_body),
        SET(CURLOPT_READDATA, (void *)t),
        SET(CURLOPT_SEEKFUNCTION, rewind_body),
        SET(CURLOPT_SEEKDATA, (void *)t),
    };
    return first_failure(codes, sizeof(codes) / sizeof(codes[0]));
}

/* ---- header lines ---- */

static bool fits_a_line(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return false;
    return true;
}

static int check_headers(const struct http_request *r, size_t *size, struct fault *why)
{
    for (size_t i = 0; i < r->header_count; i++) {
        const struct http_header *h = &r->headers[i];
        if (!h->name.n || !fits_a_line(h->name) || !fits_a_line(h->value))
            return fault_set(
                why, AIGNE_E_REQUEST,
                "the request header %.*s contains a line break or a NUL byte: take "
                "it out",
                fits_a_line(h->name) ? (int)h->name.n : 0, h->name.p);
        *size += h->name.n + h->value.n + sizeof(": ");
    }
    return AIGNE_OK;
}

static char *append(char *to, struct slice s)
{
    if (s.n)
        memcpy(to, s.p, s.n);
    return to + s.n;
}

/* libcurl asks before it sends a megabyte; each line it is given costs it, so it is told only then. */
#define EXPECT_SMALLEST ((size_t)256 * 1024)

/* The list is ours: nodes in the transfer, texts in the block, nothing to allocate or free. */
static char *write_headers(struct transfer *t, const struct http_request *r, char *to)
{
    static char no_accept[] = "Accept:"; /* an empty value takes libcurl's own header out: */
    static char no_expect[] = "Expect:"; /* without one anything is accepted */
    size_t count = 0;
    t->lines[count++].data = no_accept;
    if (t->body_size >= EXPECT_SMALLEST)
        t->lines[count++].data = no_expect;
    for (size_t i = 0; i < r->header_count; i++) {
        const struct http_header *h = &r->headers[i];
        t->lines[count++].data = to;
        to = append(to, h->name);
        to = append(to, h->value.n ? SLICE(": ") : SLICE(";")); /* ";" sends an empty value */
        to = append(to, h->value);
        *to++ = '\0';
    }
    for (size_t i = 0; i < count; i++)
        t->lines[i].next = i + 1 < count ? &t->lines[i + 1] : NULL;
    return to;
}

static int make_block(struct transfer *t, const struct http_request *r, struct fault *why)
{
    size_t headers = 0;
    int rc = check_headers(r, &headers, why);
    if (rc != AIGNE_OK)
        return rc;
    bool join = r->body_count > 1 && t->body_size <= JOINED_BODY;
    size_t need = headers + (join ? t->body_size : 0) + 1;
    if (need > t->block_size) {
        mem_free(t->block); /* wiped when the last request ended */
        t->block_size = 0;
        t->block = mem_alloc(need + need / 2);
        if (!t->block)
            return fault_nomem(why);
        t->block_size = need + need / 2;
    }
    t->headers_size = headers;
    char *to = write_headers(t, r, t->block);
    if (!join)
        return AIGNE_OK;
    const char *start = to;
    for (size_t i = 0; i < r->body_count; i++)
        to = append(to, http_body(r)[i]);
    t->own_body[0] = slice_of(start, t->body_size);
    t->body = t->own_body;
    t->body_count = 1;
    return AIGNE_OK;
}

void options_forget(struct transfer *t)
{
    if (t->block)
        mem_wipe(t->block, t->headers_size);
    t->headers_size = 0;
    (void)SET(CURLOPT_HTTPHEADER, NULL);
    (void)SET(CURLOPT_POSTFIELDS, NULL);
}

/* ---- the rest ---- */

/* An option that holds text is set only when the text is another one: connections to the same host
 * follow each other, and libcurl copies what it is given. */
static CURLcode set_text(struct transfer *t, struct buf *last, CURLoption option,
                         struct slice s)
{
    if (slice_eq(buf_slice(last), s))
        return CURLE_OK;
    buf_clear(last);
    buf_put_slice(last, s);
    if (buf_rc(last) == AIGNE_OK &&
        curl_easy_setopt(t->easy, option, buf_slice(last).p) == CURLE_OK)
        return CURLE_OK;
    buf_free(last); /* never believe that a failed option was set */
    buf_put_byte(last, '\n');
    return CURLE_OUT_OF_MEMORY;
}

static CURLcode set_url(struct transfer *t, struct slice url)
{
    if (slice_eq(buf_slice(&t->url), url))
        return CURLE_OK;
    CURLcode code = set_text(t, &t->url, CURLOPT_URL, url);
    if (code != CURLE_OK)
        return code;
    CURLUcode parsed = curl_url_set(t->parsed, CURLUPART_URL, buf_slice(&t->url).p, 0);
    if (parsed == CURLUE_OK)
        return CURLE_OK;
    buf_clear(&t->url);
    return parsed == CURLUE_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_URL_MALFORMAT;
}

static CURLcode set_ca_file(struct transfer *t, struct slice path)
{
    if (t->ca_file.n == 0 && path.n == 0)
        return CURLE_OK; /* never changed: libcurl's own choice stands */
    if (path.n)
        return set_text(t, &t->ca_file, CURLOPT_CAINFO, path);
    buf_clear(&t->ca_file);
    return SET(CURLOPT_CAINFO, curl_version_info(CURLVERSION_NOW)->cainfo);
}

static CURLcode set_route(struct transfer *t, const struct transfer_route *route)
{
    struct slice none = SLICE("");
    CURLcode code =
        set_text(t, &t->proxy, CURLOPT_PROXY, route && route->proxy.n ? route->proxy : none);
    if (code == CURLE_OK)
        code = set_ca_file(t, route ? route->ca_file : none);
    bool insecure = route && route->insecure;
    if (code != CURLE_OK || insecure == t->insecure)
        return code;
    code = SET(CURLOPT_SSL_VERIFYPEER, insecure ? 0L : 1L);
    if (code == CURLE_OK)
        code = SET(CURLOPT_SSL_VERIFYHOST, insecure ? 0L : 2L);
    if (code == CURLE_OK)
        t->insecure = insecure;
    return code;
}

static CURLcode set_body(struct transfer *t)
{
    bool whole = t->body_count <= 1 && t->body_size <= JOINED_BODY;
    const char *bytes = t->body_count && t->body[0].p ? t->body[0].p : "";
    CURLcode code = SET(CURLOPT_POST, 1L);
    if (code == CURLE_OK)
        code = SET(CURLOPT_POSTFIELDS, whole ? bytes : NULL); /* NULL: send_body is asked */
    if (code == CURLE_OK)
        code = SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_size);
    return code;
}

/* POST and GET are libcurl's own; another name stands over POST with a body, over GET without. */
static CURLcode set_method(struct transfer *t, const char *method)
{
    bool post = strcmp(method, "POST") == 0;
    bool head = strcmp(method, "HEAD") == 0;
    bool plain = post || head || strcmp(method, "GET") == 0;
    CURLcode code = SET(CURLOPT_CUSTOMREQUEST, plain ? NULL : method);
    if (code == CURLE_OK && (post || (t->body_size && !head)))
        return set_body(t);
    if (code == CURLE_OK)
        code = SET(CURLOPT_HTTPGET, 1L);
    if (code == CURLE_OK && head)
        code = SET(CURLOPT_NOBODY, 1L);
    return code;
}

static CURLcode set_connect_limit(struct transfer *t)
{
    if (t->limits.connect_ms == t->connect_ms)
        return CURLE_OK;
    CURLcode code = SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->limits.connect_ms);
    if (code == CURLE_OK)
        t->connect_ms = t->limits.connect_ms;
    return code;
}

int options_request(struct transfer *t, const struct http_request *request,
                    const struct transfer_route *route, struct fault *why)
{
    bool fits = request->pieces || request->body_count <= HTTP_BODY_PIECES;
    if (request->header_count > HTTP_REQUEST_HEADERS || !fits)
        return fault_set(why, AIGNE_E_INTERNAL, "a request has more parts than it may have");
    if (request->url.n >= LIMIT_URL || (route && route->proxy.n >= LIMIT_URL))
        return fault_set(why, AIGNE_E_CONFIG, "the URL of a provider or proxy is too long");
    t->body = request->pieces ? request->pieces : t->own_body;
    t->body_count = request->body_count;
    t->body_size = 0;
    for (size_t i = 0; i < request->body_count; i++) {
        if (!request->pieces)
            t->own_body[i] = request->body[i];
        t->body_size += http_body(request)[i].n;
    }
    t->secure = slice_starts_nocase(request->url, "https:");
    int rc = make_block(t, request, why);
    if (rc != AIGNE_OK)
        return rc;
    CURLcode code = set_url(t, request->url);
    if (code == CURLE_OK)
        code = set_route(t, route);
    if (code == CURLE_OK)
        code = set_connect_limit(t);
    if (code == CURLE_OK)
        code = set_method(t, request->method);
    if (code == CURLE_OK)
        code = SET(CURLOPT_HTTPHEADER, t->lines);
    if (code == CURLE_OK)
        return AIGNE_OK;
    if (code == CURLE_OUT_OF_MEMORY)
        return fault_nomem(why);
    if (code == CURLE_URL_MALFORMAT)
        return fault_set(why, AIGNE_E_CONFIG, "the URL of a provider is not a valid URL");
    return fault_set(why, AIGNE_E_INTERNAL, "libcurl refused an option: %s",
                     curl_easy_strerror(code));
}
