/* Knows which of OpenAI's formats may pass a client's body on; refuses to know how any of them reads. */
#include "provider/openai.h"

#include "provider/adapters.h"

const struct adapter *openai_choose(enum chat_kind kind, const struct chat_target *to,
                                    const char *format)
{
    static const struct adapter *const others[] = {&adapter_openai_image_edit,
                                                   &adapter_openai_translation};
    (void)to;
    for (size_t i = 0; format && i < sizeof others / sizeof others[0]; i++) {
        if (others[i]->kind == kind && strcmp(others[i]->format, format) == 0)
            return others[i];
    }
    return NULL;
}
