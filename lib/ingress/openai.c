/* openai.c - knows how a client of OpenAI's chat completions is looked at and refused; leaves
 * reading and answering to its neighbours. */
#include "ingress/openai.h"

#include "ingress/body.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

enum { STREAM_OPTIONS = BODY_STREAM + 1, MODELS, PEEKED };

/* As OpenRouter's clients name fallbacks. For a model there they are OpenRouter's to read; else the hub
 * chooses among them, and no provider is told. */
static int peek_models(struct json models, struct slice model, struct chat_relay *relay,
                       struct fault *why)
{
    if (!json_present(models) || slice_starts_nocase(model, "openrouter/"))
        return AIGNE_OK;
    if (models.kind != JSON_ARRAY)
        return fault_field(why, AIGNE_E_REQUEST, "models", "models must be an array, not %s.",
                           json_kind_name(models.kind));
    relay->models = models.raw;
    relay->usable = false;
    return AIGNE_OK;
}

static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    static const char *const names[PEEKED] = {"model", "stream", "stream_options", "models"};
    struct json v[PEEKED];
    bool usage = false;
    int rc = body_peek(in, names, PEEKED, v, a, model, relay, why);
    if (rc)
        return rc;
    rc = peek_models(v[MODELS], *model, relay, why);
    if (rc)
        return rc;
    if (!json_present(v[STREAM_OPTIONS]))
        return AIGNE_OK;
    if (v[STREAM_OPTIONS].kind != JSON_OBJECT)
        return fault_field(why, AIGNE_E_REQUEST, "stream_options",
                           "stream_options must be an object, not %s.",
                           json_kind_name(v[STREAM_OPTIONS].kind));
    relay->stream_options_value = v[STREAM_OPTIONS].raw;
    struct json wanted = json_get(v[STREAM_OPTIONS], "include_usage");
    rc = body_flag(wanted, "stream_options.include_usage", &usage, why);
    if (!rc && json_present(wanted))
        relay->include_usage = usage ? CHAT_YES : CHAT_NO;
    return rc;
}

void openai_keep_alive(struct encoding *e)
{
    BUF_LITERAL(e->out, ": keep-alive\n\n");
}

/* Some servers leave out the last line, which clients of this format wait for. What came since the reason of
 * the end is in e->out. */
static int frames_end(struct encoding *e)
{
    struct slice end = buf_slice(e->out);
    if (slice_find(end, SLICE("[DONE]")) == end.n)
        BUF_LITERAL(e->out, "data: [DONE]\n\n");
    return buf_rc(e->out);
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

void openai_write_error_members(struct json_writer *w, const struct fault *why, bool typed)
{
    struct naming naming = naming_of(why);
    json_member_text(w, "message", why->text[0] ? why->text : "The call failed.");
    if (typed)
        json_member_text(w, "type", naming.type);
    member_or_null(w, "param", why->param);
    member_or_null(w, "code", why->reason[0] ? why->reason : naming.reason);
}

void openai_write_error(const struct fault *why, bool in_stream, struct buf *out)
{
    struct json_writer w = json_writer(out);
    if (in_stream)
        BUF_LITERAL(out, "data: ");
    json_open_object(&w);
    json_member_object(&w, "error");
    openai_write_error_members(&w, why, true);
    json_close_object(&w);
    json_close_object(&w);
    if (in_stream)
        BUF_LITERAL(out, "\n\n");
}

const struct ingress ingress_openai = {
    .name = "openai",
    .format = "openai.chat",
    .needs_model = true,
    .several = true,
    .state_size = OPENAI_STATE_SIZE,
    .content_type_stream = "text/event-stream",
    .content_type_plain = "application/json",
    .peek = peek,
    .decode = openai_read_request,
    .event = openai_stream_event,
    .end = openai_stream_end,
    .frames_end = frames_end,
    .keep_alive = openai_keep_alive,
    .whole = openai_write_whole,
    .error = openai_write_error,
    .close = openai_stream_close,
};
