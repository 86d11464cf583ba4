/* openai_responses.c - knows how a client of OpenAI's Responses is looked at and refused; leaves reading
 * and answering to its neighbours. */
#include "ingress/openai_responses.h"

#include "ingress/body.h"
#include "ingress/openai.h"
#include <aignehub/aignehub.h>

/* Of an event behind those of a stream that passed through: nobody counted them. */
#define SEQUENCE_LAST INT32_MAX

/* An answer that is only begun could not be fetched here, nor what it costs be learned. */
static int check_background(struct json v, bool streamed, struct fault *why)
{
    bool background = false;
    int rc = body_flag(v, "background", &background, why);
    if (rc || !background || streamed)
        return rc;
    return fault_field(why, AIGNE_E_REQUEST, "background",
                       "background needs stream here: an answer cannot be fetched later.");
}

/* What was sealed elsewhere and brought back: no provider of Responses takes it, so that such a body is read
 * and the seals are left out. */
static bool has_foreign_seal(struct slice body)
{
    static const char key[] = "\"encrypted_content\"";
    struct slice rest = body;
    for (;;) {
        size_t at = slice_find(rest, SLICE("\"" RESPONSES_SEAL));
        if (at == rest.n)
            return false;
        struct slice before = slice_trim(slice_of(rest.p, at));
        if (slice_ends(before, ":") &&
            slice_ends(slice_trim(slice_of(before.p, before.n - 1)), key))
            return true;
        rest = slice_from(rest, at + 1);
    }
}

static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    static const char *const names[] = {"model", "stream", "background"};
    struct json v[3];
    int rc = body_peek(in, names, 3, v, a, model, relay, why);
    if (!rc)
        rc = check_background(v[BODY_STREAM + 1], relay->stream, why);
    relay->usable = relay->usable && !has_foreign_seal(relay->body);
    return rc;
}

static void error(const struct fault *why, bool in_stream, struct buf *out)
{
    struct json_writer w = json_writer(out);
    if (!in_stream) {
        openai_write_error(why, false, out);
        return;
    }
    BUF_LITERAL(out, "event: error\ndata: ");
    json_open_typed(&w, "error");
    json_member_int(&w, "sequence_number", SEQUENCE_LAST);
    responses_write_complaint(&w, why);
    json_close_object(&w);
    BUF_LITERAL(out, "\n\n");
}

const struct ingress ingress_openai_responses = {
    .name = "openai-responses",
    .format = "openai.responses",
    .needs_model = true,
    .state_size = RESPONSES_STATE_SIZE,
    .content_type_stream = "text/event-stream",
    .content_type_plain = "application/json",
    .peek = peek,
    .decode = responses_read_request,
    .event = responses_stream_event,
    .end = responses_stream_end,
    .keep_alive = openai_keep_alive,
    .whole = responses_write_whole,
    .error = error,
    .broken = responses_stream_broken,
    .close = responses_stream_close,
};
