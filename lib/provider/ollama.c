/* Knows which functions make up the Ollama adapter, when it is used, and how its models are listed;
 * refuses to know how requests and answers look. */
#include "provider/ollama.h"
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/config.h"
#include "provider/openai.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

struct slice ollama_root(struct slice base_url)
{
    static const char *const ends[] = {"/v1", "/api"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (slice_ends(base_url, ends[i]))
            return slice_of(base_url.p, base_url.n - strlen(ends[i]));
    }
    return base_url;
}

struct slice ollama_url(const struct chat_target *to, struct slice path, struct arena *a)
{
    return url_join(a, ollama_root(to->base_url), path);
}

#define OTHER_APIS (OPENAI_API_CHAT | OPENAI_API_RESPONSES)

const struct config_member config_ollama[] = {
    {.name = "api",
     .kind = CONFIG_CHOICE,
     .value = "native",
     .set = OLLAMA_API_NATIVE,
     .clear = OTHER_APIS},
    {.name = "api",
     .kind = CONFIG_CHOICE,
     .value = "chat",
     .set = OPENAI_API_CHAT,
     .clear = OLLAMA_API_NATIVE | OTHER_APIS},
    {.name = "api",
     .kind = CONFIG_CHOICE,
     .value = "responses",
     .set = OPENAI_API_RESPONSES,
     .clear = OLLAMA_API_NATIVE | OTHER_APIS},
    {.name = "numCtx", .kind = CONFIG_COUNT},
    {.name = "keepAlive", .kind = CONFIG_TEXT},
    {.name = NULL},
};

const struct adapter *ollama_choose(enum chat_kind kind, const struct chat_target *to,
                                    const char *format)
{
    static const struct {
        const struct adapter *adapter;
        unsigned wanted; /* by the operator, whoever asks */
    } others[] = {{&adapter_openai, OPENAI_API_CHAT},
                  {&adapter_openai_responses, OPENAI_API_RESPONSES},
                  {&adapter_openai_embedding, OTHER_APIS}};
    bool decided = to->quirks & (OTHER_APIS | OLLAMA_API_NATIVE);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct adapter *a = others[i].adapter;
        bool same = !decided && format && strcmp(format, a->format) == 0;
        if (a->kind == kind && (same || (to->quirks & others[i].wanted)))
            return a;
    }
    return NULL;
}

static int list_request(struct slice type, const struct chat_target *to, struct arena *a,
                        struct http_request *out, struct fault *why)
{
    (void)type; /* the list is not sorted by type */
    *out = (struct http_request){0};
    int rc = wire_get(ollama_url(to, SLICE("api/tags"), a), out, why);
    return rc < 0 ? rc : wire_bearer(a, to->secret, out, why);
}

/* Names tell little here; the families that only embed are few. */
static const char *type_of(struct json model, struct slice name)
{
    static const char *const embedding[] = {"bert", "nomic-bert", "nomic-bert-moe"};
    struct json family = json_path(model, "details.family");
    for (size_t i = 0; i < sizeof embedding / sizeof embedding[0]; i++) {
        if (json_string_is(family, embedding[i]))
            return "embedding";
    }
    return answer_model_type(name);
}

static int list_answer(struct slice body, struct arena *a, struct buf *json, struct fault *why)
{
    if (json_check(body, NULL) < 0 || json_of(body).kind != JSON_OBJECT)
        return fault_set(why, AIGNE_E_PROTOCOL, "The provider's list of models is not JSON.");
    struct json_writer w = json_writer(json);
    json_open_array(&w);
    struct json_walk walk = json_walk(json_get(json_of(body), "models"));
    while (json_next(&walk)) {
        struct slice name = json_string(json_get(walk.value, "model"), a);
        if (!name.n)
            name = json_string(json_get(walk.value, "name"), a);
        if (name.n)
            answer_model(&w, name, type_of(walk.value, name));
    }
    json_close_array(&w);
    return a->failed || buf_rc(json) < 0 ? fault_nomem(why) : AIGNE_OK;
}

const struct adapter adapter_ollama = {
    .name = "ollama",
    .format = "ollama.chat",
    .framing = FRAMES_LINES,
    .state_size = sizeof(struct ollama_state),
    .encode = ollama_encode,
    .decode = ollama_decode,
    .decode_whole = ollama_decode_whole,
    .finish = ollama_finish,
    .explain = complaint_explain,
    .list_request = list_request,
    .list_answer = list_answer,
};
