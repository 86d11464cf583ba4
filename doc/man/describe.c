/* describe.c - has the library say what settings and verbs it knows, for the manual pages. */
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <string.h>

static int fail(int rc, aigne_error *err)
{
    fprintf(stderr, "describe: %s: %s\n", aigne_rc_name(rc), aigne_error_text(err));
    aigne_error_free(err);
    return 1;
}

/* A hub that keeps nothing: its master key is given, so that no file is made. */
static int open_hub(aigne_hub **out, aigne_error **err)
{
    static const char settings[] =
        "{\"data\":\":memory:\",\"masterKey\":\"00000000000000000000000000000000"
        "00000000000000000000000000000000\"}";
    aigne_config *config = NULL;
    int rc = aigne_config_new(&config);
    if (rc == AIGNE_OK)
        rc = aigne_config_json(config, settings, AIGNE_Z, err);
    if (rc == AIGNE_OK)
        rc = aigne_hub_open(config, out, err);
    aigne_config_free(config);
    return rc;
}

static int print_verbs(void)
{
    aigne_hub *hub = NULL;
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;
    int rc = open_hub(&hub, &err);
    if (rc == AIGNE_OK)
        rc = aigne_hub_do(hub, "verb.list", "{}", AIGNE_Z, &reply, &err);
    if (rc == AIGNE_OK)
        puts(aigne_reply_json(reply, NULL));
    aigne_reply_free(reply);
    aigne_hub_free(hub);
    return rc < 0 ? fail(rc, err) : 0;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "verbs") == 0)
        return print_verbs();
    if (count == 2 && strcmp(arguments[1], "settings") == 0)
        return puts(aigne_config_schema(NULL)) < 0;
    fputs("usage: describe settings|verbs\n", stderr);
    return 2;
}
