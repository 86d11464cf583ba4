/* Knows where the messages of Amazon's event streams begin and end, that they arrived undamaged, and which
 * of their headers say what they are; refuses to read their payloads. */
#include "text/eventstream.h"
#include "base/limits.h"
#include "text/crc32.h"
#include <aignehub/aignehub.h>

/* A carry that had to hold one huge message is given back rather than kept for the next. */
#define KEPT_CAPACITY ((size_t)1024 * 1024)

enum { PRELUDE_SIZE = 12, SUM_SIZE = 4, SMALLEST = PRELUDE_SIZE + SUM_SIZE };

void eventstream_init(struct eventstream *s)
{
    *s = (struct eventstream){0};
    buf_init(&s->carry, LIMIT_FRAME);
}

void eventstream_free(struct eventstream *s)
{
    buf_free(&s->carry);
    eventstream_init(s);
}

void eventstream_feed(struct eventstream *s, struct slice piece)
{
    s->piece = piece;
}

static uint32_t number_at(struct slice s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.p + at;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The length of the message that begins `s`, which holds its prelude; 0: it is none. */
static size_t length_of(struct slice s)
{
    size_t length = number_at(s, 0);
    size_t headers = number_at(s, 4);
    if (crc32_of(0, slice_of(s.p, 8)) != number_at(s, 8) || length < SMALLEST ||
        length > LIMIT_FRAME || headers > length - SMALLEST)
        return 0;
    return length;
}

/* How long a header's value is by its type; strings and bytes say it themselves. */
static const size_t value_sizes[] = {0, 0, 1, 2, 4, 8, 2, 2, 8, 16};
enum { TYPE_BYTES = 6, TYPE_STRING = 7, TYPES = sizeof value_sizes / sizeof value_sizes[0] };

struct header {
    struct slice name;
    struct slice text; /* absent: the value is no string */
};

/* The header that begins `rest`, which moves behind it; false: it is malformed. */
static bool take_header(struct slice *rest, struct header *out)
{
    size_t name_size = (unsigned char)rest->p[0];
    struct slice value = slice_from(*rest, 1 + name_size + 1);
    if (!name_size || rest->n < 1 + name_size + 1)
        return false;
    size_t type = (unsigned char)rest->p[1 + name_size];
    if (type >= TYPES || value.n < value_sizes[type])
        return false;
    size_t size = value_sizes[type];
    *out = (struct header){slice_of(rest->p + 1, name_size), SLICE_NONE};
    if (type == TYPE_BYTES || type == TYPE_STRING) {
        size = (size_t)(unsigned char)value.p[0] << 8 | (unsigned char)value.p[1];
        value = slice_from(value, 2);
    }
    if (value.n < size)
        return false;
    if (type == TYPE_STRING)
        out->text = slice_of(value.p, size);
    *rest = slice_from(value, size);
    return true;
}

enum { MESSAGE_TYPE, EVENT_TYPE, EXCEPTION_TYPE, ERROR_CODE, ERROR_MESSAGE, KNOWN };

static bool take_headers(struct slice rest, struct slice known[KNOWN])
{
    static const char *const names[KNOWN] = {":message-type", ":event-type", ":exception-type",
                                             ":error-code", ":error-message"};
    struct header h;
    while (rest.n) {
        if (!take_header(&rest, &h))
            return false;
        for (size_t i = 0; i < KNOWN; i++) {
            if (slice_is(h.name, names[i]))
                known[i] = h.text;
        }
    }
    return true;
}

static int read_message(struct slice raw, struct eventstream_message *out)
{
    struct slice known[KNOWN] = {{0}};
    size_t headers = number_at(raw, 4);
    if (crc32_of(0, slice_of(raw.p, raw.n - SUM_SIZE)) != number_at(raw, raw.n - SUM_SIZE) ||
        !take_headers(slice_of(raw.p + PRELUDE_SIZE, headers), known))
        return AIGNE_E_PROTOCOL;
    struct slice payload = slice_of(raw.p + PRELUDE_SIZE + headers, raw.n - SMALLEST - headers);
    *out = (struct eventstream_message){.raw = raw, .data = payload};
    if (slice_is(known[MESSAGE_TYPE], "event")) {
        out->name = known[EVENT_TYPE];
    } else if (slice_is(known[MESSAGE_TYPE], "exception")) {
        out->failed = true;
        out->name = known[EXCEPTION_TYPE];
    } else if (slice_is(known[MESSAGE_TYPE], "error")) {
        out->failed = true;
        out->name = known[ERROR_CODE];
        out->data = known[ERROR_MESSAGE].p ? known[ERROR_MESSAGE] : payload;
    } else {
        return AIGNE_E_PROTOCOL;
    }
    return 1;
}

/* Move bytes from the piece into the carry until it holds `wanted`, or all there are. */
static bool gather(struct eventstream *s, size_t wanted)
{
    size_t missing = wanted > s->carry.n ? wanted - s->carry.n : 0;
    size_t n = missing < s->piece.n ? missing : s->piece.n;
    if (n)
        buf_put(&s->carry, s->piece.p, n);
    s->piece = slice_from(s->piece, n);
    return n == missing && buf_rc(&s->carry) == AIGNE_OK;
}

static void drop_carry(struct eventstream *s)
{
    if (s->carry.capacity > KEPT_CAPACITY)
        buf_free(&s->carry);
    buf_clear(&s->carry);
    s->carry_given = false;
}

static int next_carried(struct eventstream *s, struct eventstream_message *out)
{
    if (!gather(s, PRELUDE_SIZE))
        return buf_rc(&s->carry);
    size_t length = length_of(buf_slice(&s->carry));
    if (!length)
        return AIGNE_E_PROTOCOL;
    if (!gather(s, length))
        return buf_rc(&s->carry);
    s->carry_given = true;
    return read_message(buf_slice(&s->carry), out);
}

int eventstream_next(struct eventstream *s, struct eventstream_message *out)
{
    if (s->carry_given)
        drop_carry(s);
    if (s->carry.n == 0 && s->piece.n >= PRELUDE_SIZE) {
        size_t length = length_of(s->piece);
        if (!length)
            return AIGNE_E_PROTOCOL;
        if (s->piece.n >= length) {
            struct slice raw = slice_of(s->piece.p, length);
            s->piece = slice_from(s->piece, length);
            return read_message(raw, out);
        }
    }
    return s->piece.n ? next_carried(s, out) : buf_rc(&s->carry);
}
