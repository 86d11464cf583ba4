/* Knows that any bytes are read as a form without leaving them, and that parts follow one another. */
#include "fuzz.h"
#include "text/multipart_read.h"
#include <aignehub/aignehub.h>

static int inside(struct slice part, struct slice whole)
{
    return !part.n || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

/* The first line is the content type, the rest the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    struct slice type;
    struct slice body;
    struct multipart_reader m;
    struct multipart_field part;
    struct arena a;
    if (!slice_cut(text, '\n', &type, &body))
        return 0;
    arena_init(&a);
    int rc = multipart_read_start(&m, type, body);
    const char *last = body.p;
    if (rc == AIGNE_OK)
        rc = multipart_read_next(&m, &part);
    for (; rc > 0; rc = multipart_read_next(&m, &part)) {
        FUZZ_CHECK(part.name.n > 0 && inside(part.name, body) && inside(part.type, body));
        FUZZ_CHECK(inside(part.headers, body) && inside(part.content, body));
        FUZZ_CHECK(part.content.p >= last);
        last = part.content.p + part.content.n;
        struct slice name = multipart_read_filename(&part, &a);
        FUZZ_CHECK(!name.p || slice_find_byte(name, '/') == name.n);
    }
    FUZZ_CHECK(rc == AIGNE_OK || (rc == AIGNE_E_REQUEST && m.problem));
    arena_free(&a);
    return 0;
}
