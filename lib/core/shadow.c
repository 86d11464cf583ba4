/* Knows how a request is shown to another model and its answer thrown away; refuses to know why it is. */
#include "core/shadow.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/input.h"
#include "core/exchange.h"
#include "core/unheard.h"
#include <aignehub/aignehub.h>

/* At once, in a hub. */
#define SHADOWS_LARGEST 32
/* Longer requests are not copied. */
#define BODY_LARGEST ((size_t)1024 * 1024)
#define TIME_US      ((int64_t)300 * 1000000)

struct shadow {
    struct aigne_call *call;
    const struct ingress
        *ingress; /* NULL: the copy is written as the library's own requests are */
    struct ingress_request request; /* in the call's arena */
    struct net_timer timer;
};

static struct shadow *shadow_of(const struct aigne_call *call)
{
    return call->outlet_state;
}

/* ---- where its answer goes ---- */

static int read_request(struct aigne_call *call)
{
    struct shadow *s = shadow_of(call);
    enum chat_kind kind = call->request.kind;
    int rc = s->ingress
                 ? s->ingress->decode(&s->request, &call->arena, &call->request, &call->fault)
                 : chat_input_read(json_of(s->request.body), &call->arena, &call->request,
                                   &call->fault);
    call->request.kind = kind;
    call->request.stream = call->streamed;
    return rc;
}

static void end_shadow(struct aigne_call *call)
{
    net_timer_clear(call->loop->net, &shadow_of(call)->timer);
    atomic_fetch_sub_explicit(&call->hub->shadows, 1, memory_order_relaxed);
}

static const struct outlet shadow_outlet = {
    .state_size = sizeof(struct shadow),
    .read_request = read_request,
    .planned = unheard_step,
    .event = unheard_event,
    .frame = unheard_frame,
    .full = unheard_full,
    .restart = unheard_end,
    .finish = unheard_end,
    .fail = unheard_end,
    .free = end_shadow,
};

/* ---- the copy ---- */

static int copy_exchange(const struct aigne_call *from, struct aigne_call *to)
{
    struct shadow *s = shadow_of(to);
    struct slice model = SLICE_NONE;
    struct ingress_request in = exchange_request(from);
    struct slice *const kept[] = {&in.body,         &in.rest,   &in.query,
                                  &in.content_type, &in.accept, &in.headers};
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (kept[i]->p)
            *kept[i] = arena_copy(&to->arena, *kept[i]);
    if (to->arena.failed)
        return AIGNE_E_NOMEM;
    s->ingress = exchange_of(from)->ingress;
    s->request = in;
    int rc = s->ingress->peek(&in, &to->arena, &model, &to->relay, &to->fault);
    to->relay.models = SLICE_NONE; /* it is shown to one */
    to->relay_format = to->relay.usable ? s->ingress->format : NULL;
    return rc;
}

static int copy_request(const struct aigne_call *from, struct aigne_call *to)
{
    struct buf json AUTO(buf_free);
    buf_init(&json, BODY_LARGEST);
    chat_input_write(&from->request, to->requested, &json);
    shadow_of(to)->request.body = arena_copy(&to->arena, buf_slice(&json));
    return buf_rc(&json) < 0 || to->arena.failed ? AIGNE_E_NOMEM : AIGNE_OK;
}

static int copy(const struct aigne_call *from, struct aigne_call *to)
{
    to->requested = arena_copy(&to->arena, from->plan.shadow);
    to->request.kind = from->request.kind;
    to->streamed = from->streamed;
    to->ingress = "shadow";
    to->user = SLICE("");
    if (!to->requested.p)
        return AIGNE_E_NOMEM;
    return exchange_is(from) ? copy_exchange(from, to) : copy_request(from, to);
}

/* ---- its life ---- */

static void on_too_long(struct net_timer *self)
{
    call_stop(LIST_OWNER(self, struct shadow, timer)->call);
}

static bool take_place(struct aigne_hub *h)
{
    if (atomic_fetch_add_explicit(&h->shadows, 1, memory_order_relaxed) < SHADOWS_LARGEST)
        return true;
    atomic_fetch_sub_explicit(&h->shadows, 1, memory_order_relaxed);
    return false;
}

/* A request of the library is written anew, which only chats are; on a borrowed loop the caller's thread would
 * have to stay for it. */
static bool can_be_shown(const struct aigne_call *call)
{
    if (call->pool || call->loop->owner_gone || call->outlet == &shadow_outlet)
        return false;
    return exchange_is(call) ? exchange_of(call)->body.n <= BODY_LARGEST
                             : call->request.kind == KIND_CHAT;
}

static struct aigne_call *new_shadow(struct aigne_call *call)
{
    struct aigne_call *made = call_new(&shadow_outlet, call->loop, NULL);
    if (!made) {
        atomic_fetch_sub_explicit(&call->hub->shadows, 1, memory_order_relaxed);
        return NULL;
    }
    struct shadow *s = shadow_of(made);
    *s = (struct shadow){.call = made, .timer.fire = on_too_long};
    call_use_hub(made, call->hub);
    catalog_hold(call->catalog);
    made->catalog = call->catalog;
    made->detached = true;
    made->loop->detached++;
    if (copy(call, made) >= 0 &&
        net_timer_set(made->loop->net, &s->timer, clock_monotonic_us() + TIME_US) >= 0)
        return made;
    call_destroy(made);
    return NULL;
}

void shadow_begin(struct aigne_call *call)
{
    struct slice model = call->plan.shadow;
    if (!model.p || !can_be_shown(call))
        return;
    struct aigne_call *made = take_place(call->hub) ? new_shadow(call) : NULL;
    call->plan.shadow = SLICE_NONE;
    log_line(LOG_INFO, "call", "%s %s %.*s%s%s", call->id, made ? "shown to" : "not shown to",
             (int)model.n, model.p, made ? " as " : "", made ? made->id : "");
    if (!made)
        return;
    made->state = CALL_PLAN;
    call_go_on(made);
}
