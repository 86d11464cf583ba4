/* input_options.c - knows the modelOptions of AIGNE's ChatModelInput; refuses to know its messages.
 */
#include "chat/input_reader.h"

#include <aignehub/aignehub.h>

/* One option: AIGNE writes camelCase, much of the world snake_case; both are understood. */
struct option {
    const char *name;
    const char *other; /* another spelling, or NULL */
    int (*read)(struct reading *r, const char *member, struct json v, struct slice *to);
    size_t offset; /* of the slice in struct chat_request */
};

static int read_parallel(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    return read_bool(r, member, v, &r->build.request->parallel_tool_calls);
}

static int read_stop_option(struct reading *r, const char *member, struct json v,
                            struct slice *to)
{
    (void)to;
    return read_stop(r, member, v);
}

static int read_effort_option(struct reading *r, const char *member, struct json v,
                              struct slice *to)
{
    (void)to;
    return read_effort(r, member, v);
}

/* The last message is a cache breakpoint when autoBreakpoints says so, for the ttl given beside. */
static int read_cache_config(struct reading *r, const char *member, struct json v,
                             struct slice *to)
{
    bool on = false;
    int rc = read_object(r, member, v, to);
    if (rc || !to->p)
        return rc;
    if (json_bool(json_get(v, "enabled"), &on) && !on)
        return AIGNE_OK;
    if (!json_bool(json_path(v, "autoBreakpoints.lastMessage"), &on) || !on)
        return AIGNE_OK;
    bool hour = json_string_is(json_get(v, "ttl"), "1h");
    r->build.request->cache_last = hour ? CHAT_CACHE_1H : CHAT_CACHE_5M;
    return AIGNE_OK;
}

#define AT(member) offsetof(struct chat_request, member)

static const struct option options[] = {
    {"model", NULL, read_string, AT(model)},
    {"temperature", NULL, read_number, AT(temperature)},
    {"topP", "top_p", read_number, AT(top_p)},
    {"topK", "top_k", read_number, AT(top_k)},
    {"frequencyPenalty", "frequency_penalty", read_number, AT(frequency_penalty)},
    {"presencePenalty", "presence_penalty", read_number, AT(presence_penalty)},
    {"seed", NULL, read_number, AT(seed)},
    {"n", NULL, read_number, AT(n)},
    {"maxTokens", "max_tokens", read_number, AT(max_tokens)},
    {"maxOutputTokens", "max_output_tokens", read_number, AT(max_tokens)},
    {"maxCompletionTokens", "max_completion_tokens", read_number, AT(max_tokens)},
    {"user", NULL, read_string, AT(user)},
    {"serviceTier", "service_tier", read_string, AT(service_tier)},
    {"modalities", NULL, read_array, AT(modalities)},
    {"preferInputFileType", "prefer_input_file_type", read_string, AT(prefer_input_file_type)},
    {"cacheConfig", "cache_config", read_cache_config, AT(cache_config)},
    {"stop", NULL, read_stop_option, 0},
    {"stopSequences", "stop_sequences", read_stop_option, 0},
    {"parallelToolCalls", "parallel_tool_calls", read_parallel, 0},
    {"reasoningEffort", "reasoning_effort", read_effort_option, 0},
};

static const struct option *option_of(const struct json_walk *w)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (json_key_is(w, options[i].name) ||
            (options[i].other && json_key_is(w, options[i].other)))
            return &options[i];
    }
    return NULL;
}

static int read_extra(struct reading *r, const struct json_walk *w)
{
    struct slice name = read_key(r, w);
    if (!name.p || chat_add_extra(&r->build, name, w->value.raw))
        return reading_nomem(r);
    return AIGNE_OK;
}

int input_read_options(struct reading *r, struct json v)
{
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, "modelOptions", "an object", v);
    reading_at(r, "modelOptions");
    struct json_walk w = json_walk(v);
    while (json_next(&w)) {
        const struct option *o = option_of(&w);
        if (!json_present(w.value))
            continue;
        struct slice *to =
            o ? (struct slice *)(void *)((char *)r->build.request + o->offset) : NULL;
        int rc = o ? o->read(r, o->name, w.value, to) : read_extra(r, &w);
        if (rc)
            return rc;
    }
    reading_at(r, "%s", "");
    return AIGNE_OK;
}
