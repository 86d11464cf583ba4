/* Knows how to hand a request to a model and tell what comes back in lines that a test can read;
 * refuses to know what is asked.
 *
 * usage: ask invoke|stream|list SETTINGS-JSON REQUEST-JSON|TYPE
 * Each line is a word, a length and as many bytes: "text 5 Hello", "reply 20 {...}", "error 30 {...}". */
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <string.h>

static void tell(const char *word, const char *data, size_t len)
{
    printf("%s %zu ", word, len);
    fwrite(data, 1, len, stdout);
    putchar('\n');
}

static int tell_event(void *user, const aigne_event *event)
{
    static const char *const words[] = {[AIGNE_EV_TEXT] = "text",
                                        [AIGNE_EV_THOUGHT] = "thought",
                                        [AIGNE_EV_TOOL_CALL] = "tool",
                                        [AIGNE_EV_FILE] = "file",
                                        [AIGNE_EV_USAGE] = "usage"};
    (void)user;
    if (event->kind > 0 && (size_t)event->kind < sizeof(words) / sizeof(words[0]))
        tell(words[event->kind], event->data, event->len);
    return 0;
}

static int run(aigne_model *model, const char *mode, const char *request, aigne_reply **reply,
               aigne_error **err)
{
    if (strcmp(mode, "list") == 0)
        return aigne_model_list(model, request, reply, err);
    if (strcmp(mode, "stream") == 0)
        return aigne_model_stream(model, request, AIGNE_Z, tell_event, NULL, reply, err);
    return aigne_model_invoke(model, request, AIGNE_Z, reply, err);
}

int main(int count, char **arguments)
{
    aigne_config *config = NULL;
    aigne_model *model = NULL;
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;
    size_t len = 0;
    if (count != 4)
        return 2;
    int rc = aigne_config_new(&config);
    if (rc == AIGNE_OK)
        rc = aigne_config_json(config, arguments[2], AIGNE_Z, &err);
    if (rc == AIGNE_OK)
        rc = aigne_model_open(config, &model, &err);
    if (rc == AIGNE_OK)
        rc = run(model, arguments[1], arguments[3], &reply, &err);
    const char *json =
        rc == AIGNE_OK ? aigne_reply_json(reply, &len) : aigne_error_json(err, &len);
    tell(rc == AIGNE_OK ? "reply" : "error", json, len);
    aigne_reply_free(reply);
    aigne_error_free(err);
    aigne_model_free(model);
    aigne_config_free(config);
    return rc == AIGNE_OK ? 0 : 1;
}
