/* chat.c - ask a model: chat [TEXT], or chat TEXT URL KEY MODEL.
 *
 * What is not on the command line comes from AIGNE_HUB_API_URL, AIGNE_HUB_API_KEY and
 * BLOCKLET_AIGNE_API_MODEL. */
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <string.h>

static int configure(aigne_config *config, int count, char **arguments, aigne_error **err)
{
    static const char *const names[] = {"url", "accessKey", "model"};
    int rc = aigne_config_set(config, "env", "true", AIGNE_Z, err);
    for (int i = 0; i < 3 && i + 2 < count && rc == AIGNE_OK; i++)
        rc = aigne_config_set(config, names[i], arguments[i + 2], AIGNE_Z, err);
    return rc;
}

/* {"messages": TEXT} with TEXT, one line of it, as a JSON string. */
static void write_request(char *to, size_t size, const char *text)
{
    int at = snprintf(to, size, "{\"messages\":\"");
    for (; *text && (size_t)at + 10 < size; text++)
        at +=
            snprintf(to + at, size - (size_t)at, strchr("\"\\", *text) ? "\\%c" : "%c", *text);
    snprintf(to + at, size - (size_t)at, "\"}");
}

int main(int count, char **arguments)
{
    aigne_config *config = NULL;
    aigne_model *model = NULL;
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;
    char request[4096];

    write_request(request, sizeof(request), count > 1 ? arguments[1] : "Hello, AIGNE Hub!");

    int rc = aigne_config_new(&config);
    if (rc == AIGNE_OK)
        rc = configure(config, count, arguments, &err);
    if (rc == AIGNE_OK)
        rc = aigne_model_open(config, &model, &err);
    if (rc == AIGNE_OK)
        rc = aigne_model_invoke(model, request, AIGNE_Z, &reply, &err);

    if (rc == AIGNE_OK)
        puts(aigne_reply_text(reply, NULL));
    else
        fprintf(stderr, "%s: %s\n", aigne_rc_name(rc), aigne_error_text(err));

    aigne_reply_free(reply);
    aigne_error_free(err);
    aigne_model_free(model);
    aigne_config_free(config);
    return rc == AIGNE_OK ? 0 : 1;
}
