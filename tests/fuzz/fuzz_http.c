/* Knows that heads are read within their bounds, and that each header found is found by its name. */
#include "fuzz.h"
#include "text/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice block = fuzz_input(data, size);
    struct slice rest = block;
    struct http_header header;
    struct arena a;
    arena_init(&a);
    for (int i = 0; i < 50 && http_block_next(&rest, &header); i++) {
        FUZZ_CHECK(header.name.n > 0 && slice_find_byte(header.value, '\n') == header.value.n);
        FUZZ_CHECK(http_block_get(block, arena_copy(&a, header.name).p).p != NULL);
        (void)http_bearer(header.value);
        (void)http_media_type_is(header.value, "text/event-stream");
    }
    int64_t wait = http_retry_after_ms(block, 784111777000);
    FUZZ_CHECK(wait >= -1);
    FUZZ_CHECK(http_exhausted_ms(block, 784111777000) >= 0);
    (void)http_media_type_is(block, "application/json");
    (void)http_bearer(block);
    arena_free(&a);
    return 0;
}
