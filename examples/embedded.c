/* embedded.c - the hub inside this process: no server, no network, one file (here: memory). */
#include <aignehub/aignehub.h>
#include <stdio.h>

/* What an administrator does is a verb with JSON arguments. */
static int administer(aigne_hub *hub, const char *verb, const char *arguments,
                      aigne_error **err)
{
    aigne_reply *reply = NULL;
    int rc = aigne_hub_do(hub, verb, arguments, AIGNE_Z, &reply, err);
    if (rc == AIGNE_OK)
        printf("%s: %s\n", verb, aigne_reply_json(reply, NULL));
    aigne_reply_free(reply);
    return rc;
}

int main(void)
{
    aigne_config *config = NULL;
    aigne_hub *hub = NULL;
    aigne_model *model = NULL;
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;

    int rc = aigne_config_new(&config);
    if (rc == AIGNE_OK)
        rc = aigne_config_set(config, "data", ":memory:", AIGNE_Z, &err);
    if (rc == AIGNE_OK)
        rc = aigne_hub_open(config, &hub, &err);

    /* A real provider: credential.put {"provider":"openai","name":"main","value":"sk-..."}. The
     * provider "echo" is always there and says what it was told. */
    if (rc == AIGNE_OK)
        rc = administer(hub, "rate.put",
                        "{\"provider\":\"echo\",\"model\":\"echo\",\"type\":\"chat\","
                        "\"inputRate\":\"0.001\",\"outputRate\":\"0.002\"}",
                        &err);
    if (rc == AIGNE_OK)
        rc = aigne_hub_model(hub, NULL, "echo/echo", &model, &err);
    if (rc == AIGNE_OK)
        rc = aigne_model_invoke(model, "{\"messages\":\"Hello from inside!\"}", AIGNE_Z, &reply,
                                &err);
    if (rc == AIGNE_OK)
        printf("answer: %s\n", aigne_reply_text(reply, NULL));
    if (rc == AIGNE_OK)
        rc = administer(hub, "usage.list", "{\"pageSize\":1}", &err);

    if (rc < 0)
        fprintf(stderr, "%s: %s\n", aigne_rc_name(rc), aigne_error_text(err));
    aigne_reply_free(reply);
    aigne_error_free(err);
    aigne_model_free(model);
    aigne_hub_free(hub);
    aigne_config_free(config);
    return rc == AIGNE_OK ? 0 : 1;
}
