/* openai.c - knows how a client of OpenAI's chat completions is looked at and refused; leaves
 * reading and answering to its neighbours. */
#include "ingress/openai.h"

#include "chat/surrogates.h"
#include "ingress/body.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

/* The members that a relayed body is changed at: of two by one name the provider might heed the one that
 * was left alone. */
static int pick_once(struct json whole, const char *const *names, size_t count,
                     struct json *values, struct fault *why)
{
    struct json_walk w = json_walk(whole);
    for (size_t i = 0; i < count; i++)
        values[i] = (struct json){JSON_NONE, SLICE_NONE};
    while (json_next(&w)) {
        for (size_t i = 0; i < count; i++) {
            if (!json_key_is(&w, names[i]))
                continue;
            if (values[i].kind != JSON_NONE)
                return fault_field(why, AIGNE_E_REQUEST, names[i],
                                   "%s is given twice: give it once.", names[i]);
            values[i] = w.value;
        }
    }
    return AIGNE_OK;
}

static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    static const char *const names[] = {"model", "stream", "stream_options"};
    struct json whole;
    struct json v[3];
    bool usage = false;
    *model = SLICE_NONE;
    struct slice body = in->body;
    *relay = (struct chat_relay){.body = body};
    int rc = body_check(body, &whole, why);
    if (rc)
        return rc;
    whole.raw = surrogates_replaced(whole.raw, a);
    if (!whole.raw.p)
        return fault_nomem(why);
    relay->body = whole.raw;
    rc = pick_once(whole, names, 3, v, why);
    if (!rc)
        rc = body_model(v[0], "model", a, model, why);
    if (!rc)
        rc = body_flag(v[1], "stream", &relay->stream, why);
    if (rc)
        return rc;
    if (json_present(v[0]))
        relay->model_value = v[0].raw;
    if (!json_present(v[2]))
        return AIGNE_OK;
    if (v[2].kind != JSON_OBJECT)
        return fault_field(why, AIGNE_E_REQUEST, "stream_options",
                           "stream_options must be an object, not %s.",
                           json_kind_name(v[2].kind));
    relay->stream_options_value = v[2].raw;
    struct json wanted = json_get(v[2], "include_usage");
    rc = body_flag(wanted, "stream_options.include_usage", &usage, why);
    if (!rc && json_present(wanted))
        relay->include_usage = usage ? CHAT_YES : CHAT_NO;
    return rc;
}

static void keep_alive(struct encoding *e)
{
    BUF_LITERAL(e->out, ": keep-alive\n\n");
}

/* ---- errors ---- */

struct naming {
    int code; /* enum aigne_rc */
    const char *type;
    const char *reason; /* the `code` when the provider gave none; NULL: null */
};

static const struct naming namings[] = {
    {AIGNE_E_REQUEST, "invalid_request_error", NULL},
    {AIGNE_E_AUTH, "invalid_request_error", "invalid_api_key"},
    {AIGNE_E_CREDIT, "insufficient_quota", "insufficient_quota"},
    {AIGNE_E_RATE, "rate_limit_error", "rate_limit_exceeded"},
    {AIGNE_E_TIMEOUT, "server_error", "timeout"},
};

static struct naming naming_of(const struct fault *why)
{
    /* The hub's own key or credit with the provider; the caller has nothing to mend. */
    if (why->upstream && (why->code == AIGNE_E_AUTH || why->code == AIGNE_E_CREDIT))
        return (struct naming){why->code, "upstream_error", NULL};
    if (why->code == AIGNE_E_ROUTE && fault_status(why) < 500)
        return (struct naming){why->code, "invalid_request_error", "model_not_found"};
    for (size_t i = 0; i < sizeof namings / sizeof namings[0]; i++) {
        if (namings[i].code == why->code)
            return namings[i];
    }
    return (struct naming){why->code, "server_error", NULL};
}

static void member_or_null(struct json_writer *w, const char *name, const char *text)
{
    json_member_text(w, name, text && text[0] ? text : NULL);
}

static void error(const struct fault *why, bool in_stream, struct buf *out)
{
    struct naming naming = naming_of(why);
    struct json_writer w = json_writer(out);
    if (in_stream)
        BUF_LITERAL(out, "data: ");
    json_open_object(&w);
    json_key(&w, "error");
    json_open_object(&w);
    json_member_text(&w, "message", why->text[0] ? why->text : "The call failed.");
    json_member_text(&w, "type", naming.type);
    member_or_null(&w, "param", why->param);
    member_or_null(&w, "code", why->reason[0] ? why->reason : naming.reason);
    json_close_object(&w);
    json_close_object(&w);
    if (in_stream)
        BUF_LITERAL(out, "\n\n");
}

const struct ingress ingress_openai = {
    .name = "openai",
    .format = "openai.chat",
    .state_size = OPENAI_STATE_SIZE,
    .content_type_stream = "text/event-stream",
    .content_type_plain = "application/json",
    .peek = peek,
    .decode = openai_read_request,
    .event = openai_stream_event,
    .end = openai_stream_end,
    .keep_alive = keep_alive,
    .whole = openai_write_whole,
    .error = error,
    .close = NULL,
};
