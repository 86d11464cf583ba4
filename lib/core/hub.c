/* Knows how a hub of this process is opened and shared; refuses to know what its verbs mean. */
#include "core/hub.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/environment.h"
#include "core/handle.h"
#include "core/introduce.h"
#include "core/payment.h"
#include "core/price_source.h"
#include "core/trial.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

/* "/" and "" mean the root; else one leading slash and none at the end. */
static int fill_mount_point(struct aigne_hub *h, const struct aigne_config *c,
                            struct fault *why)
{
    struct slice given = settings_text(c, SETTING_MOUNT_POINT);
    while (given.n && given.p[given.n - 1] == '/')
        given.n--;
    if (given.n && given.p[0] != '/')
        return fault_set(why, AIGNE_E_CONFIG,
                         "Setting \"mountPoint\" must begin with a slash.");
    h->mount_point = mem_text(given.p, given.n);
    return h->mount_point ? AIGNE_OK : fault_nomem(why);
}

static int fill(struct aigne_hub *h, const struct aigne_config *c, struct fault *why)
{
    struct hub_options options = {
        .data = settings_text(c, SETTING_DATA),
        .durable = settings_bool(c, SETTING_DURABLE),
        .master_key = settings_text(c, SETTING_MASTER_KEY),
        .master_key_file = settings_text(c, SETTING_MASTER_KEY_FILE),
        .providers = &core_providers,
    };
    if (!options.data.n)
        return fault_set(why, AIGNE_E_CONFIG,
                         "Setting \"data\" is missing: the path of the hub's SQLite file.");
    if (!options.master_key.p && !options.master_key_file.p && settings_bool(c, SETTING_ENV))
        options.master_key = environment_master_key();
    h->body_limit = (size_t)settings_int(c, SETTING_BODY_LIMIT);
    h->overload.most_calls = settings_int(c, SETTING_CALL_LIMIT);
    h->overload.most_bytes = settings_int(c, SETTING_MEMORY_LIMIT);
    h->answers.most = (size_t)settings_int(c, SETTING_ANSWER_MEMORY);
    h->keep_alive_ms = settings_int(c, SETTING_KEEP_ALIVE_INTERVAL);
    h->head_wait_ms = settings_int(c, SETTING_HEAD_WAIT);
    int rc = random_bytes(&h->serial, sizeof(h->serial));
    if (rc < 0)
        return fault_set(why, rc, "The system has no random numbers.");
    rc = fill_mount_point(h, c, why);
    if (rc < 0)
        return rc;
    struct slice list = settings_text(c, SETTING_PRICE_LIST);
    list = list.n ? list : SLICE(AIGNE_DATA_FOLDER "/prices.json");
    h->price_list = mem_text(list.p, list.n);
    if (!h->price_list)
        return fault_nomem(why);
    rc = reach_init(&h->reach, c, why);
    return rc < 0 ? rc : hub_open(&options, &h->hub, why);
}

int hub_object_open(const struct aigne_config *c, struct aigne_hub **out, struct fault *why)
{
    struct aigne_hub *h = mem_alloc_zero(sizeof(*h));
    if (!h)
        return fault_nomem(why);
    h->magic = HANDLE_HUB;
    ref_init(&h->ref);
    kept_answers_init(&h->answers, 0);
    endpoints_init(&h->endpoints);
    loop_pool_init(&h->pool);
    desk_init(&h->desk);
    desk_init(&h->verbs);
    int rc = fill(h, c, why);
    if (rc < 0) {
        hub_object_drop(h);
        return rc;
    }
    *out = h;
    return AIGNE_OK;
}

void hub_object_hold(struct aigne_hub *h)
{
    ref_hold(&h->ref);
}

void hub_object_drop(struct aigne_hub *h)
{
    if (!ref_drop(&h->ref))
        return;
    h->magic = HANDLE_DEAD;
    desk_close(&h->verbs);
    desk_close(&h->desk);
    loop_pool_free(&h->pool);
    kept_answers_free(&h->answers);
    if (h->hub)
        hub_drop(h->hub);
    endpoints_free(&h->endpoints);
    reach_free(&h->reach);
    mem_free(h->mount_point);
    mem_free(h->price_list);
    mem_free(h);
}

int hub_object_do(struct aigne_hub *h, const char *verb, struct slice arguments,
                  struct aigne_reply *answer, struct fault *why)
{
    return hub_object_do_as(h, SLICE(""), verb, arguments, answer, why);
}

int hub_object_do_as(struct aigne_hub *h, struct slice who, const char *verb,
                     struct slice arguments, struct aigne_reply *answer, struct fault *why)
{
    struct buf filled AUTO(buf_free);
    buf_init(&filled, LIMIT_REQUEST_BODY);
    bool list = price_source_wanted(verb);
    bool counts = list && !price_source_dry(arguments);
    int rc = list ? price_source_fill(h, arguments, &filled, why) : AIGNE_OK;
    if (filled.n)
        arguments = buf_slice(&filled);
    if (rc >= 0)
        rc = payment_is(verb) ? payment_do(h, arguments, &answer->json, why)
             : trial_is(verb) ? trial_do(h, verb, arguments, &answer->json, why)
                              : hub_do_as(h->hub, who, verb, arguments, &answer->json, why);
    if (counts)
        price_source_tell(h, verb, filled.n, rc, buf_slice(&answer->json), why);
    if (rc < 0)
        return rc;
    struct json key = {JSON_NONE, SLICE_NONE};
    if (strcmp(verb, "key.create") == 0)
        key = json_get(json_of(buf_slice(&answer->json)), "key");
    if (!json_string_into(key, &answer->text))
        buf_put_slice(&answer->text, buf_slice(&answer->json));
    return buf_rc(&answer->text) < 0 ? fault_nomem(why) : AIGNE_OK;
}
