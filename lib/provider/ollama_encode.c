/* Knows how a chat is asked for in Ollama's format; refuses to know how messages look inside. */
#include "base/mem.h"
#include "provider/config.h"
#include "provider/ollama.h"
#include "provider/unsaid.h"
#include <aignehub/aignehub.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Members of `options` that a caller may name beside it, as Ollama's own tools spell them. */
static const char *const options[] = {"num_ctx",       "min_p",     "repeat_penalty",
                                      "repeat_last_n", "typical_p", "num_keep",
                                      "num_batch",     "num_gpu",   "main_gpu",
                                      "num_thread",    "use_mmap",  "use_mlock",
                                      "numa",          "mirostat",  "mirostat_eta",
                                      "mirostat_tau",  "tfs_z",     "penalize_newline"};

static const char *const others[] = {"options", "keep_alive", "think", "logprobs",
                                     "top_logprobs"};

/* Whether `options` says it already: the caller's own name for a thing comes first. */
static bool said_inside(struct json own, const char *name)
{
    return json_present(json_get(own, name));
}

static void write_number(struct wire *w, struct json own, const char *name, struct slice value)
{
    if (!said_inside(own, name))
        json_member_raw_opt(&w->json, name, value);
}

static void write_stop(struct wire *w, struct json own)
{
    if (!said_inside(own, "stop"))
        (void)wire_stops(w, "stop", true, SIZE_MAX);
}

/* The operator's length of context, since the server's own is short and cuts prompts silently. */
static void write_context(struct wire *w, struct json own)
{
    if (said_inside(own, "num_ctx") || wire_extra(w->request, "num_ctx") || !w->to->config.p)
        return;
    struct json length = json_get(json_of(w->to->config), "numCtx");
    if (length.kind == JSON_NUMBER)
        json_member_raw(&w->json, "num_ctx", length.raw);
}

static void write_keep_alive(struct wire *w)
{
    const struct chat_extra *said = wire_extra(w->request, "keep_alive");
    struct json set = {JSON_NONE, SLICE_NONE};
    if (!said && w->to->config.p)
        set = json_get(json_of(w->to->config), "keepAlive");
    if (said)
        json_member_raw(&w->json, "keep_alive", said->value);
    else if (set.kind == JSON_STRING)
        json_member_raw(&w->json, "keep_alive", set.raw);
}

static void write_members(struct wire *w, struct json own)
{
    const struct chat_request *r = w->request;
    write_number(w, own, "temperature", r->temperature);
    write_number(w, own, "top_p", r->top_p);
    write_number(w, own, "top_k", r->top_k);
    write_number(w, own, "seed", r->seed);
    write_number(w, own, "num_predict", r->max_tokens);
    write_number(w, own, "presence_penalty", r->presence_penalty);
    write_number(w, own, "frequency_penalty", r->frequency_penalty);
    write_stop(w, own);
    write_context(w, own);
    for (size_t i = 0; i < COUNT(options); i++) {
        const struct chat_extra *extra = wire_extra(r, options[i]);
        if (extra)
            write_number(w, own, options[i], extra->value);
    }
    struct json_walk walk = json_walk(own);
    while (own.kind == JSON_OBJECT && json_next(&walk)) {
        json_key_slice(&w->json, walk.key);
        json_write_raw(&w->json, walk.value.raw);
    }
}

void ollama_write_options(struct wire *w)
{
    const struct chat_extra *said = wire_extra(w->request, "options");
    const size_t before = w->body.n;
    const bool comma = w->json.comma;
    json_member_object(&w->json, "options");
    const size_t opened = w->body.n;
    write_members(w, json_of(said ? said->value : SLICE("{}")));
    const bool silent = w->body.n == opened;
    json_close_object(&w->json);
    if (silent && buf_rc(&w->body) == AIGNE_OK) {
        w->body.n = before;
        w->json.comma = comma;
    }
    write_keep_alive(w);
}

static void write_tool(struct wire *w, const struct chat_tool *tool)
{
    json_open_typed(&w->json, "function");
    json_member_object(&w->json, "function");
    json_member_string(&w->json, "name", tool->name);
    json_member_string_opt(&w->json, "description", tool->description);
    wire_schema(w, "parameters", tool->parameters);
    json_close_object(&w->json);
    json_close_object(&w->json);
}

/* The format has no choice of tools: none is told by leaving them out, a call cannot be demanded. */
static int write_tools(struct wire *w)
{
    const struct chat_request *r = w->request;
    if (!r->tool_count || r->tool_choice == CHAT_TOOLS_NONE)
        return AIGNE_OK;
    if (r->tool_choice == CHAT_TOOLS_REQUIRED || r->tool_choice == CHAT_TOOLS_NAMED)
        return fault_field(
            w->why, AIGNE_E_REQUEST, "tool_choice",
            "tool_choice must be auto or none here: this provider cannot be made "
            "to call a tool.");
    json_member_array(&w->json, "tools");
    for (size_t i = 0; i < r->tool_count; i++)
        write_tool(w, &r->tools[i]);
    json_close_array(&w->json);
    return AIGNE_OK;
}

static void write_format(struct wire *w)
{
    const struct chat_request *r = w->request;
    if (r->format == CHAT_FORMAT_SCHEMA && wire_is_object(r->schema))
        json_member_raw(&w->json, "format", r->schema);
    else if (r->format == CHAT_FORMAT_JSON || r->format == CHAT_FORMAT_SCHEMA)
        json_member_text(&w->json, "format", "json");
}

static void write_think(struct wire *w)
{
    static const char *const levels[] = {
        [CHAT_EFFORT_MINIMAL] = "low",   [CHAT_EFFORT_LOW] = "low",
        [CHAT_EFFORT_MEDIUM] = "medium", [CHAT_EFFORT_HIGH] = "high",
        [CHAT_EFFORT_XHIGH] = "high",    [CHAT_EFFORT_MAX] = "max"};
    enum chat_effort effort = wire_effort(w->request);
    const struct chat_extra *own = wire_extra(w->request, "think");
    if (own)
        json_member_raw(&w->json, "think", own->value);
    else if (effort == CHAT_EFFORT_NONE)
        json_member_bool(&w->json, "think", false);
    else if (effort != CHAT_EFFORT_UNSET)
        json_member_text(&w->json, "think", levels[effort]);
}

static void write_logprobs(struct wire *w)
{
    static const char *const names[] = {"logprobs", "top_logprobs"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct chat_extra *extra = wire_extra(w->request, names[i]);
        if (extra)
            json_member_raw(&w->json, names[i], extra->value);
    }
}

static int write_body(struct wire *w)
{
    json_open_object(&w->json);
    json_member_string(&w->json, "model", w->to->model);
    int rc = ollama_write_messages(w);
    if (rc == AIGNE_OK)
        rc = write_tools(w);
    if (rc < 0)
        return rc;
    write_format(w);
    write_think(w);
    ollama_write_options(w);
    write_logprobs(w);
    json_member_bool(&w->json, "stream", w->request->stream); /* it streams when not told */
    json_close_object(&w->json);
    return AIGNE_OK;
}

static void note_unsaid(const struct chat_request *r, const struct chat_target *to)
{
    const char *said[COUNT(options) + COUNT(others)];
    memcpy(said, options, sizeof options);
    memcpy(said + COUNT(options), others, sizeof others);
    unsaid_note(r, to,
                UNSAID_USER | UNSAID_SERVICE_TIER | UNSAID_PARALLEL | UNSAID_STRICT |
                    UNSAID_NAME | UNSAID_CACHE | UNSAID_DETAIL | UNSAID_REDACTED |
                    UNSAID_SIGNATURE);
    unsaid_note_extras(r, to, said, COUNT(said));
}

int ollama_encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    struct wire w AUTO(wire_close);
    *out = (struct http_request){0};
    wire_begin(&w, r, to, a, why);
    w.streams_as = "application/x-ndjson";
    int rc = wire_refuse_foreign(r, why);
    if (rc == AIGNE_OK)
        rc = wire_refuse_modalities(r, why);
    if (rc == AIGNE_OK)
        rc = wire_refuse_choices(r, why);
    if (rc == AIGNE_OK)
        rc = write_body(&w);
    if (rc == AIGNE_OK)
        rc = wire_bearer(a, to->secret, out, why);
    if (rc < 0)
        return rc;
    note_unsaid(r, to);
    return wire_post(&w, ollama_url(to, SLICE("api/chat"), a), out);
}
