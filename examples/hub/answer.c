/* Knows how events become one HTTP response; refuses to know sockets and what the bytes mean. */
#include "answer.h"
#include "client.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    BUFFER_SIZE = 16 * 1024,
    PULL_UNTIL = 256 * 1024, /* so much waits for a reader at most, and one event */
    PULL_AGAIN = 64 * 1024   /* the reader has caught up */
};

static char *spares_take(struct spares *spares)
{
    return spares->count > 0 ? spares->buffer[--spares->count] : malloc(BUFFER_SIZE);
}

static void release(struct answer *a, struct spares *spares)
{
    enum { PLACES = sizeof(spares->buffer) / sizeof(spares->buffer[0]) };
    if (a->capacity == BUFFER_SIZE && spares->count < PLACES)
        spares->buffer[spares->count++] = a->data;
    else
        free(a->data);
    a->data = NULL;
    a->capacity = a->head = a->start = a->end = 0;
}

void spares_free(struct spares *spares)
{
    while (spares->count > 0)
        free(spares->buffer[--spares->count]);
}

void answer_reset(struct answer *a, struct spares *spares)
{
    release(a, spares);
    *a = (struct answer){0};
}

/* What has been handed over makes room, once the head is not needed any more. */
static void move_to_front(struct answer *a)
{
    if (!a->queued || a->start == 0)
        return;
    memmove(a->data, a->data + a->start, a->end - a->start);
    a->end -= a->start;
    a->start = 0;
}

static bool reserve(struct answer *a, size_t more, struct spares *spares)
{
    if (!a->data) {
        a->data = spares_take(spares);
        if (!a->data)
            return false;
        a->capacity = BUFFER_SIZE;
    }
    move_to_front(a);
    size_t wanted = a->capacity;
    while (wanted - a->end < more)
        wanted *= 2;
    if (wanted == a->capacity)
        return true;
    char *larger = realloc(a->data, wanted);
    if (!larger)
        return false;
    a->data = larger;
    a->capacity = wanted;
    return true;
}

static bool append(struct answer *a, const char *data, size_t len, struct spares *spares)
{
    if (len == 0)
        return true;
    if (a->capacity - a->end < len && !reserve(a, len, spares))
        return false;
    memcpy(a->data + a->end, data, len);
    a->end += len;
    return true;
}

/* The next line of a header block: its length without the line end, which is skipped. */
static const char *next_line(const char **at, const char *end, size_t *len)
{
    const char *line = *at;
    if (line >= end)
        return NULL;
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    *at = stop ? stop + 1 : end;
    *len = (size_t)((stop ? stop : end) - line);
    if (*len > 0 && line[*len - 1] == '\r')
        --*len;
    return line;
}

static bool is_named(const char *line, size_t len, const char *name)
{
    size_t name_len = strlen(name);
    return len > name_len && line[name_len] == ':' && strncasecmp(line, name, name_len) == 0;
}

static uint64_t announced_length(const char *head, size_t head_len)
{
    const char *at = head;
    const char *line = NULL;
    size_t len = 0;
    while ((line = next_line(&at, head + head_len, &len))) {
        if (!is_named(line, len, MHD_HTTP_HEADER_CONTENT_LENGTH))
            continue;
        uint64_t n = 0;
        for (size_t i = strlen(MHD_HTTP_HEADER_CONTENT_LENGTH) + 1; i < len; i++)
            if (line[i] >= '0' && line[i] <= '9')
                n = n * 10 + (uint64_t)(line[i] - '0');
        return n;
    }
    return MHD_SIZE_UNKNOWN;
}

static bool take_event(struct answer *a, const aigne_event *event, struct spares *spares)
{
    if (event->kind == AIGNE_EV_BYTES)
        return append(a, event->data, event->len, spares);
    if (event->kind != AIGNE_EV_HEAD)
        return true;
    a->status = event->index;
    a->announced = announced_length(event->data, event->len);
    if (!append(a, event->data, event->len, spares) || !append(a, "\n", 1, spares))
        return false;
    a->head = a->start = a->end;
    return true;
}

bool answer_collect(struct answer *a, aigne_call *call, struct spares *spares)
{
    a->full = false;
    while (!a->over) {
        if (a->end - a->start >= PULL_UNTIL) {
            a->full = true;
            break;
        }
        aigne_event event;
        int rc = aigne_call_next(call, 0, &event, NULL);
        if (rc == AIGNE_AGAIN)
            break;
        if (rc == AIGNE_EVENT && take_event(a, &event, spares))
            continue;
        a->over = true;
        a->broken = rc != AIGNE_OK;
    }
    return a->queued ? a->over || a->end > a->start : answer_is_due(a);
}

void answer_give(struct answer *a, int status, const char *head, const char *body, size_t len,
                 struct spares *spares)
{
    const aigne_event events[] = {
        {.kind = AIGNE_EV_HEAD, .index = status, .data = head, .len = strlen(head)},
        {.kind = AIGNE_EV_BYTES, .data = body, .len = len}};
    a->broken = !take_event(a, &events[0], spares) || !take_event(a, &events[1], spares);
    a->status = a->broken ? 0 : status; /* 0: the connection closes */
    a->over = true;
}

/* A plain answer waits until it is whole and leaves in one send; a stream leaves at once. */
bool answer_is_due(const struct answer *a)
{
    return a->over || a->full || (a->status && a->announced == MHD_SIZE_UNKNOWN);
}

/* libmicrohttpd wants up to `max` bytes. Nothing to give: the connection rests until there is. */
static ssize_t read_answer(void *cls, uint64_t position, char *to, size_t max)
{
    struct client *c = cls;
    struct answer *a = &c->answer;
    (void)position;
    size_t len = a->end - a->start < max ? a->end - a->start : max;
    if (len > 0) {
        memcpy(to, a->data + a->start, len);
        a->start += len;
    }
    if (a->full && a->end - a->start <= PULL_AGAIN && c->call)
        answer_collect(a, c->call, client_spares(c));
    if (a->start == a->end)
        release(a, client_spares(c));
    if (len > 0)
        return (ssize_t)len;
    if (a->over)
        return a->broken ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    if (!client_suspend(c))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return 0;
}

/* libmicrohttpd writes these itself. */
static bool is_framing(const char *line, size_t len)
{
    return is_named(line, len, MHD_HTTP_HEADER_CONTENT_LENGTH) ||
           is_named(line, len, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

static void add_head(struct MHD_Response *response, char *head, size_t head_len)
{
    const char *at = head;
    const char *line = NULL;
    size_t len = 0;
    while ((line = next_line(&at, head + head_len, &len))) {
        char *colon = memchr(line, ':', len);
        if (!colon || is_framing(line, len))
            continue;
        char *value = colon + 1;
        char *end = head + (line - head) + len;
        while (value < end && *value == ' ')
            value++;
        *colon = '\0';
        *end = '\0'; /* over the line's end */
        MHD_add_response_header(response, line, value);
    }
}

static struct MHD_Response *make_response(struct client *c)
{
    struct answer *a = &c->answer;
    size_t len = a->end - a->start;
    bool whole =
        a->over && !a->broken && (a->announced == MHD_SIZE_UNKNOWN || a->announced == len);
    if (whole)
        return MHD_create_response_from_buffer(len, a->data + a->start, MHD_RESPMEM_PERSISTENT);
    /* A chunked body leaves through the connection's own buffer; the block serves the others. */
    size_t block = a->announced == MHD_SIZE_UNKNOWN && !c->old ? 1 : BUFFER_SIZE;
    return MHD_create_response_from_callback(a->announced, block, read_answer, c, NULL);
}

enum MHD_Result answer_queue(struct client *c, bool last_of_connection)
{
    struct answer *a = &c->answer;
    if (!a->status)
        return MHD_NO; /* the library had not the memory for an answer */
    struct MHD_Response *response = make_response(c);
    if (!response)
        return MHD_NO;
    add_head(response, a->data, a->head);
    if (last_of_connection)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    a->queued = true;
    enum MHD_Result queued = MHD_queue_response(c->connection, (unsigned)a->status, response);
    MHD_destroy_response(response);
    return queued;
}
