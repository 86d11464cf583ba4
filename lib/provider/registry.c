/* Knows the providers by name and where they are; refuses to know how any of them is spoken to. */
#include "provider/adapters.h"
#include "provider/bedrock.h"
#include "provider/config.h"
#include "provider/gemini.h"
#include "provider/ollama.h"
#include "provider/openai.h"

/* Names are AIGNE's. A provider that speaks OpenAI's format is a row here and nothing else. */
static const struct provider_row rows[] = {
    {.name = "openai",
     .display_name = "OpenAI",
     .adapters = {[KIND_CHAT] = &adapter_openai,
                  [KIND_COUNT_TOKENS] = &adapter_openai_count,
                  [KIND_EMBEDDING] = &adapter_openai_embedding,
                  [KIND_IMAGE] = &adapter_openai_image,
                  [KIND_VIDEO] = &adapter_openai_video,
                  [KIND_SPEECH] = &adapter_openai_speech,
                  [KIND_TRANSCRIPTION] = &adapter_openai_transcription},
     .choose = openai_choose,
     .config = config_openai,
     .base_url = "https://api.openai.com/v1",
     .test_model = "gpt-4o-mini",
     .environment = "OPENAI_API_KEY",
     .quirks = OPENAI_REASONING_RULES | OPENAI_ANSWERS,
     .elsewhere = OPENAI_ELSEWHERE},
    {.name = "azure",
     .display_name = "Azure OpenAI",
     .adapters = {[KIND_CHAT] = &adapter_openai,
                  [KIND_EMBEDDING] = &adapter_openai_embedding,
                  [KIND_IMAGE] = &adapter_openai_image,
                  [KIND_VIDEO] = &adapter_openai_video,
                  [KIND_SPEECH] = &adapter_openai_speech,
                  [KIND_TRANSCRIPTION] = &adapter_openai_transcription},
     .choose = openai_choose,
     .config = config_openai,
     .environment = "AZURE_OPENAI_API_KEY",
     .quirks = OPENAI_REASONING_RULES | OPENAI_AZURE | OPENAI_ANSWERS,
     .placeless = true},
    {.name = "anthropic",
     .display_name = "Anthropic",
     .adapters =
         {[KIND_CHAT] = &adapter_anthropic, [KIND_COUNT_TOKENS] = &adapter_anthropic_count},
     .base_url = "https://api.anthropic.com",
     .test_model = "claude-haiku-4-5",
     .environment = "ANTHROPIC_API_KEY"},
    {.name = "google",
     .alias = "gemini",
     .display_name = "Google Gemini",
     .adapters = {[KIND_CHAT] = &adapter_gemini,
                  [KIND_EMBEDDING] = &adapter_gemini_embedding,
                  [KIND_IMAGE] = &adapter_gemini_image,
                  [KIND_VIDEO] = &adapter_gemini_video,
                  [KIND_SPEECH] = &adapter_gemini_speech,
                  [KIND_TRANSCRIPTION] = &adapter_gemini_transcription,
                  [KIND_COUNT_TOKENS] = &adapter_gemini_count},
     .choose = gemini_choose,
     .base_url = "https://generativelanguage.googleapis.com/v1beta",
     .test_model = "gemini-2.5-flash-lite",
     .environment = "GEMINI_API_KEY"},
    {.name = "bedrock",
     .display_name = "AWS Bedrock",
     .adapters = {[KIND_CHAT] = &adapter_bedrock,
                  [KIND_COUNT_TOKENS] = &adapter_bedrock_count,
                  [KIND_EMBEDDING] = &adapter_bedrock_embedding,
                  [KIND_IMAGE] = &adapter_bedrock_image},
     .choose = bedrock_choose,
     .base_url = "https://bedrock-runtime.{region}.amazonaws.com",
     .test_model = "global.amazon.nova-2-lite-v1:0",
     .environment = "AWS_BEARER_TOKEN_BEDROCK",
     .config = config_bedrock},
    {.name = "deepseek",
     .display_name = "DeepSeek",
     .adapters[KIND_CHAT] = &adapter_openai,
     .config = config_openai,
     .base_url = "https://api.deepseek.com",
     .test_model = "deepseek-v4-flash",
     .environment = "DEEPSEEK_API_KEY",
     .quirks = OPENAI_PLAIN_TEXT | OPENAI_NO_SCHEMA | OPENAI_THOUGHTS_BACK |
               OPENAI_THINKING_SWITCH | OPENAI_EFFORT_HIGH_MAX},
    {.name = "ollama",
     .display_name = "Ollama",
     .adapters = {[KIND_CHAT] = &adapter_ollama, [KIND_EMBEDDING] = &adapter_ollama_embedding},
     .choose = ollama_choose,
     .config = config_ollama,
     .base_url = "http://localhost:11434",
     .test_model = "llama3.2",
     .environment = "OLLAMA_API_KEY",
     .quirks = OPENAI_BASE_V1 | OPENAI_EFFORT_TO_HIGH,
     .keyless = true},
    {.name = "openrouter",
     .display_name = "OpenRouter",
     .adapters = {[KIND_CHAT] = &adapter_openai,
                  [KIND_EMBEDDING] = &adapter_openai_embedding,
                  [KIND_IMAGE] = &adapter_openrouter_image},
     .choose = responses_choose,
     .config = config_openai,
     .base_url = "https://openrouter.ai/api/v1",
     .test_model = "openai/gpt-4o-mini",
     .environment = "OPEN_ROUTER_API_KEY",
     .quirks = OPENAI_EFFORT_OBJECT | OPENAI_TOP_K | OPENAI_REASONING_DETAILS},
    {.name = "xai",
     .display_name = "xAI",
     .adapters = {[KIND_CHAT] = &adapter_openai,
                  [KIND_IMAGE] = &adapter_xai_image,
                  [KIND_VIDEO] = &adapter_xai_video},
     .choose = responses_choose,
     .config = config_openai,
     .base_url = "https://api.x.ai/v1",
     .test_model = "grok-4.3",
     .environment = "XAI_API_KEY",
     .quirks = OPENAI_GROK_RULES | OPENAI_EFFORT_TO_HIGH | OPENAI_ANSWERS},
    {.name = "doubao",
     .display_name = "Doubao",
     .adapters = {[KIND_CHAT] = &adapter_openai,
                  [KIND_EMBEDDING] = &adapter_openai_embedding,
                  [KIND_IMAGE] = &adapter_ark_image,
                  [KIND_VIDEO] = &adapter_ark_video},
     .choose = ark_choose,
     .config = config_openai,
     .base_url = "https://ark.cn-beijing.volces.com/api/v3",
     .test_model = "doubao-seed-1-6-flash-250828",
     .environment = "DOUBAO_API_KEY",
     .quirks = OPENAI_NO_SCHEMA | OPENAI_THOUGHTS_BACK | OPENAI_THINKING_SWITCH |
               OPENAI_EFFORT_TO_HIGH},
    {.name = "poe",
     .display_name = "Poe",
     .adapters[KIND_CHAT] = &adapter_openai,
     .choose = responses_choose,
     .config = config_openai,
     .base_url = "https://api.poe.com/v1",
     .test_model = "GPT-4o-mini",
     .environment = "POE_API_KEY",
     .quirks = OPENAI_ONE_TOOL_CALL},
    {.name = "groq",
     .display_name = "Groq",
     .adapters = {[KIND_CHAT] = &adapter_openai,
                  [KIND_SPEECH] = &adapter_openai_speech,
                  [KIND_TRANSCRIPTION] = &adapter_openai_transcription},
     .choose = responses_choose,
     .config = config_openai,
     .base_url = "https://api.groq.com/openai/v1",
     .test_model = "llama-3.1-8b-instant",
     .environment = "GROQ_API_KEY",
     .quirks = OPENAI_EFFORT_TO_HIGH | OPENAI_NO_NAMES | OPENAI_NO_LOGPROBS},
    {.name = "mistral",
     .display_name = "Mistral",
     .adapters = {[KIND_CHAT] = &adapter_openai, [KIND_EMBEDDING] = &adapter_openai_embedding},
     .config = config_openai,
     .base_url = "https://api.mistral.ai/v1",
     .test_model = "ministral-3b-latest",
     .environment = "MISTRAL_API_KEY",
     .quirks = OPENAI_NO_STREAM_OPTIONS | OPENAI_NO_NAMES | OPENAI_NO_USER | OPENAI_NO_EFFORT |
               OPENAI_RANDOM_SEED | OPENAI_SHORT_IDS | OPENAI_ANSWERS | OPENAI_NO_LOGPROBS},
    {.name = "ideogram",
     .display_name = "Ideogram",
     .adapters[KIND_IMAGE] = &adapter_ideogram,
     .base_url = "https://api.ideogram.ai",
     .environment = "IDEOGRAM_API_KEY"},
    {.name = "aignehub",
     .alias = "hub",
     .display_name = "AIGNE Hub",
     .adapters = {[KIND_CHAT] = &adapter_hub,
                  [KIND_EMBEDDING] = &adapter_hub_embedding,
                  [KIND_IMAGE] = &adapter_hub_image,
                  [KIND_VIDEO] = &adapter_hub_video,
                  [KIND_SPEECH] = &adapter_hub_speech,
                  [KIND_TRANSCRIPTION] = &adapter_hub_transcription},
     .base_url = "https://hub.aigne.io/",
     .test_model = "openai/gpt-5-mini",
     .environment = "AIGNE_HUB_API_KEY"},
    {.name = "echo",
     .display_name = "Echo",
     .adapters = {[KIND_CHAT] = &adapter_echo,
                  [KIND_EMBEDDING] = &adapter_echo_embedding,
                  [KIND_IMAGE] = &adapter_echo_image,
                  [KIND_VIDEO] = &adapter_echo_video,
                  [KIND_SPEECH] = &adapter_echo_speech,
                  [KIND_TRANSCRIPTION] = &adapter_echo_transcription},
     .test_model = "echo",
     .keyless = true},
};

/* Spellings of old settings files. */
static const struct {
    const char *spelling;
    const char *name;
} spellings[] = {{"aigne-hub", "aignehub"}, {"open_router", "openrouter"}};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const struct provider_row *provider_at(size_t index)
{
    return index < COUNT(rows) ? &rows[index] : NULL;
}

const struct provider_row *provider_find(struct slice name)
{
    struct slice wanted = name;
    for (size_t i = 0; i < COUNT(spellings); i++) {
        if (slice_is_nocase(name, spellings[i].spelling))
            wanted = slice_text(spellings[i].name);
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (slice_is_nocase(wanted, rows[i].name) ||
            (rows[i].alias && slice_is_nocase(wanted, rows[i].alias)))
            return &rows[i];
    }
    return NULL;
}

const struct adapter *provider_adapter(const struct provider_row *row, enum chat_kind kind,
                                       const struct chat_target *to, const char *format)
{
    const struct adapter *chosen = row->choose ? row->choose(kind, to, format) : NULL;
    if (!chosen)
        chosen = row->adapters[kind];
    return chosen == &adapter_openai && (to->quirks & OPENAI_RANDOM_SEED) ? &adapter_openai_told
                                                                          : chosen;
}

unsigned provider_kinds(const struct provider_row *row)
{
    unsigned kinds = 0;
    for (int i = 0; i < KINDS; i++)
        if (row->adapters[i])
            kinds |= KIND_BIT(i);
    return kinds;
}
