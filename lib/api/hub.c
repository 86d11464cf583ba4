/* The public face of the hub in this process and of its gateway: checks, then core. */
#include "core/hub.h"
#include "api/guard.h"
#include "core/answer.h"
#include "core/exchange.h"
#include "core/gateway.h"
#include "core/model.h"
#include <aignehub/gateway.h>

int aigne_hub_open(const aigne_config *c, aigne_hub **out, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_pointer(out, __func__, "out", &why);
    if (rc >= 0) {
        *out = NULL;
        rc = guard_handle(c, HANDLE_CONFIG, __func__, &why);
    }
    if (rc >= 0)
        rc = hub_object_open(c, out, &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

int aigne_hub_model(aigne_hub *h, const char *who, const char *name, aigne_model **out,
                    aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_pointer(out, __func__, "out", &why);
    if (rc >= 0) {
        *out = NULL;
        rc = guard_handle(h, HANDLE_HUB, __func__, &why);
    }
    if (rc >= 0)
        rc = model_in_hub(h, slice_text(who), slice_text(name), out, &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

static int do_verb(aigne_hub *h, const char *verb, struct slice arguments, aigne_reply **out,
                   struct fault *why)
{
    struct aigne_reply *answer = answer_new(why);
    if (!answer)
        return AIGNE_E_NOMEM;
    int rc = hub_object_do(h, verb, arguments, answer, why);
    if (rc < 0) {
        answer_free(answer);
        return rc;
    }
    *out = answer;
    return AIGNE_OK;
}

int aigne_hub_do(aigne_hub *h, const char *verb, const char *args, size_t len,
                 aigne_reply **out, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_pointer(out, __func__, "out", &why);
    if (rc >= 0) {
        *out = NULL;
        rc = guard_handle(h, HANDLE_HUB, __func__, &why);
    }
    if (rc >= 0)
        rc = guard_pointer(verb, __func__, "verb", &why);
    if (rc >= 0)
        rc = do_verb(h, verb, guard_text(args, len), out, &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

void aigne_hub_free(aigne_hub *h)
{
    struct fault why;
    if (h && guard_handle(h, HANDLE_HUB, __func__, &why) >= 0)
        hub_object_drop(h);
}

/* NOLINTNEXTLINE(readability-function-size): three texts with their lengths */
int aigne_gateway_start(aigne_hub *h, aigne_loop *loop, const char *method, const char *target,
                        size_t target_len, const char *headers, size_t headers_len,
                        aigne_call **out, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_pointer(out, __func__, "out", &why);
    if (rc >= 0) {
        *out = NULL;
        rc = guard_handle(h, HANDLE_HUB, __func__, &why);
    }
    if (rc >= 0)
        rc = guard_handle(loop, HANDLE_LOOP, __func__, &why);
    if (rc >= 0)
        rc = guard_pointer(method, __func__, "method", &why);
    if (rc >= 0)
        rc = guard_pointer(target, __func__, "target", &why);
    if (rc >= 0)
        rc = gateway_start(h, loop, slice_text(method), guard_text(target, target_len),
                           guard_text(headers, headers_len), out, &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

static int guard_exchange(const aigne_call *call, const char *function, struct fault *why)
{
    int rc = guard_handle(call, HANDLE_CALL, function, why);
    if (rc >= 0 && !exchange_is(call))
        rc = fault_set(why, AIGNE_E_USAGE, "%s was called with a call that is no exchange.",
                       function);
    return rc;
}

int aigne_gateway_write(aigne_call *exchange, const char *data, size_t len, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_exchange(exchange, __func__, &why);
    if (rc >= 0 && len)
        rc = guard_pointer(data, __func__, "data", &why);
    if (rc >= 0)
        return gateway_write(exchange, guard_text(data, len));
    return error_give(&why, err);
}

int aigne_gateway_end(aigne_call *exchange, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_exchange(exchange, __func__, &why);
    if (rc < 0)
        return error_give(&why, err);
    gateway_end(exchange);
    return AIGNE_OK;
}
