/* Knows which vendor a bare model name belongs to and who serves it; refuses to know who is set up. */
#include "hub/known.h"

static const struct {
    const char *name;
    const char *alias;
    bool keyless;
} names[] = {{"openai", NULL, false},     {"anthropic", NULL, false},  {"bedrock", NULL, false},
             {"deepseek", NULL, false},   {"google", "gemini", false}, {"ollama", NULL, true},
             {"openrouter", NULL, false}, {"xai", NULL, false},        {"doubao", NULL, false},
             {"poe", NULL, false},        {"ideogram", NULL, false},   {KNOWN_HUB, NULL, false},
             {KNOWN_BUILTIN, NULL, true}};
enum { NAMES = sizeof names / sizeof *names };

bool known_facts(struct slice name, struct hub_provider_facts *out)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (!slice_is_nocase(name, names[i].name) &&
            !(names[i].alias && slice_is_nocase(name, names[i].alias)))
            continue;
        *out = (struct hub_provider_facts){
            .name = slice_text(names[i].name), .keyless = names[i].keyless, .kinds = ~0u};
        return true;
    }
    return false;
}

void known_offer(struct nearest *n)
{
    for (size_t i = 0; i < NAMES; i++) {
        nearest_offer(n, names[i].name);
        if (names[i].alias)
            nearest_offer(n, names[i].alias);
    }
}

/* The dash after o1 and o3 keeps names of others out. */
static const struct vendor vendors[] = {
    {{"gemini", "imagen", "veo"}, "google", {"google", "openrouter", "poe"}},
    {{"gpt-", "o1-", "o3-", "dall-e-"}, "openai", {"openai", "openrouter", "poe"}},
    {{"text-embedding", "sora-"}, "openai", {"openai", "openrouter", "poe"}},
    {{"claude"}, "anthropic", {"anthropic", "bedrock", "openrouter", "poe"}},
    {{"deepseek"}, "deepseek", {"deepseek", "openrouter", "ollama"}},
    {{"grok"}, "xai", {"xai", "openrouter", "poe"}},
    {{"doubao"}, "doubao", {"doubao"}},
    {{"llama"}, "meta", {"bedrock", "openrouter", "ollama"}},
    {{"mistral", "mixtral"}, "mistral", {"bedrock", "openrouter", "ollama"}},
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

int provider_rank(struct slice provider)
{
    if (slice_is(provider, "bedrock"))
        return 2;
    if (slice_is(provider, "openrouter") || slice_is(provider, "poe"))
        return 3;
    return slice_is(provider, "ollama") ? 4 : 1;
}
