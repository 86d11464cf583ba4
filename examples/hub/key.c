/* Knows how to open a hub and make an access key in it; refuses to know how keys are kept. */
#define _GNU_SOURCE
#include "commands.h"
#include "console.h"
#include "hub.h"
#include <stdlib.h>
#include <string.h>

int hub_open(const struct settings *s, aigne_hub **out)
{
    if (!settings_text(s, "data"))
        return console_refuse("--data FILE is missing: the hub's database");
    aigne_config *config = NULL;
    int code = settings_config(s, FOR_HUB, &config);
    if (code)
        return code;
    aigne_error *err = NULL;
    int rc = aigne_hub_open(config, out, &err);
    aigne_config_free(config);
    return rc < 0 ? console_fail(rc, err) : EXIT_DONE;
}

int hub_is_fresh(aigne_hub *hub, bool *fresh)
{
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;
    int rc = aigne_hub_do(hub, "key.list", "{}", AIGNE_Z, &reply, &err);
    if (rc < 0)
        return console_fail(rc, err);
    *fresh = strstr(aigne_reply_json(reply, NULL), "\"list\":[]") != NULL;
    aigne_reply_free(reply);
    return EXIT_DONE;
}

static char *key_request(const char *name, const char *role, const char *user)
{
    char *json = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&json, &len);
    if (!to)
        return NULL;
    fputs("{\"name\":", to);
    console_quote(to, name);
    fputs(",\"role\":", to);
    console_quote(to, role);
    if (user) {
        fputs(",\"user\":", to);
        console_quote(to, user);
    }
    fputc('}', to);
    return fclose(to) == 0 ? json : NULL;
}

int hub_make_key(aigne_hub *hub, const char *name, const char *role, const char *user,
                 char **key)
{
    char *json = key_request(name, role, user);
    if (!json)
        return console_fail(AIGNE_E_NOMEM, NULL);
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;
    int rc = aigne_hub_do(hub, "key.create", json, AIGNE_Z, &reply, &err);
    free(json);
    if (rc < 0)
        return console_fail(rc, err);
    *key = strdup(aigne_reply_text(reply, NULL));
    aigne_reply_free(reply);
    return *key ? EXIT_DONE : console_fail(AIGNE_E_NOMEM, NULL);
}

static int create(const struct settings *s)
{
    if (s->words != 1 || strcmp(s->word[0], "create") != 0)
        return console_refuse("usage: aigne-hub key create --data FILE --name NAME");
    const char *name = settings_text(s, "name");
    const char *role = settings_text(s, "role");
    const char *user = settings_text(s, "user");
    if (!name)
        name = user;
    if (!name)
        return console_refuse("--name NAME is missing: what the key is called");
    aigne_hub *hub = NULL;
    int code = hub_open(s, &hub);
    if (code)
        return code;
    char *key = NULL;
    code = hub_make_key(hub, name, role ? role : "user", user, &key);
    if (!code)
        puts(key);
    free(key);
    aigne_hub_free(hub);
    return code;
}

int command_key(int count, char **arguments)
{
    struct settings s;
    int code = settings_read(&s, COMMAND_KEY, count, arguments);
    if (!code)
        code = create(&s);
    settings_free(&s);
    return code;
}
