/* Knows the shape of HTTP heads; refuses to send or receive any. */
#include "text/http.h"
#include <aignehub/aignehub.h>

int http_request_header(struct http_request *r, const char *name, struct slice value)
{
    if (r->header_count == HTTP_REQUEST_HEADERS)
        return AIGNE_E_INTERNAL;
    r->headers[r->header_count++] = (struct http_header){slice_text(name), value};
    return AIGNE_OK;
}

/* RFC 9110's token: what names are made of; a bit for each ASCII character. */
static bool is_token(struct slice s)
{
    static const uint64_t fits[4] = {0x03ff6cfa00000000, 0x57ffffffc7fffffe};
    uint64_t all = s.n > 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        all &= fits[c / 64] >> (c % 64);
    }
    return all;
}

bool http_block_next(struct slice *rest, struct http_header *out)
{
    while (rest->n > 0) {
        struct slice line = *rest;
        if (!slice_cut(*rest, '\n', &line, rest))
            *rest = SLICE_NONE;
        struct slice name;
        struct slice value;
        if (slice_cut(line, ':', &name, &value) && is_token(name)) {
            *out = (struct http_header){name, slice_trim(value)};
            return true;
        }
    }
    return false;
}

struct slice http_block_get(struct slice block, const char *name)
{
    struct http_header header;
    while (http_block_next(&block, &header)) {
        if (slice_is_nocase(header.name, name))
            return header.value;
    }
    return SLICE_NONE;
}

struct slice http_bearer(struct slice authorization)
{
    struct slice trimmed = slice_trim(authorization);
    struct slice scheme;
    struct slice token;
    if (!slice_cut(trimmed, ' ', &scheme, &token) || !slice_is_nocase(scheme, "bearer"))
        return SLICE_NONE;
    return slice_trim(token);
}

/* Where the list member that begins `s` ends: at a comma outside quotes. */
static size_t member_length(struct slice s)
{
    bool quoted = false;
    if (slice_find_byte(s, ',') == s.n) /* nearly always */
        return s.n;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            quoted = !quoted;
        else if (quoted && s.p[i] == '\\')
            i++;
        else if (!quoted && s.p[i] == ',')
            return i;
    }
    return s.n;
}

bool http_media_type_is(struct slice content_type, const char *type)
{
    while (content_type.n > 0) {
        size_t n = member_length(content_type);
        struct slice member = slice_of(content_type.p, n);
        member.n = slice_find_byte(member, ';');
        if (slice_is_nocase(slice_trim(member), type))
            return true;
        content_type = slice_from(content_type, n + 1);
    }
    return false;
}

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {529, "Overloaded"},
};

const char *http_status_phrase(int status)
{
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "Unknown";
}
