/* Knows how to ask one question and print the answer; refuses to know where the model is. */
#define _GNU_SOURCE
#include "commands.h"
#include "console.h"
#include "hub.h"
#include <stdlib.h>
#include <string.h>

struct screen {
    bool verbose;
    char last; /* byte printed */
};

static int show(void *user, const aigne_event *event)
{
    struct screen *screen = user;
    if (event->kind == AIGNE_EV_TEXT && event->len > 0) {
        fwrite(event->data, 1, event->len, stdout);
        screen->last = event->data[event->len - 1];
        return fflush(stdout); /* nobody reads: stop the call */
    }
    if (screen->verbose && event->kind == AIGNE_EV_THOUGHT)
        fwrite(event->data, 1, event->len, stderr);
    if (screen->verbose && event->kind == AIGNE_EV_USAGE)
        fprintf(stderr, "\nusage: %.*s\n", (int)event->len, event->data);
    return 0;
}

static char *chat_request(const char *system, const char *text)
{
    char *json = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&json, &len);
    if (!to)
        return NULL;
    fputs("{\"messages\":[", to);
    if (system) {
        fputs("{\"role\":\"system\",\"content\":", to);
        console_quote(to, system);
        fputs("},", to);
    }
    fputs("{\"role\":\"user\",\"content\":", to);
    console_quote(to, text);
    fputs("}]}", to);
    return fclose(to) == 0 ? json : NULL;
}

static int ask(const struct settings *s, aigne_model *model, const char *text)
{
    char *json = chat_request(settings_text(s, "system"), text);
    if (!json)
        return console_fail(AIGNE_E_NOMEM, NULL);
    struct screen screen = {.verbose = settings_on(s, "verbose")};
    aigne_error *err = NULL;
    int rc = aigne_model_stream(model, json, AIGNE_Z, show, &screen, NULL, &err);
    free(json);
    if (screen.last && screen.last != '\n')
        putchar('\n');
    fflush(stdout);
    return rc < 0 ? console_fail(rc, err) : EXIT_DONE;
}

/* Behind the hub in this process, or behind a URL: what the command line says, then what is set. */
static bool is_in_process(const struct settings *s)
{
    bool elsewhere = settings_text(s, "url") || settings_text(s, "provider");
    bool flagged = settings_by_flag(s, "url") || settings_by_flag(s, "provider");
    return settings_text(s, "data") &&
           (!elsewhere || (settings_by_flag(s, "data") && !flagged));
}

static int open_model(const struct settings *s, aigne_hub **hub, aigne_model **model)
{
    aigne_error *err = NULL;
    if (is_in_process(s)) {
        int code = hub_open(s, hub);
        if (code)
            return code;
        int rc = aigne_hub_model(*hub, NULL, settings_text(s, "model"), model, &err);
        return rc < 0 ? console_fail(rc, err) : EXIT_DONE;
    }
    if (!settings_text(s, "url") && !settings_text(s, "provider"))
        return console_refuse("where is the model? --url URL, --data FILE or --provider NAME");
    aigne_config *config = NULL;
    int code = settings_config(s, FOR_MODEL, &config);
    if (code)
        return code;
    int rc = aigne_model_open(config, model, &err);
    aigne_config_free(config);
    return rc < 0 ? console_fail(rc, err) : EXIT_DONE;
}

static int chat(const struct settings *s)
{
    if (!settings_text(s, "model"))
        return console_refuse("--model MODEL is missing");
    if (s->words > 1)
        return console_refuse("the text is more than one argument; put it into quotes");
    size_t len = 0;
    char *typed = s->words == 0 ? console_read_file("-", &len) : NULL;
    if (s->words == 0 && !typed)
        return console_refuse("the text on stdin cannot be read");
    aigne_hub *hub = NULL;
    aigne_model *model = NULL;
    int code = open_model(s, &hub, &model);
    if (!code)
        code = ask(s, model, typed ? typed : s->word[0]);
    aigne_model_free(model);
    aigne_hub_free(hub);
    free(typed);
    return code;
}

int command_chat(int count, char **arguments)
{
    struct settings s;
    int code = settings_read(&s, COMMAND_CHAT, count, arguments);
    if (!code)
        code = chat(&s);
    settings_free(&s);
    return code;
}
