/* Knows that the events of a stream are the same however it was split. */
#include "base/buf.h"
#include "fuzz.h"
#include "text/sse.h"

static void record(struct buf *out, const struct sse_event *e)
{
    buf_printf(out, "%zu %zu %zu ", e->name.n, e->data.n, e->raw.n);
    buf_put_slice(out, e->name);
    buf_put_slice(out, e->data);
    buf_put_slice(out, e->raw);
}

/* Pieces of `step` bytes; 0: pieces of 1, 2, 3 ... bytes. */
static void read_stream(struct slice text, size_t step, struct buf *out)
{
    struct sse s;
    struct sse_event e;
    size_t n = step ? step : 1;
    sse_init(&s);
    while (text.n > 0) {
        sse_feed(&s, slice_of(text.p, n < text.n ? n : text.n));
        while (sse_next(&s, &e) > 0)
            record(out, &e);
        text = slice_from(text, n);
        n += step == 0;
    }
    while (sse_finish(&s, &e) > 0)
        record(out, &e);
    sse_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    const size_t steps[] = {1, 2, 3, 7, 0};
    struct buf whole;
    struct buf split;
    buf_init(&whole, (size_t)256 * 1024 * 1024);
    buf_init(&split, (size_t)256 * 1024 * 1024);
    read_stream(text, size + 1, &whole);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        buf_clear(&split);
        read_stream(text, steps[i], &split);
        FUZZ_CHECK(slice_eq(buf_slice(&whole), buf_slice(&split)));
    }
    buf_free(&whole);
    buf_free(&split);
    return 0;
}
