/* Knows that a request in AIGNE's form, read and written, is the same request. */
#include "chat/input.h"
#include "fuzz.h"
#include <aignehub/aignehub.h>

#define CEILING ((size_t)64 * 1024 * 1024)

/* False: it is no request. */
static bool rewrite(struct slice text, struct arena *a, struct buf *out)
{
    struct chat_request r;
    struct fault why = {0};
    int rc = chat_input_read(json_of(text), a, &r, &why);
    FUZZ_CHECK(rc == AIGNE_OK || (rc == AIGNE_E_REQUEST && why.code == rc && why.text[0]));
    if (rc != AIGNE_OK)
        return false;
    chat_input_write(&r, r.model, out);
    FUZZ_CHECK(buf_rc(out) == AIGNE_OK && json_check(buf_slice(out), NULL) == AIGNE_OK);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    struct arena a;
    struct buf first;
    struct buf second;
    if (json_check(text, NULL) != AIGNE_OK)
        return 0;
    arena_init(&a);
    buf_init(&first, CEILING);
    buf_init(&second, CEILING);
    if (rewrite(text, &a, &first)) {
        FUZZ_CHECK(rewrite(buf_slice(&first), &a, &second));
        FUZZ_CHECK(slice_eq(buf_slice(&first), buf_slice(&second)));
    }
    buf_free(&first);
    buf_free(&second);
    arena_free(&a);
    return 0;
}
