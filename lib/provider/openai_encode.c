/* Knows how a chat is asked for in OpenAI's format; refuses to know how messages look inside. */
#include "base/mem.h"
#include "provider/names.h"
#include "provider/ollama.h"
#include "provider/openai.h"
#include "provider/unsaid.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

#define COUNT(table)  (sizeof(table) / sizeof((table)[0]))
#define STOPS_LARGEST 4

const struct name_rule openai_names = {.longest = 64, .also = "-"};

struct slice openai_url(const struct chat_target *to, struct slice path, struct arena *a)
{
    if (to->quirks & OPENAI_AZURE)
        return azure_url(to, path, a);
    if (!(to->quirks & OPENAI_BASE_V1))
        return url_join(a, to->base_url, path);
    struct slice versioned = url_join(a, ollama_root(to->base_url), SLICE("v1"));
    return versioned.p ? url_join(a, versioned, path) : SLICE_NONE;
}

int openai_headers(const struct chat_target *to, struct arena *a, struct http_request *out,
                   struct fault *why)
{
    bool token = slice_starts(to->secret, "eyJ"); /* of Entra, which gives tokens, not keys */
    if ((to->quirks & OPENAI_AZURE) && !token && to->secret.n)
        return wire_header(out, "api-key", to->secret, why);
    return wire_bearer(a, to->secret, out, why);
}

static int write_format(struct wire *w)
{
    const struct chat_request *r = w->request;
    int rc = AIGNE_OK;
    if (r->format != CHAT_FORMAT_JSON && r->format != CHAT_FORMAT_SCHEMA)
        return AIGNE_OK;
    json_member_object(&w->json, "response_format");
    if (r->format == CHAT_FORMAT_SCHEMA && !(w->to->quirks & OPENAI_NO_SCHEMA))
        rc = openai_write_schema(w, "json_schema");
    else
        json_member_text(&w->json, "type", "json_object");
    json_close_object(&w->json);
    return rc;
}

static bool named_in(const char *const *names, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_is(name, names[i]))
            return true;
    }
    return false;
}

/* What the model takes of the sampling parameters. */
struct sampling {
    bool temperature;
    bool penalties;
    bool stop;
};

static struct sampling sampling_of(const struct wire *w)
{
    const struct chat_target *to = w->to;
    if (openai_refuses_sampling(to))
        return (struct sampling){false, false, false};
    bool grok = (to->quirks & OPENAI_GROK_RULES) && slice_starts(to->model, "grok-4");
    return (struct sampling){true, !grok, !grok};
}

/* Whose request it is, and how it is to be served. OpenAI takes no long names and its own tiers only. */
void openai_write_user(struct wire *w)
{
    static const char *const tiers[] = {"auto", "default", "flex", "scale", "priority", "fast"};
    const struct chat_request *r = w->request;
    unsigned quirks = w->to->quirks;
    bool strict = (quirks & OPENAI_REASONING_RULES) && !(quirks & OPENAI_ELSEWHERE);
    if (quirks & OPENAI_NO_USER)
        return;
    if (strict && r->user.n > OPENAI_USER_LONGEST)
        dropped_note(w->to->dropped, "user");
    else
        json_member_string_opt(&w->json, "user", r->user);
    if (!strict || named_in(tiers, COUNT(tiers), r->service_tier))
        json_member_string_opt(&w->json, "service_tier", r->service_tier);
    else if (slice_is(r->service_tier, "standard_only")) /* as Anthropic's clients say it */
        json_member_text(&w->json, "service_tier", "default");
    else if (r->service_tier.p)
        dropped_note(w->to->dropped, "service_tier");
}

static const char *limit_name(const struct chat_target *to)
{
    bool longer = openai_refuses_sampling(to);
    if (to->quirks & (OPENAI_MAX_TOKENS | OPENAI_MAX_COMPLETION))
        longer = to->quirks & OPENAI_MAX_COMPLETION;
    return longer ? "max_completion_tokens" : "max_tokens";
}

static int write_parameters(struct wire *w)
{
    const struct chat_request *r = w->request;
    struct sampling takes = sampling_of(w);
    wire_choices(w, "n");
    json_member_raw_opt(&w->json, limit_name(w->to), r->max_tokens);
    if (takes.temperature) {
        json_member_raw_opt(&w->json, "temperature", r->temperature);
        json_member_raw_opt(&w->json, "top_p", r->top_p);
    }
    if (w->to->quirks & OPENAI_TOP_K)
        json_member_raw_opt(&w->json, "top_k", r->top_k);
    if (takes.penalties) {
        json_member_raw_opt(&w->json, "frequency_penalty", r->frequency_penalty);
        json_member_raw_opt(&w->json, "presence_penalty", r->presence_penalty);
    }
    int rc = wire_stops(w, "stop", true, takes.stop ? STOPS_LARGEST : 0);
    json_member_raw_opt(&w->json, w->to->quirks & OPENAI_RANDOM_SEED ? "random_seed" : "seed",
                        r->seed);
    if (!(w->to->quirks & OPENAI_NO_USER))
        json_member_raw_opt(&w->json, "modalities", r->modalities);
    openai_write_user(w);
    openai_write_effort(w);
    return rc;
}

/* What it has no words for, or this model refuses. */
static void note_unsaid(const struct wire *w)
{
    static const unsigned always =
        UNSAID_CACHE | UNSAID_REDACTED | UNSAID_SIGNATURE; /* its caches need no markers */
    struct sampling takes = sampling_of(w);
    unsigned quirks = w->to->quirks;
    unsigned unsaid = always;
    unsaid |= quirks & OPENAI_THOUGHTS_BACK ? 0 : UNSAID_THINKING;
    unsaid |= quirks & OPENAI_TOP_K ? 0 : UNSAID_TOP_K;
    unsaid |= quirks & OPENAI_NO_PARALLEL ? UNSAID_PARALLEL : 0;
    unsaid |= quirks & OPENAI_NO_STRICT ? UNSAID_STRICT : 0;
    unsaid |= openai_effort_name(w->to, wire_effort(w->request)) ? 0 : UNSAID_EFFORT;
    unsaid |= quirks & OPENAI_NO_USER ? UNSAID_USER | UNSAID_SERVICE_TIER : 0;
    unsaid |= quirks & OPENAI_NO_NAMES ? UNSAID_NAME : 0;
    if (quirks & OPENAI_REASONING_DETAILS)
        unsaid &= ~(unsigned)(UNSAID_THINKING | UNSAID_REDACTED);
    unsaid |= takes.temperature ? 0 : UNSAID_TEMPERATURE | UNSAID_TOP_P;
    unsaid |= takes.penalties ? 0 : UNSAID_PENALTIES;
    unsaid_note(w->request, w->to, unsaid);
}

static bool no_chances(const struct chat_target *to)
{
    return (to->quirks & OPENAI_NO_LOGPROBS) || openai_refuses_sampling(to);
}

/* Members this library does not know go on as they are, but not those that are written above, are
 * AIGNE's own, or are refused by models that reason. */
static void write_extras(struct wire *w)
{
    static const char *const held[] = {"model",
                                       "messages",
                                       "tools",
                                       "tool_choice",
                                       "parallel_tool_calls",
                                       "stream",
                                       "stream_options",
                                       "response_format",
                                       "max_tokens",
                                       "max_completion_tokens",
                                       "temperature",
                                       "top_p",
                                       "stop",
                                       "n",
                                       "preferInputFileType",
                                       "cacheConfig",
                                       "frequency_penalty",
                                       "presence_penalty",
                                       "seed",
                                       "reasoning_effort"};
    static const char *const chances[] = {"logprobs", "top_logprobs", "logit_bias"};
    static const char *const later[] = {"store",
                                        "verbosity",
                                        "moderation",
                                        "safety_identifier",
                                        "prompt_cache_key",
                                        "prompt_cache_retention",
                                        "prompt_cache_options"};
    const struct chat_request *r = w->request;
    bool none_later = w->to->quirks & OPENAI_NO_USER;
    for (size_t i = 0; i < r->extra_count; i++) {
        struct slice name = r->extras[i].name;
        if (named_in(held, COUNT(held), name) ||
            wire_foreign(&r->extras[i], "openai.chat", w->to))
            continue;
        if ((no_chances(w->to) && named_in(chances, COUNT(chances), name)) ||
            (none_later && named_in(later, COUNT(later), name))) {
            dropped_note_stranger(w->to->dropped, name);
            continue;
        }
        json_key_slice(&w->json, name);
        json_write_raw(&w->json, r->extras[i].value);
    }
}

static void write_stream(struct wire *w)
{
    if (!w->request->stream)
        return;
    json_member_bool(&w->json, "stream", true);
    if (!(w->to->quirks & OPENAI_NO_STREAM_OPTIONS))
        json_member_raw(&w->json, "stream_options", SLICE("{\"include_usage\":true}"));
}

static int write_body(struct wire *w)
{
    json_open_object(&w->json);
    json_member_string(&w->json, "model", w->to->model);
    int rc = openai_write_messages(w);
    if (rc == AIGNE_OK)
        rc = openai_write_tools(w, "function");
    if (rc == AIGNE_OK)
        rc = write_format(w);
    if (rc == AIGNE_OK)
        rc = write_parameters(w);
    if (rc < 0)
        return rc;
    write_extras(w);
    note_unsaid(w);
    write_stream(w);
    json_close_object(&w->json);
    return AIGNE_OK;
}

int openai_encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    struct wire w AUTO(wire_close);
    wire_begin(&w, r, to, a, why);
    *out = (struct http_request){0};
    int rc = to->quirks & OPENAI_ANSWERS ? wire_check_choices(r, CHOICES_LARGEST, why)
                                         : wire_refuse_choices(r, why);
    if (rc == AIGNE_OK && no_chances(to))
        rc = wire_refuse_logprobs(r, why);
    if (rc == AIGNE_OK && (to->quirks & OPENAI_NO_USER))
        rc = wire_refuse_modalities(r, why);
    if (rc == AIGNE_OK)
        rc = wire_show_files(&w);
    if (rc == AIGNE_OK)
        rc = write_body(&w);
    if (rc == AIGNE_OK)
        rc = openai_headers(to, a, out, why);
    return rc < 0 ? rc : wire_post(&w, openai_url(to, SLICE("chat/completions"), a), out);
}
