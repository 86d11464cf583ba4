/* aigne.c - knows how AIGNE's own clients speak on /api/v2/chat; refuses to know who answers. */
#include "ingress/aigne.h"

#include "base/limits.h"
#include "chat/input.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

/* ---- the request ---- */

int aigne_open_envelope(struct slice body, struct arena *a, struct aigne_envelope *out,
                        struct fault *why)
{
    static const char *const names[] = {"model", "input", "options"};
    struct json whole;
    struct json v[3];
    *out = (struct aigne_envelope){.model = SLICE_NONE};
    int rc = body_check(body, &whole, why);
    if (rc)
        return rc;
    json_pick(whole, names, 3, v);
    if (v[1].kind != JSON_OBJECT)
        return fault_field(why, AIGNE_E_REQUEST, "input", "input must be an object, not %s.",
                           json_kind_name(v[1].kind));
    if (json_present(v[2]) && v[2].kind != JSON_OBJECT)
        return fault_field(why, AIGNE_E_REQUEST, "options",
                           "options must be an object, not %s.", json_kind_name(v[2].kind));
    out->input = v[1];
    rc = body_flag(json_get(v[2], "streaming"), "options.streaming", &out->stream, why);
    if (!rc)
        rc = body_model(v[0], "model", a, &out->model, why);
    if (!rc && !out->model.n)
        rc = body_model(json_get(v[1], "model"), "input.model", a, &out->model, why);
    if (!rc && !out->model.n)
        rc = body_model(json_path(v[1], "modelOptions.model"), "input.modelOptions.model", a,
                        &out->model, why);
    if (!out->model.n)
        out->model = SLICE_NONE;
    return rc;
}

static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    struct aigne_envelope envelope;
    *model = SLICE_NONE;
    struct slice body = in->body;
    *relay = (struct chat_relay){.body = body};
    int rc = aigne_open_envelope(body, a, &envelope, why);
    if (rc)
        return rc;
    *model = envelope.model;
    relay->stream = envelope.stream;
    return AIGNE_OK;
}

static int decode(const struct ingress_request *in, struct arena *a, struct chat_request *out,
                  struct fault *why)
{
    struct aigne_envelope envelope;
    int rc = aigne_open_envelope(in->body, a, &envelope, why);
    if (!rc)
        rc = chat_input_read(envelope.input, a, out, why);
    if (rc)
        return rc;
    out->model = envelope.model;
    out->stream = envelope.stream;
    return AIGNE_OK;
}

/* ---- the answer, streamed ---- */

/* What cannot be told as it comes, because `delta.json` replaces and does not append. */
struct gathered {
    struct reply reply;
    bool begun;
    size_t told; /* tool calls in the last list sent */
    unsigned char ended[LIMIT_TOOL_CALLS / 8];
};

static void write_appended(struct buf *out, const char *member, struct slice text)
{
    BUF_LITERAL(out, "data: {\"delta\":{\"text\":{\"");
    buf_put_text(out, member);
    BUF_LITERAL(out, "\":\"");
    json_escape(out, text);
    BUF_LITERAL(out, "\"}}}\n\n");
}

/* Where the frame begins, for close_replacing. */
static size_t open_replacing(struct buf *out)
{
    size_t start = out->n;
    BUF_LITERAL(out, "data: {\"delta\":{\"json\":{");
    return start;
}

/* JSON of others may have line ends between its values; a line of an event must not. */
static void close_replacing(struct buf *out, size_t start)
{
    for (size_t i = start; i < out->n; i++) {
        if (out->p[i] == '\n' || out->p[i] == '\r')
            out->p[i] = ' ';
    }
    BUF_LITERAL(out, "}}}\n\n");
}

static bool has_ended(const struct gathered *g, size_t index)
{
    return g->ended[index / 8] & (1u << (index % 8));
}

/* The list is sent whole each time, and with complete calls only: then arguments are objects. */
static void tell_tools(struct encoding *e, struct gathered *g, int index)
{
    g->ended[index / 8] |= (unsigned char)(1u << (index % 8));
    size_t complete = g->told;
    while (complete < g->reply.tool_count && has_ended(g, complete))
        complete++;
    if (complete == g->told)
        return;
    g->told = complete;
    size_t start = open_replacing(e->out);
    BUF_LITERAL(e->out, "\"toolCalls\":");
    reply_write_tool_calls(&g->reply, complete, e->out);
    close_replacing(e->out, start);
}

static void take_back(struct encoding *e, struct gathered *g)
{
    size_t start = open_replacing(e->out);
    BUF_LITERAL(e->out, "\"text\":null,\"thoughts\":null");
    if (g->told)
        BUF_LITERAL(e->out, ",\"toolCalls\":null");
    close_replacing(e->out, start);
    reply_free(&g->reply);
    *g = (struct gathered){.begun = true};
    reply_init(&g->reply, e->keep);
}

static void tell(struct encoding *e, struct gathered *g, const struct event *ev)
{
    if (ev->kind == EVENT_TOOL_END) {
        tell_tools(e, g, ev->index);
        return;
    }
    if (ev->kind == EVENT_RESET) {
        take_back(e, g);
        return;
    }
    if (ev->choice || !ev->text.n)
        return;
    if (ev->kind == EVENT_TEXT || ev->kind == EVENT_REFUSAL)
        write_appended(e->out, "text", ev->text);
    else if (ev->kind == EVENT_THOUGHT)
        write_appended(e->out, "thoughts", ev->text);
}

/* Text that was told is kept only where it must become `json` at the end, reasoning for the seal that a
 * tool call may bring. */
static bool worth_keeping(const struct encoding *e, const struct event *ev)
{
    if (ev->kind == EVENT_TEXT)
        return e->wants_json;
    return ev->kind != EVENT_REFUSAL;
}

static struct gathered *gathered_of(struct encoding *e)
{
    struct gathered *g = e->state;
    if (!g->begun)
        reply_init(&g->reply, e->keep);
    g->begun = true;
    return g;
}

static int event(struct encoding *e, const struct event *ev)
{
    struct gathered *g = gathered_of(e);
    int rc = worth_keeping(e, ev) ? event_push(&g->reply.sink, ev) : AIGNE_OK;
    if (rc < 0)
        return rc;
    tell(e, g, ev);
    return buf_rc(e->out);
}

static int end(struct encoding *e, const struct reply_notes *notes)
{
    struct gathered *g = gathered_of(e);
    struct reply_notes all = notes ? *notes : (struct reply_notes){0};
    all.wants_json = all.wants_json || e->wants_json;
    size_t start = open_replacing(e->out);
    reply_write_tail(&g->reply, &all, g->told, e->out);
    close_replacing(e->out, start);
    return buf_rc(e->out);
}

void aigne_keep_alive(struct encoding *e)
{
    BUF_LITERAL(e->out, ": ping\n\n");
}

static void close_state(struct encoding *e)
{
    struct gathered *g = e->state;
    if (g->begun)
        reply_free(&g->reply);
    g->begun = false;
}

/* ---- the answer, whole ---- */

static int whole(struct encoding *e, const struct reply *r, const struct reply_notes *notes)
{
    struct reply_notes all = notes ? *notes : (struct reply_notes){0};
    all.wants_json = all.wants_json || e->wants_json;
    reply_write(r, &all, e->out);
    return buf_rc(e->out);
}

/* ---- errors ---- */

/* AIGNE's clients know one type by name, NOT_ENOUGH; the others are for people. */
static const char *type_of(const struct fault *why)
{
    /* The hub's own key or credit with the provider: a hub in front must not take it for its own. */
    if (why->upstream && (why->code == AIGNE_E_AUTH || why->code == AIGNE_E_CREDIT))
        return "upstream_error";
    switch (why->code) {
    case AIGNE_E_CREDIT:
        return "NOT_ENOUGH";
    case AIGNE_E_REQUEST:
        return "invalid_request";
    case AIGNE_E_AUTH:
        return "unauthorized";
    case AIGNE_E_RATE:
        return "rate_limit";
    case AIGNE_E_ROUTE:
        return "model_not_available";
    case AIGNE_E_TIMEOUT:
        return "timeout";
    case AIGNE_E_UPSTREAM:
    case AIGNE_E_NETWORK:
    case AIGNE_E_PROTOCOL:
        return "upstream_error";
    default:
        return "internal_error";
    }
}

/* Where credits can be bought: the last link in the sentence. */
static struct slice link_in(struct slice text)
{
    struct slice found = SLICE_NONE;
    for (struct slice rest = text; rest.n; rest = slice_from(rest, 1)) {
        if (!slice_starts(rest, "https://") && !slice_starts(rest, "http://"))
            continue;
        found = slice_of(rest.p, slice_find_byte(rest, ' '));
        rest = slice_from(rest, found.n - 1);
    }
    while (found.n && (found.p[found.n - 1] == '.' || found.p[found.n - 1] == ','))
        found.n--;
    return found;
}

void aigne_write_error(const struct fault *why, bool in_stream, struct buf *out)
{
    struct json_writer w = json_writer(out);
    if (in_stream)
        BUF_LITERAL(out, "event: error\ndata: ");
    json_open_object(&w);
    if (!in_stream) {
        json_member_object(&w, "error");
    }
    json_member_text(&w, "message", why->text[0] ? why->text : "The call failed.");
    if (why->at[0])
        json_member_text(&w, "timestamp", why->at);
    json_member_text(&w, "type", type_of(why));
    if (why->code == AIGNE_E_CREDIT && !why->upstream)
        json_member_string_opt(&w, "link", link_in(slice_text(why->text)));
    if (!in_stream)
        json_close_object(&w);
    json_close_object(&w);
    if (in_stream)
        BUF_LITERAL(out, "\n\n");
}

const struct ingress ingress_aigne = {
    .name = "aigne",
    .format = "aigne.chat",
    .state_size = sizeof(struct gathered),
    .early_head = true,
    .takes_back = true,
    .content_type_stream = "text/event-stream",
    .content_type_plain = "application/json",
    .peek = peek,
    .decode = decode,
    .event = event,
    .end = end,
    .keep_alive = aigne_keep_alive,
    .whole = whole,
    .error = aigne_write_error,
    .close = close_state,
};
