/* Knows how OpenAI is asked for the length of a prompt; refuses to know how prompts are written. */
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/openai_responses.h"
#include <aignehub/aignehub.h>

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    struct slice text = slice_trim(body);
    int rc = answer_check(d, text, JSON_OBJECT);
    return rc < 0 ? rc
                  : answer_token_count(d, json_get(json_of(text), "input_tokens"), watching);
}

const struct adapter adapter_openai_count = {
    .name = "openai",
    .format = "openai.count_tokens",
    .kind = KIND_COUNT_TOKENS,
    .encode = responses_encode_count,
    .decode = answer_unstreamed,
    .decode_whole = decode_whole,
    .finish = answer_cut,
    .explain = complaint_explain,
};
