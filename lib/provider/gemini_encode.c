/* Knows how a chat is asked for in Gemini's format; refuses to know how contents look inside. */
#include "base/mem.h"
#include "provider/gemini.h"
#include "provider/unsaid.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

const struct name_rule gemini_names = {.longest = 128, .also = "-.:", .letter_first = true};

struct slice gemini_url(struct slice base, struct slice path, struct arena *a)
{
    static const char *const versions[] = {"/v1beta", "/v1", "/v1alpha"};
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (slice_ends(base, versions[i]))
            return url_join(a, base, path);
    }
    struct slice versioned = url_join(a, base, SLICE("v1beta"));
    return versioned.p ? url_join(a, versioned, path) : SLICE_NONE;
}

/* A model of another collection than "models" brings its own: "tunedModels/NAME". */
static void put_model(struct buf *path, struct slice model)
{
    struct slice rest = model;
    struct slice head;
    if (slice_find_byte(rest, '/') == rest.n)
        BUF_LITERAL(path, "models/");
    while (slice_cut(rest, '/', &head, &rest)) {
        url_encode(path, head);
        buf_put_byte(path, '/');
    }
    url_encode(path, rest);
}

struct slice gemini_method_url(const struct chat_target *to, const char *method,
                               struct arena *a)
{
    struct buf path AUTO(buf_free);
    buf_init(&path, 4 * to->model.n + 256);
    put_model(&path, to->model);
    buf_put_byte(&path, ':');
    buf_put_text(&path, method);
    return buf_rc(&path) < 0 ? SLICE_NONE : gemini_url(to->base_url, buf_slice(&path), a);
}

void gemini_put_model(struct buf *out, struct slice model)
{
    if (slice_find_byte(model, '/') == model.n)
        BUF_LITERAL(out, "models/");
    buf_put_slice(out, model);
}

const char *gemini_chat_method(bool stream)
{
    return stream ? "streamGenerateContent?alt=sse" : "generateContent";
}

static int write_function(struct gemini *x, struct slice name, struct slice description,
                          struct slice parameters)
{
    struct json_writer *j = &x->w.json;
    struct slice wire = name_to_wire(&gemini_names, name, x->w.arena);
    if (!wire.p)
        return fault_nomem(x->w.why);
    json_open_object(j);
    json_member_string(j, "name", wire);
    json_member_string_opt(j, "description", description);
    /* An object without properties is refused; a function without parameters is not. */
    struct json schema = json_of(parameters.p ? parameters : SLICE(""));
    struct json properties = json_get(schema, "properties");
    bool empty = properties.kind == JSON_OBJECT && json_count(properties) == 0;
    if (json_count(schema) > 0 && !empty)
        wire_schema(&x->w, "parametersJsonSchema", parameters);
    json_close_object(j);
    return AIGNE_OK;
}

static int write_tools(struct gemini *x)
{
    struct json_writer *j = &x->w.json;
    const struct chat_request *r = x->w.request;
    if (!r->tool_count || x->no_tools)
        return AIGNE_OK;
    int rc = name_check_tools(&gemini_names, r, x->w.arena, x->w.why);
    json_member_array(j, "tools");
    json_open_object(j);
    json_member_array(j, "functionDeclarations");
    for (size_t i = 0; i < r->tool_count && rc == AIGNE_OK; i++)
        rc = write_function(x, r->tools[i].name, r->tools[i].description,
                            r->tools[i].parameters);
    if (rc == AIGNE_OK && x->json_tool)
        rc = write_function(x, SLICE(WIRE_JSON_TOOL),
                            SLICE("Gives the answer as JSON. Call it once, with the answer."),
                            r->schema.p ? r->schema : SLICE("{\"type\":\"object\"}"));
    json_close_array(j);
    json_close_object(j);
    json_close_array(j);
    return rc;
}

static int write_tool_choice(struct gemini *x)
{
    static const char *const modes[] = {[CHAT_TOOLS_UNSET] = "AUTO",
                                        [CHAT_TOOLS_AUTO] = "AUTO",
                                        [CHAT_TOOLS_NONE] = "NONE",
                                        [CHAT_TOOLS_REQUIRED] = "ANY",
                                        [CHAT_TOOLS_NAMED] = "ANY"};
    struct json_writer *j = &x->w.json;
    const struct chat_request *r = x->w.request;
    if (!r->tool_count || x->no_tools || (r->tool_choice == CHAT_TOOLS_UNSET && !x->json_tool))
        return AIGNE_OK;
    struct slice name = r->tool_choice == CHAT_TOOLS_NAMED
                            ? name_to_wire(&gemini_names, r->tool_choice_name, x->w.arena)
                            : SLICE("");
    if (!name.p)
        return fault_nomem(x->w.why);
    json_member_object(j, "toolConfig");
    json_member_object(j, "functionCallingConfig");
    json_member_text(j, "mode", x->json_tool ? "ANY" : modes[r->tool_choice]);
    if (r->tool_choice == CHAT_TOOLS_NAMED) {
        json_member_array(j, "allowedFunctionNames");
        json_write_string(j, name);
        json_close_array(j);
    }
    json_close_object(j);
    json_close_object(j);
    return AIGNE_OK;
}

/* Others call the standard tier "default"; NULL: it has none by that name. */
static const char *tier_name(const struct chat_request *r)
{
    static const char *const tiers[] = {"standard", "flex", "priority"};
    if (slice_is(r->service_tier, "default"))
        return tiers[0];
    for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++) {
        if (slice_is(r->service_tier, tiers[i]))
            return tiers[i];
    }
    return NULL;
}

static void write_extras(struct gemini *x)
{
    static const char *const known[] = {"safetySettings", "cachedContent", "labels",
                                        "serviceTier", "store"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const struct chat_extra *extra = wire_extra(x->w.request, known[i]);
        if (extra)
            json_member_raw(&x->w.json, known[i], extra->value);
    }
    if (tier_name(x->w.request) && !wire_extra(x->w.request, "serviceTier"))
        json_member_text(&x->w.json, "serviceTier", tier_name(x->w.request));
}

/* What it has no words for. */
static void note_unsaid(const struct gemini *x)
{
    static const char *const said[] = {"safetySettings", "cachedContent",  "labels",
                                       "serviceTier",    "speechConfig",   "mediaResolution",
                                       "imageConfig",    "thinkingConfig", "store",
                                       "logprobs",       "top_logprobs",   "topLogprobs"};
    unsaid_note(x->w.request, x->w.to,
                UNSAID_USER | (tier_name(x->w.request) ? 0 : UNSAID_SERVICE_TIER) |
                    UNSAID_PARALLEL | UNSAID_STRICT | UNSAID_NAME | UNSAID_CACHE |
                    UNSAID_DETAIL | UNSAID_REDACTED |
                    (gemini_thoughts_of_others(x->w.request) ? UNSAID_THINKING : 0));
    unsaid_note_extras(x->w.request, x->w.to, said, sizeof(said) / sizeof(said[0]));
}

/* A request inside another names its model. */
static void write_model(struct gemini *x)
{
    struct buf name AUTO(buf_free);
    buf_init(&name, x->w.to->model.n + 16);
    gemini_put_model(&name, x->w.to->model);
    json_member_string(&x->w.json, "model", buf_slice(&name));
    if (buf_rc(&name) < 0)
        x->w.arena->failed = true;
}

static int write_body(struct gemini *x)
{
    json_open_object(&x->w.json);
    if (x->counting)
        write_model(x);
    int rc = gemini_write_contents(x);
    if (rc == AIGNE_OK)
        rc = gemini_write_system(x);
    if (rc == AIGNE_OK)
        rc = write_tools(x);
    if (rc == AIGNE_OK)
        rc = write_tool_choice(x);
    if (rc == AIGNE_OK)
        rc = gemini_write_config(x);
    write_extras(x);
    note_unsaid(x);
    json_close_object(&x->w.json);
    return rc;
}

static void gemini_close(struct gemini *x)
{
    wire_close(&x->w);
}

/* Before Gemini 3 an answer in JSON and tools exclude each other: the answer becomes one more tool, or
 * the tools go when none may be called. */
static void settle_json(struct gemini *x, const struct chat_request *r)
{
    bool json = r->format == CHAT_FORMAT_JSON || r->format == CHAT_FORMAT_SCHEMA;
    bool clash = json && r->tool_count > 0 && !x->model.json_and_tools;
    x->no_tools = clash && r->tool_choice == CHAT_TOOLS_NONE;
    x->json_tool = clash && r->tool_choice != CHAT_TOOLS_NONE;
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  bool counting, struct http_request *out, struct fault *why)
{
    *out = (struct http_request){0};
    int rc = wire_refuse_foreign(r, why);
    if (rc == AIGNE_OK)
        rc = wire_check_choices(r, GEMINI_CANDIDATES, why);
    if (rc < 0)
        return rc;
    struct gemini x AUTO(gemini_close);
    x = (struct gemini){.model = gemini_model_of(to->model), .counting = counting};
    wire_begin(&x.w, r, to, a, why);
    settle_json(&x, r);
    if (counting)
        BUF_LITERAL(&x.w.body, "{\"generateContentRequest\":");
    rc = write_body(&x);
    if (counting)
        buf_put_byte(&x.w.body, '}');
    if (rc == AIGNE_OK && to->secret.n)
        rc = wire_header(out, "x-goog-api-key", to->secret, why);
    if (rc < 0)
        return rc;
    if (counting)
        return wire_post_plain(&x.w, gemini_method_url(to, "countTokens", a), out);
    return wire_post(&x.w, gemini_method_url(to, gemini_chat_method(r->stream), a), out);
}

int gemini_encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    return encode(r, to, a, false, out, why);
}

int gemini_encode_count(const struct chat_request *r, const struct chat_target *to,
                        struct arena *a, struct http_request *out, struct fault *why)
{
    return encode(r, to, a, true, out, why);
}
