/* Knows which functions make up the adapter for OpenAI's Responses; refuses to know what they do inside. */
#include "provider/openai_responses.h"
#include "provider/adapters.h"
#include "provider/complaint.h"
#include <aignehub/aignehub.h>

int responses_relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                    struct http_request *out, struct fault *why)
{
    return openai_relay_to(r, to, SLICE("responses"), false, a, out, why);
}

static const char *const texts[] = {"text", "refusal", "arguments", NULL};

const struct adapter adapter_openai_responses = {
    .name = "openai-responses",
    .format = "openai.responses",
    .objects_only = true,
    .state_size = sizeof(struct responses_state),
    .texts = texts,
    .encode = responses_encode,
    .relay = responses_relay,
    .decode = responses_decode,
    .watch = responses_watch,
    .decode_whole = responses_decode_whole,
    .finish = responses_finish,
    .explain = complaint_explain,
    .list_request = openai_list_request,
    .list_answer = openai_list_answer,
};
