/* Knows which functions make up the OpenAI chat adapter and how its models are listed; refuses to know
 * what they do inside. */
#include "provider/openai.h"
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include <aignehub/aignehub.h>

int openai_list_request(struct slice type, const struct chat_target *to, struct arena *a,
                        struct http_request *out, struct fault *why)
{
    (void)type; /* the list is not sorted by type */
    *out = (struct http_request){0};
    int rc = wire_get(openai_url(to, SLICE("models"), a), out, why);
    return rc < 0 ? rc : openai_headers(to, a, out, why);
}

int openai_list_answer(struct slice body, struct arena *a, struct buf *json, struct fault *why)
{
    if (json_check(body, NULL) < 0 || json_of(body).kind != JSON_OBJECT)
        return fault_set(why, AIGNE_E_PROTOCOL, "The provider's list of models is not JSON.");
    struct json_writer w = json_writer(json);
    json_open_array(&w);
    struct json_walk walk = json_walk(json_get(json_of(body), "data"));
    while (json_next(&walk)) {
        struct slice id = json_string(json_get(walk.value, "id"), a);
        if (id.n)
            answer_model(&w, id, answer_model_type(id));
    }
    json_close_array(&w);
    return a->failed || buf_rc(json) < 0 ? fault_nomem(why) : AIGNE_OK;
}

#define WHAT_BOTH_DO                                                                           \
    .name = "openai", .objects_only = true, .state_size = sizeof(struct openai_state),         \
    .encode = openai_encode, .decode = openai_decode, .decode_whole = openai_decode_whole,     \
    .finish = openai_finish, .explain = complaint_explain,                                     \
    .list_request = openai_list_request, .list_answer = openai_list_answer

const struct adapter adapter_openai = {
    WHAT_BOTH_DO,          .format = "openai.chat", .texts = openai_texts,
    .relay = openai_relay, .watch = openai_watch,
};

/* Of who refuses what OpenAI's clients may say, and answers in parts that they cannot read. */
const struct adapter adapter_openai_told = {WHAT_BOTH_DO, .format = "mistral.chat"};
