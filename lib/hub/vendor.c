/* Knows which vendor a bare model name belongs to and who serves it; refuses to know who is set up. */
#include "hub/known.h"

/* The dash after o1 and o3 keeps names of others out. */
static const struct vendor vendors[] = {
    /* Names as Bedrock writes them, some behind the part of the world that serves them. */
    {{"us.", "eu.", "apac.", "global."}, "amazon", {"bedrock"}},
    {{"amazon.", "anthropic.", "meta.", "mistral."}, "amazon", {"bedrock"}},
    {{"openai.", "deepseek.", "qwen.", "google."}, "amazon", {"bedrock"}},
    {{"cohere.", "ai21.", "stability.", "twelvelabs."}, "amazon", {"bedrock"}},
    {{"gemini", "imagen", "veo"}, "google", {"google", "openrouter", "poe"}},
    {{"gpt-", "o1-", "o3-", "dall-e-"}, "openai", {"openai", "openrouter", "poe"}},
    {{"text-embedding", "sora-", "tts-", "whisper"}, "openai", {"openai", "openrouter", "poe"}},
    {{"chatgpt-"}, "openai", {"openai", "openrouter", "poe"}},
    {{"ideogram"}, "ideogram", {"ideogram", "poe"}},
    {{"claude"}, "anthropic", {"anthropic", "bedrock", "openrouter", "poe"}},
    {{"deepseek"}, "deepseek", {"deepseek", "openrouter", "ollama"}},
    {{"grok"}, "xai", {"xai", "openrouter", "poe"}},
    {{"doubao"}, "doubao", {"doubao"}},
    {{"llama"}, "meta", {"bedrock", "openrouter", "ollama"}},
    {{"mistral", "mixtral"}, "mistral", {"mistral", "bedrock", "openrouter", "ollama"}},
    {{"qwen"}, "qwen", {"bedrock", "openrouter", "ollama"}},
    {{"gemma"}, "google", {"bedrock", "openrouter", "ollama"}},
    {{"yi"}, "yi", {"bedrock", "openrouter", "ollama"}},
    {{"phi"}, "microsoft", {"bedrock", "openrouter", "ollama"}}};

const struct vendor *vendor_of(struct slice model)
{
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
        for (size_t k = 0; k < 4 && vendors[i].starts[k]; k++)
            if (slice_starts_nocase(model, vendors[i].starts[k]))
                return &vendors[i];
    return NULL;
}

int provider_rank(struct slice type)
{
    if (slice_is(type, "bedrock"))
        return 2;
    if (slice_is(type, "openrouter") || slice_is(type, "poe"))
        return 3;
    return slice_is(type, "ollama") ? 4 : 1;
}
