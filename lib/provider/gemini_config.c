/* Knows how sampling, thinking and output are set in a generationConfig; refuses to know contents. */
#include "provider/gemini.h"
#include <aignehub/aignehub.h>

#define STOPS_LARGEST 5

static int64_t budget_of(const struct gemini *x, enum chat_effort effort)
{
    const struct chat_request *r = x->w.request;
    const struct gemini_model *m = &x->model;
    int64_t budget =
        r->reasoning_budget >= 0 ? r->reasoning_budget : chat_budget_of_effort(effort);
    if (budget == 0 && !m->pro)
        return 0;
    if (budget < m->budget_smallest)
        return m->budget_smallest;
    return budget < m->budget_largest ? budget : m->budget_largest;
}

/* Thoughts are asked for wherever the model can tell them; they are paid for either way. */
static void write_thinking(struct gemini *x)
{
    struct json_writer *j = &x->w.json;
    enum chat_effort effort = wire_effort(x->w.request);
    const struct chat_extra *own = wire_extra(x->w.request, "thinkingConfig");
    if (own) {
        json_member_raw(j, "thinkingConfig", own->value);
        return;
    }
    if (!x->model.thinks)
        return;
    json_member_object(j, "thinkingConfig");
    bool shown = effort != CHAT_EFFORT_NONE && x->w.request->thoughts != CHAT_NO;
    json_member_bool(j, "includeThoughts", shown);
    if (effort != CHAT_EFFORT_UNSET && x->model.levels)
        json_member_text(j, "thinkingLevel", gemini_level(&x->model, effort));
    else if (effort != CHAT_EFFORT_UNSET)
        json_member_int(j, "thinkingBudget", budget_of(x, effort));
    json_close_object(j);
}

/* By OpenAI's names for it. */
static void write_logprobs(struct gemini *x)
{
    const struct chat_request *r = x->w.request;
    const struct chat_extra *wanted = wire_extra(r, "logprobs");
    const struct chat_extra *top = wire_extra(r, "top_logprobs");
    bool on = false;
    if (!top)
        top = wire_extra(r, "topLogprobs");
    if (!wanted || !json_bool(json_of(wanted->value), &on) || !on)
        return;
    json_member_bool(&x->w.json, "responseLogprobs", true);
    if (top && json_of(top->value).kind == JSON_NUMBER)
        json_member_raw(&x->w.json, "logprobs", top->value);
}

static void write_modalities(struct gemini *x)
{
    static const struct {
        const char *ours;
        const char *theirs;
    } names[] = {{"text", "TEXT"}, {"image", "IMAGE"}, {"audio", "AUDIO"}};
    struct json_writer *j = &x->w.json;
    const struct chat_request *r = x->w.request;
    struct json list = json_of(r->modalities.p ? r->modalities : SLICE(""));
    if (json_count(list) == 0)
        return;
    json_member_array(j, "responseModalities");
    struct json_walk w = json_walk(list);
    while (json_next(&w)) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (json_string_is(w.value, names[i].ours) ||
                json_string_is(w.value, names[i].theirs))
                json_write_text(j, names[i].theirs);
        }
    }
    json_close_array(j);
}

static void write_format(struct gemini *x)
{
    struct json_writer *j = &x->w.json;
    const struct chat_request *r = x->w.request;
    bool wanted = r->format == CHAT_FORMAT_JSON || r->format == CHAT_FORMAT_SCHEMA;
    if (!wanted || x->json_tool)
        return;
    json_member_text(j, "responseMimeType", "application/json");
    if (r->format == CHAT_FORMAT_SCHEMA)
        json_member_raw_opt(j, "responseJsonSchema", r->schema);
}

int gemini_write_config(struct gemini *x)
{
    static const char *const known[] = {"speechConfig", "mediaResolution", "imageConfig"};
    struct json_writer *j = &x->w.json;
    const struct chat_request *r = x->w.request;
    json_member_object(j, "generationConfig");
    wire_choices(&x->w, "candidateCount");
    json_member_raw_opt(j, "maxOutputTokens", r->max_tokens);
    json_member_raw_opt(j, "temperature", r->temperature);
    json_member_raw_opt(j, "topP", r->top_p);
    json_member_raw_opt(j, "topK", r->top_k);
    json_member_raw_opt(j, "presencePenalty", r->presence_penalty);
    json_member_raw_opt(j, "frequencyPenalty", r->frequency_penalty);
    int64_t seed = 0;
    if (wire_int(r->seed, &seed) && seed >= INT32_MIN && seed <= INT32_MAX)
        json_member_int(j, "seed",
                        seed); /* elsewhere seeds are longer; they only ask for luck */
    int rc = wire_stops(&x->w, "stopSequences", true, STOPS_LARGEST);
    write_format(x);
    write_modalities(x);
    write_thinking(x);
    write_logprobs(x);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const struct chat_extra *extra = wire_extra(r, known[i]);
        if (extra)
            json_member_raw(j, known[i], extra->value);
    }
    json_close_object(j);
    return rc;
}
