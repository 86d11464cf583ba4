/* Knows which of OpenAI's formats a call goes out in where there are several; refuses to know how any of
 * them reads. */
#include "provider/openai.h"

#include "provider/adapters.h"

static bool is_of(const struct adapter *a, const char *format)
{
    return format && strcmp(a->format, format) == 0;
}

/* The operator's word, then the client's own format, then what the model leaves. */
static const struct adapter *choose(const struct chat_target *to, const char *format,
                                    bool by_model)
{
    bool wanted = is_of(&adapter_openai_responses, format) || by_model;
    if (to->quirks & OPENAI_API_RESPONSES || (wanted && !(to->quirks & OPENAI_API_CHAT)))
        return &adapter_openai_responses;
    return NULL;
}

const struct adapter *responses_choose(enum chat_kind kind, const struct chat_target *to,
                                       const char *format)
{
    return kind == KIND_CHAT ? choose(to, format, false) : NULL;
}

/* Under a name of the operator's own it is a server that imitates OpenAI: what it has beside chats, only
 * he knows. */
static const struct adapter *choose_chat(const struct chat_target *to, const char *format)
{
    bool original = !(to->quirks & OPENAI_ELSEWHERE);
    return choose(to, original ? format : NULL, original && openai_model_wants_responses(to));
}

const struct adapter *openai_choose(enum chat_kind kind, const struct chat_target *to,
                                    const char *format)
{
    static const struct adapter *const others[] = {&adapter_openai_image_edit,
                                                   &adapter_openai_translation};
    if (kind == KIND_CHAT)
        return choose_chat(to, format);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i]->kind == kind && is_of(others[i], format))
            return others[i];
    }
    return NULL;
}
