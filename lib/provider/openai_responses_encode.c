/* Knows how settings and tools are said to OpenAI's Responses; refuses to know how the input looks. */
#include "base/mem.h"
#include "provider/openai_responses.h"
#include "provider/unsaid.h"
#include <aignehub/aignehub.h>

#define COUNT(table)        (sizeof(table) / sizeof((table)[0]))
#define OUTPUT_TOKENS_LEAST 16

static bool reasons(const struct chat_target *to)
{
    return openai_model_reasons(to);
}

/* ---- text ---- */

static int write_text(struct wire *w)
{
    const struct chat_request *r = w->request;
    const struct chat_extra *verbosity = wire_extra(r, "verbosity");
    bool structured = r->format == CHAT_FORMAT_JSON || r->format == CHAT_FORMAT_SCHEMA;
    int rc = AIGNE_OK;
    if (!structured && !verbosity)
        return AIGNE_OK;
    json_member_object(&w->json, "text");
    if (structured) {
        json_member_object(&w->json, "format");
        if (r->format == CHAT_FORMAT_SCHEMA)
            rc = openai_write_schema(w, NULL);
        else
            json_member_text(&w->json, "type", "json_object");
        json_close_object(&w->json);
    }
    if (verbosity)
        json_member_raw(&w->json, "verbosity", verbosity->value);
    json_close_object(&w->json);
    return rc;
}

/* ---- settings ---- */

/* A summary is asked for only where thoughts are wanted: not every account may have one. */
static void write_reasoning(struct wire *w)
{
    const struct chat_request *r = w->request;
    enum chat_effort asked = wire_effort(r);
    const char *effort = openai_effort_name(w->to, asked);
    bool readable =
        r->thoughts == CHAT_YES || (r->thoughts == CHAT_UNSET && r->reasoning_budget > 0);
    bool summary = readable && (reasons(w->to) || !(w->to->quirks & OPENAI_REASONING_RULES));
    if (effort && (w->to->quirks & OPENAI_THINKING_SWITCH)) {
        openai_write_switch(w, asked != CHAT_EFFORT_NONE);
        effort = asked == CHAT_EFFORT_NONE ? NULL : effort;
    }
    if (!effort && !summary)
        return;
    json_member_object(&w->json, "reasoning");
    if (effort)
        json_member_text(&w->json, "effort", effort);
    if (summary)
        json_member_text(&w->json, "summary", "auto");
    json_close_object(&w->json);
}

static bool logprobs_wanted(const struct wire *w)
{
    const struct chat_extra *extra = wire_extra(w->request, "logprobs");
    bool wanted = false;
    return extra && json_bool(json_of(extra->value), &wanted) && wanted;
}

/* Reasoning is asked for sealed, so that the next turn can bring it back; models that do not reason
 * refuse to be asked. */
static void write_include(struct wire *w)
{
    bool grok = (w->to->quirks & OPENAI_GROK_RULES) && slice_starts(w->to->model, "grok-4");
    bool sealed = reasons(w->to) || grok;
    bool logprobs = logprobs_wanted(w) && !reasons(w->to);
    if (!sealed && !logprobs)
        return;
    json_member_array(&w->json, "include");
    if (sealed)
        json_write_text(&w->json, "reasoning.encrypted_content");
    if (logprobs)
        json_write_text(&w->json, "message.output_text.logprobs");
    json_close_array(&w->json);
    const struct chat_extra *top = wire_extra(w->request, "top_logprobs");
    if (logprobs && top)
        json_member_raw(&w->json, "top_logprobs", top->value);
}

static void write_max_tokens(struct wire *w)
{
    struct slice most = w->request->max_tokens;
    int64_t count = 0;
    if (wire_int(most, &count) && count > 0 && count < OUTPUT_TOKENS_LEAST) {
        dropped_note(w->to->dropped, "max_tokens");
        json_member_int(&w->json, "max_output_tokens", OUTPUT_TOKENS_LEAST);
        return;
    }
    json_member_raw_opt(&w->json, "max_output_tokens", most);
}

static void write_sampling(struct wire *w)
{
    const struct chat_request *r = w->request;
    if (reasons(w->to))
        return;
    json_member_raw_opt(&w->json, "temperature", r->temperature);
    json_member_raw_opt(&w->json, "top_p", r->top_p);
}

/* What it has no words for, or this model refuses. */
static void note_unsaid(const struct wire *w)
{
    unsigned unsaid = UNSAID_TOP_K | UNSAID_PENALTIES | UNSAID_SEED | UNSAID_CACHE |
                      UNSAID_SIGNATURE | UNSAID_NAME;
    unsaid |= reasons(w->to) ? UNSAID_TEMPERATURE | UNSAID_TOP_P : 0;
    unsaid_note(w->request, w->to, unsaid);
}

/* ---- the others ---- */

enum fate { IS_SAID, IS_DROPPED, IS_REFUSED };

static const struct member {
    const char *name;
    enum fate fate;
} members[] = {
    {"verbosity", IS_SAID},
    {"logprobs", IS_SAID},
    {"top_logprobs", IS_SAID},
    {"store", IS_SAID},
    {"include", IS_SAID},
    {"model", IS_SAID},
    {"input", IS_SAID},
    {"instructions", IS_SAID},
    {"messages", IS_SAID},
    {"tools", IS_SAID},
    {"tool_choice", IS_SAID},
    {"parallel_tool_calls", IS_SAID},
    {"stream", IS_SAID},
    {"text", IS_SAID},
    {"reasoning", IS_SAID},
    {"temperature", IS_SAID},
    {"top_p", IS_SAID},
    {"max_output_tokens", IS_SAID},
    {"user", IS_SAID},
    {"service_tier", IS_SAID},
    {"preferInputFileType", IS_SAID},
    {"cacheConfig", IS_SAID},
    {"logit_bias", IS_DROPPED},
    {"prediction", IS_DROPPED},
    {"web_search_options", IS_REFUSED},
    {"audio", IS_REFUSED},
};

static const struct member *member_named(struct slice name)
{
    for (size_t i = 0; i < COUNT(members); i++) {
        if (slice_is(name, members[i].name))
            return &members[i];
    }
    return NULL;
}

/* Members this library does not know go on as they are. */
static int write_extras(struct wire *w)
{
    const struct chat_request *r = w->request;
    for (size_t i = 0; i < r->extra_count; i++) {
        const struct member *known = member_named(r->extras[i].name);
        if (wire_foreign(&r->extras[i], "openai.responses", w->to))
            continue;
        if (!known) {
            json_key_slice(&w->json, r->extras[i].name);
            json_write_raw(&w->json, r->extras[i].value);
        } else if (known->fate == IS_DROPPED) {
            dropped_note(w->to->dropped, known->name);
        } else if (known->fate == IS_REFUSED) {
            return fault_field(w->why, AIGNE_E_REQUEST, known->name,
                               "%s cannot be said to this model's provider.", known->name);
        }
    }
    return AIGNE_OK;
}

/* What counts as the prompt. */
static int write_prompt(struct wire *w)
{
    json_member_string(&w->json, "model", w->to->model);
    int rc = responses_write_input(w);
    if (rc == AIGNE_OK)
        rc = openai_write_tools(w, NULL);
    if (rc == AIGNE_OK)
        rc = write_text(w);
    if (rc == AIGNE_OK)
        write_reasoning(w);
    return rc;
}

static int write_body(struct wire *w)
{
    json_open_object(&w->json);
    int rc = write_prompt(w);
    if (rc < 0)
        return rc;
    write_include(w);
    write_max_tokens(w);
    write_sampling(w);
    openai_write_user(w);
    note_unsaid(w);
    rc = write_extras(w);
    if (rc == AIGNE_OK)
        rc = wire_stops(w, "stop", true, 0);
    json_member_bool(&w->json, "store", false);
    if (w->request->stream)
        json_member_bool(&w->json, "stream", true);
    json_close_object(&w->json);
    return rc;
}

int responses_encode(const struct chat_request *r, const struct chat_target *to,
                     struct arena *a, struct http_request *out, struct fault *why)
{
    struct wire w AUTO(wire_close);
    wire_begin(&w, r, to, a, why);
    *out = (struct http_request){0};
    int rc = wire_refuse_choices(r, why);
    if (rc == AIGNE_OK)
        rc = wire_refuse_modalities(r, why);
    if (rc == AIGNE_OK && reasons(to))
        rc = wire_refuse_logprobs(r, why);
    if (rc == AIGNE_OK)
        rc = wire_show_files(&w);
    if (rc == AIGNE_OK)
        rc = write_body(&w);
    if (rc == AIGNE_OK)
        rc = wire_post(&w, openai_url(to, SLICE("responses"), a), out);
    return rc == AIGNE_OK ? openai_headers(to, a, out, why) : rc;
}

int responses_encode_count(const struct chat_request *r, const struct chat_target *to,
                           struct arena *a, struct http_request *out, struct fault *why)
{
    struct wire w AUTO(wire_close);
    wire_begin(&w, r, to, a, why);
    *out = (struct http_request){0};
    int rc = wire_show_files(&w);
    json_open_object(&w.json);
    if (rc == AIGNE_OK)
        rc = write_prompt(&w);
    json_close_object(&w.json);
    if (rc == AIGNE_OK)
        rc = wire_post(&w, openai_url(to, SLICE("responses/input_tokens"), a), out);
    return rc == AIGNE_OK ? openai_headers(to, a, out, why) : rc;
}
