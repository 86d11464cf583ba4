/* Knows how an administrator's verb travels over HTTP; refuses to know what the verbs do. */
#include "core/admin.h"
#include "core/answer.h"
#include "core/exchange.h"
#include <aignehub/aignehub.h>

#define ADMIN_PATH "/api/admin/"

static int carry_out(struct aigne_call *call, struct aigne_reply *answer)
{
    struct exchange *x = exchange_of(call);
    struct slice verb = arena_copy(&call->arena, slice_from(x->path, sizeof(ADMIN_PATH) - 1));
    struct slice arguments = slice_trim(buf_slice(&x->body));
    if (!answer || !verb.p)
        return fault_nomem(&call->fault);
    int rc =
        hub_object_do_as(call->hub, call->who->name.n ? call->who->name : call->who->id, verb.p,
                         arguments.n ? arguments : SLICE("{}"), answer, &call->fault);
    if (rc >= 0)
        buf_put_slice(&x->filling, buf_slice(&answer->json));
    return rc;
}

/* On the verbs' thread; the exchange is nobody else's meanwhile. */
static void do_verb(struct aigne_call *call)
{
    struct aigne_reply *answer = answer_new(&call->fault);
    call->rc = carry_out(call, answer);
    answer_free(answer);
}

static void give_answer(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (call->rc < 0) {
        call_refuse(call);
        return;
    }
    struct buf body = x->filling;
    buf_init(&x->filling, body.ceiling);
    exchange_answer(call, 200, "application/json", &body);
}

bool admin_only(struct aigne_call *call)
{
    if (call->who->admin)
        return true;
    fault_set(&call->fault, AIGNE_E_AUTH,
              "This access key is not an administrator's; use one made with role admin.");
    call->fault.http = 403;
    call_refuse(call);
    return false;
}

void admin_handle(struct aigne_call *call)
{
    exchange_of(call)->confidential = true;
    if (admin_only(call) && errand_send(call, &call->hub->verbs, do_verb, give_answer) < 0)
        call_refuse(call);
}
