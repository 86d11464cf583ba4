/* Knows how to write JSON that every reader accepts; refuses to know what it says. */
#include "text/json_write.h"
#include "text/decimal.h"
#include "text/utf8.h"
#include "text/word.h"

/* How many bytes at the start of `s` can be written as they are. */
static size_t plain_run(struct slice s)
{
    const char *p = s.p;
    const char *end = s.p + s.n;
    while (p < end) {
        uint64_t marks = end - p >= WORD_SIZE ? word_special(word_load(p)) : 0;
        if (marks) {
            p += word_first(marks);
        } else if (end - p >= WORD_SIZE) {
            p += WORD_SIZE;
            continue;
        }
        unsigned char byte = (unsigned char)*p;
        if (byte < 0x20 || byte == '"' || byte == '\\')
            break;
        size_t length = byte < 0x80 ? 1 : utf8_run(slice_of(p, (size_t)(end - p)));
        if (length == 0)
            break;
        p += length;
    }
    return (size_t)(p - s.p);
}

static void escape_byte(struct buf *out, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_forms[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    char text[6] = {'\\', (char)byte};
    size_t n = 2;
    if (byte >= 0x80) { /* not UTF-8 */
        BUF_LITERAL(out, "\xEF\xBF\xBD");
        return;
    }
    if (byte < 0x20 && short_forms[byte]) {
        text[1] = short_forms[byte];
    } else if (byte < 0x20) {
        text[1] = 'u';
        text[2] = text[3] = '0';
        text[4] = hex[byte >> 4];
        text[5] = hex[byte & 15];
        n = 6;
    }
    buf_put(out, text, n);
}

void json_escape(struct buf *out, struct slice s)
{
    for (size_t at = 0; at < s.n && buf_rc(out) == 0; at++) {
        size_t run = plain_run(slice_of(s.p + at, s.n - at));
        buf_put(out, s.p + at, run);
        at += run;
        if (at < s.n)
            escape_byte(out, (unsigned char)s.p[at]);
    }
}

static void separate(struct json_writer *w, bool comma_after)
{
    if (w->comma)
        buf_put_byte(w->out, ',');
    w->comma = comma_after;
}

void json_open_object(struct json_writer *w)
{
    separate(w, false);
    buf_put_byte(w->out, '{');
}

void json_close_object(struct json_writer *w)
{
    buf_put_byte(w->out, '}');
    w->comma = true;
}

void json_open_array(struct json_writer *w)
{
    separate(w, false);
    buf_put_byte(w->out, '[');
}

void json_close_array(struct json_writer *w)
{
    buf_put_byte(w->out, ']');
    w->comma = true;
}

void json_key(struct json_writer *w, const char *name)
{
    separate(w, false);
    buf_put_byte(w->out, '"');
    buf_put_text(w->out, name);
    BUF_LITERAL(w->out, "\":");
}

void json_member_object(struct json_writer *w, const char *name)
{
    json_key(w, name);
    json_open_object(w);
}

void json_member_array(struct json_writer *w, const char *name)
{
    json_key(w, name);
    json_open_array(w);
}

void json_key_slice(struct json_writer *w, struct slice name)
{
    json_write_string(w, name);
    buf_put_byte(w->out, ':');
    w->comma = false;
}

void json_write_string(struct json_writer *w, struct slice s)
{
    separate(w, true);
    /* One growth for the whole string when nothing needs an escape. */
    (void)buf_reserve(w->out, s.n + 2);
    buf_put_byte(w->out, '"');
    json_escape(w->out, s);
    buf_put_byte(w->out, '"');
}

void json_write_text(struct json_writer *w, const char *text)
{
    if (text)
        json_write_string(w, slice_text(text));
    else
        json_write_null(w);
}

void json_write_int(struct json_writer *w, int64_t value)
{
    separate(w, true);
    buf_put_int(w->out, value);
}

void json_write_bool(struct json_writer *w, bool value)
{
    json_write_raw(w, value ? SLICE("true") : SLICE("false"));
}

void json_write_null(struct json_writer *w)
{
    json_write_raw(w, SLICE("null"));
}

void json_write_raw(struct json_writer *w, struct slice json)
{
    separate(w, true);
    buf_put_slice(w->out, json);
}

void json_write_line(struct json_writer *w, struct slice json)
{
    size_t start = w->out->n;
    json_write_raw(w, json);
    for (size_t i = start; i < w->out->n; i++) {
        if (w->out->p[i] == '\n' || w->out->p[i] == '\r')
            w->out->p[i] = ' ';
    }
}

void json_member_string(struct json_writer *w, const char *name, struct slice s)
{
    json_key(w, name);
    json_write_string(w, s);
}

void json_member_text(struct json_writer *w, const char *name, const char *text)
{
    json_key(w, name);
    json_write_text(w, text);
}

void json_open_typed(struct json_writer *w, const char *type)
{
    json_open_object(w);
    json_member_text(w, "type", type);
}

void json_member_int(struct json_writer *w, const char *name, int64_t value)
{
    json_key(w, name);
    json_write_int(w, value);
}

void json_member_bool(struct json_writer *w, const char *name, bool value)
{
    json_key(w, name);
    json_write_bool(w, value);
}

void json_member_raw(struct json_writer *w, const char *name, struct slice json)
{
    json_key(w, name);
    json_write_raw(w, json);
}

void json_member_string_opt(struct json_writer *w, const char *name, struct slice s)
{
    if (s.p)
        json_member_string(w, name, s);
}

void json_member_raw_opt(struct json_writer *w, const char *name, struct slice json)
{
    if (json.p)
        json_member_raw(w, name, json);
}

void json_member_decimal(struct json_writer *w, const char *name, decimal_wide value,
                         int digits)
{
    json_key(w, name);
    BUF_LITERAL(w->out, "\"");
    decimal_write(w->out, value, digits);
    BUF_LITERAL(w->out, "\"");
    w->comma = true;
}

void json_member_amount(struct json_writer *w, const char *name, int64_t billionths)
{
    json_member_decimal(w, name, billionths, DECIMAL_AMOUNT_DIGITS);
}
