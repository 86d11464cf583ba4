/* Knows how Bedrock is asked for the length of a prompt; refuses to know how prompts are written. */
#include "base/mem.h"
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/bedrock.h"
#include <aignehub/aignehub.h>

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    struct bedrock b AUTO(bedrock_close);
    *out = (struct http_request){0};
    int rc = bedrock_begin(&b, r, to, a, why);
    struct json_writer *j = &b.x.w.json;
    json_open_object(j);
    json_member_object(j, "input");
    json_member_object(j, "converse");
    if (rc == AIGNE_OK)
        rc = bedrock_write_conversation(&b);
    json_close_object(j);
    json_close_object(j);
    json_close_object(j);
    return rc < 0 ? rc : bedrock_post(&b.x.w, "count-tokens", out);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    struct slice text = slice_trim(body);
    int rc = answer_check(d, text, JSON_OBJECT);
    return rc < 0 ? rc
                  : answer_token_count(d, json_get(json_of(text), "inputTokens"), watching);
}

const struct adapter adapter_bedrock_count = {
    .name = "bedrock.count",
    .kind = KIND_COUNT_TOKENS,
    .encode = encode,
    .decode = answer_unstreamed,
    .decode_whole = decode_whole,
    .finish = answer_cut,
    .explain = bedrock_explain,
};
