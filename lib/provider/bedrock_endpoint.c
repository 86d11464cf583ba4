/* Knows where Bedrock is in a region and how a request proves who asks; refuses to know what is asked. */
#include "base/buf.h"
#include "base/mem.h"
#include "provider/bedrock.h"
#include "provider/config.h"
#include "text/sigv4.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

#define REGION_USUAL   SLICE("us-east-1")
#define REGION_HOLE    SLICE("{region}") /* in the URL of the provider's row */
#define RUNTIME_HOST   "bedrock-runtime"
#define CONTROL_HOST   "bedrock"
#define PATH_LARGEST   ((size_t)8192)
#define REGION_LONGEST 40

static bool is_region(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return s.n > 0 && s.n <= REGION_LONGEST;
}

/* "https://bedrock-runtime.eu-west-1.amazonaws.com" tells its region. */
static struct slice region_in(struct slice base_url)
{
    struct slice head;
    struct slice rest = slice_from(base_url, slice_find(base_url, SLICE(RUNTIME_HOST)));
    if (!slice_cut(rest, '.', &head, &rest) ||
        slice_find(rest, SLICE("amazonaws.com")) == rest.n)
        return SLICE_NONE;
    struct slice region = slice_of(rest.p, slice_find_byte(rest, '.'));
    return is_region(region) ? region : SLICE_NONE;
}

static int region_of(const struct chat_target *to, struct arena *a, struct slice *out,
                     struct fault *why)
{
    *out = to->region.n ? to->region : provider_config_text(to, "region", a);
    if (!out->n)
        *out = region_in(to->base_url);
    if (!out->n)
        *out = REGION_USUAL;
    if (is_region(*out))
        return AIGNE_OK;
    return fault_set(
        why, AIGNE_E_CONFIG,
        "The provider's region must be like \"us-east-1\": lower-case letters, digits "
        "and dashes.");
}

/* The base URL with the region in its place; Chinese regions have a domain of their own. */
static struct slice base_of(struct slice base_url, struct slice region, struct arena *a)
{
    size_t at = slice_find(base_url, REGION_HOLE);
    if (at == base_url.n)
        return base_url;
    const struct slice parts[] = {slice_of(base_url.p, at), region,
                                  slice_from(base_url, at + REGION_HOLE.n),
                                  slice_starts(region, "cn-") ? SLICE(".cn") : SLICE("")};
    return arena_join(a, parts, 4);
}

static int sign(const struct chat_target *to, struct slice region, struct arena *a,
                struct http_request *out, struct fault *why)
{
    struct json pair = json_of(to->secret);
    const struct sigv4 s = {
        .key_id = json_string(json_get(pair, "access_key_id"), a),
        .secret = json_string(json_get(pair, "secret_access_key"), a),
        .session_token = json_string(json_get(pair, "session_token"), a),
        .region = region,
        .service = SLICE("bedrock"),
        .now_ms = to->now_ms,
    };
    if (!a->failed && (!s.key_id.n || !s.secret.n))
        return fault_set(
            why, AIGNE_E_AUTH,
            "The credential must be an API key, or a JSON object with access_key_id "
            "and secret_access_key.");
    int rc = a->failed ? AIGNE_E_NOMEM : sigv4_sign(out, &s, a);
    return rc == AIGNE_E_NOMEM ? fault_nomem(why)
           : rc < 0            ? fault_set(why, rc, "The request could not be signed.")
                               : rc;
}

/* Comes last: what is signed must not change. */
static int authorize(const struct chat_target *to, struct slice region, struct arena *a,
                     struct http_request *out, struct fault *why)
{
    if (!to->secret.n)
        return AIGNE_OK;
    return to->secret_is_pair ? sign(to, region, a, out, why)
                              : wire_bearer(a, to->secret, out, why);
}

/* "model/ID/ACTION": an ARN has colons and slashes. */
static struct slice path_of(struct slice model, const char *action, struct arena *a)
{
    struct buf path AUTO(buf_free);
    buf_init(&path, PATH_LARGEST);
    BUF_LITERAL(&path, "model/");
    url_encode(&path, model);
    buf_put_byte(&path, '/');
    buf_put_text(&path, action);
    return buf_rc(&path) < 0 ? SLICE_NONE : arena_copy(a, buf_slice(&path));
}

int bedrock_send(const struct chat_target *to, const char *action, struct arena *a,
                 struct http_request *out, struct fault *why)
{
    struct slice region;
    int rc = region_of(to, a, &region, why);
    if (rc < 0)
        return rc;
    struct slice path = path_of(to->model, action, a);
    struct slice base = base_of(to->base_url, region, a);
    if (path.p && base.p)
        out->url = url_join(a, base, path);
    return out->url.p ? authorize(to, region, a, out, why) : fault_nomem(why);
}

int bedrock_post(struct wire *w, const char *action, struct http_request *out)
{
    w->streams_as = BEDROCK_STREAM_TYPE;
    bool plain = w->request->kind != KIND_CHAT;
    int rc = plain ? wire_post_plain(w, SLICE("/"), out) : wire_post(w, SLICE("/"), out);
    out->url = SLICE_NONE; /* bedrock_send knows it */
    return rc < 0 ? rc : bedrock_send(w->to, action, w->arena, out, w->why);
}

/* The control plane's host is the other one's without "-runtime". */
static struct slice control_of(struct slice base, struct arena *a)
{
    size_t at = slice_find(base, SLICE(RUNTIME_HOST));
    if (at == base.n)
        return base;
    const struct slice parts[] = {slice_of(base.p, at), SLICE(CONTROL_HOST),
                                  slice_from(base, at + sizeof RUNTIME_HOST - 1)};
    return arena_join(a, parts, 3);
}

int bedrock_get(const struct chat_target *to, const char *path, struct arena *a,
                struct http_request *out, struct fault *why)
{
    struct slice region;
    int rc = region_of(to, a, &region, why);
    if (rc < 0)
        return rc;
    struct slice base = control_of(base_of(to->base_url, region, a), a);
    if (!base.p)
        return fault_nomem(why);
    rc = wire_get(url_join(a, base, slice_text(path)), out, why);
    return rc < 0 ? rc : authorize(to, region, a, out, why);
}
