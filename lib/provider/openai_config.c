/* Knows by which words an operator says how a server departs from OpenAI's format; refuses to know what
 * follows from it. */
#include "provider/config.h"
#include "provider/openai.h"

/* Values of one member stand together. */
const struct config_member config_openai[] = {
    {.name = "noSchema", .set = OPENAI_NO_SCHEMA},
    {.name = "plainText", .set = OPENAI_PLAIN_TEXT},
    {.name = "oneToolCall", .set = OPENAI_ONE_TOOL_CALL},
    {.name = "topK", .set = OPENAI_TOP_K},
    {.name = "reasoningBack", .set = OPENAI_THOUGHTS_BACK},
    {.name = "api",
     .kind = CONFIG_CHOICE,
     .value = "chat",
     .set = OPENAI_API_CHAT,
     .clear = OPENAI_API_RESPONSES},
    {.name = "api",
     .kind = CONFIG_CHOICE,
     .value = "responses",
     .set = OPENAI_API_RESPONSES,
     .clear = OPENAI_API_CHAT},
    {.name = NULL},
};
