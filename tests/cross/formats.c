/* Knows each format's two sides and a model that speaks it; refuses to know what is compared. */
#include "formats.h"
#include "provider/adapters.h"
#include <aignehub/aignehub.h>
#include <string.h>

static const struct format formats[] = {
    {"aigne", &adapter_hub, &ingress_aigne, "aignehub", "openai/gpt-4o", "openai/gpt-4o"},
    {"openai", &adapter_openai, &ingress_openai, "openai", "gpt-4o", "gpt-5.2"},
    {"responses", &adapter_openai_responses, &ingress_openai_responses, "openai", "gpt-4o",
     "gpt-5.2"},
    {"anthropic", &adapter_anthropic, &ingress_anthropic, "anthropic", "claude-sonnet-4-5",
     "claude-sonnet-4-5"},
    {"gemini", &adapter_gemini, &ingress_gemini, "google", "gemini-2.5-pro", "gemini-2.5-pro"},
};

const struct format *format_at(size_t index)
{
    return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
}

const struct format *format_named(const char *name)
{
    for (size_t i = 0; format_at(i); i++)
        if (strcmp(format_at(i)->name, name) == 0)
            return format_at(i);
    return NULL;
}

bool asks_for_reasoning(const struct chat_request *r)
{
    return r->effort != CHAT_EFFORT_UNSET || r->reasoning_budget >= 0;
}

static struct slice joined(const struct http_request *http, struct arena *a)
{
    return arena_join(a, http_body(http), http->body_count);
}

/* "models/gemini-2.5-pro:generateContent" of ".../models/gemini-2.5-pro:generateContent?alt=sse" */
static void split_url(struct slice url, struct ingress_request *out)
{
    struct slice path = url;
    size_t at = slice_find(url, SLICE("/models/"));
    if (!slice_cut(url, '?', &path, &out->query))
        path = url;
    if (at < path.n)
        out->rest = slice_from(path, at + 1);
}

int format_write(const struct format *f, const struct chat_request *r, struct arena *a,
                 struct dropped *dropped, struct ingress_request *out, struct fault *why)
{
    const struct provider_row *row = provider_find(slice_text(f->provider));
    const char *model = asks_for_reasoning(r) ? f->reasoning_model : f->model;
    struct http_request http = {0};
    struct chat_target to = {.provider = slice_text(f->provider),
                             .base_url = SLICE("https://provider.test/v1"),
                             .model = slice_text(model),
                             .secret = SLICE("sk-test-0123456789"),
                             .quirks = row->quirks,
                             .region = SLICE("us-east-1"),
                             .dropped = dropped};
    *out = (struct ingress_request){.content_type = SLICE("application/json")};
    int rc = f->adapter->encode(r, &to, a, &http, why);
    if (rc)
        return rc;
    out->body = joined(&http, a);
    split_url(http.url, out);
    return AIGNE_OK;
}

int format_read(const struct format *f, const struct ingress_request *in, struct arena *a,
                struct chat_request *out, struct fault *why)
{
    struct slice model = SLICE_NONE;
    struct chat_relay relay;
    int rc = f->ingress->peek(in, a, &model, &relay, why);
    return rc ? rc : f->ingress->decode(in, a, out, why);
}
