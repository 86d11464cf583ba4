/* aigne_completions.c - knows the camelCase completions of AIGNE Hub, which its browser helper speaks;
 * refuses to know who answers. */
#include "ingress/aigne.h"

#include "base/limits.h"
#include "base/mem.h"
#include "chat/input.h"
#include "text/http.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

/* ---- the request ---- */

/* Its Accept header asks for a stream; `stream` does so too, as everywhere else. */
static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    static const char *const names[] = {"model", "stream"};
    struct json whole;
    struct json v[2];
    *model = SLICE_NONE;
    *relay = (struct chat_relay){.body = in->body};
    int rc = body_check(in->body, &whole, why);
    if (rc)
        return rc;
    json_pick(whole, names, 2, v);
    rc = body_model(v[0], "model", a, model, why);
    if (!rc)
        rc = body_flag(v[1], "stream", &relay->stream, why);
    relay->stream = relay->stream || http_media_type_is(in->accept, "text/event-stream");
    return rc;
}

/* Members that stand beside modelOptions in AIGNE's ChatModelInput; all others belong inside. */
static bool stands_beside(const struct json_walk *w)
{
    static const char *const names[] = {"messages", "tools", "toolChoice", "responseFormat",
                                        "outputFileType"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_key_is(w, names[i]))
            return true;
    }
    return false;
}

static void write_member(struct json_writer *w, const struct json_walk *from)
{
    struct json key = {JSON_STRING, slice_of(from->key.p - 1, from->key.n + 2)};
    if (w->comma)
        buf_put_byte(w->out, ',');
    buf_put_slice(w->out, key.raw);
    buf_put_byte(w->out, ':');
    buf_put_slice(w->out, from->value.raw);
    w->comma = true;
}

/* The same request as AIGNE's ChatModelInput. */
static void write_input(struct json whole, struct buf *out)
{
    struct json_writer w = json_writer(out);
    struct json_walk members = json_walk(whole);
    json_open_object(&w);
    while (json_next(&members)) {
        if (!json_present(members.value))
            continue;
        if (stands_beside(&members))
            write_member(&w, &members);
        else if (json_key_is(&members, "prompt"))
            json_member_raw(&w, "messages", members.value.raw);
    }
    json_member_object(&w, "modelOptions");
    members = json_walk(whole);
    while (json_next(&members)) {
        bool told = stands_beside(&members) || json_key_is(&members, "prompt") ||
                    json_key_is(&members, "stream") || json_key_is(&members, "model");
        if (!told && json_present(members.value))
            write_member(&w, &members);
    }
    json_close_object(&w);
    json_close_object(&w);
}

static int check_prompt(struct json whole, struct fault *why)
{
    struct json prompt = json_get(whole, "prompt");
    bool messages = json_present(json_get(whole, "messages"));
    if (!json_present(prompt))
        return AIGNE_OK;
    if (messages)
        return fault_field(why, AIGNE_E_REQUEST, "prompt",
                           "prompt and messages exclude each other: give one of them.");
    if (prompt.kind != JSON_STRING)
        return fault_field(why, AIGNE_E_REQUEST, "prompt", "prompt must be a string, not %s.",
                           json_kind_name(prompt.kind));
    return AIGNE_OK;
}

static int decode(const struct ingress_request *in, struct arena *a, struct chat_request *out,
                  struct fault *why)
{
    struct buf input AUTO(buf_free);
    struct json whole = {0};
    struct slice model = SLICE_NONE;
    struct chat_relay relay;
    buf_init(&input, in->body.n * 2 + 64);
    int rc = peek(in, a, &model, &relay, why);
    if (!rc)
        rc = body_check(in->body, &whole, why);
    if (!rc)
        rc = check_prompt(whole, why);
    if (rc)
        return rc;
    write_input(whole, &input);
    struct slice kept = buf_rc(&input) ? SLICE_NONE : arena_copy(a, buf_slice(&input));
    if (!kept.p)
        return fault_nomem(why);
    rc = chat_input_read(json_of(kept), a, out, why);
    out->model = model;
    out->stream = relay.stream;
    return rc;
}

/* ---- the answer ---- */

struct told {
    struct reply reply; /* for the calls, which are told as a growing list */
    bool begun;
};

static struct told *told_of(struct encoding *e)
{
    struct told *t = e->state;
    if (!t->begun)
        reply_init(&t->reply, e->keep);
    t->begun = true;
    return t;
}

/* As in a chat's own list, but with arguments as text. */
static void write_calls(struct json_writer *w, const struct reply *r)
{
    json_open_array(w);
    for (size_t i = 0; i < r->tool_count; i++) {
        const struct reply_tool_call *t = &r->tools[i];
        struct slice arguments = buf_slice(&t->arguments);
        json_open_object(w);
        json_member_string(w, "id", t->id.p ? t->id : SLICE(""));
        json_member_text(w, "type", "function");
        json_member_object(w, "function");
        json_member_string(w, "name", t->name.p ? t->name : SLICE(""));
        json_member_string(w, "arguments", arguments.n ? arguments : SLICE("{}"));
        json_close_object(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_delta(struct encoding *e, struct slice text, const struct reply *calls)
{
    BUF_LITERAL(e->out, "data: ");
    struct json_writer w = json_writer(e->out);
    json_open_object(&w);
    json_member_object(&w, "delta");
    json_member_text(&w, "role", "assistant");
    json_member_string(&w, "content", text);
    if (calls) {
        json_key(&w, "toolCalls");
        write_calls(&w, calls);
    }
    json_close_object(&w);
    json_close_object(&w);
    BUF_LITERAL(e->out, "\n\n");
}

static int event(struct encoding *e, const struct event *ev)
{
    struct told *t = told_of(e);
    bool text = ev->kind == EVENT_TEXT || ev->kind == EVENT_REFUSAL;
    if (ev->kind == EVENT_RESET)
        return AIGNE_E_UPSTREAM;
    if (!text) {
        int rc = event_push(&t->reply.sink, ev);
        if (rc < 0)
            return rc;
    }
    if (text && !ev->choice && ev->text.n)
        write_delta(e, ev->text, NULL);
    else if (ev->kind == EVENT_TOOL_END)
        write_delta(e, SLICE(""), &t->reply);
    return buf_rc(e->out);
}

static void write_usage(struct json_writer *w, const struct usage *u,
                        const struct reply_notes *notes)
{
    json_open_object(w);
    json_member_int(w, "promptTokens", usage_prompt(u));
    json_member_int(w, "completionTokens", usage_answer(u));
    json_member_int(w, "totalTokens", usage_prompt(u) + usage_answer(u));
    if (notes)
        json_member_string_opt(w, "modelCallId", notes->call_id);
    json_close_object(w);
}

static int end(struct encoding *e, const struct reply_notes *notes)
{
    struct told *t = told_of(e);
    if (usage_reported(&t->reply.usage)) {
        BUF_LITERAL(e->out, "data: ");
        struct json_writer w = json_writer(e->out);
        json_open_object(&w);
        json_key(&w, "usage");
        write_usage(&w, &t->reply.usage, notes);
        if (notes)
            json_member_string_opt(&w, "modelWithProvider", notes->model_with_provider);
        json_close_object(&w);
        BUF_LITERAL(e->out, "\n\n");
    }
    return buf_rc(e->out);
}

static int whole(struct encoding *e, const struct reply *r, const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    struct slice text = buf_slice(r->text.n ? &r->text : &r->refusal);
    json_open_object(&w);
    json_member_text(&w, "role", "assistant");
    json_member_string(&w, "text", text);
    json_member_string(&w, "content", text);
    if (r->tool_count) {
        json_key(&w, "toolCalls");
        write_calls(&w, r);
    }
    if (usage_reported(&r->usage)) {
        json_key(&w, "usage");
        write_usage(&w, &r->usage, notes);
    }
    json_member_string_opt(&w, "model", r->model);
    if (notes)
        json_member_string_opt(&w, "modelWithProvider", notes->model_with_provider);
    json_close_object(&w);
    return buf_rc(e->out);
}

static void close_state(struct encoding *e)
{
    struct told *t = e->state;
    if (t->begun)
        reply_free(&t->reply);
    t->begun = false;
}

/* In a stream its clients look for `error` in an unnamed event. */
static void error(const struct fault *why, bool in_stream, struct buf *out)
{
    if (in_stream)
        BUF_LITERAL(out, "data: ");
    aigne_write_error(why, false, out);
    if (in_stream)
        BUF_LITERAL(out, "\n\n");
}

const struct ingress ingress_aigne_completions = {
    .name = "aigne",
    .format = "aigne.completions",
    .state_size = sizeof(struct told),
    .early_head = true,
    .content_type_stream = "text/event-stream",
    .content_type_plain = "application/json",
    .peek = peek,
    .decode = decode,
    .event = event,
    .end = end,
    .keep_alive = aigne_keep_alive,
    .whole = whole,
    .error = error,
    .close = close_state,
};
