/* Knows that OpenAI's formats for other calls than chats take any bytes: as a body, JSON or a form, or,
 * after '!', as the events of an answer; the next byte chooses the format. See fuzz_ingress.h. */
#include "fuzz_ingress.h"

#include "chat/task_input.h"

static const struct ingress *const formats[] = {
    &ingress_openai_embeddings, &ingress_openai_images,         &ingress_openai_image_edits,
    &ingress_openai_speech,     &ingress_openai_transcriptions, &ingress_openai_translations,
};
#define FORMATS (sizeof formats / sizeof formats[0])

static void read_body(const struct ingress *in, struct slice body, bool form)
{
    struct arena a;
    struct chat_request r;
    struct chat_relay relay;
    struct fault why = {0};
    struct slice model = SLICE_NONE;
    struct buf out;
    const struct ingress_request came = {.body = body,
                                         .content_type =
                                             form ? SLICE("multipart/form-data; boundary=b")
                                                  : SLICE("application/json")};
    arena_init(&a);
    buf_init(&out, FUZZ_CEILING);
    int peeked = in->peek(&came, &a, &model, &relay, &why);
    int rc = in->decode(&came, &a, &r, &why);
    FUZZ_CHECK(peeked == AIGNE_OK || peeked == AIGNE_E_REQUEST);
    FUZZ_CHECK(rc == AIGNE_OK || rc == AIGNE_E_REQUEST);
    if (peeked == AIGNE_OK)
        FUZZ_CHECK(fuzz_inside(relay.model_value, relay.body));
    if (rc == AIGNE_OK && peeked == AIGNE_OK) {
        FUZZ_CHECK(r.stream == relay.stream && slice_eq(r.model, model) && r.task);
        task_input_write(&r, model, &out);
        FUZZ_CHECK(json_check(buf_slice(&out), NULL) == AIGNE_OK);
    } else {
        FUZZ_CHECK(why.code == AIGNE_E_REQUEST);
        fuzz_error(in, &why);
    }
    buf_free(&out);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    bool answer = size && data[0] == '!';
    text = slice_from(text, answer);
    if (!text.n)
        return 0;
    size_t choice = (unsigned char)text.p[0] % 48; /* '0' for JSON, '`' for a form */
    const struct ingress *in = formats[choice % FORMATS];
    text = slice_from(text, 1);
    if (!answer) {
        read_body(in, text, (unsigned char)data[0] >= '`');
    } else {
        fuzz_answer(in, text, true);
        fuzz_answer(in, text, false);
    }
    return 0;
}
