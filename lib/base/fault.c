/* Knows how to word a failure and which HTTP status it is; refuses to know who reads it. */
#include "base/fault.h"
#include <aignehub/aignehub.h>
#include <stdio.h>

/* A thousand bytes of text, cleared for each call several times: their first ones do. */
void fault_clear(struct fault *f)
{
    f->code = f->http = 0;
    f->retry_ms = -1;
    f->credential_bad = f->upstream = false;
    f->text[0] = f->type[0] = f->reason[0] = f->param[0] = '\0';
    f->provider[0] = f->model[0] = f->request_id[0] = f->call_id[0] = f->at[0] = '\0';
}

/* The largest length up to `limit` that does not end inside a UTF-8 character. */
static size_t whole_characters(const char *p, size_t limit)
{
    size_t start = limit;
    while (start > 0 && limit - start < 3 && ((unsigned char)p[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return limit;
    unsigned char lead = (unsigned char)p[start - 1];
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return start - 1 + length > limit ? start - 1 : limit;
}

void fault_copy(char *to, size_t capacity, struct slice from)
{
    if (capacity == 0)
        return;
    size_t n = from.n;
    if (n > capacity - 1)
        n = whole_characters(from.p, capacity - 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)from.p[i];
        to[i] = from.p[i];
        if (byte < 0x20 || byte == 0x7F)
            to[i] = ' ';
    }
    to[n] = '\0';
}

__attribute__((format(printf, 3, 0))) static int set(struct fault *f, int code,
                                                     const char *format, va_list holes)
{
    char text[sizeof(f->text) + 4]; /* a hole may be f->text itself; the rest shows a cut */
    int length = vsnprintf(text, sizeof(text), format, holes);
    size_t n = length < 0 ? 0 : (size_t)length;
    if (n > sizeof(text) - 1)
        n = sizeof(text) - 1;
    f->code = code;
    fault_copy(f->text, sizeof(f->text), slice_of(text, n));
    return code;
}

int fault_set(struct fault *f, int code, const char *format, ...)
{
    if (!f)
        return code;
    va_list holes;
    va_start(holes, format);
    set(f, code, format, holes);
    va_end(holes);
    return code;
}

int fault_field(struct fault *f, int code, const char *param, const char *format, ...)
{
    if (!f)
        return code;
    va_list holes;
    va_start(holes, format);
    set(f, code, format, holes);
    va_end(holes);
    if (param != f->param)
        FAULT_COPY(f->param, slice_text(param));
    return code;
}

int fault_nomem(struct fault *f)
{
    return fault_set(f, AIGNE_E_NOMEM, "There is not enough memory for this request.");
}

static const struct {
    int code;
    int http;
} statuses[] = {
    {AIGNE_E_REQUEST, 400}, {AIGNE_E_USAGE, 500},    {AIGNE_E_CONFIG, 500},
    {AIGNE_E_AUTH, 401},    {AIGNE_E_CREDIT, 402},   {AIGNE_E_RATE, 429},
    {AIGNE_E_ROUTE, 503},   {AIGNE_E_UPSTREAM, 502}, {AIGNE_E_NETWORK, 502},
    {AIGNE_E_TIMEOUT, 504}, {AIGNE_E_PROTOCOL, 502}, {AIGNE_E_CANCELLED, 499},
    {AIGNE_E_STORE, 503},   {AIGNE_E_NOMEM, 503},    {AIGNE_E_INTERNAL, 500},
};

int fault_status(const struct fault *f)
{
    if (f->http != 0)
        return f->http;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].code == f->code)
            return statuses[i].http;
    }
    return 500;
}
