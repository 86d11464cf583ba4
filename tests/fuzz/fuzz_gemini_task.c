/* Knows that Google's adapters for other calls than chats take any bytes: the first byte chooses the
 * adapter, the lines after it are its answers, one after the other. */
#include "fuzz_adapter.h"
#include "provider/adapters.h"

static const struct {
    char letter;
    const struct adapter *adapter;
} adapters[] = {{'c', &adapter_gemini_count},  {'e', &adapter_gemini_embedding},
                {'i', &adapter_gemini_image},  {'p', &adapter_gemini_imagen},
                {'s', &adapter_gemini_speech}, {'t', &adapter_gemini_transcription},
                {'v', &adapter_gemini_video}};

/* AIGNE_AGAIN while there is more to ask. */
static int next(struct fuzz_reader *r, struct arena *a)
{
    static const struct chat_target to = {.base_url = {"https://api.example/v1beta", 26},
                                          .secret = {"s", 1}};
    struct http_request out = {0};
    int64_t delay_ms = 0;
    if (!r->adapter->more)
        return AIGNE_OK;
    int rc = r->adapter->more(&r->d, &to, a, &out, &delay_ms);
    if (rc == AIGNE_AGAIN)
        FUZZ_CHECK(slice_starts_nocase(out.url, "https://") && delay_ms >= 0);
    if (rc == AIGNE_AGAIN && !slice_starts_nocase(out.url, "https://api.example/"))
        FUZZ_CHECK(out.header_count == 0); /* the key stays at home */
    return rc;
}

static void answer(const struct adapter *adapter, struct slice rest)
{
    struct fuzz_reader r;
    struct arena a;
    struct slice line;
    struct slice inputs[] = {SLICE("a"), SLICE("b")};
    struct task task = {.inputs = inputs, .input_count = 2};
    int rc = AIGNE_AGAIN;
    arena_init(&a);
    fuzz_reader_begin(&r, adapter);
    r.request.task = &task;
    while (rc == AIGNE_AGAIN && rest.n) {
        if (!slice_cut(rest, '\n', &line, &rest)) {
            line = rest;
            rest = SLICE("");
        }
        rc = adapter->decode_whole(&r.d, line, false);
        arena_clear(&r.scratch);
        if (rc == AIGNE_OK)
            rc = next(&r, &a);
    }
    FUZZ_CHECK(rc < 0 || rc == AIGNE_AGAIN || r.events.finished);
    fuzz_reader_end(&r);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = fuzz_input(data, size);
    for (size_t i = 0; size && i < sizeof adapters / sizeof adapters[0]; i++) {
        if (data[0] == (uint8_t)adapters[i].letter)
            answer(adapters[i].adapter, slice_from(all, 1));
    }
    return 0;
}
