/* Knows AIGNE's environment names and their order; refuses to know what they are used for. */
#include "core/environment.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>
#include <stdlib.h>

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

struct slice environment_master_key(void)
{
    return environment_value("AIGNE_HUB_MASTER_KEY");
}
