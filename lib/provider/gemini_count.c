/* Knows how Google is asked for the length of a prompt; refuses to know how prompts are written. */
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/gemini.h"
#include <aignehub/aignehub.h>

static int relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                 struct http_request *out, struct fault *why)
{
    return gemini_relay_task(r, to, "countTokens", a, out, why);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    struct slice text = slice_trim(body);
    int rc = answer_check(d, text, JSON_OBJECT);
    return rc < 0 ? rc
                  : answer_token_count(d, json_get(json_of(text), "totalTokens"), watching);
}

const struct adapter adapter_gemini_count = {
    .name = "gemini",
    .format = "gemini.count_tokens",
    .kind = KIND_COUNT_TOKENS,
    .encode = gemini_encode_count,
    .relay = relay,
    .decode = answer_unstreamed,
    .decode_whole = decode_whole,
    .finish = answer_cut,
    .explain = gemini_explain,
};
