/* Knows which functions make up the Bedrock adapters; refuses to know what they do inside. */
#include "provider/bedrock.h"
#include "provider/adapters.h"
#include "provider/config.h"

const struct config_member config_bedrock[] = {
    {.name = "region", .kind = CONFIG_TEXT},
    {.name = NULL},
};

/* A client of Anthropic's format is served by Claude in that format. */
const struct adapter *bedrock_choose(enum chat_kind kind, const struct chat_target *to,
                                     const char *format)
{
    bool same = format && strcmp(format, adapter_bedrock_anthropic.format) == 0;
    return kind == KIND_CHAT && same && bedrock_model_of(to->model).claude
               ? &adapter_bedrock_anthropic
               : NULL;
}

const struct adapter adapter_bedrock = {
    .name = "bedrock.converse",
    .format = "bedrock.converse",
    .framing = FRAMES_AWS,
    .objects_only = true,
    .state_size = sizeof(struct bedrock_state),
    .encode = bedrock_encode,
    .decode = bedrock_decode,
    .decode_whole = bedrock_decode_whole,
    .finish = bedrock_finish,
    .explain = bedrock_explain,
    .list_request = bedrock_list_request,
    .list_answer = bedrock_list_answer,
};
