/* Knows where an Azure resource serves a deployment; refuses to know what is asked there. */
#include "base/mem.h"
#include "provider/config.h"
#include "provider/openai.h"
#include "text/url.h"

/* What is served for the whole resource, not by one deployment. */
static bool is_shared(struct slice path)
{
    return slice_is(path, "models") || slice_starts(path, "responses") ||
           slice_starts(path, "videos");
}

/* The resource: the base URL without what Azure's pages show behind it. */
static struct slice resource_of(const struct url *base, struct slice text)
{
    size_t length = slice_find(base->path, SLICE("/openai"));
    return slice_of(text.p, base->origin.n + length);
}

static void put_path(struct buf *out, const struct chat_target *to, struct slice path,
                     bool dated)
{
    if (!dated) {
        BUF_LITERAL(out, "openai/v1/");
    } else if (is_shared(path)) {
        BUF_LITERAL(out, "openai/");
    } else {
        BUF_LITERAL(out, "openai/deployments/");
        url_encode(out, to->model);
        buf_put_byte(out, '/');
    }
    buf_put_slice(out, path);
}

/* An api-version that is a date means the older way, where the URL names the deployment; without one it
 * is Azure's /openai/v1, where the body does. */
struct slice azure_url(const struct chat_target *to, struct slice path, struct arena *a)
{
    struct url base;
    if (url_parse(to->base_url, &base, NULL) < 0)
        return url_join(a, to->base_url, path);
    struct buf out AUTO(buf_free);
    buf_init(&out, 4 * to->model.n + path.n + 256);
    struct slice version = provider_config_text(to, "apiVersion", a);
    if (!version.n)
        version = url_query(a, base.query, "api-version");
    put_path(&out, to, path, slice_starts(version, "20"));
    if (version.n) {
        buf_put_byte(&out, slice_find_byte(path, '?') < path.n ? '&' : '?');
        BUF_LITERAL(&out, "api-version=");
        url_encode(&out, version);
    }
    return buf_rc(&out) < 0 ? SLICE_NONE
                            : url_join(a, resource_of(&base, to->base_url), buf_slice(&out));
}
