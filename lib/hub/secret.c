/* Knows what may be entered as a provider's secret and what is shown of it; refuses to know how it is
 * sealed. */
#include "hub/secret.h"
#include <aignehub/aignehub.h>

enum {
    SECRET_LARGEST = 16 * 1024,
    SHOWN_EACH_END = 4, /* of long ones; never more than half of a short one in all */
    HIDDEN_BELOW = 8,   /* shorter ones are not shown at all */
    STARS_LARGEST = 16,
    STARS_OF_A_MASK = 3 /* no provider's keys have so many in a row, all masks do */
};

static struct slice mask(struct verb_call *v, struct slice secret)
{
    char stars[STARS_LARGEST];
    memset(stars, '*', sizeof stars);
    if (secret.n < HIDDEN_BELOW)
        return SLICE("***");
    size_t shown = secret.n / 4 < SHOWN_EACH_END ? secret.n / 4 : SHOWN_EACH_END;
    size_t covered = secret.n - 2 * shown;
    const struct slice parts[] = {
        slice_of(secret.p, shown),
        slice_of(stars, covered < STARS_LARGEST ? covered : STARS_LARGEST),
        slice_from(secret, secret.n - shown)};
    return arena_join(v->arena, parts, 3);
}

static bool looks_masked(struct slice text)
{
    size_t run = 0;
    for (size_t i = 0; i < text.n; i++) {
        run = text.p[i] == '*' ? run + 1 : 0;
        if (run == STARS_OF_A_MASK)
            return true;
    }
    return false;
}

/* The texts of refusals name the field and never quote the value. */
static int check_part(struct verb_call *v, const char *name, struct slice *part)
{
    *part = slice_trim(*part);
    if (part->n == 0 || part->n > SECRET_LARGEST)
        return verb_refuse(v, name, "Argument \"%s\" must be a key of 1 to %d characters.",
                           name, SECRET_LARGEST);
    for (size_t i = 0; i < part->n; i++)
        if (part->p[i] < ' ' || part->p[i] > '~')
            return verb_refuse(v, name,
                               "Argument \"%s\" contains characters that no key has (line "
                               "breaks, or letters outside ASCII); copy the key again.",
                               name);
    if (looks_masked(*part))
        return verb_refuse(
            v, name,
            "Argument \"%s\" is a masked preview, not a key; enter the whole key, "
            "or leave it out to keep the one that is stored.",
            name);
    return AIGNE_OK;
}

static int read_key(struct verb_call *v, const char *name, struct slice text,
                    struct secret *out)
{
    int rc = check_part(v, name, &text);
    if (rc)
        return rc;
    *out = (struct secret){SLICE("api_key"), text, mask(v, text)};
    return v->arena->failed ? fault_nomem(v->why) : AIGNE_OK;
}

static int read_pair(struct verb_call *v, struct slice id, struct slice key, struct secret *out)
{
    int rc = check_part(v, "value.access_key_id", &id);
    if (!rc)
        rc = check_part(v, "value.secret_access_key", &key);
    if (rc)
        return rc;
    const struct slice parts[] = {SLICE("{\"access_key_id\":"), verb_quote(v, id),
                                  SLICE(",\"secret_access_key\":"), verb_quote(v, key),
                                  SLICE("}")};
    *out =
        (struct secret){SLICE("access_key_pair"), arena_join(v->arena, parts, 5), mask(v, id)};
    return v->arena->failed ? fault_nomem(v->why) : AIGNE_OK;
}

static int read_given(struct verb_call *v, struct json value, struct secret *out)
{
    static const char *const names[] = {"api_key", "access_key_id", "secret_access_key"};
    struct json parts[3];
    if (value.kind == JSON_STRING)
        return read_key(v, "value", json_string(value, v->arena), out);
    json_pick(value, names, 3, parts);
    bool key = json_present(parts[0]);
    bool id = json_present(parts[1]);
    bool secret = json_present(parts[2]);
    if (key && !id && !secret)
        return read_key(v, "value.api_key", json_string(parts[0], v->arena), out);
    if (!key && id && secret)
        return read_pair(v, json_string(parts[1], v->arena), json_string(parts[2], v->arena),
                         out);
    return verb_refuse(v, "value",
                       "Argument \"value\" must be a key, {\"api_key\"}, or "
                       "{\"access_key_id\",\"secret_access_key\"}.");
}

int secret_read(struct verb_call *v, struct secret *out)
{
    *out = (struct secret){.type = SLICE_NONE};
    struct json value = verb_json(v, "value");
    if (value.kind == JSON_NONE)
        return AIGNE_OK;
    int rc = read_given(v, value, out);
    if (v->arena->failed)
        return fault_nomem(v->why);
    struct slice type = verb_text(v, "credentialType");
    if (!rc && type.p && !slice_eq(type, out->type))
        return verb_refuse(
            v, "credentialType",
            "Argument \"credentialType\" does not fit \"value\", which is of type "
            "\"%.*s\".",
            (int)out->type.n, out->type.p);
    return rc;
}
