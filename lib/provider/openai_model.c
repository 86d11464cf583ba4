/* Knows what the names of models tell about the parameters they refuse; refuses to know requests. */
#include "provider/openai.h"

/* The name behind a vendor's prefix: "openai/gpt-5" is "gpt-5". */
static struct slice own_name(const struct chat_target *to)
{
    struct slice name = to->model;
    struct slice vendor;
    while (slice_cut(name, '/', &vendor, &name)) {
    }
    return name;
}

static bool is_digit(struct slice s, size_t i)
{
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

static bool is_o_series(struct slice name)
{
    return name.n > 1 && name.p[0] == 'o' && is_digit(name, 1);
}

/* The minor version of "gpt-5.2-codex" is 2, of "gpt-5-mini" 0, of anything else -1. */
static int gpt5_minor(struct slice name)
{
    if (!slice_starts(name, "gpt-5"))
        return -1;
    if (name.n > 6 && name.p[5] == '.' && is_digit(name, 6))
        return name.p[6] - '0';
    return 0;
}

bool openai_model_reasons(const struct chat_target *to)
{
    if (to->quirks & OPENAI_REASONS)
        return true;
    struct slice name = own_name(to);
    if (slice_starts(name, "gpt-5-chat") || slice_starts(name, "gpt-5.3-chat"))
        return false;
    return is_o_series(name) || gpt5_minor(name) >= 0 || slice_starts(name, "codex-") ||
           slice_starts(name, "computer-use-");
}

static bool has(struct slice name, const char *word)
{
    return slice_find(name, slice_text(word)) < name.n;
}

/* OpenAI gives the models of these families no chat completions. */
bool openai_model_wants_responses(const struct chat_target *to)
{
    struct slice name = own_name(to);
    return has(name, "codex") || has(name, "deep-research") ||
           has(name, "computer-use-preview") || slice_ends(name, "-pro") || has(name, "-pro-2");
}

/* The families that know fewer efforts than their generation; NULL: it is none of them. */
static const char *narrow_effort(struct slice name, int minor, enum chat_effort effort)
{
    if (has(name, "deep-research"))
        return "medium";
    if (has(name, "-pro") && minor == 0)
        return "high";
    if (has(name, "-pro") && minor > 0 && effort < CHAT_EFFORT_MEDIUM)
        return "medium";
    return has(name, "codex") && effort <= CHAT_EFFORT_MINIMAL ? "low" : NULL;
}

bool openai_refuses_sampling(const struct chat_target *to)
{
    return (to->quirks & OPENAI_REASONING_RULES) && openai_model_reasons(to);
}

/* The nearest effort that OpenAI's model takes; NULL: it takes none. */
static const char *openai_effort(const struct chat_target *to, enum chat_effort effort)
{
    struct slice name = own_name(to);
    int minor = gpt5_minor(name);
    if (!openai_model_reasons(to))
        return NULL;
    const char *narrow = narrow_effort(name, minor, effort);
    if (narrow)
        return narrow;
    if (effort >= CHAT_EFFORT_XHIGH)
        return minor < 2 ? "high" : effort == CHAT_EFFORT_MAX && minor >= 6 ? "max" : "xhigh";
    if (effort <= CHAT_EFFORT_MINIMAL) {
        if (minor < 0)
            return "low";
        if (minor == 0)
            return "minimal";
        return effort == CHAT_EFFORT_NONE ? "none" : "low";
    }
    return chat_effort_name(effort);
}

static void write_effort_object(struct wire *w, enum chat_effort effort)
{
    json_member_object(&w->json, "reasoning");
    if (w->request->reasoning_budget > 0 && w->request->effort == CHAT_EFFORT_UNSET)
        json_member_int(&w->json, "max_tokens", w->request->reasoning_budget);
    else
        json_member_text(&w->json, "effort", chat_effort_name(effort));
    json_close_object(&w->json);
}

void openai_write_switch(struct wire *w, bool on)
{
    json_member_object(&w->json, "thinking");
    json_member_text(&w->json, "type", on ? "enabled" : "disabled");
    json_close_object(&w->json);
}

static const char *bounded_effort(unsigned quirks, enum chat_effort effort)
{
    if (quirks & OPENAI_EFFORT_HIGH_MAX)
        return effort >= CHAT_EFFORT_XHIGH ? "max" : "high";
    if (!(quirks & OPENAI_EFFORT_TO_HIGH))
        return chat_effort_name(effort);
    if (effort > CHAT_EFFORT_HIGH)
        return "high";
    return effort == CHAT_EFFORT_MINIMAL ? "low" : chat_effort_name(effort);
}

static bool refuses_effort(const struct chat_target *to)
{
    struct slice name = own_name(to);
    return (to->quirks & OPENAI_GROK_RULES) && slice_starts(name, "grok-4") &&
           !slice_starts(name, "grok-4.");
}

const char *openai_effort_name(const struct chat_target *to, enum chat_effort effort)
{
    unsigned quirks = to->quirks;
    if (effort == CHAT_EFFORT_UNSET || (quirks & OPENAI_NO_EFFORT) || refuses_effort(to))
        return NULL;
    if (!(quirks & OPENAI_REASONING_RULES))
        return bounded_effort(quirks, effort);
    const char *name = openai_effort(to, effort);
    return name || !(quirks & OPENAI_ELSEWHERE)
               ? name
               : bounded_effort(quirks | OPENAI_EFFORT_TO_HIGH, effort);
}

void openai_write_effort(struct wire *w)
{
    unsigned quirks = w->to->quirks;
    enum chat_effort effort = wire_effort(w->request);
    const char *name = openai_effort_name(w->to, effort);
    if (!name)
        return;
    if (quirks & OPENAI_EFFORT_OBJECT) {
        write_effort_object(w, effort);
        return;
    }
    if (quirks & OPENAI_THINKING_SWITCH)
        openai_write_switch(w, effort != CHAT_EFFORT_NONE);
    if (effort != CHAT_EFFORT_NONE || !(quirks & OPENAI_THINKING_SWITCH))
        json_member_text(&w->json, "reasoning_effort", name);
}
