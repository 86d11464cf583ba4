/* Knows each format's two sides and a model that speaks it; refuses to know what is compared. */
#include "formats.h"
#include "base/mem.h"
#include "chat/input.h"
#include "chat/trimmed.h"
#include "provider/adapters.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>
#include <string.h>

#define INPUT_LARGEST ((size_t)4 * 1024 * 1024)

#define CLAUDE_ON_BEDROCK "anthropic.claude-sonnet-4-5-20250929-v1:0"

static void write_members(struct json_writer *w, struct json object)
{
    struct json_walk walk = json_walk(object);
    while (json_next(&walk)) {
        if (json_key_is(&walk, "modelOptions"))
            continue;
        json_key_slice(w, walk.key);
        json_write_raw(w, walk.value.raw);
    }
}

/* AIGNE's completions have beside each other what its chats have in modelOptions and around them. */
static void write_completions(struct json body, struct buf *out)
{
    struct json input = json_get(body, "input");
    struct json_writer w = json_writer(out);
    json_open_object(&w);
    write_members(&w, input);
    write_members(&w, json_get(input, "modelOptions"));
    json_member_raw_opt(&w, "stream", json_path(body, "options.streaming").raw);
    json_close_object(&w);
}

static const struct format formats[] = {
    {.name = "aigne",
     .adapter = &adapter_hub,
     .ingress = &ingress_aigne,
     .provider = "aignehub",
     .model = "openai/gpt-4o",
     .reasoning_model = "openai/gpt-4o"},
    {.name = "aigne-completions",
     .adapter = &adapter_hub,
     .ingress = &ingress_aigne_completions,
     .provider = "aignehub",
     .model = "openai/gpt-4o",
     .reasoning_model = "openai/gpt-4o",
     .rewrite = write_completions},
    {.name = "openai",
     .adapter = &adapter_openai,
     .ingress = &ingress_openai,
     .provider = "openai",
     .model = "gpt-4o",
     .reasoning_model = "gpt-5.2"},
    {.name = "responses",
     .adapter = &adapter_openai_responses,
     .ingress = &ingress_openai_responses,
     .provider = "openai",
     .model = "gpt-4o",
     .reasoning_model = "gpt-5.2"},
    {.name = "anthropic",
     .adapter = &adapter_anthropic,
     .ingress = &ingress_anthropic,
     .provider = "anthropic",
     .model = "claude-sonnet-4-5",
     .reasoning_model = "claude-sonnet-4-5"},
    {.name = "gemini",
     .adapter = &adapter_gemini,
     .ingress = &ingress_gemini,
     .provider = "google",
     .model = "gemini-2.5-pro",
     .reasoning_model = "gemini-2.5-pro"},
    {.name = "bedrock",
     .adapter = &adapter_bedrock,
     .provider = "bedrock",
     .model = CLAUDE_ON_BEDROCK,
     .reasoning_model = CLAUDE_ON_BEDROCK,
     .reader = read_bedrock},
    {.name = "ollama",
     .adapter = &adapter_ollama,
     .provider = "ollama",
     .model = "llama3.2",
     .reasoning_model = "gpt-oss:20b",
     .reader = read_ollama},
};

const struct format *format_at(size_t index)
{
    return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
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
    unsigned trims = 0;
    struct chat_target to = {.provider = slice_text(f->provider),
                             .base_url = SLICE("https://provider.test/v1"),
                             .model = slice_text(model),
                             .secret = SLICE("sk-test-0123456789"),
                             .quirks = row->quirks,
                             .region = SLICE("us-east-1"),
                             .dropped = dropped,
                             .trims = &trims};
    *out = (struct ingress_request){.content_type = SLICE("application/json")};
    int rc = f->adapter->encode(r, &to, a, &http, why);
    if (rc)
        return rc;
    if (trims & TRIM_STOPS)
        dropped_note(dropped, "stop kept here");
    if (trims & TRIM_CALLS)
        dropped_note(dropped, "parallel_tool_calls kept here");
    out->body = joined(&http, a);
    split_url(http.url, out);
    if (f->rewrite) {
        struct buf body AUTO(buf_free);
        buf_init(&body, INPUT_LARGEST);
        f->rewrite(json_of(out->body), &body);
        out->body = arena_copy(a, buf_slice(&body));
    }
    return AIGNE_OK;
}

static int read_otherwise(const struct format *f, struct slice body, struct arena *a,
                          struct chat_request *out, struct fault *why)
{
    struct buf input AUTO(buf_free);
    buf_init(&input, INPUT_LARGEST);
    f->reader(json_of(body), &input);
    struct slice kept = arena_copy(a, buf_slice(&input));
    int rc = json_check(kept, NULL);
    return rc ? rc : chat_input_read(json_of(kept), a, out, why);
}

int format_read(const struct format *f, const struct ingress_request *in, struct arena *a,
                struct chat_request *out, struct fault *why)
{
    struct slice model = SLICE_NONE;
    struct chat_relay relay;
    if (!f->ingress)
        return read_otherwise(f, in->body, a, out, why);
    int rc = f->ingress->peek(in, a, &model, &relay, why);
    return rc ? rc : f->ingress->decode(in, a, out, why);
}
