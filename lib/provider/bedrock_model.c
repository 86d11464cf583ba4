/* Knows what the names of Bedrock's models tell about them; refuses to know requests. */
#include "provider/bedrock.h"

static bool has(struct slice name, const char *word)
{
    return slice_find(name, slice_text(word)) < name.n;
}

static bool has_one(struct slice name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has(name, words[i]))
            return true;
    }
    return false;
}

#define HAS_ONE(name, words) has_one((name), (words), sizeof(words) / sizeof((words)[0]))

/* "arn:aws:bedrock:...:application-inference-profile/x1y2": nobody can see which model it is. */
static bool is_hidden(struct slice name)
{
    return slice_starts(name, "arn:") && !has(name, "foundation-model/") &&
           !has(name, ":inference-profile/");
}

static struct bedrock_model claude_of(struct slice name)
{
    struct anthropic_model m = anthropic_model_of(name);
    return (struct bedrock_model){.claude = true,
                                  .any = true,
                                  .named = true,
                                  .schemas = m.version >= 405,
                                  .caches = m.version >= 305,
                                  .caches_tools = m.version >= 305,
                                  .caches_hour = m.version >= 405,
                                  .statuses = true,
                                  .thinks = BEDROCK_THINKS_CLAUDE,
                                  .top_k = "top_k"};
}

struct bedrock_model bedrock_model_of(struct slice name)
{
    /* These refuse a choice of tools other than "auto". */
    static const char *const automatic[] = {"meta.llama", "cohere.command", "ai21.", "writer."};
    static const char *const follow_schemas[] = {
        "openai.", "qwen.", "deepseek.v3", "google.gemma", "minimax.", "moonshot", "nvidia."};
    static const char *const told_by_word[] = {"openai.gpt-oss"};
    if (has(name, "anthropic.claude"))
        return claude_of(name);
    struct bedrock_model m = {.any = true, .named = true};
    if (has(name, "amazon.nova")) {
        m.nova = true;
        m.caches = true;
        m.statuses = true;
        m.thinks = has(name, "nova-2") ? BEDROCK_THINKS_NOVA : BEDROCK_THINKS_UNASKED;
    } else if (is_hidden(name)) {
        m.caches = true;
        m.caches_tools = true;
    } else if (HAS_ONE(name, automatic)) {
        m.any = false;
        m.named = false;
    } else {
        m.named = !has(name, "mistral.");
        m.top_k = has(name, "mistral.") ? "top_k" : NULL;
        m.schemas = HAS_ONE(name, follow_schemas);
        if (HAS_ONE(name, told_by_word))
            m.thinks = BEDROCK_THINKS_WORD;
    }
    return m;
}
