/* Knows how an answer reaches the caller of the library; refuses to know how it was got. */
#include "core/library.h"
#include "base/limits.h"
#include "base/mem.h"
#include "chat/input.h"
#include "chat/reply.h"
#include "chat/task_input.h"
#include "core/hold.h"
#include "core/notes.h"
#include "core/overrides.h"
#include "core/queue.h"
#include "core/recall.h"
#include "core/unheard.h"
#include "hub/known.h"
#include "provider/wire.h"
#include "text/json_scan.h"
#include "text/json_write.h"

struct library {
    struct event_queue queue;
    struct reply reply;
    struct buf json; /* an event being written */
    bool pieces;
    struct slice
        again[2]; /* of an answer that was given before: its JSON and its text; else absent */
};

/* Entries of a kept answer that are no events. */
enum { KEPT_JSON = -2, KEPT_TEXT };

static struct library *library_of(const struct aigne_call *call)
{
    return call->outlet_state;
}

static void release(struct aigne_call *call)
{
    call->holding = false;
    call->delivered = true;
    call_news(call);
}

static int push(struct aigne_call *call, int kind, int index, struct slice data)
{
    struct buf *filling = &library_of(call)->queue.filling;
    size_t before = filling->n;
    int rc = queue_push(&library_of(call)->queue, kind, index, data);
    if (rc < 0)
        return fault_nomem(&call->fault);
    if (call->recall)
        recall_note(call, slice_from(buf_slice(filling), before));
    if (call->holding)
        hold_look(call, filling->n);
    else
        release(call);
    return AIGNE_OK;
}

static int push_json(struct aigne_call *call, int kind, int index)
{
    struct buf *json = &library_of(call)->json;
    return buf_rc(json) < 0 ? fault_nomem(&call->fault)
                            : push(call, kind, index, buf_slice(json));
}

static struct json_writer start_json(struct library *l)
{
    buf_clear(&l->json);
    struct json_writer w = json_writer(&l->json);
    json_open_object(&w);
    return w;
}

static int push_tool_call(struct aigne_call *call, const struct event *e)
{
    struct library *l = library_of(call);
    if (e->index < 0 || (size_t)e->index >= l->reply.tool_count)
        return AIGNE_OK;
    const struct reply_tool_call *tool = &l->reply.tools[e->index];
    struct slice arguments = buf_slice(&tool->arguments);
    struct json_problem problem;
    struct json_writer w = start_json(l);
    json_member_string(&w, "id", tool->id);
    json_member_string(&w, "name", tool->name);
    if (!arguments.n)
        json_member_raw(&w, "arguments", SLICE("{}"));
    else if (json_check(arguments, &problem) == AIGNE_OK)
        json_member_raw(&w, "arguments", arguments);
    else
        json_member_string(&w, "arguments", arguments);
    json_close_object(&w);
    return push_json(call, AIGNE_EV_TOOL_CALL, e->index);
}

static int push_file(struct aigne_call *call, const struct event *e)
{
    struct json_writer w = start_json(library_of(call));
    json_member_string_opt(&w, "mimeType", e->mime);
    json_member_string(&w, e->is_url ? "url" : "data", e->text);
    json_close_object(&w);
    return push_json(call, AIGNE_EV_FILE, e->index);
}

static int push_usage(struct aigne_call *call)
{
    struct library *l = library_of(call);
    struct reply_notes notes = call_notes(call);
    notes.usage_extras = l->reply.usage_extras;
    buf_clear(&l->json);
    if (!reply_write_usage(&call->usage, &notes, &l->json))
        return AIGNE_OK;
    return push_json(call, AIGNE_EV_USAGE, 0);
}

static int take_event(struct aigne_call *call, const struct event *e)
{
    struct library *l = library_of(call);
    int rc = event_push(&l->reply.sink, e);
    if (rc < 0)
        return call->fault.code ? rc : fault_nomem(&call->fault);
    if (!l->pieces)
        return AIGNE_OK;
    if (e->kind == EVENT_TEXT || e->kind == EVENT_REFUSAL)
        return push(call, AIGNE_EV_TEXT, e->index, e->text);
    if (e->kind == EVENT_THOUGHT)
        return push(call, AIGNE_EV_THOUGHT, e->index, e->text);
    if (e->kind == EVENT_TOOL_END)
        return push_tool_call(call, e);
    if (e->kind == EVENT_FILE)
        return push_file(call, e);
    if (e->kind == EVENT_BYTES)
        return push(call, AIGNE_EV_BYTES, e->index, e->text);
    if (e->kind == EVENT_PROGRESS)
        return push(call, AIGNE_EV_PROGRESS, e->index, e->metadata);
    return AIGNE_OK;
}

static int no_frames(struct aigne_call *call, struct slice raw)
{
    (void)raw;
    return fault_set(&call->fault, AIGNE_E_INTERNAL, "A library call cannot relay.");
}

static bool is_full(const struct aigne_call *call)
{
    return !call->holding && queue_full(&library_of(call)->queue);
}

static int planned(struct aigne_call *call)
{
    call->holding = call->policy && hold_is_wanted(call);
    return AIGNE_OK;
}

static void restart(struct aigne_call *call)
{
    struct library *l = library_of(call);
    queue_free(&l->queue); /* what was kept back */
    if (call->recall)
        recall_forget(call);
    reply_free(&l->reply);
    reply_init(&l->reply, &call->arena);
}

static void finish(struct aigne_call *call)
{
    struct library *l = library_of(call);
    call->holding = false;
    if (l->pieces && !l->again[0].p && push_usage(call) < 0)
        call->rc = AIGNE_E_NOMEM;
}

/* The fault says it all. */
static void fail(struct aigne_call *call)
{
    if (call->holding)
        queue_free(&library_of(call)->queue);
    call->holding = false;
}

static struct slice keep(struct aigne_call *call, struct buf *body, struct slice *type)
{
    struct library *l = library_of(call);
    struct reply_notes notes = call_notes(call);
    struct event_queue last = {.filling = *body};
    buf_clear(&l->json);
    reply_write(&l->reply, &notes, &l->json);
    bool whole = buf_rc(&l->json) >= 0 &&
                 queue_push(&last, KEPT_JSON, 0, buf_slice(&l->json)) >= 0 &&
                 queue_push(&last, KEPT_TEXT, 0, buf_slice(&l->reply.text)) >= 0;
    *body = last.filling;
    *type = SLICE("library");
    return whole ? buf_slice(body) : SLICE_NONE;
}

static void replay(struct aigne_call *call, struct slice type, struct slice body)
{
    struct library *l = library_of(call);
    struct aigne_event ev;
    struct event_queue kept;
    queue_init(&kept);
    buf_put_slice(&kept.filling, body);
    (void)type;
    while (queue_take(&kept, &ev)) {
        struct slice data = slice_of(ev.data, ev.len);
        if (ev.kind < 0)
            l->again[ev.kind - KEPT_JSON] = arena_copy(&call->arena, data);
        else if (push(call, ev.kind, ev.index, data) < 0)
            call->arena.failed = true;
    }
    call->arena.failed =
        call->arena.failed || buf_rc(&kept.filling) < 0 || buf_rc(&kept.reading) < 0;
    queue_free(&kept);
}

static void free_library(struct aigne_call *call)
{
    struct library *l = library_of(call);
    queue_free(&l->queue);
    reply_free(&l->reply);
    buf_free(&l->json);
}

static const struct outlet library_outlet = {
    .state_size = sizeof(struct library),
    .read_request = unheard_step, /* it is read already */
    .planned = planned,
    .event = take_event,
    .frame = no_frames,
    .full = is_full,
    .restart = restart,
    .finish = finish,
    .fail = fail,
    .free = free_library,
    .release = release,
    .keep = keep,
    .replay = replay,
};

bool library_is(const struct aigne_call *call)
{
    return call->outlet == &library_outlet;
}

/* A request may say what it is for; else the model knows. */
static int read_kind(const struct aigne_call *call, struct json request, enum chat_kind *out,
                     struct fault *why)
{
    struct json type = json_get(request, "type");
    *out = call->model->kind;
    if (request.kind != JSON_OBJECT || !json_present(type))
        return AIGNE_OK;
    for (int i = 0; i < KINDS; i++)
        if (json_string_is(type, kind_name((enum chat_kind)i))) {
            *out = (enum chat_kind)i;
            return AIGNE_OK;
        }
    return fault_field(why, AIGNE_E_REQUEST, "type",
                       "type must be chat, embedding, image, video, speech, transcription or "
                       "count_tokens.");
}

static bool is_line(struct slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 127)
            return false;
    return true;
}

/* Whoever else is asked knows of no policies. */
static bool is_for_hub(const struct aigne_call *call)
{
    return call->hub || strcmp(call->model->row->name, KNOWN_HUB) == 0;
}

/* What a request says of how the hub carries it out, which is for nobody else: a remote one is told in headers. */
static int read_way(struct aigne_call *call, struct json request, struct fault *why)
{
    static const char *const names[] = {"idempotencyKey", "policy"};
    struct json said[2];
    struct overrides *o = NULL;
    json_pick(request, names, 2, said);
    if (json_present(said[0]))
        call->once = json_string(said[0], &call->arena);
    if (json_present(said[1]) && (o = arena_alloc(&call->arena, sizeof *o)) != NULL) {
        o->has_policy = true;
        call->overrides = o;
    }
    for (size_t i = 0; i < 2; i++) {
        if (!json_present(said[i]))
            continue;
        chat_forget_extra(&call->request, slice_text(names[i]));
        if (said[i].kind != (i ? JSON_OBJECT : JSON_STRING))
            return fault_field(why, AIGNE_E_REQUEST, names[i], "%s must be %s.", names[i],
                               i ? "an object of policies" : "a string");
    }
    if (call->arena.failed)
        return fault_nomem(why);
    if (!call->hub && !is_line(call->once))
        return fault_field(why, AIGNE_E_REQUEST, names[0],
                           "%s must not have control characters.", names[0]);
    int rc = o ? policy_read(said[1], &o->policy, why) : AIGNE_OK;
    struct http_request sent = {0};
    return rc < 0 || call->hub ? rc : overrides_send(call, &sent, why);
}

static int read_request(struct aigne_call *call, struct slice text, struct fault *why)
{
    struct json_problem problem;
    struct slice kept = arena_copy(&call->arena, text);
    if (!kept.p)
        return fault_nomem(why);
    if (json_check(kept, &problem) < 0)
        return fault_set(why, AIGNE_E_REQUEST,
                         "The request is not JSON: byte %zu should be %s.", problem.offset,
                         problem.what);
    enum chat_kind kind;
    int rc = read_kind(call, json_of(kept), &kind, why);
    if (rc < 0)
        return rc;
    rc = kind == KIND_CHAT || kind == KIND_COUNT_TOKENS
             ? chat_input_read(json_of(kept), &call->arena, &call->request, why)
             : task_input_read(kind, json_of(kept), &call->arena, &call->request, why);
    if (rc >= 0 && kind == KIND_CHAT)
        rc = wire_refuse_choices(&call->request, why);
    call->request.kind = kind;
    call->relay.body = kept;
    if (rc >= 0 && is_for_hub(call) && json_of(kept).kind == JSON_OBJECT)
        rc = read_way(call, json_of(kept), why);
    if (rc < 0)
        return rc;
    call->request_read = true;
    if (!call->request.model.n)
        call->request.model = call->model->name;
    call->requested = call->request.model;
    return AIGNE_OK;
}

static struct aigne_call *make_call(struct aigne_model *m, struct aigne_loop *loop,
                                    struct loop_pool *pool, bool pieces)
{
    struct aigne_call *call = call_new(&library_outlet, loop, pool);
    if (!call)
        return NULL;
    struct library *l = library_of(call);
    queue_init(&l->queue);
    buf_init(&l->json, LIMIT_REPLY_BODY);
    reply_init(&l->reply, &call->arena);
    l->pieces = pieces;
    call->streamed = pieces;
    call_use_model(call, m);
    return call;
}

int library_start(struct aigne_model *m, struct aigne_loop *loop, struct slice request,
                  bool pieces, struct aigne_call **out, struct fault *why)
{
    struct loop_pool *pool = loop ? NULL : model_pool(m);
    int rc = loop ? AIGNE_OK : loop_pool_take(pool, &loop, why);
    if (rc < 0)
        return rc;
    struct aigne_call *call = make_call(m, loop, pool, pieces);
    if (!call) {
        if (pool)
            loop_pool_give(pool, loop);
        return fault_nomem(why);
    }
    rc = read_request(call, request, why);
    if (rc < 0) {
        call_free(call);
        return rc;
    }
    call->request.stream = pieces;
    call_go_on(call);
    *out = call;
    return AIGNE_OK;
}

bool library_take(struct aigne_call *call, struct aigne_event *out)
{
    return !call->holding && queue_take(&library_of(call)->queue, out);
}

int library_answer(struct aigne_call *call, struct aigne_reply **out, struct fault *why)
{
    struct library *l = library_of(call);
    struct aigne_reply *answer = answer_new(why);
    if (!answer)
        return AIGNE_E_NOMEM;
    struct reply_notes notes = call_notes(call);
    if (!l->again[0].p)
        reply_write(&l->reply, &notes, &answer->json);
    buf_put_slice(&answer->json, l->again[0]);
    buf_put_slice(&answer->text, l->again[0].p ? l->again[1] : buf_slice(&l->reply.text));
    if (buf_rc(&answer->json) < 0 || buf_rc(&answer->text) < 0) {
        answer_free(answer);
        return fault_nomem(why);
    }
    *out = answer;
    return AIGNE_OK;
}
