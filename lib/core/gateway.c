/* Knows which path means what and who may ask; refuses to know how an answer is made. */
#include "core/gateway.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/admin.h"
#include "core/aigne_api.h"
#include "core/exchange.h"
#include "core/export.h"
#include "core/overrides.h"
#include "core/pages.h"
#include "core/payment.h"
#include "core/refresh.h"
#include "ingress/gemini_paths.h"
#include "text/http.h"
#include "text/json_scan.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

enum access { ANYBODY, KEY_HOLDER };

struct gateway_path {
    const char *method;
    struct slice path;
    bool prefix; /* what follows the path belongs to it */
    enum access admission;
    const struct ingress *ingress;
    void (*handle)(struct aigne_call *call);
};

static void handle_chat(struct aigne_call *call);
static void handle_embeddings(struct aigne_call *call);

#define PATH(text)                                                                             \
    {                                                                                          \
        "" text, sizeof(text) - 1                                                              \
    }

/* A vendor's own root, what is left of it when clients are given a base URL without it, and as other
 * hubs have it. */
#define VENDOR_POST(vendor, path, ingress)                                                     \
    {"POST", PATH("/v1" path), false, KEY_HOLDER, ingress, handle_chat},                       \
        {"POST", PATH(path), false, KEY_HOLDER, ingress, handle_chat},                         \
    {                                                                                          \
        "POST", PATH(vendor "/v1" path), false, KEY_HOLDER, ingress, handle_chat               \
    }
#define OPENAI_POST(path, ingress)    VENDOR_POST("/openai", path, ingress)
#define ANTHROPIC_POST(path, ingress) VENDOR_POST("/anthropic", path, ingress)

/* What AIGNE Hub's tools and people ask besides. */
#define AIGNE_PAGES(method)                                                                    \
    {method, PATH("/api/user/"), true, KEY_HOLDER, &ingress_aigne, aigne_api},                 \
        {method, PATH("/api/usage/"), true, KEY_HOLDER, &ingress_aigne, aigne_api},            \
        {method, PATH("/api/ai"), false, KEY_HOLDER, &ingress_aigne, aigne_api},               \
        {method, PATH("/api/ai/"), true, KEY_HOLDER, &ingress_aigne, aigne_api},               \
        {method, PATH("/api/ai-providers"), false, KEY_HOLDER, &ingress_aigne, aigne_api},     \
    {                                                                                          \
        method, PATH("/api/ai-providers/"), true, KEY_HOLDER, &ingress_aigne, aigne_api        \
    }

static const struct gateway_path paths[] = {
    {"POST", PATH("/api/v2/chat"), false, KEY_HOLDER, &ingress_aigne, handle_chat},
    {"POST", PATH("/api/v2/chat/completions"), false, KEY_HOLDER, &ingress_aigne_completions,
     handle_chat},
    {"POST", PATH("/api/v2/completions"), false, KEY_HOLDER, &ingress_aigne_completions,
     handle_chat},
    {"POST", PATH("/api/v2/image"), false, KEY_HOLDER, &ingress_aigne_image, handle_chat},
    {"POST", PATH("/api/v2/video"), false, KEY_HOLDER, &ingress_aigne_video, handle_chat},
    {"POST", PATH("/api/v2/embeddings"), false, KEY_HOLDER, &ingress_aigne_embedding,
     handle_embeddings},
    {"POST", PATH("/api/v2/speech"), false, KEY_HOLDER, &ingress_aigne_speech, handle_chat},
    {"POST", PATH("/api/v2/transcription"), false, KEY_HOLDER, &ingress_aigne_transcription,
     handle_chat},
    {"POST", PATH("/api/v2/image/generations"), false, KEY_HOLDER, &ingress_aigne_generations,
     handle_chat},
    {"POST", PATH("/api/v2/audio/speech"), false, KEY_HOLDER, &ingress_openai_speech,
     handle_chat},
    {"POST", PATH("/api/v2/audio/transcriptions"), false, KEY_HOLDER,
     &ingress_openai_transcriptions, handle_chat},
    /* Where AIGNE Hub's documents promise OpenAI's formats. */
    {"POST", PATH("/api/chat/completions"), false, KEY_HOLDER, &ingress_openai, handle_chat},
    {"POST", PATH("/api/embeddings"), false, KEY_HOLDER, &ingress_openai_embeddings,
     handle_chat},
    {"POST", PATH("/api/images/generations"), false, KEY_HOLDER, &ingress_openai_images,
     handle_chat},
    OPENAI_POST("/chat/completions", &ingress_openai),
    OPENAI_POST("/responses", &ingress_openai_responses),
    OPENAI_POST("/embeddings", &ingress_openai_embeddings),
    OPENAI_POST("/images/generations", &ingress_openai_images),
    OPENAI_POST("/images/edits", &ingress_openai_image_edits),
    OPENAI_POST("/audio/speech", &ingress_openai_speech),
    OPENAI_POST("/audio/transcriptions", &ingress_openai_transcriptions),
    OPENAI_POST("/audio/translations", &ingress_openai_translations),
    ANTHROPIC_POST("/messages", &ingress_anthropic),
    ANTHROPIC_POST("/messages/count_tokens", &ingress_anthropic_count),
    {"GET", PATH("/anthropic/v1/models"), false, KEY_HOLDER, &ingress_anthropic,
     page_anthropic_models},
    {"GET", PATH("/anthropic/v1/models/"), true, KEY_HOLDER, &ingress_anthropic,
     page_anthropic_models},
    {"GET", PATH("/v1beta/models"), false, KEY_HOLDER, &ingress_gemini, page_gemini_models},
    {"GET", PATH("/v1beta/models/"), true, KEY_HOLDER, &ingress_gemini, page_gemini_models},
    {"GET", PATH("/gemini/v1beta/models"), false, KEY_HOLDER, &ingress_gemini,
     page_gemini_models},
    {"GET", PATH("/gemini/v1beta/models/"), true, KEY_HOLDER, &ingress_gemini,
     page_gemini_models},
    {"GET", PATH("/gemini/v1/models"), false, KEY_HOLDER, &ingress_gemini, page_gemini_models},
    {"GET", PATH("/gemini/v1/models/"), true, KEY_HOLDER, &ingress_gemini, page_gemini_models},
    {"GET", PATH("/v1/models"), false, KEY_HOLDER, &ingress_openai, page_openai_models},
    {"GET", PATH("/v1/models/"), true, KEY_HOLDER, &ingress_openai, page_openai_models},
    {"GET", PATH("/models"), false, KEY_HOLDER, &ingress_openai, page_openai_models},
    {"GET", PATH("/models/"), true, KEY_HOLDER, &ingress_openai, page_openai_models},
    {"GET", PATH("/openai/v1/models"), false, KEY_HOLDER, &ingress_openai, page_openai_models},
    {"GET", PATH("/openai/v1/models/"), true, KEY_HOLDER, &ingress_openai, page_openai_models},
    {"GET", PATH("/__blocklet__.js"), false, ANYBODY, &ingress_aigne, page_discovery},
    {"GET", PATH("/api/ai/models"), false, ANYBODY, &ingress_aigne, page_aigne_models},
    {"GET", PATH("/api/ai-providers/models"), false, ANYBODY, &ingress_aigne,
     page_aigne_models},
    {"GET", PATH("/api/user/model-calls/export"), false, KEY_HOLDER, &ingress_aigne,
     page_aigne_export},
    AIGNE_PAGES("GET"),
    AIGNE_PAGES("POST"),
    AIGNE_PAGES("PUT"),
    AIGNE_PAGES("DELETE"),
    {"GET", PATH("/api/v2/status"), false, ANYBODY, &ingress_aigne, page_aigne_status},
    {"POST", PATH("/api/admin/"), true, KEY_HOLDER, &ingress_aigne, admin_handle},
    {"GET", PATH("/api/admin/usage/export"), false, KEY_HOLDER, &ingress_aigne,
     page_usage_export},
    {"POST", PATH("/api/payment/webhook/"), true, ANYBODY, &ingress_aigne, payment_webhook},
    {"GET", PATH("/health"), false, ANYBODY, &ingress_aigne, page_health},
    {"GET", PATH("/"), false, ANYBODY, &ingress_aigne, page_health},
};

/* Google's clients name model and method behind these. */
static const char *const google_roots[] = {"/v1beta/", "/v1/", "/gemini/v1beta/",
                                           "/gemini/v1/"};
static const struct gateway_path google_path = {"POST",     PATH(""), true,
                                                KEY_HOLDER, NULL,     handle_chat};

/* ---- chat ---- */

static void handle_chat(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    struct slice model = SLICE_NONE;
    struct ingress_request in = exchange_request(call);
    call->request.kind = x->ingress->kind;
    int rc = x->ingress->peek(&in, &call->arena, &model, &call->relay, &call->fault);
    call->requested = model;
    call->streamed = call->relay.stream;
    call->relay_format = call->relay.usable ? x->ingress->format : NULL;
    if (rc >= 0 && !model.n && x->ingress->needs_model)
        rc = fault_field(&call->fault, AIGNE_E_REQUEST, "model",
                         "You must provide a model parameter.");
    if (rc >= 0)
        rc = exchange_prepare(call);
    if (rc < 0)
        call_refuse(call);
    else
        call_go_on(call);
}

/* AIGNE's helper library asks here as OpenAI's clients do, and looks for their answer. */
static void handle_embeddings(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    struct json body = json_of(buf_slice(&x->body));
    if (body.kind == JSON_OBJECT && json_get(body, "input").kind != JSON_OBJECT)
        x->ingress = &ingress_openai_embeddings;
    handle_chat(call);
}

/* ---- paths ---- */

static bool path_fits(const struct gateway_path *p, struct slice path)
{
    size_t n = p->path.n;
    return (p->prefix ? path.n > n : path.n == n) && memcmp(path.p, p->path.p, n) == 0;
}

static struct slice without_mount_point(struct slice path, const char *mount_point)
{
    size_t length = strlen(mount_point);
    bool inside = length && slice_starts(path, mount_point) &&
                  (path.n == length || slice_starts(slice_from(path, length), "/"));
    if (!inside)
        return path;
    return path.n == length ? SLICE("/") : slice_from(path, length);
}

static struct slice without_last_slash(struct slice path)
{
    if (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    return path;
}

/* Anthropic's clients say which version of its API they speak. */
static bool speaks_anthropic(const struct exchange *x)
{
    return http_block_get(x->headers, "anthropic-version").p != NULL;
}

/* The form that errors take before the path is known to be anything. */
static const struct ingress *guess_ingress(const struct exchange *x)
{
    static const struct {
        const char *start;
        const struct ingress *ingress;
    } guesses[] = {
        {"/v1beta/", &ingress_gemini},     {"/gemini/", &ingress_gemini},
        {"/openai/", &ingress_openai},     {"/anthropic/", &ingress_anthropic},
        {"/messages", &ingress_anthropic}, {"/v1/messages", &ingress_anthropic},
        {"/chat/", &ingress_openai},       {"/images/", &ingress_openai},
        {"/v1/", &ingress_openai},         {"/audio/", &ingress_openai},
        {"/embeddings", &ingress_openai},  {"/responses", &ingress_openai},
    };
    if (speaks_anthropic(x))
        return &ingress_anthropic;
    for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++)
        if (slice_starts(x->path, guesses[i].start))
            return guesses[i].ingress;
    return &ingress_aigne;
}

static bool method_fits(const struct gateway_path *p, struct slice method)
{
    return slice_is(method, p->method) ||
           (slice_is(method, "HEAD") && slice_is(SLICE("GET"), p->method));
}

/* True: x->ingress and x->rest say which of Google's methods it is. */
static bool is_google(struct exchange *x)
{
    for (size_t i = 0; i < sizeof(google_roots) / sizeof(google_roots[0]); i++) {
        if (!slice_starts(x->path, google_roots[i]))
            continue;
        x->rest = slice_from(x->path, strlen(google_roots[i]));
        x->ingress = google_ingress(x->rest, x->query);
        if (x->ingress)
            return true;
    }
    return false;
}

/* What a path means; then x->ingress is the format of what comes there. */
static const struct gateway_path *find_path(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    bool known = false;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (!path_fits(&paths[i], x->path))
            continue;
        known = true;
        x->allow =
            slice_is(SLICE("GET"), paths[i].method) ? "GET, HEAD, OPTIONS" : "POST, OPTIONS";
        if (!method_fits(&paths[i], x->method))
            continue;
        x->rest = slice_from(x->path, paths[i].path.n);
        x->ingress = paths[i].ingress;
        return &paths[i];
    }
    if (slice_is(x->method, google_path.method) && is_google(x))
        return &google_path;
    x->ingress = guess_ingress(x);
    /* A model's page; behind a colon it would be a method, and none that is served. */
    if (x->ingress == &ingress_gemini && slice_find_byte(x->path, ':') < x->path.n) {
        known = false;
        x->allow = NULL;
    }
    fault_set(&call->fault, AIGNE_E_REQUEST,
              known ? "This path does not take that method."
                    : "There is nothing at this path; chat is at /api/v2/chat and "
                      "/v1/chat/completions.");
    call->fault.http = known ? 405 : 404;
    return NULL;
}

/* ---- the three functions ---- */

/* "http://host/path", as clients of a proxy write it, means "/path". */
static struct slice without_origin(struct slice target)
{
    if (!slice_starts_nocase(target, "http://") && !slice_starts_nocase(target, "https://"))
        return target;
    struct slice rest = slice_from(target, slice_find(target, SLICE("://")) + 3);
    rest = slice_from(rest, slice_find_byte(rest, '/'));
    return rest.n ? rest : SLICE("/");
}

/* A path that cannot be decoded is left as it is, and then leads nowhere. */
static struct slice decoded_path(struct arena *a, struct slice path)
{
    struct slice decoded = url_decode(a, path);
    bool usable = decoded.p && slice_find_byte(decoded, '\0') == decoded.n;
    return usable ? decoded : path;
}

static void split_target(struct aigne_call *call, struct slice target)
{
    struct exchange *x = exchange_of(call);
    struct slice path = target;
    if (!slice_cut(without_origin(target), '?', &path, &x->query)) {
        path = without_origin(target);
        x->query = SLICE_NONE;
    }
    path = decoded_path(&call->arena, path);
    x->path = without_last_slash(without_mount_point(path, call->hub->mount_point));
}

static int keep_head(struct aigne_call *call, struct slice method, struct slice target,
                     struct slice headers, struct fault *why)
{
    struct exchange *x = exchange_of(call);
    x->method = arena_copy(&call->arena, method);
    x->head_only = slice_is(method, "HEAD");
    x->header_bytes = arena_bytes(&call->arena, headers.n + 1);
    struct slice kept = arena_copy(&call->arena, target);
    if (call->arena.failed)
        return fault_nomem(why);
    if (headers.n)
        memcpy(x->header_bytes, headers.p, headers.n);
    x->headers = slice_of(x->header_bytes, headers.n);
    exchange_read_headers(x);
    split_target(call, kept);
    return call->arena.failed ? fault_nomem(why) : AIGNE_OK;
}

static void reserve_body(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (x->content_length > 0 && (uint64_t)x->content_length <= x->body.ceiling)
        buf_reserve(&x->body, (size_t)x->content_length);
    if (overload_note(call) < 0)
        call_refuse(call);
}

static void refuse_body(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (buf_rc(&x->body) == AIGNE_E_NOMEM) {
        fault_nomem(&call->fault);
        call_refuse(call);
        return;
    }
    fault_set(&call->fault, AIGNE_E_REQUEST,
              "The request's body is larger than %zu bytes; the operator can raise bodyLimit.",
              x->body.ceiling);
    call->fault.http = 413;
    call_refuse(call);
}

static bool announced_too_large(const struct exchange *x)
{
    return x->content_length > (int64_t)x->body.ceiling;
}

static void let_in(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    int rc = overrides_read(call);
    exchange_keep_headers(call);
    if (x->handle == payment_webhook) { /* anybody's, and small; its signature is a header */
        x->format_headers = arena_copy(&call->arena, x->headers);
        x->body.ceiling = PAYMENT_BODY_LARGEST;
    }
    if (rc < 0)
        call_refuse(call);
    else if (x->takes_body && (announced_too_large(x) || buf_rc(&x->body) < 0))
        refuse_body(call);
    else if (x->takes_body)
        reserve_body(call);
    exchange_forget_headers(x);
}

static void admit_again(struct aigne_call *call);

static void admit(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (x->ingress->key_in_query)
        presented_key_take_query(&x->key, x->query);
    struct slice key = presented_key(&x->key);
    if (!key.n) {
        fault_set(&call->fault, AIGNE_E_AUTH,
                  "No access key was sent; send it as \"Authorization: Bearer KEY\".");
        call->fault.http = 401;
        call_refuse(call);
        return;
    }
    int rc = hub_who(call->catalog, loop_recent_keys(call->loop, call->catalog), key,
                     call->started_ms, &call->who, &call->fault);
    if (rc >= 0) {
        call->user = call->who->user;
        let_in(call);
    } else if (!refresh_catalog(call, admit_again)) {
        call_refuse(call);
    }
}

static void admit_again(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    admit(call);
    if (call->state == CALL_ADMIT && x->body_ended)
        x->handle(call);
}

static void open_exchange(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    call->catalog = loop_catalog(call->loop, call->hub->hub, call->hub->serial);
    x->ingress = &ingress_aigne;
    if (slice_is(x->method, "OPTIONS")) {
        x->handle = page_options;
        return;
    }
    const struct gateway_path *found = find_path(call);
    if (!found) {
        call_refuse(call);
        return;
    }
    x->allow = NULL;
    x->takes_body =
        slice_is(SLICE("POST"), found->method) || slice_is(SLICE("PUT"), found->method);
    x->handle = found->handle;
    if (x->handle == page_openai_models && speaks_anthropic(x)) {
        x->ingress = &ingress_anthropic;
        x->handle = page_anthropic_models;
    } else if (x->handle == page_openai_models && x->key.google.p) {
        x->ingress = &ingress_gemini;
        x->handle = page_gemini_models;
    }
    call->ingress = x->ingress->name;
    /* An administrator must be able to see to it. */
    if (x->takes_body && x->handle != admin_handle && !overload_enter(call))
        call_refuse(call);
    else if (found->admission == ANYBODY)
        let_in(call);
    else
        admit(call);
}

int gateway_start(struct aigne_hub *h, struct aigne_loop *loop, struct slice method,
                  struct slice target, struct slice headers, struct aigne_call **out,
                  struct fault *why)
{
    struct aigne_call *call = exchange_new(h, loop);
    if (!call)
        return fault_nomem(why);
    int rc = keep_head(call, method, target, headers, why);
    if (rc < 0) {
        call_free(call);
        return rc;
    }
    open_exchange(call);
    *out = call;
    return AIGNE_OK;
}

/* While the key is looked for, the error sticks to the body and let_in finds it. */
int gateway_write(struct aigne_call *call, struct slice data)
{
    struct exchange *x = exchange_of(call);
    if (call->state == CALL_END || x->body_ended || !x->takes_body || buf_rc(&x->body) < 0)
        return AIGNE_AGAIN;
    buf_put_slice(&x->body, data);
    bool admitted = call->state == CALL_ADMIT;
    int rc = admitted ? overload_note(call) : AIGNE_OK;
    if (rc >= 0 && buf_rc(&x->body) >= 0)
        return AIGNE_OK;
    if (rc < 0)
        call_refuse(call);
    else if (admitted)
        refuse_body(call);
    return AIGNE_AGAIN;
}

void gateway_end(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (call->state == CALL_END || x->body_ended)
        return;
    x->body_ended = true;
    if (call->state == CALL_ADMIT)
        x->handle(call);
}
