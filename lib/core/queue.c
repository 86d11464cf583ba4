/* Knows how events wait for their taker; refuses to know what they mean. */
#include "core/queue.h"
#include "base/limits.h"

struct entry {
    int32_t kind;
    int32_t index;
    size_t size; /* of the bytes that follow; a NUL and padding come after them */
};

void queue_init(struct event_queue *q)
{
    buf_init(&q->reading, SIZE_MAX / 2);
    buf_init(&q->filling, SIZE_MAX / 2);
    q->offset = 0;
}

void queue_free(struct event_queue *q)
{
    buf_free(&q->reading);
    buf_free(&q->filling);
    q->offset = 0;
}

static size_t padded(size_t size)
{
    size_t unit = _Alignof(struct entry);
    return (size + 1 + unit - 1) / unit * unit;
}

int queue_push(struct event_queue *q, int kind, int index, struct slice data)
{
    struct entry entry = {kind, index, data.n};
    static const char zeros[_Alignof(struct entry)] = {0};
    if (buf_reserve(&q->filling, sizeof(entry) + padded(data.n)) < 0)
        return AIGNE_E_NOMEM;
    buf_put(&q->filling, (const char *)&entry, sizeof(entry));
    buf_put_slice(&q->filling, data);
    buf_put(&q->filling, zeros, padded(data.n) - data.n);
    return AIGNE_OK;
}

static void swap(struct event_queue *q)
{
    struct buf used = q->reading;
    q->reading = q->filling;
    q->filling = used;
    buf_clear(&q->filling);
    q->offset = 0;
}

bool queue_take(struct event_queue *q, struct aigne_event *out)
{
    if (q->offset == q->reading.n && q->filling.n > 0)
        swap(q);
    if (q->offset == q->reading.n)
        return false;
    struct entry entry;
    memcpy(&entry, q->reading.p + q->offset, sizeof(entry));
    const char *data = q->reading.p + q->offset + sizeof(entry);
    *out = (struct aigne_event){entry.kind, entry.index, data, entry.size};
    q->offset += sizeof(entry) + padded(entry.size);
    return true;
}

bool queue_empty(const struct event_queue *q)
{
    return q->offset == q->reading.n && q->filling.n == 0;
}

bool queue_full(const struct event_queue *q)
{
    return q->reading.n - q->offset + q->filling.n > LIMIT_QUEUED_BYTES;
}
