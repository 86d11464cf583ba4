/* stream.c - print an answer while it arrives, and what it cost.
 *
 * The model is where AIGNE_HUB_API_URL, AIGNE_HUB_API_KEY and BLOCKLET_AIGNE_API_MODEL say. */
#include <aignehub/aignehub.h>
#include <stdio.h>

static void print_event(const aigne_event *event)
{
    if (event->kind == AIGNE_EV_TEXT) {
        fwrite(event->data, 1, event->len, stdout);
        fflush(stdout);
    } else if (event->kind == AIGNE_EV_USAGE) {
        printf("\nusage: %s\n", event->data);
    }
}

int main(void)
{
    aigne_config *config = NULL;
    aigne_model *model = NULL;
    aigne_call *call = NULL;
    aigne_error *err = NULL;
    aigne_event event;
    const char *request = "{\"messages\": [{\"role\": \"system\", \"content\": \"Be brief.\"},"
                          "{\"role\": \"user\", \"content\": \"What is an AI hub?\"}]}";

    int rc = aigne_config_new(&config);
    if (rc == AIGNE_OK)
        rc = aigne_config_set(config, "env", "true", AIGNE_Z, &err);
    if (rc == AIGNE_OK)
        rc = aigne_model_open(config, &model, &err);
    if (rc == AIGNE_OK)
        rc = aigne_call_start(model, NULL, request, AIGNE_Z, &call, &err);

    /* AIGNE_EVENT for each piece, AIGNE_OK at the end, or why it broke off. */
    while (rc >= 0 && (rc = aigne_call_next(call, -1, &event, &err)) == AIGNE_EVENT)
        print_event(&event);

    if (rc < 0)
        fprintf(stderr, "%s: %s\n", aigne_rc_name(rc), aigne_error_text(err));
    aigne_call_free(call);
    aigne_error_free(err);
    aigne_model_free(model);
    aigne_config_free(config);
    return rc == AIGNE_OK ? 0 : 1;
}
