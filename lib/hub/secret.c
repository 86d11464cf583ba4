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

struct pair {
    struct slice id;
    struct slice key;
    struct slice token; /* of temporary keys; absent: none */
};

static int read_pair(struct verb_call *v, struct pair *pair, struct secret *out)
{
    int rc = check_part(v, "value.access_key_id", &pair->id);
    if (!rc)
        rc = check_part(v, "value.secret_access_key", &pair->key);
    if (!rc && pair->token.p)
        rc = check_part(v, "value.session_token", &pair->token);
    if (rc)
        return rc;
    const struct slice parts[] = {SLICE("{\"access_key_id\":"),
                                  verb_quote(v, pair->id),
                                  SLICE(",\"secret_access_key\":"),
                                  verb_quote(v, pair->key),
                                  pair->token.p ? SLICE(",\"session_token\":") : SLICE(""),
                                  pair->token.p ? verb_quote(v, pair->token) : SLICE(""),
                                  SLICE("}")};
    *out = (struct secret){SLICE("access_key_pair"), arena_join(v->arena, parts, 7),
                           mask(v, pair->id)};
    return v->arena->failed ? fault_nomem(v->why) : AIGNE_OK;
}

static int read_given(struct verb_call *v, struct json value, struct secret *out)
{
    enum { API_KEY, ID, SECRET, TOKEN, PARTS };
    static const char *const names[] = {"api_key", "access_key_id", "secret_access_key",
                                        "session_token"};
    struct json parts[PARTS];
    struct slice texts[PARTS];
    if (value.kind == JSON_STRING)
        return read_key(v, "value", json_string(value, v->arena), out);
    json_pick(value, names, PARTS, parts);
    for (size_t i = 0; i < PARTS; i++)
        texts[i] = json_present(parts[i]) ? json_string(parts[i], v->arena) : SLICE_NONE;
    bool pair = texts[ID].p || texts[SECRET].p || texts[TOKEN].p;
    if (texts[API_KEY].p && !pair)
        return read_key(v, "value.api_key", texts[API_KEY], out);
    if (!texts[API_KEY].p && texts[ID].p && texts[SECRET].p)
        return read_pair(v, &(struct pair){texts[ID], texts[SECRET], texts[TOKEN]}, out);
    return verb_refuse(v, "value",
                       "Argument \"value\" must be a key, {\"api_key\"}, or "
                       "{\"access_key_id\",\"secret_access_key\"} and of temporary keys "
                       "\"session_token\".");
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
