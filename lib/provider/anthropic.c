/* Knows which functions make up the Anthropic adapter and how its models are listed; refuses to know
 * what they do inside. */
#include "provider/anthropic.h"
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include <aignehub/aignehub.h>

static int list_request(struct slice type, const struct chat_target *to, struct arena *a,
                        struct http_request *out, struct fault *why)
{
    (void)type; /* all of them are for chat */
    *out = (struct http_request){0};
    int rc = wire_get(anthropic_url(to, SLICE("models"), SLICE("limit=1000"), a), out, why);
    return rc < 0 ? rc : anthropic_headers(to, SLICE(""), out, why);
}

static int list_answer(struct slice body, struct arena *a, struct buf *json, struct fault *why)
{
    if (json_check(body, NULL) < 0 || json_of(body).kind != JSON_OBJECT)
        return fault_set(why, AIGNE_E_PROTOCOL, "The provider's list of models is not JSON.");
    struct json_writer w = json_writer(json);
    json_open_array(&w);
    struct json_walk walk = json_walk(json_get(json_of(body), "data"));
    while (json_next(&walk)) {
        struct slice id = json_string(json_get(walk.value, "id"), a);
        if (id.n)
            answer_model(&w, id, "chat");
    }
    json_close_array(&w);
    return a->failed || buf_rc(json) < 0 ? fault_nomem(why) : AIGNE_OK;
}

const struct adapter adapter_anthropic = {
    .name = "anthropic",
    .format = "anthropic.messages",
    .objects_only = true,
    .state_size = sizeof(struct anthropic_state),
    .texts = anthropic_texts,
    .encode = anthropic_encode,
    .relay = anthropic_relay,
    .decode = anthropic_decode,
    .watch = anthropic_watch,
    .decode_whole = anthropic_decode_whole,
    .finish = anthropic_finish,
    .explain = complaint_explain,
    .list_request = list_request,
    .list_answer = list_answer,
};
