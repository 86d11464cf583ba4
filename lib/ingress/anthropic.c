/* anthropic.c - knows how a client of Anthropic's messages is looked at and refused; leaves reading and
 * answering to its neighbours. */
#include "ingress/anthropic.h"

#include "ingress/body.h"
#include <aignehub/aignehub.h>

/* A thought that nobody sealed: "signature":"". Inside a string its quotes would be escaped. */
static bool has_unsealed(struct slice body)
{
    static const struct slice key = {"\"signature\"", 11};
    struct slice rest = body;
    for (size_t at = slice_find(rest, key); at < rest.n; at = slice_find(rest, key)) {
        rest = slice_from(rest, at + key.n);
        struct slice value = slice_trim(slice_of(rest.p, rest.n < 16 ? rest.n : 16));
        if (slice_starts(value, ":") && slice_starts(slice_trim(slice_from(value, 1)), "\"\""))
            return true;
    }
    return false;
}

/* Anthropic refuses reasoning that it has not sealed: then the body is read, and goes on without. */
static bool may_go_on(struct slice body)
{
    return slice_find(body, SLICE("\"" ANTHROPIC_SEAL_MARK)) == body.n && !has_unsealed(body);
}

static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    static const char *const names[] = {"model", "stream"};
    struct json v[2];
    int rc = body_peek(in, names, 2, v, a, model, relay, why);
    if (rc)
        return rc;
    relay->stream_value = v[BODY_STREAM].raw;
    relay->usable = relay->usable && may_go_on(relay->body);
    return AIGNE_OK;
}

/* There is nothing to stream, whatever was asked for. */
static int peek_count(const struct ingress_request *in, struct arena *a, struct slice *model,
                      struct chat_relay *relay, struct fault *why)
{
    int rc = peek(in, a, model, relay, why);
    relay->stream = false;
    return rc;
}

static int decode_count(const struct ingress_request *in, struct arena *a,
                        struct chat_request *out, struct fault *why)
{
    int rc = anthropic_read_request(in, a, out, why);
    out->stream = false;
    return rc;
}

static void keep_alive(struct encoding *e)
{
    BUF_LITERAL(e->out, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
}

/* ---- errors ---- */

static const struct {
    int status;
    const char *type;
} types[] = {{400, "invalid_request_error"}, {401, "authentication_error"},
             {402, "billing_error"},         {403, "permission_error"},
             {404, "not_found_error"},       {405, "invalid_request_error"},
             {408, "timeout_error"},         {409, "conflict_error"},
             {413, "request_too_large"},     {422, "invalid_request_error"},
             {429, "rate_limit_error"},      {503, "overloaded_error"},
             {504, "timeout_error"},         {529, "overloaded_error"}};

static const char *type_of(const struct fault *why)
{
    /* The hub's own key or credit with the provider; the caller has nothing to mend. */
    if (why->upstream && (why->code == AIGNE_E_AUTH || why->code == AIGNE_E_CREDIT))
        return "api_error";
    int status = fault_status(why);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].status == status)
            return types[i].type;
    }
    return "api_error";
}

static void error(const struct fault *why, bool in_stream, struct buf *out)
{
    struct json_writer w = json_writer(out);
    if (in_stream)
        BUF_LITERAL(out, "event: error\ndata: ");
    json_open_typed(&w, "error");
    json_member_object(&w, "error");
    json_member_text(&w, "type", type_of(why));
    json_member_text(&w, "message", why->text[0] ? why->text : "The call failed.");
    json_key(&w, "details");
    if (why->reason[0]) {
        json_open_object(&w);
        json_member_text(&w, "error_code", why->reason);
        json_close_object(&w);
    } else {
        json_write_raw(&w, SLICE("null"));
    }
    json_close_object(&w);
    json_member_text(&w, "request_id", why->call_id[0] ? why->call_id : NULL);
    json_close_object(&w);
    if (in_stream)
        BUF_LITERAL(out, "\n\n");
}

static const char *const headers[] = {"anthropic-version", "anthropic-beta", NULL};

const struct ingress ingress_anthropic = {
    .name = "anthropic",
    .format = ANTHROPIC_FORMAT,
    .needs_model = true,
    .headers = headers,
    .request_id = "request-id",
    .state_size = ANTHROPIC_STATE_SIZE,
    .content_type_stream = "text/event-stream",
    .content_type_plain = "application/json",
    .peek = peek,
    .decode = anthropic_read_request,
    .event = anthropic_stream_event,
    .end = anthropic_stream_end,
    .keep_alive = keep_alive,
    .whole = anthropic_write_whole,
    .error = error,
    .close = anthropic_stream_close,
};

const struct ingress ingress_anthropic_count = {
    .name = "anthropic",
    .format = "anthropic.count_tokens",
    .kind = KIND_COUNT_TOKENS,
    .needs_model = true,
    .headers = headers,
    .request_id = "request-id",
    .state_size = ANTHROPIC_STATE_SIZE,
    .content_type_stream = "application/json",
    .content_type_plain = "application/json",
    .peek = peek_count,
    .decode = decode_count,
    .event = anthropic_stream_event,
    .end = anthropic_stream_end,
    .keep_alive = keep_alive,
    .whole = anthropic_write_count,
    .error = error,
    .close = anthropic_stream_close,
};
