/* The public face of models and their replies: checks, then core. */
#include "core/model.h"
#include "api/guard.h"
#include "core/answer.h"
#include "core/library.h"
#include "core/models.h"
#include "core/pull.h"

int aigne_model_open(const aigne_config *c, aigne_model **out, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_pointer(out, __func__, "out", &why);
    if (rc >= 0) {
        *out = NULL;
        rc = guard_handle(c, HANDLE_CONFIG, __func__, &why);
    }
    if (rc >= 0)
        rc = model_open(c, out, &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

void aigne_model_free(aigne_model *m)
{
    struct fault why;
    if (m && guard_handle(m, HANDLE_MODEL, __func__, &why) >= 0)
        model_drop(m);
}

static int begin(aigne_model *m, aigne_loop *loop, struct slice request, bool pieces,
                 aigne_call **out, const char *function, struct fault *why)
{
    int rc = guard_pointer(out, function, "out", why);
    if (rc < 0)
        return rc;
    *out = NULL;
    rc = guard_handle(m, HANDLE_MODEL, function, why);
    if (rc >= 0 && loop)
        rc = guard_handle(loop, HANDLE_LOOP, function, why);
    if (rc >= 0)
        rc = guard_pointer(request.p, function, "request", why);
    return rc < 0 ? rc : library_start(m, loop, request, pieces, out, why);
}

int aigne_model_invoke(aigne_model *m, const char *request, size_t len, aigne_reply **out,
                       aigne_error **err)
{
    struct fault why;
    aigne_call *call = NULL;
    fault_clear(&why);
    int rc = guard_pointer(out, __func__, "out", &why);
    if (rc >= 0) {
        *out = NULL;
        rc = begin(m, NULL, guard_text(request, len), false, &call, __func__, &why);
    }
    if (rc >= 0)
        rc = pull_finish(call, out, &why);
    if (call)
        call_free(call);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

int aigne_call_start(aigne_model *m, aigne_loop *loop, const char *request, size_t len,
                     aigne_call **out, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = begin(m, loop, guard_text(request, len), true, out, __func__, &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

static int pass_events(aigne_call *call, aigne_event_fn on_event, void *user, aigne_reply **out,
                       struct fault *why)
{
    struct aigne_event ev;
    int rc = pull_next(call, -1, &ev, why);
    while (rc == AIGNE_EVENT) {
        if (on_event && on_event(user, &ev) != 0)
            return fault_set(why, AIGNE_E_CANCELLED, "The event function ended the call.");
        rc = pull_next(call, -1, &ev, why);
    }
    return rc < 0 || !out ? rc : library_answer(call, out, why);
}

int aigne_model_stream(aigne_model *m, const char *request, size_t len, aigne_event_fn on_event,
                       void *user, aigne_reply **out, aigne_error **err)
{
    struct fault why;
    aigne_call *call = NULL;
    fault_clear(&why);
    if (out)
        *out = NULL;
    int rc = begin(m, NULL, guard_text(request, len), true, &call, __func__, &why);
    if (rc >= 0)
        rc = pass_events(call, on_event, user, out, &why);
    if (call)
        call_free(call);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

int aigne_model_list(aigne_model *m, const char *type, aigne_reply **out, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_pointer(out, __func__, "out", &why);
    if (rc >= 0) {
        *out = NULL;
        rc = guard_handle(m, HANDLE_MODEL, __func__, &why);
    }
    if (rc >= 0)
        rc = models_list(m, slice_text(type), out, &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

static const char *give_text(const aigne_reply *r, const struct buf *text, size_t *len)
{
    struct slice s = r ? buf_slice(text) : SLICE("");
    if (len)
        *len = s.n;
    return s.p;
}

static const aigne_reply *live_reply(const aigne_reply *r, const char *function)
{
    struct fault why;
    return guard_handle(r, HANDLE_REPLY, function, &why) < 0 ? NULL : r;
}

const char *aigne_reply_text(const aigne_reply *r, size_t *len)
{
    r = live_reply(r, __func__);
    return give_text(r, r ? &r->text : NULL, len);
}

const char *aigne_reply_json(const aigne_reply *r, size_t *len)
{
    r = live_reply(r, __func__);
    return give_text(r, r ? &r->json : NULL, len);
}

void aigne_reply_free(aigne_reply *r)
{
    if (live_reply(r, __func__))
        answer_free(r);
}
