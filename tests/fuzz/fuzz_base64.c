/* Knows that base64 is undone exactly, and that a data URL's parts lie within it. */
#include "fuzz.h"
#include "text/base64.h"

#define CEILING ((size_t)64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = fuzz_input(data, size);
    struct buf text;
    struct buf back;
    buf_init(&text, CEILING);
    buf_init(&back, CEILING);
    base64_encode(&text, bytes);
    FUZZ_CHECK(base64_valid(buf_slice(&text)));
    FUZZ_CHECK(base64_decode(&back, buf_slice(&text)));
    FUZZ_CHECK(slice_eq(buf_slice(&back), bytes));

    buf_clear(&back);
    bool decoded = base64_decode(&back, bytes);
    FUZZ_CHECK(decoded == base64_valid(bytes));
    FUZZ_CHECK(decoded || back.n == 0);

    struct slice mime;
    struct slice payload;
    if (data_url_parse(bytes, &mime, &payload))
        FUZZ_CHECK(payload.p + payload.n == bytes.p + bytes.n && mime.n > 0);
    buf_free(&text);
    buf_free(&back);
    return 0;
}
