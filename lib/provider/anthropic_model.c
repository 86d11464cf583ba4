/* Knows what the names of Claude models tell about them; refuses to know requests. */
#include "provider/anthropic.h"

#define VERSION_UNKNOWN 9900 /* a name of a new kind */
#define VERSION_FOREIGN 404  /* no Claude: takes what was common before structured output */

static bool is_digit(struct slice s, size_t i)
{
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

/* The number of one or two digits at `*at`, which moves behind it; -1: none. Longer ones are dates. */
static int take_number(struct slice s, size_t *at)
{
    size_t n = 0;
    int value = 0;
    while (is_digit(s, *at + n)) {
        value = n < 2 ? value * 10 + (s.p[*at + n] - '0') : value;
        n++;
    }
    if (n < 1 || n > 2)
        return -1;
    *at += n;
    return value;
}

/* "claude-3-5-sonnet-20241022" is 305, "claude-opus-4-20250514" is 400, "claude-opus-4.7" is 407. */
static int version_of(struct slice name)
{
    size_t at = slice_find(name, SLICE("claude"));
    if (at == name.n)
        return VERSION_FOREIGN;
    for (; at < name.n; at++) {
        if (!is_digit(name, at))
            continue;
        int major = take_number(name, &at);
        if (major < 0)
            break;
        size_t behind = at + 1;
        bool joined = at < name.n && (name.p[at] == '-' || name.p[at] == '.');
        int minor = joined ? take_number(name, &behind) : -1;
        return major * 100 + (minor > 0 ? minor : 0);
    }
    return VERSION_UNKNOWN;
}

static int64_t largest_output_of(struct slice name, int version)
{
    if (version < 305)
        return 4096;
    if (version < 307)
        return 8192;
    bool opus4 = version < 405 && slice_find(name, SLICE("opus")) < name.n;
    return opus4 ? 32000 : 64000;
}

struct anthropic_model anthropic_model_of(struct slice name)
{
    int version = version_of(name);
    bool opus = slice_find(name, SLICE("opus")) < name.n;
    bool always_thinks =
        slice_find(name, SLICE("fable")) < name.n || slice_find(name, SLICE("mythos")) < name.n;
    return (struct anthropic_model){
        .version = version,
        .largest_output = largest_output_of(name, version),
        .samples = version < 407,
        .budgets = version >= 307 && version < 406,
        .adapts = version >= 406,
        .silent = version >= 406 && !always_thinks,
        .schemas = version >= 405 || (version == 401 && opus),
    };
}

const char *anthropic_effort(const struct anthropic_model *m, enum chat_effort effort)
{
    if (effort <= CHAT_EFFORT_MINIMAL)
        return "low";
    if (effort == CHAT_EFFORT_XHIGH && m->version < 407)
        return "high";
    return chat_effort_name(effort);
}
