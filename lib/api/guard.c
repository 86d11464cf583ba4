/* Knows what a broken rule looks like at the border; refuses to know what the functions do. */
#include "api/guard.h"

static const char *kind_name(enum handle_magic magic)
{
    static const struct {
        enum handle_magic magic;
        const char *name;
    } kinds[] = {
        {HANDLE_CONFIG, "an aigne_config"}, {HANDLE_MODEL, "an aigne_model"},
        {HANDLE_HUB, "an aigne_hub"},       {HANDLE_LOOP, "an aigne_loop"},
        {HANDLE_CALL, "an aigne_call"},     {HANDLE_REPLY, "an aigne_reply"},
        {HANDLE_ERROR, "an aigne_error"},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].magic == magic)
            return kinds[i].name;
    return "an object";
}

int guard_handle(const void *object, enum handle_magic magic, const char *function,
                 struct fault *why)
{
    unsigned word = 0;
    if (object)
        memcpy(&word, object, sizeof(word));
    if (word == (unsigned)magic)
        return AIGNE_OK;
    return fault_set(why, AIGNE_E_USAGE, "%s was called with %s that is not a live one.",
                     function, object ? kind_name(magic) : "NULL for an object");
}

int guard_pointer(const void *pointer, const char *function, const char *parameter,
                  struct fault *why)
{
    if (pointer)
        return AIGNE_OK;
    return fault_set(why, AIGNE_E_USAGE, "%s was called with NULL for \"%s\".", function,
                     parameter);
}

struct slice guard_text(const char *text, size_t len)
{
    if (!text)
        return SLICE_NONE;
    return len == AIGNE_Z ? slice_text(text) : slice_of(text, len);
}
