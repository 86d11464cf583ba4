/* Knows that the adapters of calls other than chats take any bytes. The first byte chooses the adapter; the
 * second says what the others are: 'w' whole answers, one after the other, a byte 0x1e between them; 's' a
 * streamed one; 'p' one that passes; 'e' the body of an error; 'a' a sound; anything else a request. */
#include "chat/task_input.h"
#include "fuzz_adapter.h"
#include "provider/adapters.h"
#include "provider/echo.h"

static const struct adapter *const adapters[] = {
    &adapter_openai_embedding,
    &adapter_openai_image,
    &adapter_openai_speech,
    &adapter_openai_video,
    &adapter_openai_transcription,
    &adapter_xai_image,
    &adapter_xai_video,
    &adapter_ark_image,
    &adapter_ark_video,
    &adapter_openrouter_image,
    &adapter_ideogram,
    &adapter_ark_embedding,
};

/* Where files are wanted as bytes, links are followed. */
static void whole(const struct adapter *adapter, struct slice text, bool bytes_wanted)
{
    struct fuzz_reader r;
    struct task task = {0};
    struct chat_target to = {.base_url = SLICE("https://api.example/v1"), .secret = SLICE("s")};
    struct slice answer;
    fuzz_reader_begin(&r, adapter);
    r.request.task = &task;
    if (bytes_wanted)
        r.request.output_file_type = SLICE("file");
    int rc = AIGNE_AGAIN;
    for (int i = 0; i < 20 && rc == AIGNE_AGAIN; i++) {
        struct http_request http = {0};
        int64_t delay_ms = 0;
        if (!slice_cut(text, 0x1e, &answer, &text)) {
            answer = text;
            text = SLICE("");
        }
        rc = adapter->decode_whole(&r.d, answer, false);
        arena_clear(&r.scratch);
        if (rc == AIGNE_OK && adapter->more)
            rc = adapter->more(&r.d, &to, &r.keep, &http, &delay_ms);
        FUZZ_CHECK(rc != AIGNE_AGAIN || (http.url.n && delay_ms >= 0));
    }
    FUZZ_CHECK(rc != AIGNE_OK || r.events.finished);
    fuzz_reader_end(&r);
}

static void raw_stream(const struct adapter *adapter, struct slice text, bool watched)
{
    struct fuzz_reader r;
    struct sse_event frame = {.data = text, .raw = text};
    fuzz_reader_begin(&r, adapter);
    int rc = fuzz_frame(&r, &frame, watched);
    if (rc >= 0)
        rc = adapter->finish(&r.d);
    FUZZ_CHECK(rc != AIGNE_OK || r.events.finished);
    fuzz_reader_end(&r);
}

static void stream(const struct adapter *adapter, struct slice text, bool watched)
{
    if (watched && !adapter->watch)
        return;
    if (adapter->framing == FRAMES_RAW)
        raw_stream(adapter, text, watched);
    else
        FUZZ_CHECK(fuzz_stream(adapter, text, text.n + 1, watched) ==
                   fuzz_stream(adapter, text, 1, watched));
}

static void request(const struct adapter *adapter, struct slice text)
{
    struct arena a;
    struct fault why = {0};
    struct chat_request r;
    struct http_request http = {0};
    struct chat_target to = {.provider = SLICE("p"),
                             .base_url = SLICE("https://api.example/v1"),
                             .model = SLICE("ideogram-v3-gpt-image"),
                             .secret = SLICE("s")};
    arena_init(&a);
    if (json_check(text, NULL) == AIGNE_OK &&
        task_input_read(adapter->kind, json_of(text), &a, &r, &why) == AIGNE_OK &&
        adapter->encode(&r, &to, &a, &http, &why) == AIGNE_OK && !http.pieces)
        fuzz_sent(&http);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_from(fuzz_input(data, size), 2);
    if (size < 2)
        return 0;
    const struct adapter *adapter = adapters[data[0] % (sizeof adapters / sizeof adapters[0])];
    int64_t milliseconds = 0;
    switch (data[1]) {
    case 'w':
        whole(adapter, text, false);
        whole(adapter, text, true);
        break;
    case 's':
    case 'p':
        stream(adapter, text, data[1] == 'p');
        break;
    case 'e':
        fuzz_explain(adapter, text);
        break;
    case 'a':
        (void)echo_sound_text(text, &milliseconds);
        break;
    default:
        request(adapter, text);
        break;
    }
    return 0;
}
