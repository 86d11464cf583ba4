/* Knows what requests need of a model and which words say that it has it; refuses to know which model
 * is asked. */
#include "hub/fit.h"
#include "base/nearest.h"
#include "hub/catalog.h"
#include "hub/estimate.h"
#include <aignehub/aignehub.h>
#include <stdio.h>

static const struct {
    const char *words[3]; /* the first is ours */
    const char *problem;
} features[FIT_FEATURES] = {
    [FIT_TOOLS] = {{"tools", "functionCalling", "tool_call"}, "cannot take tools"},
    [FIT_VISION] = {{"vision", "image", "images"}, "cannot take images"},
    [FIT_REASONING] = {{"thinking", "reasoning"}, "cannot reason"},
    [FIT_AUDIO] = {{"audio"}, "cannot take audio"},
    [FIT_VIDEO] = {{"video"}, "cannot take video"},
    [FIT_FILES] = {{"files", "pdf"}, "cannot take files"},
    [FIT_STRUCTURED] = {{"structuredOutput", "structured_output", "json_schema"},
                        "cannot answer in a schema"},
    [FIT_PREFILL] = {{"prefill"}, NULL},
};
/* Who lists one of these lists everything; it is no feature itself. */
#define NOTHING_ELSE "text"
#define AIGNE_WORDS  (FIT_BIT(FIT_TOOLS) | FIT_BIT(FIT_VISION) | FIT_BIT(FIT_REASONING))
/* Of the other features; the fourth is nobody's but ours. */
#define SAYS_NOTHING (AIGNE_WORDS | FIT_BIT(FIT_PREFILL))
#define ALL          (FIT_BIT(FIT_FEATURES) - 1)

const char *fit_name(unsigned feature)
{
    return feature < FIT_FEATURES ? features[feature].words[0] : NULL;
}

/* ---- what a model has ---- */

static unsigned bit_of(struct json word)
{
    for (unsigned i = 0; i < FIT_FEATURES; i++)
        for (int k = 0; k < 3 && features[i].words[k]; k++)
            if (json_string_is(word, features[i].words[k]))
                return FIT_BIT(i);
    return 0;
}

unsigned fit_has(struct json metadata)
{
    struct json_walk w = json_walk(json_get(metadata, "features"));
    unsigned has = 0;
    while (json_next(&w))
        has |= bit_of(w.value);
    return has;
}

unsigned fit_lacks(struct json metadata)
{
    struct json list = json_get(metadata, "features");
    struct json_walk w = json_walk(list);
    unsigned has = fit_has(metadata);
    unsigned said = AIGNE_WORDS;
    if (list.kind != JSON_ARRAY)
        return 0;
    while (json_next(&w))
        if (json_string_is(w.value, NOTHING_ELSE) || (bit_of(w.value) & ~SAYS_NOTHING))
            said = ALL;
    return said & ~has;
}

int fit_check(struct json metadata, struct fault *why)
{
    struct json_walk w = json_walk(json_get(metadata, "features"));
    while (json_next(&w)) {
        if (bit_of(w.value) || json_string_is(w.value, NOTHING_ELSE))
            continue;
        struct slice word = w.value.kind == JSON_STRING
                                ? slice_of(w.value.raw.p + 1, w.value.raw.n - 2)
                                : w.value.raw;
        struct nearest nearest = {.text = word, .distance = SIZE_MAX};
        for (unsigned i = 0; i < FIT_FEATURES; i++)
            nearest_offer(&nearest, fit_name(i));
        nearest_offer(&nearest, NOTHING_ELSE);
        struct nearest_advice advice = nearest_advise(&nearest);
        if (why)
            why->http = 400;
        return fault_field(why, AIGNE_E_REQUEST, "modelMetadata",
                           "A model has no feature \"%.*s\"; " NEAREST_FORMAT ".",
                           (int)(word.n < 60 ? word.n : 60), word.p, NEAREST_HOLES(advice));
    }
    return AIGNE_OK;
}

/* ---- what a request needs ---- */

static unsigned needs_of_file(const struct chat_part *part)
{
    if (slice_starts(part->mime, "image/") || !part->mime.n)
        return FIT_BIT(FIT_VISION);
    if (slice_starts(part->mime, "audio/"))
        return FIT_BIT(FIT_AUDIO);
    if (slice_starts(part->mime, "video/"))
        return FIT_BIT(FIT_VIDEO);
    return slice_starts(part->mime, "text/") ? 0 : FIT_BIT(FIT_FILES);
}

static void add_part(struct fit *f, const struct chat_part *part, int64_t *bytes)
{
    if (part->kind == CHAT_TOOL_CALL)
        f->features |= FIT_BIT(FIT_TOOLS);
    if (part->kind != CHAT_DATA && part->kind != CHAT_URL) {
        *bytes += (int64_t)(part->text.n + part->arguments.n);
        return;
    }
    unsigned needs = needs_of_file(part);
    f->features |= needs;
    if (needs == FIT_BIT(FIT_VISION))
        f->prompt_tokens += ESTIMATE_IMAGE_TOKENS;
}

static int64_t limit_of(struct slice number)
{
    int64_t limit = 0;
    return slice_int64(number, &limit) && limit > 0 ? limit : 0;
}

void fit_measure(const struct chat_request *r, struct fit *out)
{
    int64_t bytes = 0;
    *out = (struct fit){.answer_tokens = limit_of(r->max_tokens)};
    for (size_t i = 0; i < r->message_count; i++)
        for (size_t k = 0; k < r->messages[i].part_count; k++)
            add_part(out, &r->messages[i].parts[k], &bytes);
    for (size_t i = 0; i < r->tool_count; i++)
        bytes += (int64_t)(r->tools[i].description.n + r->tools[i].parameters.n);
    if (r->tool_count && r->tool_choice != CHAT_TOOLS_NONE)
        out->features |= FIT_BIT(FIT_TOOLS);
    if (r->format == CHAT_FORMAT_SCHEMA)
        out->features |= FIT_BIT(FIT_STRUCTURED);
    if (r->effort > CHAT_EFFORT_NONE || r->reasoning_budget > 0)
        out->features |= FIT_BIT(FIT_REASONING);
    out->prompt_tokens += bytes / ESTIMATE_BYTES_PER_TOKEN;
}

/* Any of these may mean a need: then it is read. */
static bool asks_more(struct slice body)
{
    static const char *const names[] = {"response_format", "reasoning_effort", "reasoning",
                                        "thinking",        "functions",        "output_config"};
    enum { NAMES = sizeof names / sizeof *names };
    struct json values[NAMES];
    json_pick(json_of(body), names, NAMES, values);
    for (size_t i = 0; i < NAMES; i++)
        if (json_present(values[i]))
            return true;
    return false;
}

bool fit_look(const struct chat_relay *relay, struct fit *out)
{
    struct ceiling size;
    if (!ceiling_measure_text(relay->body, relay->depth, &size) || asks_more(relay->body))
        return false;
    *out = (struct fit){.prompt_tokens = size.text_bytes / ESTIMATE_BYTES_PER_TOKEN,
                        .answer_tokens = size.answer_tokens};
    return true;
}

/* ---- both ---- */

struct slice fit_problem(const struct fit *f, const struct catalog_rate *rate, struct arena *a)
{
    char text[96];
    if (!rate)
        return SLICE_NONE;
    for (unsigned i = 0; i < FIT_FEATURES; i++)
        if (f->features & rate->lacks & FIT_BIT(i))
            return slice_text(features[i].problem);
    if (rate->context_window <= 0 || f->prompt_tokens <= rate->context_window)
        return SLICE_NONE;
    (void)snprintf(text, sizeof text, "is too short: about %lld tokens do not fit into %lld",
                   (long long)f->prompt_tokens, (long long)rate->context_window);
    struct slice copy = arena_copy(a, slice_text(text));
    return copy.p ? copy : SLICE("is too short");
}

static bool says_one_of(const struct fault *why, const char *const *words)
{
    while (*words && !slice_has_nocase(slice_text(why->text), *words))
        words++;
    return *words;
}

/* Each vendor has words of his own; all speak of a size, and that it is too much. */
bool fit_too_long(const struct fault *why)
{
    static const char *const sizes[] = {"token",    "context",      "prompt",
                                        "input is", "input length", NULL};
    static const char *const too_much[] = {
        "exceed",      "too long",   "too large", "too many",    "maximum",
        "longer than", "must be <=", "overflow",  "should be [", NULL};
    static const char *const plainly[] = {"reduce the length", NULL};
    if (!why->upstream || (why->http != 400 && why->http != 413 && why->http != 422) ||
        slice_starts(slice_text(why->param), "max_"))
        return false;
    return slice_has_nocase(slice_text(why->reason), "context_length_exceeded") ||
           says_one_of(why, plainly) || (says_one_of(why, sizes) && says_one_of(why, too_much));
}

bool fit_unseemly(const struct fault *why)
{
    static const char *const words[] = {"flagged", "moderation", "content",
                                        "safety",  "guideline",  NULL};
    return says_one_of(why, words);
}
