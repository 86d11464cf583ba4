/* tools.c - the model calls a tool, we run it, and a second turn tells the model what came out.
 *
 * The model is where AIGNE_HUB_API_URL, AIGNE_HUB_API_KEY and BLOCKLET_AIGNE_API_MODEL say. */
#define _POSIX_C_SOURCE 200809L
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <string.h>
#define QUESTION "{\"role\":\"user\",\"content\":\"Does it rain?\"}"
#define TOOLS                                                                                  \
    "[{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"parameters\":"               \
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}}}]"
#define FIRST "{\"messages\":[" QUESTION "],\"toolChoice\":\"required\",\"tools\":" TOOLS "}"

/* Take {"id":..., "name":..., "arguments":{...}} apart; a real program has a JSON library for it. */
static void write_second(FILE *to, const char *call)
{
    const char *id = strstr(call, "\"id\":\"") + 6;
    const char *arguments = strstr(call, "\"arguments\":") + 12;
    int id_len = (int)strcspn(id, "\"");
    fprintf(to,
            "{\"messages\":[" QUESTION ",{\"role\":\"agent\",\"toolCalls\":[{\"id\":\"%.*s\","
            "\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":%.*s}}]},"
            "{\"role\":\"tool\",\"toolCallId\":\"%.*s\",\"content\":\"18 degrees, rain\"}],"
            "\"tools\":" TOOLS "}",
            id_len, id, (int)strlen(arguments) - 1, arguments, id_len, id);
}

int main(void)
{
    aigne_config *config = NULL;
    aigne_model *model = NULL;
    aigne_call *call = NULL;
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;
    aigne_event event;
    char second[4096] = "";
    FILE *to = fmemopen(second, sizeof(second), "w");

    int rc = aigne_config_new(&config);
    if (rc == AIGNE_OK)
        rc = aigne_config_set(config, "env", "true", AIGNE_Z, &err);
    if (rc == AIGNE_OK)
        rc = aigne_model_open(config, &model, &err);
    if (rc == AIGNE_OK)
        rc = aigne_call_start(model, NULL, FIRST, AIGNE_Z, &call, &err);
    while (rc >= 0 && (rc = aigne_call_next(call, -1, &event, &err)) == AIGNE_EVENT)
        if (event.kind == AIGNE_EV_TOOL_CALL && printf("tool call: %s\n", event.data) > 0)
            write_second(to, event.data);
    fclose(to);
    if (rc == AIGNE_OK)
        rc = aigne_model_invoke(model, second, AIGNE_Z, &reply, &err);
    puts(rc == AIGNE_OK ? aigne_reply_text(reply, NULL) : aigne_error_text(err));
    aigne_reply_free(reply);
    aigne_call_free(call);
    aigne_error_free(err);
    aigne_model_free(model);
    aigne_config_free(config);
    return rc == AIGNE_OK ? 0 : 1;
}
