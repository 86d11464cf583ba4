/* loop_epoll.c - several calls at once on the host's own epoll loop, through one descriptor.
 *
 * The model is where AIGNE_HUB_API_URL, AIGNE_HUB_API_KEY and BLOCKLET_AIGNE_API_MODEL say. */
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

static int running;
/* Take all that a call has for us; the loop says when there is more. */
static void serve(aigne_call *call)
{
    int rc;
    aigne_error *err = NULL;
    aigne_event event;
    while ((rc = aigne_call_next(call, 0, &event, &err)) == AIGNE_EVENT)
        if (event.kind == AIGNE_EV_TEXT)
            printf("%s: %s\n", (const char *)aigne_call_tag(call), event.data);
    if (rc == AIGNE_AGAIN)
        return;
    const char *end = rc < 0 ? aigne_error_text(err) : "done";
    printf("%s: %s\n", (const char *)aigne_call_tag(call), end);
    aigne_error_free(err);
    aigne_call_free(call);
    running--;
}

int main(void)
{
    static char names[3][8] = {"first", "second", "third"};
    aigne_config *config = NULL;
    aigne_model *model = NULL;
    aigne_loop *loop = NULL;
    if (aigne_config_new(&config) < 0 ||
        aigne_config_set(config, "env", "true", AIGNE_Z, NULL) < 0 ||
        aigne_model_open(config, &model, NULL) < 0 || aigne_loop_new(&loop, NULL) < 0)
        return 1;
    for (int i = 0; i < 3; i++) {
        aigne_call *call = NULL;
        if (aigne_call_start(model, loop, "{\"messages\":\"Hello!\"}", AIGNE_Z, &call, NULL) <
            0)
            return 1;
        aigne_call_set_tag(call, names[i]);
        running++;
    }
    struct epoll_event event = {.events = EPOLLIN};
    int host = epoll_create1(0); /* the host's own loop */
    epoll_ctl(host, EPOLL_CTL_ADD, aigne_loop_fd(loop), &event);
    while (running > 0 && epoll_wait(host, &event, 1, -1) >= 0) {
        aigne_loop_drive(loop, 0);
        for (aigne_call *call = NULL; (call = aigne_loop_ready(loop));)
            serve(call);
    }
    close(host);
    aigne_loop_free(loop);
    aigne_model_free(model);
    aigne_config_free(config);
    return 0;
}
