/* input_options.c - knows the modelOptions of AIGNE's ChatModelInput; refuses to know its messages.
 */
#include "chat/input_reader.h"

#include <aignehub/aignehub.h>

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

/* AIGNE writes camelCase, much of the world snake_case; both are understood. */
static const struct setting options[] = {
    {"model", NULL, read_string, SETTING_AT(model)},
    {"temperature", NULL, read_number, SETTING_AT(temperature)},
    {"topP", "top_p", read_number, SETTING_AT(top_p)},
    {"topK", "top_k", read_number, SETTING_AT(top_k)},
    {"frequencyPenalty", "frequency_penalty", read_number, SETTING_AT(frequency_penalty)},
    {"presencePenalty", "presence_penalty", read_number, SETTING_AT(presence_penalty)},
    {"seed", NULL, read_number, SETTING_AT(seed)},
    {"n", NULL, read_number, SETTING_AT(n)},
    {"maxTokens", "max_tokens", read_number, SETTING_AT(max_tokens)},
    {"maxOutputTokens", "max_output_tokens", read_number, SETTING_AT(max_tokens)},
    {"maxCompletionTokens", "max_completion_tokens", read_number, SETTING_AT(max_tokens)},
    {"user", NULL, read_string, SETTING_AT(user)},
    {"serviceTier", "service_tier", read_string, SETTING_AT(service_tier)},
    {"modalities", NULL, read_array, SETTING_AT(modalities)},
    {"preferInputFileType", "prefer_input_file_type", read_string,
     SETTING_AT(prefer_input_file_type)},
    {"cacheConfig", "cache_config", read_cache_config, SETTING_AT(cache_config)},
    {"stop", NULL, read_stop_setting, 0},
    {"stopSequences", "stop_sequences", read_stop_setting, 0},
    {"parallelToolCalls", "parallel_tool_calls", read_parallel_setting, 0},
    {"reasoningEffort", "reasoning_effort", read_effort_setting, 0},
};

int input_read_options(struct reading *r, struct json v)
{
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, "modelOptions", "an object", v);
    reading_at(r, "modelOptions", READING_ALL);
    int rc = read_settings(r, v, options, sizeof options / sizeof options[0]);
    reading_whole(r);
    return rc;
}
