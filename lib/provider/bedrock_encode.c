/* Knows how a chat is asked for by Bedrock's Converse; refuses to know how turns look inside, and where it
 * goes. */
#include "base/buf.h"
#include "base/mem.h"
#include "provider/bedrock.h"
#include "provider/unsaid.h"
#include <aignehub/aignehub.h>

#define STOPS_LARGEST 4

/* Members of its own that other formats do not know; what they hold goes on as it is. */
static const char *const own_members[] = {"guardrailConfig",
                                          "performanceConfig",
                                          "additionalModelResponseFieldPaths",
                                          "promptVariables",
                                          "requestMetadata",
                                          "serviceTier",
                                          "additionalModelRequestFields",
                                          "metadata"};
#define OWN_MEMBERS (sizeof(own_members) / sizeof(own_members[0]))
#define RAW_MEMBERS 4 /* the first of them need no second look */

static bool wants_json(const struct chat_request *r)
{
    return r->format == CHAT_FORMAT_JSON || r->format == CHAT_FORMAT_SCHEMA;
}

/* ---- parameters that all models have ---- */

/* Claude thinks or samples, and its newest do not sample at all; a Nova that thinks does not either. */
static bool samples(const struct bedrock *b, const struct anthropic_thinking *t)
{
    bool nova_thinks = b->model.thinks == BEDROCK_THINKS_NOVA &&
                       wire_effort(b->x.w.request) > CHAT_EFFORT_NONE;
    return b->model.claude ? b->x.model.samples && !t->on : !nova_thinks;
}

static bool writes_top_p(const struct bedrock *b, const struct anthropic_thinking *t)
{
    bool beside =
        !b->x.w.request->temperature.p || !b->model.claude || b->x.model.version < 401;
    return samples(b, t) && beside;
}

static int write_inference(struct bedrock *b, const struct anthropic_thinking *t)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_request *r = b->x.w.request;
    int64_t largest = 0;
    int rc = anthropic_max_tokens(&b->x, t, &largest);
    if (rc < 0)
        return rc;
    json_member_object(j, "inferenceConfig");
    if (r->max_tokens.p || b->model.claude)
        json_member_int(j, "maxTokens", largest);
    if (r->temperature.p && samples(b, t))
        json_member_raw(j, "temperature", anthropic_temperature(r->temperature));
    if (r->top_p.p && writes_top_p(b, t))
        json_member_raw(j, "topP", r->top_p);
    rc = wire_stops(&b->x.w, "stopSequences", false, STOPS_LARGEST);
    json_close_object(j);
    return rc;
}

/* ---- parameters of single families ---- */

static void write_claude_thinking(struct bedrock *b, const struct anthropic_thinking *t)
{
    struct json_writer *j = &b->x.w.json;
    if (!t->on && !t->off)
        return;
    json_member_object(j, "thinking");
    json_member_text(j, "type", t->off ? "disabled" : t->budget ? "enabled" : "adaptive");
    if (t->on && t->budget)
        json_member_int(j, "budget_tokens", t->budget);
    if (t->on && !b->x.model.samples) /* these say nothing of it unless asked */
        json_member_text(j, "display", "summarized");
    json_close_object(j);
}

static const char *three_efforts(enum chat_effort effort)
{
    return effort <= CHAT_EFFORT_LOW ? "low" : effort == CHAT_EFFORT_MEDIUM ? "medium" : "high";
}

/* With high effort a Nova takes no limit of its answer; the caller's limit is the stronger wish. */
static void write_nova_thinking(struct bedrock *b, enum chat_effort effort)
{
    struct json_writer *j = &b->x.w.json;
    const char *word = three_efforts(effort);
    if (b->x.w.request->max_tokens.p && effort > CHAT_EFFORT_MEDIUM)
        word = "medium";
    json_member_object(j, "reasoningConfig");
    json_member_text(j, "type", effort == CHAT_EFFORT_NONE ? "disabled" : "enabled");
    if (effort != CHAT_EFFORT_NONE)
        json_member_text(j, "maxReasoningEffort", word);
    json_close_object(j);
}

static void write_top_k(struct bedrock *b)
{
    struct json_writer *j = &b->x.w.json;
    if (b->model.nova) {
        json_member_object(j, "inferenceConfig");
        json_member_raw(j, "topK", b->x.w.request->top_k);
        json_close_object(j);
    } else if (b->model.top_k) {
        json_member_raw(j, b->model.top_k, b->x.w.request->top_k);
    }
}

/* One call at a time: Converse has no word for it, but Claude has. */
static bool writes_one_call(const struct bedrock *b)
{
    const struct chat_request *r = b->x.w.request;
    return b->model.claude && r->parallel_tool_calls == CHAT_NO && r->tool_count &&
           !b->x.json_tool && r->tool_choice <= CHAT_TOOLS_AUTO;
}

/* What the caller wrote there himself comes last, so that it counts. */
static void write_additional(struct bedrock *b, const struct anthropic_thinking *t)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_request *r = b->x.w.request;
    const struct chat_extra *own = wire_extra(r, "additionalModelRequestFields");
    enum chat_effort effort = wire_effort(r);
    size_t before = b->x.w.body.n;
    bool comma = j->comma;
    json_member_object(j, "additionalModelRequestFields");
    size_t empty = b->x.w.body.n;
    if (b->model.thinks == BEDROCK_THINKS_CLAUDE)
        write_claude_thinking(b, t);
    else if (b->model.thinks == BEDROCK_THINKS_NOVA && effort != CHAT_EFFORT_UNSET)
        write_nova_thinking(b, effort);
    else if (b->model.thinks == BEDROCK_THINKS_WORD && effort > CHAT_EFFORT_NONE)
        json_member_text(j, "reasoning_effort", three_efforts(effort));
    if (r->top_k.p && samples(b, t))
        write_top_k(b);
    if (writes_one_call(b))
        json_member_raw(j, "tool_choice",
                        SLICE("{\"type\":\"auto\",\"disable_parallel_tool_use\":true}"));
    struct json_walk walk = json_walk(json_of(own ? own->value : SLICE("{}")));
    while (walk.in_object && json_next(&walk)) {
        json_write_raw(j, SLICE("\""));
        buf_put_slice(&b->x.w.body, walk.key);
        BUF_LITERAL(&b->x.w.body, "\":");
        buf_put_slice(&b->x.w.body, walk.value.raw);
    }
    bool filled = b->x.w.body.n > empty;
    json_close_object(j);
    if (!filled && buf_rc(&b->x.w.body) == AIGNE_OK) {
        b->x.w.body.n = before;
        j->comma = comma;
    }
}

/* ---- the rest ---- */

static void write_output(struct bedrock *b, const struct anthropic_thinking *t)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_request *r = b->x.w.request;
    bool schema = wants_json(r) && !b->x.json_tool;
    bool effort = b->model.claude && t->effort;
    if (!schema && !effort)
        return;
    json_member_object(j, "outputConfig");
    if (schema) {
        json_member_object(j, "textFormat");
        json_member_text(j, "type", "json_schema");
        json_member_object(j, "structure");
        json_member_object(j, "jsonSchema");
        json_member_string(j, "schema", r->schema); /* as a text */
        if (r->schema_name.n)
            json_member_string(j, "name",
                               name_to_wire(&bedrock_names, r->schema_name, b->x.w.arena));
        if (r->schema_description.n)
            json_member_string(j, "description", r->schema_description);
        json_close_object(j);
        json_close_object(j);
        json_close_object(j);
    }
    if (effort)
        json_member_text(j, "effort", t->effort);
    json_close_object(j);
}

static bool is_tier(struct slice tier)
{
    return slice_is(tier, "default") || slice_is(tier, "flex") || slice_is(tier, "priority") ||
           slice_is(tier, "reserved");
}

static void write_tier(struct bedrock *b)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_extra *own = wire_extra(b->x.w.request, "serviceTier");
    if (own) {
        json_member_raw(j, "serviceTier", own->value);
    } else if (is_tier(b->x.w.request->service_tier)) {
        json_member_object(j, "serviceTier");
        json_member_string(j, "type", b->x.w.request->service_tier);
        json_close_object(j);
    }
}

#define LABEL_LONGEST  256
#define LABELS_LARGEST 16

/* What may be a key or a value among the metadata of a request. */
static bool is_label(struct slice s)
{
    static const char also[] = " :_@$#=/+,-.";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (!c || !strchr(also, c)))
            return false;
    }
    return s.p && s.n <= LABEL_LONGEST;
}

/* OpenAI's `metadata` and `user` become the metadata of the request; what does not fit is noted. */
static void write_metadata(struct bedrock *b)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_request *r = b->x.w.request;
    const struct chat_extra *own = wire_extra(r, "requestMetadata");
    const struct chat_extra *labels = wire_extra(r, "metadata");
    if (own) {
        json_member_raw(j, "requestMetadata", own->value);
        return;
    }
    bool user = r->user.n && is_label(r->user);
    if (!user && !labels)
        return;
    size_t count = user;
    json_member_object(j, "requestMetadata");
    if (user)
        json_member_string(j, "user", r->user);
    struct json_walk walk = json_walk(json_of(labels ? labels->value : SLICE("{}")));
    while (walk.in_object && json_next(&walk)) {
        struct slice value = json_string(walk.value, b->x.w.arena);
        bool fits = !walk.key_escaped && walk.key.n && is_label(walk.key) && is_label(value) &&
                    !(user && slice_is(walk.key, "user"));
        if (fits && count++ < LABELS_LARGEST) {
            json_key_slice(j, walk.key);
            json_write_string(j, value);
        } else {
            dropped_note(b->x.w.to->dropped, "metadata");
        }
    }
    json_close_object(j);
}

static void note_unsaid(const struct bedrock *b, const struct anthropic_thinking *t)
{
    const struct chat_request *r = b->x.w.request;
    unsigned unsaid =
        UNSAID_PENALTIES | UNSAID_SEED | UNSAID_NAME | UNSAID_DETAIL | UNSAID_SIGNATURE;
    unsaid |= samples(b, t) ? 0 : UNSAID_TEMPERATURE | UNSAID_TOP_P | UNSAID_TOP_K;
    unsaid |= writes_top_p(b, t) ? 0 : UNSAID_TOP_P;
    unsaid |= b->model.top_k || b->model.nova ? 0 : UNSAID_TOP_K;
    unsaid |=
        is_tier(r->service_tier) || slice_is(r->service_tier, "auto") ? 0 : UNSAID_SERVICE_TIER;
    unsaid |= is_label(r->user) ? 0 : UNSAID_USER;
    unsaid |= writes_one_call(b) || b->x.json_tool ? 0 : UNSAID_PARALLEL;
    unsaid |= b->model.schemas ? 0 : UNSAID_STRICT;
    unsaid |= b->model.caches ? 0 : UNSAID_CACHE;
    unsaid |= b->model.thinks == BEDROCK_THINKS_UNASKED ? UNSAID_EFFORT : 0;
    unsaid_note(r, b->x.w.to, unsaid);
    anthropic_note_thoughts(r, b->x.w.to);
    unsaid_note_extras(r, b->x.w.to, own_members, OWN_MEMBERS);
}

static void write_parameters(struct bedrock *b, const struct anthropic_thinking *t)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_request *r = b->x.w.request;
    write_additional(b, t);
    write_output(b, t);
    write_tier(b);
    write_metadata(b);
    for (size_t i = 0; i < RAW_MEMBERS; i++) {
        const struct chat_extra *extra = wire_extra(r, own_members[i]);
        if (extra)
            json_member_raw(j, own_members[i], extra->value);
    }
    note_unsaid(b, t);
}

int bedrock_write_conversation(struct bedrock *b)
{
    int rc = bedrock_write_system(b);
    if (rc == AIGNE_OK)
        rc = bedrock_write_messages(b);
    return rc == AIGNE_OK ? bedrock_write_tools(b) : rc;
}

static int write_body(struct bedrock *b)
{
    struct anthropic_thinking t = {0};
    if (b->model.claude)
        t = anthropic_thinking_of(&b->x);
    json_open_object(&b->x.w.json);
    int rc = bedrock_write_conversation(b);
    if (rc == AIGNE_OK)
        rc = write_inference(b, &t);
    if (rc == AIGNE_OK)
        write_parameters(b, &t);
    json_close_object(&b->x.w.json);
    return rc;
}

int bedrock_begin(struct bedrock *b, const struct chat_request *r, const struct chat_target *to,
                  struct arena *a, struct fault *why)
{
    *b = (struct bedrock){.model = bedrock_model_of(to->model)};
    b->x.model = anthropic_model_of(to->model);
    map_init(&b->documents);
    map_init(&b->called);
    wire_begin(&b->x.w, r, to, a, why);
    b->x.json_tool = wants_json(r) && !(r->format == CHAT_FORMAT_SCHEMA && b->model.schemas &&
                                        anthropic_schema_fits(r->schema, a));
    int rc = wire_show_files(&b->x.w);
    anthropic_plan_cache(&b->x);
    return rc;
}

void bedrock_close(struct bedrock *b)
{
    wire_close(&b->x.w);
    map_free(&b->documents);
    map_free(&b->called);
}

int bedrock_encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                   struct http_request *out, struct fault *why)
{
    *out = (struct http_request){0};
    int rc = anthropic_refuse_extras(r, why);
    if (rc < 0)
        return rc;
    struct bedrock b AUTO(bedrock_close);
    rc = bedrock_begin(&b, r, to, a, why);
    if (rc == AIGNE_OK)
        rc = write_body(&b);
    if (rc < 0)
        return rc;
    return bedrock_post(&b.x.w, r->stream ? "converse-stream" : "converse", out);
}
