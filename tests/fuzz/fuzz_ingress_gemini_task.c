/* Knows that Google's formats of other calls than chats take any bytes; the first byte chooses one. */
#include "fuzz.h"
#include "ingress/ingress.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

static const struct {
    char letter;
    const struct ingress *ingress;
} formats[] = {{'c', &ingress_gemini_count},
               {'e', &ingress_gemini_embed},
               {'b', &ingress_gemini_embed_batch},
               {'p', &ingress_gemini_predict},
               {'v', &ingress_gemini_video}};

static void read_body(const struct ingress *ingress, struct slice body)
{
    const struct ingress_request in = {.body = body, .rest = SLICE("models/m:method")};
    struct arena a;
    struct slice model = SLICE_NONE;
    struct chat_relay relay;
    struct chat_request r;
    struct fault why = {0};
    struct buf out;
    arena_init(&a);
    buf_init(&out, (size_t)1024 * 1024);
    int peeked = ingress->peek(&in, &a, &model, &relay, &why);
    int rc = ingress->decode(&in, &a, &r, &why);
    FUZZ_CHECK(peeked == AIGNE_OK || peeked == AIGNE_E_REQUEST);
    FUZZ_CHECK(rc == AIGNE_OK || rc == AIGNE_E_REQUEST);
    FUZZ_CHECK(peeked == AIGNE_OK || rc != AIGNE_OK);
    FUZZ_CHECK(rc != AIGNE_OK || (r.kind == ingress->kind && slice_eq(r.model, model)));
    if (rc != AIGNE_OK) {
        ingress->error(&why, false, &out);
        FUZZ_CHECK(json_check(buf_slice(&out), NULL) == AIGNE_OK);
    }
    buf_free(&out);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = fuzz_input(data, size);
    for (size_t i = 0; size && i < sizeof formats / sizeof formats[0]; i++) {
        if (data[0] == (uint8_t)formats[i].letter)
            read_body(formats[i].ingress, slice_from(all, 1));
    }
    return 0;
}
