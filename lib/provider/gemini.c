/* Knows which functions make up the Gemini adapter, its list of models and the details of its errors;
 * refuses to know how requests and answers look. */
#include "provider/gemini.h"
#include "base/mem.h"
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include <aignehub/aignehub.h>

/* "45.837906927s" is 45837 milliseconds; -1: unreadable. */
static int64_t delay_ms(struct slice text)
{
    struct slice whole;
    struct slice part;
    int64_t seconds = 0;
    int64_t ms = 0;
    if (!slice_ends(text, "s"))
        return -1;
    struct slice number = slice_of(text.p, text.n - 1);
    if (!slice_cut(number, '.', &whole, &part))
        whole = number;
    else
        (void)slice_int64(slice_of(part.p, part.n < 3 ? part.n : 3), &ms);
    bool fits = slice_int64(whole, &seconds) && seconds >= 0 && seconds < 1000000;
    return fits && ms >= 0 ? seconds * 1000 + ms : -1;
}

static bool is_daily(struct json violations)
{
    bool daily = false;
    struct json_walk w = json_walk(violations);
    while (json_next(&w)) {
        struct slice raw = json_get(w.value, "quotaId").raw;
        daily = daily || (raw.p && slice_find(raw, SLICE("PerDay")) < raw.n);
    }
    return daily;
}

void gemini_explain(int status, struct slice headers, struct slice body, int64_t wall_ms,
                    struct fault *why)
{
    struct complaint c;
    struct arena a AUTO(arena_free);
    arena_init(&a);
    int64_t delay = -1;
    bool daily = false;
    struct slice text = slice_trim(body);
    complaint_read(json_of(text.p ? text : SLICE("")), &a, &c);
    if (!c.message.n) {
        complaint_explain(status, headers, body, wall_ms, why);
        return;
    }
    c.type = c.code; /* the status name; the code is a detail's reason */
    struct json_walk w = json_walk(c.details);
    while (json_next(&w)) {
        struct slice reason = json_string(json_get(w.value, "reason"), &a);
        struct slice said = json_string(json_get(w.value, "retryDelay"), &a);
        if (reason.n)
            c.code = reason;
        if (said.n)
            delay = delay_ms(said);
        daily = daily || is_daily(json_get(w.value, "violations"));
    }
    complaint_tell(&c, status, headers, wall_ms, why);
    if (why->retry_ms >= 0 && delay >= 0)
        why->retry_ms = delay;
    if (daily) /* gone until tomorrow */
        why->retry_ms = -1;
}

static int list_request(struct slice type, const struct chat_target *to, struct arena *a,
                        struct http_request *out, struct fault *why)
{
    (void)type; /* the list is not sorted by type */
    *out = (struct http_request){0};
    int rc = wire_get(gemini_url(to->base_url, SLICE("models?pageSize=1000"), a), out, why);
    return rc < 0 || !to->secret.n ? rc : wire_header(out, "x-goog-api-key", to->secret, why);
}

/* What a model is for, by what can be asked of it; NULL: nothing this library does. */
static const char *type_of(struct json methods, struct slice name)
{
    static const struct {
        const char *method;
        const char *type;
    } types[] = {{"generateContent", "chat"},
                 {"embedContent", "embedding"},
                 {"predictLongRunning", "video"},
                 {"predict", "image"}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct json_walk w = json_walk(methods);
        while (json_next(&w)) {
            if (json_string_is(w.value, types[i].method))
                return i == 0 ? answer_model_type(name) : types[i].type;
        }
    }
    return NULL;
}

static int list_answer(struct slice body, struct arena *a, struct buf *json, struct fault *why)
{
    if (json_check(body, NULL) < 0 || json_of(body).kind != JSON_OBJECT)
        return fault_set(why, AIGNE_E_PROTOCOL, "The provider's list of models is not JSON.");
    struct json_writer w = json_writer(json);
    json_open_array(&w);
    struct json_walk walk = json_walk(json_get(json_of(body), "models"));
    while (json_next(&walk)) {
        struct slice name = json_string(json_get(walk.value, "name"), a);
        if (slice_starts(name, "models/"))
            name = slice_from(name, 7);
        const char *type = type_of(json_get(walk.value, "supportedGenerationMethods"), name);
        if (name.n && type)
            answer_model(&w, name, type);
    }
    json_close_array(&w);
    return a->failed || buf_rc(json) < 0 ? fault_nomem(why) : AIGNE_OK;
}

const struct adapter *gemini_choose(enum chat_kind kind, const struct chat_target *to,
                                    const char *format)
{
    bool single = format && strcmp(format, adapter_gemini_embed.format) == 0;
    if (kind == KIND_EMBEDDING && single)
        return &adapter_gemini_embed;
    if (kind == KIND_IMAGE && slice_find(to->model, SLICE("imagen")) < to->model.n)
        return &adapter_gemini_imagen;
    return NULL;
}

const struct adapter adapter_gemini = {
    .name = "gemini",
    .format = "gemini.generate",
    .state_size = sizeof(struct gemini_state),
    .texts = gemini_texts,
    .encode = gemini_encode,
    .relay = gemini_relay,
    .decode = gemini_decode,
    .watch = gemini_watch,
    .decode_whole = gemini_decode_whole,
    .finish = gemini_finish,
    .explain = gemini_explain,
    .list_request = list_request,
    .list_answer = list_answer,
};
