/* Knows AIGNE's environment names and their order; refuses to know what they are used for. */
#include "core/environment.h"
#include "base/buf.h"
#include "base/mem.h"
#include "text/json_scan.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>
#include <stdlib.h>

#define AMAZON_PAIR_LARGEST ((size_t)64 * 1024)

struct slice environment_value(const char *name)
{
    const char *value = name ? getenv(name) : NULL; /* NOLINT(concurrency-mt-unsafe) */
    return value && value[0] ? slice_text(value) : SLICE_NONE;
}

static struct slice first_of(const char *first, const char *second)
{
    struct slice value = environment_value(first);
    return value.p ? value : environment_value(second);
}

struct slice environment_url(void)
{
    return first_of("BLOCKLET_AIGNE_API_URL", "AIGNE_HUB_API_URL");
}

struct slice environment_access_key(struct arena *a)
{
    struct slice key = environment_value("AIGNE_HUB_API_KEY");
    if (key.p)
        return key;
    struct slice credential = environment_value("BLOCKLET_AIGNE_API_CREDENTIAL");
    struct json_problem problem;
    if (!credential.p || json_check(credential, &problem) < 0)
        return SLICE_NONE;
    return json_string(json_get(json_of(credential), "apiKey"), a);
}

struct slice environment_model(void)
{
    return environment_value("BLOCKLET_AIGNE_API_MODEL");
}

struct slice environment_provider(void)
{
    return environment_value("BLOCKLET_AIGNE_API_PROVIDER");
}

struct slice environment_client_id(void)
{
    return first_of("BLOCKLET_APP_PID", "ABT_NODE_DID");
}

struct slice environment_region(void)
{
    return first_of("AWS_REGION", "AWS_DEFAULT_REGION");
}

/* Amazon's key in its parts, as a credential has them; .p NULL: not set, or no memory. */
static struct slice amazon_pair(struct arena *a)
{
    struct slice id = environment_value("AWS_ACCESS_KEY_ID");
    struct slice secret = environment_value("AWS_SECRET_ACCESS_KEY");
    struct buf text AUTO(buf_wipe_free);
    buf_init(&text, AMAZON_PAIR_LARGEST);
    if (!id.p || !secret.p)
        return SLICE_NONE;
    struct json_writer w = json_writer(&text);
    json_open_object(&w);
    json_member_string(&w, "access_key_id", id);
    json_member_string(&w, "secret_access_key", secret);
    json_member_string_opt(&w, "session_token", environment_value("AWS_SESSION_TOKEN"));
    json_close_object(&w);
    if (buf_rc(&text) < 0)
        a->failed = true;
    return a->failed ? SLICE_NONE : arena_copy(a, buf_slice(&text));
}

struct slice environment_provider_key(const char *name, struct arena *a)
{
    struct slice key = environment_value(name);
    bool amazon = name && strcmp(name, "AWS_BEARER_TOKEN_BEDROCK") == 0;
    return !key.p && amazon ? amazon_pair(a) : key;
}

struct slice environment_master_key(void)
{
    return environment_value("AIGNE_HUB_MASTER_KEY");
}
