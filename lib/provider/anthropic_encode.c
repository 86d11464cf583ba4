/* Knows how a chat is asked for in Anthropic's format; refuses to know how turns look inside. */
#include "base/mem.h"
#include "provider/anthropic.h"
#include "provider/unsaid.h"
#include <aignehub/aignehub.h>

#define BUDGET_SMALLEST ((int64_t)1024)

const struct name_rule anthropic_names = {.longest = 128, .also = "-"};

static bool wants_json(const struct chat_request *r)
{
    return r->format == CHAT_FORMAT_JSON || r->format == CHAT_FORMAT_SCHEMA;
}

static int write_tool(struct anthropic *x, const struct chat_tool *tool, enum chat_cache cache)
{
    struct json_writer *j = &x->w.json;
    struct slice name = name_to_wire(&anthropic_names, tool->name, x->w.arena);
    if (!name.p)
        return fault_nomem(x->w.why);
    json_open_object(j);
    json_member_string(j, "name", name);
    json_member_string_opt(j, "description", tool->description);
    wire_schema(&x->w, "input_schema", tool->parameters);
    if (tool->strict == CHAT_YES && x->model.schemas &&
        anthropic_schema_fits(tool->parameters, x->w.arena))
        json_member_bool(j, "strict", true);
    anthropic_write_cache(x, cache);
    json_close_object(j);
    return AIGNE_OK;
}

static void write_json_tool(struct anthropic *x)
{
    struct json_writer *j = &x->w.json;
    const struct chat_request *r = x->w.request;
    json_open_object(j);
    json_member_text(j, "name", WIRE_JSON_TOOL);
    json_member_string(j, "description",
                       r->schema_description.n
                           ? r->schema_description
                           : SLICE("Gives the answer as JSON. Call it once, with the answer."));
    if (r->schema.p)
        wire_schema(&x->w, "input_schema", r->schema);
    else
        json_member_raw(j, "input_schema",
                        SLICE("{\"type\":\"object\",\"additionalProperties\":true}"));
    json_close_object(j);
}

static int write_tools(struct anthropic *x)
{
    const struct chat_request *r = x->w.request;
    if (!r->tool_count && !x->json_tool)
        return AIGNE_OK;
    int rc = name_check_tools(&anthropic_names, r, x->w.arena, x->w.why);
    json_member_array(&x->w.json, "tools");
    for (size_t i = 0; i < r->tool_count && rc == AIGNE_OK; i++) {
        enum chat_cache own = r->tools[i].cache;
        bool last = i + 1 == r->tool_count;
        rc = write_tool(x, &r->tools[i], own == CHAT_CACHE_NONE && last ? x->tools : own);
    }
    if (x->json_tool)
        write_json_tool(x);
    json_close_array(&x->w.json);
    return rc;
}

enum chat_tool_choice anthropic_choice(const struct anthropic *x)
{
    const struct chat_request *r = x->w.request;
    if (!x->json_tool)
        return r->tool_choice;
    if (r->tool_choice == CHAT_TOOLS_NAMED)
        return CHAT_TOOLS_NAMED;
    return r->tool_count && r->tool_choice != CHAT_TOOLS_NONE ? CHAT_TOOLS_REQUIRED
                                                              : CHAT_TOOLS_NAMED;
}

static int write_tool_choice(struct anthropic *x)
{
    static const char *const words[] = {[CHAT_TOOLS_UNSET] = "auto",
                                        [CHAT_TOOLS_AUTO] = "auto",
                                        [CHAT_TOOLS_NONE] = "none",
                                        [CHAT_TOOLS_REQUIRED] = "any",
                                        [CHAT_TOOLS_NAMED] = "tool"};
    struct json_writer *j = &x->w.json;
    const struct chat_request *r = x->w.request;
    enum chat_tool_choice choice = anthropic_choice(x);
    bool named_by_caller = r->tool_choice == CHAT_TOOLS_NAMED;
    bool json_alone = choice == CHAT_TOOLS_NAMED && !named_by_caller;
    bool one = json_alone || (r->parallel_tool_calls == CHAT_NO && choice != CHAT_TOOLS_NONE);
    if ((!r->tool_count && !x->json_tool) || (choice == CHAT_TOOLS_UNSET && !one))
        return AIGNE_OK;
    struct slice name = named_by_caller
                            ? name_to_wire(&anthropic_names, r->tool_choice_name, x->w.arena)
                            : SLICE(WIRE_JSON_TOOL);
    if (!name.p)
        return fault_nomem(x->w.why);
    json_member_object(j, "tool_choice");
    json_member_text(j, "type", words[choice]);
    if (choice == CHAT_TOOLS_NAMED)
        json_member_string(j, "name", name);
    if (one)
        json_member_bool(j, "disable_parallel_tool_use", true);
    json_close_object(j);
    return AIGNE_OK;
}

/* In the middle of a tool loop the reasoning that led to the call must be there, signed. */
static bool loop_without_thoughts(const struct chat_request *r)
{
    size_t i = r->message_count;
    if (!i || r->messages[i - 1].role != CHAT_TOOL)
        return false;
    while (i > 0 && r->messages[i - 1].role != CHAT_ASSISTANT)
        i--;
    for (size_t k = 0; i > 0 && k < r->messages[i - 1].part_count; k++) {
        if (anthropic_sealed(&r->messages[i - 1], &r->messages[i - 1].parts[k]))
            return false;
    }
    return true;
}

struct anthropic_thinking anthropic_thinking_of(const struct anthropic *x)
{
    const struct chat_request *r = x->w.request;
    struct anthropic_thinking t = {0};
    enum chat_effort effort = wire_effort(r);
    enum chat_tool_choice choice = anthropic_choice(x);
    /* A demand for a tool and thinking exclude each other; the demand is the stronger wish. */
    bool forced = choice == CHAT_TOOLS_REQUIRED || choice == CHAT_TOOLS_NAMED;
    if (effort == CHAT_EFFORT_UNSET)
        return t;
    t.off = effort == CHAT_EFFORT_NONE && x->model.silent;
    if (effort == CHAT_EFFORT_NONE)
        return t;
    if (x->model.adapts) {
        t.on = !forced;
        t.effort = anthropic_effort(&x->model, effort);
    } else if (x->model.budgets && !forced && !loop_without_thoughts(r)) {
        int64_t room = x->model.largest_output - BUDGET_SMALLEST;
        int64_t asked =
            r->reasoning_budget > 0 ? r->reasoning_budget : chat_budget_of_effort(effort);
        t.on = true;
        t.budget = asked > room ? room : asked < BUDGET_SMALLEST ? BUDGET_SMALLEST : asked;
    }
    return t;
}

int anthropic_max_tokens(const struct anthropic *x, const struct anthropic_thinking *t,
                         int64_t *out)
{
    const struct chat_request *r = x->w.request;
    int64_t largest = x->model.largest_output;
    if (r->max_tokens.p && (!wire_int(r->max_tokens, &largest) || largest < 0))
        return fault_field(x->w.why, AIGNE_E_REQUEST, "max_tokens",
                           "max_tokens must be a whole number.");
    if (largest <= t->budget) {
        largest += t->budget;
        largest = largest < x->model.largest_output ? largest : x->model.largest_output;
    }
    *out = largest;
    return AIGNE_OK;
}

static void write_thinking(struct anthropic *x, const struct anthropic_thinking *t)
{
    struct json_writer *j = &x->w.json;
    if (!t->on && !t->off)
        return;
    json_member_object(j, "thinking");
    json_member_text(j, "type", t->off ? "disabled" : t->budget ? "enabled" : "adaptive");
    if (t->on && t->budget)
        json_member_int(j, "budget_tokens", t->budget);
    if (t->on && !x->model.samples) /* these say nothing of it unless asked */
        json_member_text(j, "display", "summarized");
    json_close_object(j);
}

static void write_output_config(struct anthropic *x, const struct anthropic_thinking *t)
{
    struct json_writer *j = &x->w.json;
    bool schema = wants_json(x->w.request) && !x->json_tool;
    if (!t->effort && !schema)
        return;
    json_member_object(j, "output_config");
    if (t->effort)
        json_member_text(j, "effort", t->effort);
    if (schema) {
        json_member_object(j, "format");
        json_member_text(j, "type", "json_schema");
        json_member_raw(j, "schema", x->w.request->schema);
        json_close_object(j);
    }
    json_close_object(j);
}

/* "1.3" begins with 1 and has a digit other than 0. */
static bool above_one(struct slice number)
{
    int64_t whole = 0;
    struct slice head;
    struct slice tail;
    if (wire_int(number, &whole))
        return whole > 1;
    if (!slice_cut(number, '.', &head, &tail))
        return false;
    return slice_int64(head, &whole) && whole >= 1;
}

struct slice anthropic_temperature(struct slice number)
{
    return above_one(number) ? SLICE("1") : number;
}

static void write_sampling(struct anthropic *x, const struct anthropic_thinking *t)
{
    struct json_writer *j = &x->w.json;
    const struct chat_request *r = x->w.request;
    if (!x->model.samples || t->on)
        return;
    if (r->temperature.p)
        json_member_raw(j, "temperature", anthropic_temperature(r->temperature));
    /* From 4.1 on the two are refused together. */
    if (!r->temperature.p || x->model.version < 401)
        json_member_raw_opt(j, "top_p", r->top_p);
    json_member_raw_opt(j, "top_k", r->top_k);
}

/* Members of its own that other formats do not know. */
static const char *const own_members[] = {"container", "context_management", "inference_geo",
                                          "mcp_servers", "speed"};
#define OWN_MEMBERS (sizeof(own_members) / sizeof(own_members[0]))

static void write_rest(struct anthropic *x)
{
    struct json_writer *j = &x->w.json;
    const struct chat_request *r = x->w.request;
    if (r->user.n) {
        json_member_object(j, "metadata");
        json_member_string(j, "user_id", r->user);
        json_close_object(j);
    }
    if (slice_is(r->service_tier, "auto"))
        json_member_text(j, "service_tier", "auto");
    else if (slice_is(r->service_tier, "default") || slice_is(r->service_tier, "standard_only"))
        json_member_text(j, "service_tier", "standard_only");
    for (size_t i = 0; i < OWN_MEMBERS; i++) {
        const struct chat_extra *extra = wire_extra(r, own_members[i]);
        if (extra && !wire_foreign(extra, "anthropic.messages", x->w.to))
            json_member_raw(j, own_members[i], extra->value);
    }
    if (r->stream)
        json_member_bool(j, "stream", true);
}

/* What it has no words for, or this model refuses. */
static void note_unsaid(const struct anthropic *x, const struct anthropic_thinking *t)
{
    const struct chat_request *r = x->w.request;
    bool samples = x->model.samples && !t->on;
    bool tier_known = slice_is(r->service_tier, "auto") ||
                      slice_is(r->service_tier, "default") ||
                      slice_is(r->service_tier, "standard_only");
    unsigned unsaid =
        UNSAID_PENALTIES | UNSAID_SEED | UNSAID_NAME | UNSAID_DETAIL | UNSAID_SIGNATURE;
    unsaid |= samples ? 0 : UNSAID_TEMPERATURE | UNSAID_TOP_P | UNSAID_TOP_K;
    unsaid |= r->temperature.p && x->model.version >= 401 ? UNSAID_TOP_P : 0;
    unsaid |= tier_known ? 0 : UNSAID_SERVICE_TIER;
    unsaid_note(r, x->w.to, unsaid);
    anthropic_note_thoughts(r, x->w.to);
    unsaid_note_extras(r, x->w.to, own_members, OWN_MEMBERS);
}

/* What counts as the prompt. */
static int write_prompt(struct anthropic *x)
{
    int rc = write_tools(x);
    if (rc == AIGNE_OK)
        rc = write_tool_choice(x);
    if (rc == AIGNE_OK)
        rc = anthropic_write_system(x);
    return rc < 0 ? rc : anthropic_write_messages(x);
}

static int write_body(struct anthropic *x, bool counting)
{
    struct json_writer *j = &x->w.json;
    struct anthropic_thinking t = anthropic_thinking_of(x);
    json_open_object(j);
    json_member_string(j, "model", x->w.to->model);
    int64_t largest = 0;
    int rc = anthropic_max_tokens(x, &t, &largest);
    if (!counting)
        json_member_int(j, "max_tokens", largest);
    if (rc == AIGNE_OK)
        rc = write_prompt(x);
    if (rc < 0)
        return rc;
    if (!counting) {
        write_sampling(x, &t);
        rc = wire_stops(&x->w, "stop_sequences", false, SIZE_MAX);
    }
    write_thinking(x, &t);
    write_output_config(x, &t);
    if (!counting) {
        write_rest(x);
        note_unsaid(x, &t);
    }
    json_close_object(j);
    return rc;
}

int anthropic_refuse_extras(const struct chat_request *r, struct fault *why)
{
    int rc = wire_refuse_foreign(r, why);
    if (rc == AIGNE_OK)
        rc = wire_refuse_modalities(r, why);
    if (rc == AIGNE_OK)
        rc = wire_refuse_logprobs(r, why);
    return rc < 0 ? rc : wire_refuse_choices(r, why);
}

static void wire_close_of(struct anthropic *x)
{
    wire_close(&x->w);
}

static int encode(const struct chat_request *r, const struct chat_target *to, bool counting,
                  struct arena *a, struct http_request *out, struct fault *why)
{
    *out = (struct http_request){0};
    int rc = anthropic_refuse_extras(r, why);
    if (rc < 0)
        return rc;
    struct anthropic x AUTO(wire_close_of);
    x = (struct anthropic){.model = anthropic_model_of(to->model)};
    wire_begin(&x.w, r, to, a, why);
    x.json_tool = wants_json(r) && !(r->format == CHAT_FORMAT_SCHEMA && x.model.schemas &&
                                     anthropic_schema_fits(r->schema, a));
    rc = wire_show_files(&x.w);
    anthropic_plan_cache(&x);
    if (rc == AIGNE_OK)
        rc = write_body(&x, counting);
    if (rc == AIGNE_OK)
        rc = anthropic_headers(to, SLICE(""), out, why);
    struct slice path = counting ? SLICE(ANTHROPIC_COUNT_PATH) : SLICE(ANTHROPIC_PATH);
    struct slice url = anthropic_url(to, path, SLICE(""), a);
    return rc < 0 ? rc : wire_post(&x.w, url, out);
}

int anthropic_encode(const struct chat_request *r, const struct chat_target *to,
                     struct arena *a, struct http_request *out, struct fault *why)
{
    return encode(r, to, false, a, out, why);
}

int anthropic_encode_count(const struct chat_request *r, const struct chat_target *to,
                           struct arena *a, struct http_request *out, struct fault *why)
{
    return encode(r, to, true, a, out, why);
}
