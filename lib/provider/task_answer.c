/* Knows how files, links and jobs in an answer become events; refuses to know whose answer it is. */
#include "provider/task_answer.h"

#include "base/limits.h"
#include "base/mem.h"
#include "provider/media.h"
#include "provider/wire.h"
#include "text/base64.h"
#include "text/decimal.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

int task_no_stream(struct decoding *d)
{
    return fault_set(d->why, AIGNE_E_PROTOCOL,
                     "The provider streamed what it should send whole.");
}

int task_no_frame(struct decoding *d, const struct sse_event *frame)
{
    (void)frame;
    return task_no_stream(d);
}

int task_no_watch(struct decoding *d, const struct sse_event *frame,
                  enum chat_choice usage_wanted, struct slice *shown)
{
    (void)frame;
    (void)usage_wanted;
    (void)shown;
    return task_no_stream(d);
}

int task_push_bytes(struct decoding *d, struct slice mime, struct slice bytes)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, LIMIT_REPLY_BODY * 2);
    base64_encode(&text, bytes);
    if (buf_rc(&text) < 0)
        return fault_nomem(d->why);
    return answer_file(d, mime, buf_slice(&text), false);
}

int task_push_base64(struct decoding *d, struct slice base64, struct slice mime)
{
    struct chat_part part = {.kind = CHAT_DATA, .text = base64, .mime = mime};
    return answer_file(d, media_of(&part).mime, base64, false);
}

int task_push_progress(struct decoding *d, struct json progress, struct json status)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, 1024);
    struct json_writer w = json_writer(&text);
    json_open_object(&w);
    if (progress.kind == JSON_NUMBER)
        json_member_raw(&w, "progress", progress.raw);
    if (status.kind == JSON_STRING)
        json_member_raw(&w, "status", status.raw);
    json_close_object(&w);
    struct event e = {.kind = EVENT_PROGRESS, .metadata = buf_slice(&text)};
    if (buf_rc(&text) == AIGNE_E_NOMEM)
        return fault_nomem(d->why);
    return buf_rc(&text) < 0 ? AIGNE_OK : event_push(d->sink, &e);
}

/* Some send the digits of a binary number. */
#define TIME_DIGITS   18
#define A_MILLISECOND ((decimal_wide)1000000000000000)

int64_t task_milliseconds(struct json seconds)
{
    decimal_wide value = 0;
    struct slice text = seconds.raw;
    if (seconds.kind == JSON_STRING)
        text = slice_of(text.p + 1, text.n - 2);
    else if (seconds.kind != JSON_NUMBER)
        return -1;
    if (!decimal_parse(text, TIME_DIGITS, &value) || value / A_MILLISECOND > USAGE_LARGEST)
        return -1;
    return (int64_t)((value + A_MILLISECOND / 2) / A_MILLISECOND);
}

int64_t task_length(const struct decoding *d, struct json told)
{
    int64_t milliseconds = task_milliseconds(told);
    if (milliseconds >= 0 || !d->request || !d->request->task || !d->request->task->seconds.p)
        return milliseconds;
    return task_milliseconds(json_of(d->request->task->seconds));
}

int task_keep_link(struct decoding *d, struct task_links *links, struct slice url)
{
    if (links->count == TASK_LINKS_LARGEST)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent more than %d files.",
                         TASK_LINKS_LARGEST);
    links->urls[links->count] = arena_copy(d->keep, url);
    return links->urls[links->count++].p ? AIGNE_OK : fault_nomem(d->why);
}

int task_get_link(struct decoding *d, struct task_links *links, const struct chat_target *to,
                  struct http_request *out)
{
    struct slice url = links->urls[links->next];
    bool plain =
        slice_starts_nocase(to->base_url, "http://") && slice_starts_nocase(url, "http://");
    if (!plain && !slice_starts_nocase(url, "https://"))
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "The link that the provider sent is not an https one.");
    out->method = "GET";
    out->url = url;
    return AIGNE_OK;
}

int task_read_link(struct decoding *d, struct task_links *links, struct slice body,
                   const char *mime)
{
    struct slice type = slice_text(mime);
    struct slice kind = slice_of(mime, slice_find_byte(type, '/') + 1); /* "image/" */
    struct slice said = d->media_type;
    links->next++;
    if (!body.n)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent an empty file.");
    if (said.p && said.n > kind.n && slice_eq(slice_of(said.p, kind.n), kind))
        type = said;
    return task_push_bytes(d, type, body);
}

static bool is_plain_id(struct slice id)
{
    static const char marks[] = "-_.~:/";
    for (size_t i = 0; i < id.n; i++) {
        char low = (char)(id.p[i] | 0x20);
        bool plain = (low >= 'a' && low <= 'z') || (id.p[i] >= '0' && id.p[i] <= '9');
        if (!plain && !memchr(marks, id.p[i], sizeof marks - 1))
            return false;
    }
    return id.n > 0 && id.p[0] != '/' && !url_climbs(id);
}

int task_keep_id(struct decoding *d, struct json id, struct slice *out)
{
    struct slice text = json_string(id, d->scratch);
    if (d->scratch->failed)
        return fault_nomem(d->why);
    if (!is_plain_id(text))
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider began a job without an id.");
    *out = arena_copy(d->keep, text);
    return out->p ? AIGNE_OK : fault_nomem(d->why);
}

#define WAIT_FIRST_MS   500
#define WAIT_LONGEST_MS 5000

int64_t task_wait_ms(int *asked)
{
    int64_t wait = (int64_t)WAIT_FIRST_MS << (*asked < 4 ? *asked : 4);
    (*asked)++;
    return wait < WAIT_LONGEST_MS ? wait : WAIT_LONGEST_MS;
}
