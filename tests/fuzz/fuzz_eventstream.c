/* Knows that the reader of Amazon's event streams takes any bytes, and that how they are split does not
 * matter. The first byte is the length of the pieces. */
#include "fuzz.h"
#include "text/eventstream.h"
#include <aignehub/aignehub.h>

static uint64_t add(uint64_t sum, struct slice text)
{
    for (size_t i = 0; i < text.n; i++)
        sum = (sum ^ (unsigned char)text.p[i]) * 1099511628211u;
    return (sum ^ text.n) * 1099511628211u;
}

static uint64_t read_stream(struct slice stream, size_t step)
{
    struct eventstream s;
    struct eventstream_message m;
    uint64_t sum = 0;
    int rc = 1;
    eventstream_init(&s);
    while (stream.n && rc >= 0) {
        size_t n = step < stream.n ? step : stream.n;
        eventstream_feed(&s, slice_of(stream.p, n));
        stream = slice_from(stream, n);
        while (rc >= 0 && (rc = eventstream_next(&s, &m)) > 0)
            sum = add(add(add(sum, m.name), m.data), m.raw) + m.failed;
    }
    eventstream_free(&s);
    return sum ^ (uint64_t)(int64_t)rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice stream = slice_from(fuzz_input(data, size), 1);
    size_t step = size ? data[0] % 64 + 1u : 1;
    FUZZ_CHECK(read_stream(stream, stream.n) == read_stream(stream, step));
    return 0;
}
