/* Knows how to hand one verb to a hub in this process; refuses to know the verbs. */
#include "commands.h"
#include "console.h"
#include "hub.h"
#include "settings.h"
#include <stdlib.h>
#include <string.h>

static int print_reply(aigne_hub *hub, const char *verb, const char *json)
{
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;
    int rc = aigne_hub_do(hub, verb, json, AIGNE_Z, &reply, &err);
    if (rc < 0)
        return console_fail(rc, err);
    size_t len = 0;
    const char *text = aigne_reply_json(reply, &len);
    fwrite(text, 1, len, stdout);
    putchar('\n');
    aigne_reply_free(reply);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_INTERNAL;
}

static int do_verb(const struct settings *s, const char *verb, const char *json)
{
    aigne_hub *hub = NULL;
    int code = hub_open(s, &hub);
    if (code)
        return code;
    code = print_reply(hub, verb, json);
    aigne_hub_free(hub);
    return code;
}

static int do_words(const struct settings *s)
{
    if (s->words < 1 || s->words > 2)
        return console_refuse("usage: aigne-hub do --data FILE VERB [JSON]");
    if (s->words == 1 || strcmp(s->word[1], "-") != 0)
        return do_verb(s, s->word[0], s->words == 2 ? s->word[1] : "{}");
    size_t len = 0;
    char *json = console_read_file("-", &len);
    if (!json)
        return console_refuse("the JSON on stdin cannot be read");
    int code = do_verb(s, s->word[0], json);
    free(json);
    return code;
}

int command_do(int count, char **arguments)
{
    struct settings s;
    int code = settings_read(&s, COMMAND_DO, count, arguments);
    if (!code)
        code = do_words(&s);
    settings_free(&s);
    return code;
}
