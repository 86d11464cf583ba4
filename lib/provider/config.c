/* Knows how a provider's `config` is checked and what it changes; refuses to know what a quirk does. */
#include "provider/config.h"
#include "base/nearest.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

#define HEADERS         "headers"
#define HEADERS_AT_MOST 6 /* a request has room for these beside its own */
#define NAME_LONGEST    64
#define VALUE_LONGEST   512

static int refuse(struct fault *why, struct slice member, const char *sentence)
{
    char name[NAME_LONGEST];
    fault_copy(name, sizeof name, member);
    return fault_field(why, AIGNE_E_REQUEST, "config", "config.%s %s", name, sentence);
}

/* ---- headers ---- */

static bool is_token(struct slice name)
{
    static const char also[] = "!#$%&'*+-.^_`|~";
    bool fits = name.n > 0 && name.n < NAME_LONGEST;
    for (size_t i = 0; i < name.n && fits; i++) {
        char c = name.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        fits = plain || (c && strchr(also, c));
    }
    return fits;
}

/* A secret would lie in the open: settings are shown and logged, credentials are sealed. */
static bool tells_secrets(struct slice name)
{
    static const char *const words[] = {"auth", "key", "token", "secret", "cookie", "password"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_has_nocase(name, words[i]))
            return true;
    }
    return false;
}

/* What the library or the protocol says itself. */
static bool is_taken(struct slice name)
{
    static const char *const names[] = {"accept",
                                        "connection",
                                        "content-encoding",
                                        "content-length",
                                        "content-type",
                                        "date",
                                        "expect",
                                        "host",
                                        "te",
                                        "trailer",
                                        "transfer-encoding",
                                        "upgrade",
                                        "accept-encoding"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_is_nocase(name, names[i]))
            return true;
    }
    return slice_starts_nocase(name, "x-amz-");
}

/* Of the raw text between the quotes: an escape would be written as it stands. */
static bool is_plain_value(struct json value)
{
    bool fits = value.kind == JSON_STRING && value.raw.n > 2 && value.raw.n < VALUE_LONGEST;
    for (size_t i = 1; fits && i + 1 < value.raw.n; i++)
        fits = value.raw.p[i] >= ' ' && value.raw.p[i] <= '~' && value.raw.p[i] != '\\';
    return fits;
}

static int check_headers(struct json headers, struct fault *why)
{
    struct slice where = SLICE(HEADERS);
    if (headers.kind == JSON_NULL)
        return AIGNE_OK;
    if (headers.kind != JSON_OBJECT)
        return refuse(why, where, "must be an object of header names and their values.");
    if (json_count(headers) > HEADERS_AT_MOST)
        return refuse(why, where, "holds more headers than there is room for, which is six.");
    struct json_walk w = json_walk(headers);
    while (json_next(&w)) {
        if (!is_token(w.key))
            return refuse(why, where, "has a name that no header can have.");
        if (tells_secrets(w.key))
            return refuse(why, where,
                          "has a header that names a secret: secrets belong into a credential, "
                          "where they are sealed.");
        if (is_taken(w.key))
            return refuse(why, where, "has a header that the hub sets itself.");
        if (!is_plain_value(w.value))
            return refuse(
                why, where,
                "has a value that is not a line of up to 500 ASCII characters without "
                "backslashes.");
    }
    return AIGNE_OK;
}

int provider_headers(const struct chat_target *to, struct arena *a, struct http_request *out,
                     struct fault *why)
{
    if (!to->config.p)
        return AIGNE_OK;
    struct json_walk w = json_walk(json_get(json_of(to->config), HEADERS));
    while (json_next(&w)) {
        struct slice name = arena_copy(a, w.key);
        if (!name.p)
            return fault_nomem(why);
        if (!is_token(name) || !is_plain_value(w.value))
            continue; /* refused when it was put */
        struct slice value = slice_of(w.value.raw.p + 1, w.value.raw.n - 2);
        if (http_request_header(out, name.p, value) < 0)
            return fault_set(why, AIGNE_E_INTERNAL,
                             "The request has no room for the header %s.", name.p);
    }
    return AIGNE_OK;
}

/* ---- quirks ---- */

static bool applies(const struct config_member *m, const struct provider_row *row)
{
    return !m->only || (m->only & row->quirks);
}

static int unknown(const struct provider_row *row, struct slice name, struct fault *why)
{
    struct nearest nearest = {.text = name, .distance = SIZE_MAX};
    nearest_offer(&nearest, HEADERS);
    for (const struct config_member *m = row->config; m->name; m++) {
        bool first = m == row->config || strcmp(m->name, m[-1].name) != 0;
        if (first && applies(m, row))
            nearest_offer(&nearest, m->name);
    }
    struct nearest_advice advice = nearest_advise(&nearest);
    return fault_field(why, AIGNE_E_REQUEST, "config",
                       "config of %s has no \"%.*s\"; " NEAREST_FORMAT ".", row->display_name,
                       (int)(name.n < NAME_LONGEST ? name.n : NAME_LONGEST), name.p,
                       NEAREST_HOLES(advice));
}

static bool is_flag(struct json v)
{
    return v.kind == JSON_TRUE || v.kind == JSON_FALSE;
}

static bool is_count(struct json v)
{
    int64_t count = 0;
    return json_int64(v, &count) && count > 0 && count <= INT32_MAX;
}

/* Whether the value is one that this row of the table stands for. */
static bool fits(const struct config_member *m, struct json v)
{
    if (m->kind == CONFIG_FLAG)
        return is_flag(v);
    if (m->kind == CONFIG_CHOICE)
        return json_string_is(v, m->value);
    return m->kind == CONFIG_COUNT ? is_count(v) : is_plain_value(v);
}

static int misfit(const struct provider_row *row, struct slice name, struct fault *why)
{
    static const char *const wanted[] = {[CONFIG_FLAG] = "must be true or false.",
                                         [CONFIG_TEXT] = "must be a short text.",
                                         [CONFIG_COUNT] = "must be a whole number above 0."};
    struct nearest values = {.distance = SIZE_MAX, .text = SLICE("")};
    char sentence[320] = "must be one of: ";
    const struct config_member *first = NULL;
    for (const struct config_member *m = row->config; m->name; m++) {
        if (!applies(m, row) || !slice_is(name, m->name))
            continue;
        first = first ? first : m;
        if (m->kind == CONFIG_CHOICE)
            nearest_offer(&values, m->value);
    }
    if (!first || first->kind != CONFIG_CHOICE)
        return refuse(why, name, wanted[first ? first->kind : CONFIG_TEXT]);
    size_t used = strlen(sentence);
    fault_copy(sentence + used, sizeof sentence - used, slice_text(values.all));
    return refuse(why, name, sentence);
}

static int check_member(const struct provider_row *row, struct slice name, struct json value,
                        struct fault *why)
{
    bool known = false;
    for (const struct config_member *m = row->config; m->name; m++) {
        if (!applies(m, row) || !slice_is(name, m->name))
            continue;
        if (value.kind == JSON_NULL || fits(m, value))
            return AIGNE_OK;
        known = true;
    }
    return known ? misfit(row, name, why) : unknown(row, name, why);
}

int provider_config_check(const struct provider_row *row, struct json config, struct fault *why)
{
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(config);
    while (rc == AIGNE_OK && json_next(&w)) {
        if (slice_is(w.key, HEADERS))
            rc = check_headers(w.value, why);
        else if (row->config)
            rc = check_member(row, w.key, w.value, why);
    }
    return rc;
}

/* The last two labels: "openai.com" of "https://api.openai.com/v1". */
static struct slice domain_of(struct slice url)
{
    struct url parsed;
    if (!url.n || url_parse(url, &parsed, NULL) < 0)
        return SLICE_NONE;
    size_t at = parsed.host.n;
    for (int dots = 0; at > 0; at--) {
        dots += parsed.host.p[at - 1] == '.';
        if (dots == 2)
            break;
    }
    return slice_from(parsed.host, at);
}

/* Under a name of the operator's own and at another place: another vendor's server. */
static bool is_imitation(const struct provider_row *row, const struct chat_target *to)
{
    if (!row->elsewhere || slice_is_nocase(to->provider, row->name))
        return false;
    struct slice place = domain_of(to->base_url);
    return place.n && !slice_eq(place, domain_of(slice_text(row->base_url)));
}

unsigned provider_quirks(const struct provider_row *row, const struct chat_target *to)
{
    unsigned quirks = row->quirks | (is_imitation(row, to) ? row->elsewhere : 0);
    if (!to->config.p || !row->config)
        return quirks;
    struct json_walk w = json_walk(json_of(to->config));
    while (json_next(&w)) {
        for (const struct config_member *m = row->config; m->name; m++) {
            if (!applies(m, row) || !slice_is(w.key, m->name) || !fits(m, w.value))
                continue;
            bool off = w.value.kind == JSON_FALSE;
            quirks = off ? quirks & ~m->set : (quirks & ~m->clear) | m->set;
        }
    }
    return quirks;
}

struct slice provider_config_text(const struct chat_target *to, const char *name,
                                  struct arena *a)
{
    return to->config.p ? json_string(json_get(json_of(to->config), name), a) : SLICE_NONE;
}
