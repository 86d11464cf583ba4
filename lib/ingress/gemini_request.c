/* gemini_request.c - knows the settings and tools of a Gemini request; refuses to know what its contents
 * hold. */
#include "ingress/gemini.h"

#include "base/mem.h"
#include "ingress/body.h"
#include <aignehub/aignehub.h>

int google_keep_own(struct reading *r, const char *name, struct json v)
{
    struct chat_request *out = r->build.request;
    if (!json_present(v))
        return AIGNE_OK;
    if (chat_add_extra(&r->build, slice_text(name), v.raw))
        return reading_nomem(r);
    out->extras[out->extra_count - 1].format = "gemini.generate";
    return AIGNE_OK;
}

/* ---- tools ---- */

static int read_function(struct reading *r, struct json f)
{
    static const char *const names[] = {"name", "description", "parameters",
                                        "parametersJsonSchema"};
    struct json v[4];
    if (f.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", f);
    google_pick(f, names, 4, v);
    struct chat_tool *t = chat_add_tool(&r->build);
    if (!t)
        return reading_nomem(r);
    int rc = read_tool_name(r, names[0], v[0], &t->name);
    if (!rc)
        rc = read_string(r, names[1], v[1], &t->description);
    if (!rc)
        rc = google_read_schema(r, names[2], v[2], &t->parameters);
    return rc ? rc : read_object(r, names[3], v[3], &t->parameters);
}

static int read_functions(struct reading *r, size_t tool, struct json list)
{
    struct google_list l = google_list(list);
    for (size_t i = 0; google_next(&l); i++) {
        if (r->build.request->tool_count >= CHAT_TOOLS_LARGEST)
            return reading_too_many(r, "tools", CHAT_TOOLS_LARGEST, "functions");
        reading_at(r, "tools", tool);
        reading_inside(r, "functionDeclarations", i);
        int rc = read_function(r, l.value);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

/* Whatever else it is, it is done by Google. */
static int read_tool(struct reading *r, size_t index, struct json tool)
{
    reading_at(r, "tools", index);
    if (tool.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", tool);
    struct json_walk w = json_walk(tool);
    while (json_next(&w)) {
        int rc = AIGNE_OK;
        reading_at(r, "tools", index);
        if (google_key_is(&w, "functionDeclarations"))
            rc = read_functions(r, index, w.value);
        else if (json_present(w.value))
            rc = reading_refuse(r, "",
                                "holds \"%.*s\", a tool that this model's provider "
                                "does not have",
                                (int)(w.key.n < 40 ? w.key.n : 40), w.key.p);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

/* Others can be told to call one of them, or are told of these alone. */
static int read_allowed(struct reading *r, struct json list)
{
    static const char member[] = "toolConfig.functionCallingConfig.allowedFunctionNames";
    struct chat_request *out = r->build.request;
    size_t count = 0;
    if (json_count(list) > CHAT_TOOLS_LARGEST)
        return reading_too_many(r, member, CHAT_TOOLS_LARGEST, "names");
    if (json_count(list) == 1 && out->tool_choice == CHAT_TOOLS_REQUIRED) {
        struct google_list l = google_list(list);
        (void)google_next(&l);
        out->tool_choice = CHAT_TOOLS_NAMED;
        return read_needed_string(r, member, l.value, &out->tool_choice_name);
    }
    /* What stands there instead of a list is a list of one. */
    struct slice *names = arena_array(r->arena, json_count(list) + 1, sizeof *names);
    struct google_list l = google_list(list);
    while (names && google_next(&l))
        names[count++] = json_string(l.value, r->arena);
    if (r->arena->failed)
        return reading_nomem(r);
    return chat_keep_tools(out, names, count)
               ? AIGNE_OK
               : reading_refuse(r, member, "names none of the functions");
}

static int read_choice(struct reading *r, struct json config)
{
    static const struct {
        const char *name;
        enum chat_tool_choice choice;
    } modes[] = {{"MODE_UNSPECIFIED", CHAT_TOOLS_UNSET},
                 {"AUTO", CHAT_TOOLS_AUTO},
                 {"VALIDATED", CHAT_TOOLS_AUTO},
                 {"NONE", CHAT_TOOLS_NONE},
                 {"ANY", CHAT_TOOLS_REQUIRED}};
    static const char *const names[] = {"mode", "allowedFunctionNames"};
    struct json v[2];
    bool known = false;
    google_pick(config, names, 2, v);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0] && json_present(v[0]); i++) {
        if (!google_enum_is(v[0], modes[i].name))
            continue;
        known = true;
        r->build.request->tool_choice = modes[i].choice;
    }
    if (json_present(v[0]) && !known)
        return reading_refuse(r, "toolConfig.functionCallingConfig.mode",
                              "must be AUTO, ANY, NONE or VALIDATED");
    return json_count(v[1]) ? read_allowed(r, v[1]) : AIGNE_OK;
}

int google_read_tools(struct reading *r, struct json tools, struct json config)
{
    struct google_list l = google_list(tools);
    for (size_t i = 0; google_next(&l); i++) {
        int rc = read_tool(r, i, l.value);
        if (rc)
            return rc;
    }
    reading_whole(r);
    int rc = google_keep_own(r, "retrievalConfig", google_get(config, "retrievalConfig"));
    return rc ? rc : read_choice(r, google_get(config, "functionCallingConfig"));
}

/* ---- generationConfig ---- */

#define MEMBER(name) "generationConfig." name

static int read_stops(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    return read_stop(r, member, v);
}

static int read_mime(struct reading *r, const char *member, struct json v, struct slice *to)
{
    struct chat_request *out = r->build.request;
    (void)to;
    if (google_enum_is(v, "application/json")) {
        if (out->format != CHAT_FORMAT_SCHEMA)
            out->format = CHAT_FORMAT_JSON;
        return AIGNE_OK;
    }
    if (v.kind == JSON_STRING && (google_enum_is(v, "text/plain") || google_enum_is(v, "")))
        return AIGNE_OK;
    return reading_refuse(r, member,
                          "must be text/plain or application/json for this model's provider");
}

static void set_schema(struct reading *r)
{
    r->build.request->format = CHAT_FORMAT_SCHEMA;
    r->build.request->schema_name = SLICE("response");
}

static int read_own_schema(struct reading *r, const char *member, struct json v,
                           struct slice *to)
{
    set_schema(r);
    return google_read_schema(r, member, v, to);
}

static int read_json_schema(struct reading *r, const char *member, struct json v,
                            struct slice *to)
{
    set_schema(r);
    return read_object(r, member, v, to);
}

static int read_modalities(struct reading *r, const char *member, struct json v,
                           struct slice *to)
{
    struct google_list l = google_list(v);
    bool image = false;
    while (google_next(&l)) {
        if (google_enum_is(l.value, "IMAGE"))
            image = true;
        else if (!google_enum_is(l.value, "TEXT") &&
                 !google_enum_is(l.value, "MODALITY_UNSPECIFIED"))
            return reading_refuse(r, member,
                                  "may hold TEXT and IMAGE for this model's provider");
    }
    if (image)
        *to = SLICE("[\"text\",\"image\"]");
    return AIGNE_OK;
}

static int read_level(struct reading *r, struct json v)
{
    static const struct {
        const char *name;
        enum chat_effort effort;
    } levels[] = {{"MINIMAL", CHAT_EFFORT_MINIMAL},
                  {"LOW", CHAT_EFFORT_LOW},
                  {"MEDIUM", CHAT_EFFORT_MEDIUM},
                  {"HIGH", CHAT_EFFORT_HIGH},
                  {"THINKING_LEVEL_UNSPECIFIED", CHAT_EFFORT_UNSET}};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (google_enum_is(v, levels[i].name)) {
            r->build.request->effort = levels[i].effort;
            return AIGNE_OK;
        }
    }
    return reading_refuse(r, MEMBER("thinkingConfig.thinkingLevel"),
                          "must be MINIMAL, LOW, MEDIUM or HIGH");
}

/* A budget of -1 leaves it to the model. */
static int read_budget(struct reading *r, struct json v)
{
    static const char member[] = MEMBER("thinkingConfig.thinkingBudget");
    struct chat_request *out = r->build.request;
    struct slice number = SLICE_NONE;
    int64_t budget = 0;
    int rc = google_read_number(r, member, v, &number);
    if (rc)
        return rc;
    if (!json_int64(json_of(number), &budget) || budget < -1)
        return reading_refuse(r, member, "must be a whole number, -1 or more");
    if (budget < 0)
        return AIGNE_OK;
    out->reasoning_budget = budget;
    out->effort = chat_effort_of_budget(budget);
    return AIGNE_OK;
}

static int read_thinking(struct reading *r, const char *member, struct json v, struct slice *to)
{
    static const char *const names[] = {"thinkingBudget", "thinkingLevel", "includeThoughts"};
    struct json m[3];
    (void)to;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object", v);
    google_pick(v, names, 3, m);
    int rc = read_bool(r, MEMBER("thinkingConfig.includeThoughts"), m[2],
                       &r->build.request->thoughts);
    if (!rc && json_present(m[0]))
        rc = read_budget(r, m[0]);
    return rc || !json_present(m[1]) ? rc : read_level(r, m[1]);
}

/* They are asked for by OpenAI's names where they are known at all. */
static int read_logprobs(struct reading *r, const char *member, struct json v, struct slice *to)
{
    enum chat_choice wanted = CHAT_UNSET;
    (void)to;
    int rc = read_bool(r, member, v, &wanted);
    if (rc || wanted != CHAT_YES)
        return rc;
    return chat_add_extra(&r->build, SLICE("logprobs"), SLICE("true")) ? reading_nomem(r)
                                                                       : AIGNE_OK;
}

static int read_top_logprobs(struct reading *r, const char *member, struct json v,
                             struct slice *to)
{
    struct slice number = SLICE_NONE;
    (void)to;
    int rc = google_read_number(r, member, v, &number);
    if (rc)
        return rc;
    return chat_add_extra(&r->build, SLICE("top_logprobs"), number) ? reading_nomem(r)
                                                                    : AIGNE_OK;
}

static const struct {
    const char *name;
    const char *path;
    int (*read)(struct reading *r, const char *member, struct json v, struct slice *to);
    size_t offset;
} settings[] = {
    {"temperature", MEMBER("temperature"), google_read_number, SETTING_AT(temperature)},
    {"topP", MEMBER("topP"), google_read_number, SETTING_AT(top_p)},
    {"topK", MEMBER("topK"), google_read_number, SETTING_AT(top_k)},
    {"maxOutputTokens", MEMBER("maxOutputTokens"), google_read_number, SETTING_AT(max_tokens)},
    {"presencePenalty", MEMBER("presencePenalty"), google_read_number,
     SETTING_AT(presence_penalty)},
    {"frequencyPenalty", MEMBER("frequencyPenalty"), google_read_number,
     SETTING_AT(frequency_penalty)},
    {"seed", MEMBER("seed"), google_read_number, SETTING_AT(seed)},
    {"candidateCount", MEMBER("candidateCount"), google_read_number, SETTING_AT(n)},
    {"stopSequences", MEMBER("stopSequences"), read_stops, 0},
    {"responseMimeType", MEMBER("responseMimeType"), read_mime, 0},
    {"responseSchema", MEMBER("responseSchema"), read_own_schema, SETTING_AT(schema)},
    {"responseJsonSchema", MEMBER("responseJsonSchema"), read_json_schema, SETTING_AT(schema)},
    {"responseModalities", MEMBER("responseModalities"), read_modalities,
     SETTING_AT(modalities)},
    {"thinkingConfig", MEMBER("thinkingConfig"), read_thinking, 0},
    {"responseLogprobs", MEMBER("responseLogprobs"), read_logprobs, 0},
    {"logprobs", MEMBER("logprobs"), read_top_logprobs, 0},
};

/* What has no counterpart and only colours the answer. */
static const char *const colours[] = {
    "speechConfig",   "imageConfig",   "mediaResolution",      "enableEnhancedCivicAnswers",
    "audioTimestamp", "routingConfig", "modelSelectionConfig", "audioTranscriptionConfig"};

static int read_setting(struct reading *r, const struct json_walk *w)
{
    char *request = (char *)r->build.request;
    if (!json_present(w->value))
        return AIGNE_OK;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (google_key_is(w, settings[i].name))
            return settings[i].read(r, settings[i].path, w->value,
                                    (struct slice *)(void *)(request + settings[i].offset));
    }
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++) {
        if (google_key_is(w, colours[i]))
            return google_keep_own(r, colours[i], w->value);
    }
    return reading_refuse(r, "generationConfig", "holds \"%.*s\", which nobody here knows",
                          (int)(w->key.n < 60 ? w->key.n : 60), w->key.p);
}

int google_read_config(struct reading *r, struct json config)
{
    if (!json_present(config))
        return AIGNE_OK;
    if (config.kind != JSON_OBJECT)
        return reading_kind(r, "generationConfig", "an object", config);
    struct json_walk w = json_walk(config);
    while (json_next(&w)) {
        int rc = read_setting(r, &w);
        if (rc)
            return rc;
    }
    const struct chat_request *out = r->build.request;
    bool plain = out->format == CHAT_FORMAT_SCHEMA &&
                 !google_enum_is(google_get(config, "responseMimeType"), "application/json");
    return plain ? reading_refuse(r, MEMBER("responseMimeType"),
                                  "must be application/json where there is a schema")
                 : AIGNE_OK;
}

/* ---- the whole ---- */

enum member {
    CONTENTS,
    SYSTEM,
    TOOLS,
    TOOL_CONFIG,
    CONFIG,
    TIER,
    CACHED,
    SAFETY,
    STORE,
    LABELS,
    MEMBERS
};
static const char *const members[MEMBERS] = {
    "contents",    "systemInstruction", "tools",          "toolConfig", "generationConfig",
    "serviceTier", "cachedContent",     "safetySettings", "store",      "labels"};

/* "SERVICE_TIER_FLEX", "flex": others call the standard one "default". */
static int read_tier(struct reading *r, struct json v)
{
    struct slice *tier = &r->build.request->service_tier;
    if (google_enum_is(v, "standard") || google_enum_is(v, "SERVICE_TIER_STANDARD"))
        *tier = SLICE("default");
    else if (google_enum_is(v, "flex") || google_enum_is(v, "SERVICE_TIER_FLEX"))
        *tier = SLICE("flex");
    else if (google_enum_is(v, "priority") || google_enum_is(v, "SERVICE_TIER_PRIORITY"))
        *tier = SLICE("priority");
    else if (json_present(v) && !google_enum_is(v, "SERVICE_TIER_UNSPECIFIED") &&
             !google_enum_is(v, "unspecified"))
        return reading_refuse(r, "serviceTier", "must be standard, flex or priority");
    return AIGNE_OK;
}

static int read_members(struct reading *r, const struct json *v)
{
    if (json_present(v[CACHED]))
        return reading_refuse(r, "cachedContent",
                              "names what only Google has: send the contents");
    int rc = AIGNE_OK;
    for (size_t i = SAFETY; i < MEMBERS && !rc; i++)
        rc = google_keep_own(r, members[i], v[i]);
    if (!rc)
        rc = google_read_system(r, v[SYSTEM]);
    if (!rc)
        rc = google_read_contents(r, v[CONTENTS]);
    if (!rc)
        rc = google_read_tools(r, v[TOOLS], v[TOOL_CONFIG]);
    if (!rc)
        rc = google_read_config(r, v[CONFIG]);
    return rc ? rc : read_tier(r, v[TIER]);
}

int google_read_request(const struct ingress_request *in, struct arena *a,
                        struct chat_request *out, struct fault *why)
{
    struct reading r;
    struct json whole;
    struct json v[MEMBERS];
    struct slice method = SLICE_NONE;
    int rc = body_open(in->body, &r, a, out, &whole, why);
    if (rc)
        return rc;
    (void)google_method(in->rest, a, &out->model, &method);
    out->stream = slice_is(method, "streamGenerateContent");
    google_pick(whole, members, MEMBERS, v);
    return read_members(&r, v);
}
