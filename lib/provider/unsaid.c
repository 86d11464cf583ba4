/* Knows where in a request each member stands that some formats have no words for; refuses to know which
 * formats those are. */
#include "provider/unsaid.h"
#include "chat/trimmed.h"
#include <stddef.h>

static bool has_effort(const struct chat_request *r)
{
    return r->effort != CHAT_EFFORT_UNSET || r->reasoning_budget >= 0;
}

static bool has_parallel(const struct chat_request *r)
{
    return r->tool_count > 0 && r->parallel_tool_calls == CHAT_NO;
}

static bool has_strict(const struct chat_request *r)
{
    for (size_t i = 0; i < r->tool_count; i++)
        if (r->tools[i].strict == CHAT_YES)
            return true;
    return false;
}

static bool has_name(const struct chat_request *r)
{
    for (size_t i = 0; i < r->message_count; i++)
        if (r->messages[i].role != CHAT_TOOL && r->messages[i].name.n)
            return true;
    return false;
}

static bool any_part(const struct chat_request *r, bool (*is)(const struct chat_part *p))
{
    for (size_t i = 0; i < r->message_count; i++)
        for (size_t k = 0; k < r->messages[i].part_count; k++)
            if (is(&r->messages[i].parts[k]))
                return true;
    return false;
}

static bool is_marked(const struct chat_part *p)
{
    return p->cache != CHAT_CACHE_NONE;
}

static bool has_cache(const struct chat_request *r)
{
    for (size_t i = 0; i < r->tool_count; i++)
        if (r->tools[i].cache != CHAT_CACHE_NONE)
            return true;
    return any_part(r, is_marked);
}

static bool is_detailed(const struct chat_part *p)
{
    return p->detail.n > 0;
}

static bool has_detail(const struct chat_request *r)
{
    return any_part(r, is_detailed);
}

static bool is_thinking(const struct chat_part *p)
{
    return p->kind == CHAT_THINKING;
}

static bool has_thinking(const struct chat_request *r)
{
    return any_part(r, is_thinking);
}

static bool is_redacted(const struct chat_part *p)
{
    return p->kind == CHAT_REDACTED;
}

static bool has_redacted(const struct chat_request *r)
{
    return any_part(r, is_redacted);
}

static bool is_signed_call(const struct chat_part *p)
{
    return p->kind == CHAT_TOOL_CALL && p->signature.n > 0;
}

static bool has_signature(const struct chat_request *r)
{
    return any_part(r, is_signed_call);
}

/* Names are OpenAI's where it has one. */
static const struct {
    unsigned member;
    const char *name;
    size_t offset; /* of a slice of the request */
} settings[] = {
    {UNSAID_TEMPERATURE, "temperature", offsetof(struct chat_request, temperature)},
    {UNSAID_TOP_P, "top_p", offsetof(struct chat_request, top_p)},
    {UNSAID_TOP_K, "top_k", offsetof(struct chat_request, top_k)},
    {UNSAID_FREQUENCY_PENALTY, "frequency_penalty",
     offsetof(struct chat_request, frequency_penalty)},
    {UNSAID_PRESENCE_PENALTY, "presence_penalty",
     offsetof(struct chat_request, presence_penalty)},
    {UNSAID_SEED, "seed", offsetof(struct chat_request, seed)},
    {UNSAID_USER, "user", offsetof(struct chat_request, user)},
    {UNSAID_SERVICE_TIER, "service_tier", offsetof(struct chat_request, service_tier)},
};

static const struct {
    unsigned member;
    const char *name;
    bool (*is_there)(const struct chat_request *r);
} others[] = {{UNSAID_STRICT, "strict", has_strict},
              {UNSAID_NAME, "name", has_name},
              {UNSAID_CACHE, "cache_control", has_cache},
              {UNSAID_DETAIL, "detail", has_detail},
              {UNSAID_THINKING, "thinking", has_thinking},
              {UNSAID_REDACTED, "redacted_thinking", has_redacted},
              {UNSAID_SIGNATURE, "thought_signature", has_signature},
              {UNSAID_EFFORT, "reasoning_effort", has_effort}};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool has_setting(const struct chat_request *r, size_t offset)
{
    return ((const struct slice *)(const void *)((const char *)r + offset))->n > 0;
}

void unsaid_note(const struct chat_request *r, const struct chat_target *to, unsigned members)
{
    if ((members & UNSAID_PARALLEL) && has_parallel(r) && to->trims)
        *to->trims |= TRIM_CALLS;
    if (!to->dropped)
        return;
    for (size_t i = 0; i < COUNT(settings); i++)
        if ((members & settings[i].member) && has_setting(r, settings[i].offset))
            dropped_note(to->dropped, settings[i].name);
    for (size_t i = 0; i < COUNT(others); i++)
        if ((members & others[i].member) && others[i].is_there(r))
            dropped_note(to->dropped, others[i].name);
}

static bool is_said(struct slice name, const char *const *said, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(name, said[i]))
            return true;
    return false;
}

void unsaid_note_extras(const struct chat_request *r, const struct chat_target *to,
                        const char *const *said, size_t count)
{
    for (size_t i = 0; i < r->extra_count; i++)
        if (!is_said(r->extras[i].name, said, count))
            dropped_note_stranger(to->dropped, r->extras[i].name);
}
