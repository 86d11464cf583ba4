/* gemini.c - knows how a client of Google's generateContent is looked at and refused; leaves reading and
 * answering to its neighbours. */
#include "ingress/gemini.h"

#include "base/limits.h"
#include "chat/surrogates.h"
#include "ingress/body.h"
#include "ingress/gemini_paths.h"
#include "ingress/gemini_task.h"
#include <aignehub/aignehub.h>

/* ---- what the path says ---- */

bool google_method(struct slice rest, struct arena *a, struct slice *model,
                   struct slice *method)
{
    size_t colon = rest.n;
    while (colon > 0 && rest.p[colon - 1] != ':')
        colon--;
    if (!colon)
        return false;
    *method = slice_from(rest, colon);
    *model = slice_of(rest.p, colon - 1);
    if (slice_starts(*model, "tunedModels/")) {
        struct slice parts[] = {SLICE("google/"), *model};
        *model = arena_join(a, parts, 2);
    }
    while (slice_starts(*model, "models/"))
        *model = slice_from(*model, 7);
    return model->p != NULL;
}

static bool is_stream(struct slice rest)
{
    return slice_ends(rest, ":streamGenerateContent");
}

static const struct {
    const char *ending;
    const struct ingress *ingress;
} methods[] = {{":generateContent", &ingress_gemini},
               {":countTokens", &ingress_gemini_count},
               {":embedContent", &ingress_gemini_embed},
               {":batchEmbedContents", &ingress_gemini_embed_batch},
               {":predict", &ingress_gemini_predict},
               {":predictLongRunning", &ingress_gemini_video}};

/* Some clients leave "models/" out where the model's name has a slash. */
const struct ingress *google_ingress(struct slice rest, struct slice query)
{
    struct slice one;
    bool sse = false;
    while (query.n && !sse) {
        if (!slice_cut(query, '&', &one, &query)) {
            one = query;
            query = SLICE("");
        }
        sse = slice_is(one, "alt=sse") || slice_is(one, "$alt=sse");
    }
    if (is_stream(rest))
        return sse ? &ingress_gemini : &ingress_gemini_array;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (slice_ends(rest, methods[i].ending))
            return methods[i].ingress;
    }
    return NULL;
}

/* ---- a look at the request ---- */

/* The body of a request that may go on as it is, if Google sealed all that is sealed in it. */
int google_peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    static const char *const names[] = {"model"};
    struct slice method = SLICE_NONE;
    struct json named;
    *relay = (struct chat_relay){.body = in->body, .stream = is_stream(in->rest)};
    *model = SLICE_NONE;
    int rc = body_check_pick(in->body, names, 1, &named, NULL, why);
    if (rc)
        return rc;
    struct slice text = slice_trim(in->body);
    relay->body = surrogates_replaced(text, a);
    if (!relay->body.p || (!google_method(in->rest, a, model, &method) && a->failed))
        return fault_nomem(why);
    if (relay->body.p != text.p) /* another text: the member is elsewhere now */
        json_pick(json_of(relay->body), names, 1, &named);
    relay->model_value = json_present(named) ? named.raw : SLICE_NONE;
    if (model->n > LIMIT_MODEL_NAME)
        return fault_field(why, AIGNE_E_REQUEST, "model",
                           "The model's name is longer than %d bytes.", LIMIT_MODEL_NAME);
    bool foreign = slice_find(relay->body, SLICE(SEAL_MARK)) < relay->body.n;
    relay->usable = model->n > 0 && !foreign;
    return AIGNE_OK;
}

/* ---- errors ---- */

static const struct naming {
    int http;
    const char *status;
} namings[] = {{400, "INVALID_ARGUMENT"},   {401, "UNAUTHENTICATED"},
               {402, "RESOURCE_EXHAUSTED"}, {403, "PERMISSION_DENIED"},
               {404, "NOT_FOUND"},          {405, "UNIMPLEMENTED"},
               {408, "DEADLINE_EXCEEDED"},  {409, "ABORTED"},
               {413, "INVALID_ARGUMENT"},   {422, "INVALID_ARGUMENT"},
               {429, "RESOURCE_EXHAUSTED"}, {499, "CANCELLED"},
               {500, "INTERNAL"},           {501, "UNIMPLEMENTED"},
               {504, "DEADLINE_EXCEEDED"}};

static bool is_known(int http)
{
    for (size_t i = 0; i < sizeof namings / sizeof namings[0]; i++) {
        if (namings[i].http == http)
            return true;
    }
    return false;
}

static const char *status_name(int http)
{
    for (size_t i = 0; i < sizeof namings / sizeof namings[0]; i++) {
        if (namings[i].http == http)
            return namings[i].status;
    }
    return http >= 500 ? "UNAVAILABLE" : "FAILED_PRECONDITION";
}

static void open_detail(struct json_writer *w, const char *type)
{
    json_open_object(w);
    json_member_text(w, "@type", type);
}

static void write_details(struct json_writer *w, const struct fault *why)
{
    if (!why->reason[0] && why->retry_ms < 0 && !why->param[0])
        return;
    json_member_array(w, "details");
    if (why->reason[0]) {
        open_detail(w, "type.googleapis.com/google.rpc.ErrorInfo");
        json_member_text(w, "reason", why->reason);
        json_close_object(w);
    }
    if (why->param[0]) {
        open_detail(w, "type.googleapis.com/google.rpc.BadRequest");
        json_member_array(w, "fieldViolations");
        json_open_object(w);
        json_member_text(w, "field", why->param);
        json_member_text(w, "description", why->text);
        json_close_object(w);
        json_close_array(w);
        json_close_object(w);
    }
    if (why->retry_ms >= 0) {
        open_detail(w, "type.googleapis.com/google.rpc.RetryInfo");
        json_key(w, "retryDelay");
        buf_put_byte(w->out, '"');
        buf_put_int(w->out, (why->retry_ms + 999) / 1000);
        BUF_LITERAL(w->out, "s\"");
        w->comma = true;
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_error(const struct fault *why, struct buf *out)
{
    struct json_writer w = json_writer(out);
    int http = fault_status(why);
    json_open_object(&w);
    json_member_object(&w, "error");
    json_member_int(&w, "code", http >= 500 && !is_known(http) ? 503 : http);
    json_member_text(&w, "message", why->text[0] ? why->text : "The call failed.");
    json_member_text(&w, "status", status_name(http));
    write_details(&w, why);
    json_close_object(&w);
    json_close_object(&w);
}

void google_error(const struct fault *why, bool in_stream, struct buf *out)
{
    if (in_stream)
        BUF_LITERAL(out, "data: ");
    write_error(why, out);
    if (in_stream)
        BUF_LITERAL(out, "\r\n\r\n");
}

/* Something was written before: the array is open and holds a chunk. */
static void array_error(const struct fault *why, bool in_stream, struct buf *out)
{
    buf_put_byte(out, in_stream ? ',' : '[');
    write_error(why, out);
    BUF_LITERAL(out, "]\r\n");
}

/* There may have been nothing but signs of life. */
static int array_broken(struct encoding *e, const struct fault *why)
{
    array_error(why, google_array_open(e), e->out);
    return buf_rc(e->out);
}

#define GEMINI                                                                                 \
    .name = "gemini", .format = "gemini.generate", .needs_model = true, .several = true,       \
    .key_in_query = true, .state_size = GOOGLE_STATE_SIZE,                                     \
    .content_type_plain = "application/json", .peek = google_peek,                             \
    .decode = google_read_request, .keep_alive = google_keep_alive,                            \
    .whole = google_write_whole, .close = google_stream_close

const struct ingress ingress_gemini = {
    GEMINI,
    .content_type_stream = "text/event-stream",
    .event = google_stream_event,
    .end = google_stream_end,
    .error = google_error,
};

/* A stream asked for without alt=sse: one array, written as it grows. */
const struct ingress ingress_gemini_array = {
    GEMINI,
    .content_type_stream = "application/json",
    .event = google_array_event,
    .end = google_array_end,
    .frame = google_array_frame,
    .frames_end = google_array_frames_end,
    .broken = array_broken,
    .error = array_error,
};
