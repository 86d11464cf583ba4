/* Knows what the names of Gemini models tell about them; refuses to know requests. */
#include "provider/gemini.h"

#define VERSION_UNKNOWN 205 /* "gemini-flash-latest": what 2.5 takes, its successors take too */

static bool is_digit(struct slice s, size_t i)
{
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

static bool has(struct slice name, const char *word)
{
    return slice_find(name, slice_text(word)) < name.n;
}

/* "gemini-3.1-pro" is 301. */
static int version_of(struct slice name)
{
    struct slice family = SLICE("gemini-");
    size_t at = slice_find(name, family) + family.n;
    if (!is_digit(name, at))
        return VERSION_UNKNOWN;
    int version = (name.p[at] - '0') * 100;
    if (at + 2 < name.n && name.p[at + 1] == '.' && is_digit(name, at + 2))
        version += name.p[at + 2] - '0';
    return version;
}

struct gemini_model gemini_model_of(struct slice name)
{
    int version = version_of(name);
    bool other = has(name, "image") || has(name, "tts") || has(name, "audio") ||
                 has(name, "embedding") || !has(name, "gemini");
    bool pro = has(name, "pro");
    bool lite = has(name, "lite");
    return (struct gemini_model){
        .version = version,
        .thinks = version >= 205 && !other,
        .levels = version >= 300,
        .pro = pro,
        .json_and_tools = version >= 300,
        .call_ids = version >= 300,
        .signatures = version >= 300,
        .budget_smallest = pro    ? 128
                           : lite ? 512
                                  : 0,
        .budget_largest = pro ? 32768 : 24576,
    };
}

const char *gemini_level(const struct gemini_model *m, enum chat_effort effort)
{
    if (effort <= CHAT_EFFORT_MINIMAL)
        return m->pro ? "LOW" : "MINIMAL";
    if (effort == CHAT_EFFORT_LOW)
        return "LOW";
    bool two_levels = m->pro && m->version == 300;
    return effort == CHAT_EFFORT_MEDIUM && !two_levels ? "MEDIUM" : "HIGH";
}
