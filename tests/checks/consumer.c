/* consumer.c - a stranger's program: knows only the installed headers and the library's name. */
#include <aignehub/aignehub.h>
#include <aignehub/gateway.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *what, int rc, aigne_error *err)
{
    fprintf(stderr, "%s: %s: %s\n", what, aigne_rc_name(rc), aigne_error_text(err));
    aigne_error_free(err);
    return 1;
}

int main(void)
{
    aigne_config *config = NULL;
    aigne_model *model = NULL;
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;
    if (strcmp(aigne_version(), AIGNE_VERSION) != 0 ||
        aigne_version_number() != AIGNE_VERSION_NUMBER)
        return fail("version", AIGNE_E_INTERNAL, NULL);
    int rc = aigne_config_new(&config);
    if (rc == AIGNE_OK)
        rc = aigne_config_json(config, "{\"provider\":\"echo\",\"model\":\"echo\"}", AIGNE_Z,
                               &err);
    if (rc == AIGNE_OK)
        rc = aigne_model_open(config, &model, &err);
    aigne_config_free(config);
    if (rc < 0)
        return fail("open", rc, err);
    rc = aigne_model_invoke(model, "{\"messages\":\"Hello\"}", AIGNE_Z, &reply, &err);
    aigne_model_free(model);
    if (rc < 0)
        return fail("invoke", rc, err);
    puts(aigne_reply_text(reply, NULL));
    rc = strstr(aigne_reply_text(reply, NULL), "Hello") ? 0 : 1;
    aigne_reply_free(reply);
    return rc;
}
