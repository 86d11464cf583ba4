/* Knows by which words an operator says how a server departs from OpenAI's format; refuses to know what
 * follows from it. */
#include "provider/config.h"
#include "provider/openai.h"

#define EFFORTS                                                                                \
    (OPENAI_NO_EFFORT | OPENAI_EFFORT_OBJECT | OPENAI_THINKING_SWITCH | OPENAI_EFFORT_HIGH_MAX)
#define LIMITS (OPENAI_MAX_TOKENS | OPENAI_MAX_COMPLETION)
#define BACK   (OPENAI_THOUGHTS_BACK | OPENAI_REASONING | OPENAI_REASONING_DETAILS)
#define APIS   (OPENAI_API_CHAT | OPENAI_API_RESPONSES)

#define FLAG(name_of, quirk)                                                                   \
    {                                                                                          \
        .name = name_of, .kind = CONFIG_FLAG, .set = quirk                                     \
    }
#define CHOICE(name_of, value_of, of, quirk)                                                   \
    {                                                                                          \
        .name = name_of, .kind = CONFIG_CHOICE, .value = value_of, .set = quirk, .clear = of   \
    }

/* Values of one member stand together. doc/guide/operator.md says what each is for. */
const struct config_member config_openai[] = {
    CHOICE("api", "chat", APIS, OPENAI_API_CHAT),
    CHOICE("api", "responses", APIS, OPENAI_API_RESPONSES),
    CHOICE("maxTokensField", "max_tokens", LIMITS, OPENAI_MAX_TOKENS),
    CHOICE("maxTokensField", "max_completion_tokens", LIMITS, OPENAI_MAX_COMPLETION),
    CHOICE("reasoningBack", "none", BACK, 0),
    CHOICE("reasoningBack", "reasoning_content", BACK, OPENAI_THOUGHTS_BACK),
    CHOICE("reasoningBack", "reasoning", BACK, OPENAI_THOUGHTS_BACK | OPENAI_REASONING),
    CHOICE("reasoningBack", "reasoning_details", BACK, OPENAI_REASONING_DETAILS),
    CHOICE("reasoningEffort", "none", EFFORTS, OPENAI_NO_EFFORT),
    CHOICE("reasoningEffort", "reasoning_effort", EFFORTS, 0),
    CHOICE("reasoningEffort", "reasoning", EFFORTS, OPENAI_EFFORT_OBJECT),
    CHOICE("reasoningEffort", "thinking", EFFORTS, OPENAI_THINKING_SWITCH),
    FLAG("reasoningModels", OPENAI_REASONS | OPENAI_REASONING_RULES),
    FLAG("noSchema", OPENAI_NO_SCHEMA),
    FLAG("noStrict", OPENAI_NO_STRICT),
    FLAG("noStreamOptions", OPENAI_NO_STREAM_OPTIONS),
    FLAG("noParallelToolCalls", OPENAI_NO_PARALLEL),
    FLAG("oneToolCall", OPENAI_ONE_TOOL_CALL),
    FLAG("noLogprobs", OPENAI_NO_LOGPROBS),
    FLAG("noNames", OPENAI_NO_NAMES),
    FLAG("noUser", OPENAI_NO_USER),
    FLAG("plainText", OPENAI_PLAIN_TEXT),
    FLAG("randomSeed", OPENAI_RANDOM_SEED),
    FLAG("shortCallIds", OPENAI_SHORT_IDS),
    FLAG("topK", OPENAI_TOP_K),
    {.name = "apiVersion", .kind = CONFIG_TEXT, .only = OPENAI_AZURE},
    {.name = NULL},
};
