/* body.c - knows how to refuse what is not a request; refuses to know any format's members. */
#include "ingress/body.h"

#include "base/limits.h"
#include "chat/surrogates.h"
#include <aignehub/aignehub.h>

static int judge(struct slice body, int rc, const struct json_problem *problem,
                 struct fault *why)
{
    if (!slice_trim(body).n)
        return fault_set(why, AIGNE_E_REQUEST, "The body is empty: send a JSON object.");
    if (rc)
        return fault_set(why, AIGNE_E_REQUEST,
                         "The body is not valid JSON: at byte %zu, %s was expected.",
                         problem->offset, problem->what);
    enum json_kind kind = json_of(body).kind;
    if (kind != JSON_OBJECT)
        return fault_set(why, AIGNE_E_REQUEST, "The body must be a JSON object, not %s.",
                         json_kind_name(kind));
    return AIGNE_OK;
}

int body_check(struct slice body, struct json *out, struct fault *why)
{
    struct json_problem problem = {0, NULL};
    int rc = judge(body, json_check(body, &problem), &problem, why);
    *out = json_of(body);
    return rc;
}

int body_open(struct slice body, struct reading *r, struct arena *a, struct chat_request *out,
              struct json *whole, struct fault *why)
{
    reading_start(r, a, out, why);
    int rc = body_check(body, whole, why);
    if (rc)
        return rc;
    whole->raw = surrogates_replaced(whole->raw, a);
    return whole->raw.p ? AIGNE_OK : fault_nomem(why);
}

int body_check_pick(struct slice body, const char *const *names, size_t count,
                    struct json *values, struct json_seen *seen, struct fault *why)
{
    struct json_problem problem = {0, NULL};
    int rc = json_check_pick(body, names, count, values, seen, &problem);
    return judge(body, rc, &problem, why);
}

int body_flag(struct json v, const char *path, bool *out, struct fault *why)
{
    *out = false;
    if (!json_present(v) || json_bool(v, out))
        return AIGNE_OK;
    return fault_field(why, AIGNE_E_REQUEST, path, "%s must be true or false, not %s.", path,
                       json_kind_name(v.kind));
}

int body_model(struct json v, const char *path, struct arena *a, struct slice *out,
               struct fault *why)
{
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_STRING)
        return fault_field(why, AIGNE_E_REQUEST, path, "%s must be a string, not %s.", path,
                           json_kind_name(v.kind));
    *out = json_string(v, a);
    if (!out->p)
        return fault_nomem(why);
    if (out->n > LIMIT_MODEL_NAME)
        return fault_field(why, AIGNE_E_REQUEST, path, "%s is longer than %d bytes.", path,
                           LIMIT_MODEL_NAME);
    return AIGNE_OK;
}

/* Of two members by one name the provider might heed the one that was left alone. */
static int pick_once(struct slice body, const char *const *names, size_t count,
                     struct json *values, unsigned *depth, struct fault *why)
{
    struct json_seen seen = {NULL, 0};
    int rc = body_check_pick(body, names, count, values, &seen, why);
    *depth = seen.depth;
    return rc || !seen.repeated
               ? rc
               : fault_field(why, AIGNE_E_REQUEST, seen.repeated,
                             "%s is given twice: give it once.", seen.repeated);
}

int body_pick(const char *const *names, size_t count, struct json *values, struct arena *a,
              struct chat_relay *relay, struct fault *why)
{
    struct slice body = slice_trim(relay->body);
    int rc = pick_once(body, names, count, values, &relay->depth, why);
    if (rc)
        return rc;
    relay->body = surrogates_replaced(body, a);
    if (!relay->body.p)
        return fault_nomem(why);
    if (relay->body.p != body.p) /* another text: the members are elsewhere now */
        rc = pick_once(relay->body, names, count, values, &relay->depth, why);
    if (json_present(values[BODY_MODEL]))
        relay->model_value = values[BODY_MODEL].raw;
    return rc;
}

int body_peek(const struct ingress_request *in, const char *const *names, size_t count,
              struct json *values, struct arena *a, struct slice *model,
              struct chat_relay *relay, struct fault *why)
{
    *model = SLICE_NONE;
    *relay = (struct chat_relay){.body = in->body, .headers = in->headers, .query = in->query};
    int rc = body_pick(names, count, values, a, relay, why);
    if (!rc)
        rc = body_model(values[BODY_MODEL], "model", a, model, why);
    if (!rc)
        rc = body_flag(values[BODY_STREAM], "stream", &relay->stream, why);
    relay->usable = model->n > 0;
    return rc;
}
