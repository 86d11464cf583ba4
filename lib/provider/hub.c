/* Knows how another AIGNE hub is found, asked and what its errors mean; leaves its answers to
 * hub_decode.c. */
#include "provider/hub.h"
#include "base/limits.h"
#include "base/mem.h"
#include "chat/input.h"
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/wire.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

#define HUB_DID   "z8ia3xzq2tMq8CRHfaXj1BTYJyYnEcHbqP8cJ"
#define CHAT_PATH "/api/v2/chat"

/* A hub's clients make '_' of every other byte, and so does this. */
const struct name_rule hub_names = {.longest = 128, .also = ""};

/* ---- the request ---- */

static int rename_tools(struct chat_request *sent, struct arena *a)
{
    if (!sent->tool_count)
        return AIGNE_OK;
    struct chat_tool *tools = arena_array(a, sent->tool_count, sizeof *tools);
    if (!tools)
        return AIGNE_E_NOMEM;
    for (size_t i = 0; i < sent->tool_count; i++) {
        tools[i] = sent->tools[i];
        tools[i].name = name_to_wire(&hub_names, tools[i].name, a);
        if (!tools[i].name.p)
            return AIGNE_E_NOMEM;
        if (!tools[i].parameters.p)
            tools[i].parameters = SLICE("{\"type\":\"object\",\"properties\":{}}");
    }
    sent->tools = tools;
    return AIGNE_OK;
}

static bool renamed_call(const struct chat_part *p, struct arena *a)
{
    return p->kind == CHAT_TOOL_CALL &&
           !slice_eq(p->name, name_to_wire(&hub_names, p->name, a));
}

static int rename_parts(struct chat_message *m, struct arena *a)
{
    size_t first = 0;
    while (first < m->part_count && !renamed_call(&m->parts[first], a))
        first++;
    if (first == m->part_count)
        return AIGNE_OK;
    struct chat_part *parts = arena_array(a, m->part_count, sizeof *parts);
    if (!parts)
        return AIGNE_E_NOMEM;
    memcpy(parts, m->parts, m->part_count * sizeof *parts);
    for (size_t i = first; i < m->part_count; i++) {
        if (parts[i].kind == CHAT_TOOL_CALL)
            parts[i].name = name_to_wire(&hub_names, parts[i].name, a);
    }
    m->parts = parts;
    return AIGNE_OK;
}

/* The history speaks of tools by the same names as the list does. */
static int rename_calls(struct chat_request *sent, struct arena *a)
{
    bool any = false;
    for (size_t i = 0; i < sent->message_count && !any; i++) {
        for (size_t k = 0; k < sent->messages[i].part_count && !any; k++)
            any = renamed_call(&sent->messages[i].parts[k], a);
    }
    if (!any)
        return AIGNE_OK;
    struct chat_message *messages = arena_array(a, sent->message_count, sizeof *messages);
    if (!messages)
        return AIGNE_E_NOMEM;
    memcpy(messages, sent->messages, sent->message_count * sizeof *messages);
    sent->messages = messages;
    for (size_t i = 0; i < sent->message_count; i++) {
        if (rename_parts(&messages[i], a))
            return AIGNE_E_NOMEM;
    }
    return AIGNE_OK;
}

/* A hub's schema knows four efforts by name; the others it takes as a number of tokens. */
static void number_effort(struct chat_request *sent)
{
    bool named = sent->effort == CHAT_EFFORT_NONE || sent->effort == CHAT_EFFORT_XHIGH ||
                 sent->effort == CHAT_EFFORT_MAX;
    if (named && sent->reasoning_budget < 0)
        sent->reasoning_budget = chat_budget_of_effort(sent->effort);
}

/* The request as a hub's own client would put it. */
static int adapt(const struct chat_request *r, struct chat_request *sent, struct arena *a,
                 struct fault *why)
{
    *sent = *r;
    int rc = wire_refuse_choices(r, why);
    if (!rc)
        rc = name_check_tools(&hub_names, r, a, why);
    if (rc)
        return rc;
    number_effort(sent);
    if (!slice_is(sent->output_file_type, "file"))
        sent->output_file_type = SLICE("url");
    if (!sent->cache_config.p && sent->cache_last == CHAT_CACHE_NONE)
        sent->cache_last = CHAT_CACHE_5M;
    if (sent->format == CHAT_FORMAT_SCHEMA && !sent->schema_name.p)
        sent->schema_name = SLICE("output");
    if (sent->tool_choice == CHAT_TOOLS_NAMED)
        sent->tool_choice_name = name_to_wire(&hub_names, sent->tool_choice_name, a);
    if (rename_tools(sent, a) || rename_calls(sent, a) || a->failed)
        return fault_nomem(why);
    return AIGNE_OK;
}

struct slice hub_root(struct slice base_url)
{
    if (slice_ends(base_url, CHAT_PATH))
        base_url.n -= sizeof CHAT_PATH - 1;
    return base_url;
}

static struct slice chat_url(struct slice base_url, struct arena *a)
{
    if (slice_ends(base_url, CHAT_PATH))
        return arena_copy(a, base_url);
    return url_join(a, base_url, SLICE(CHAT_PATH));
}

/* A hub that sees "text/event-stream" here answers its errors with status 200. */
static void accept_anything(struct http_request *out)
{
    for (size_t i = 0; i < out->header_count; i++) {
        if (slice_is_nocase(out->headers[i].name, "accept"))
            out->headers[i].value = SLICE("*/*");
    }
}

static void note_unsayable(const struct chat_request *r, const struct chat_target *to)
{
    for (size_t i = 0; i < r->extra_count; i++)
        if (!r->extras[i].value.p)
            dropped_note_stranger(to->dropped, r->extras[i].name);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    struct chat_request sent;
    struct wire w AUTO(wire_close);
    *out = (struct http_request){0};
    wire_begin(&w, r, to, a, why);
    note_unsayable(r, to);
    int rc = adapt(r, &sent, a, why);
    if (rc)
        return rc;
    json_open_object(&w.json);
    json_key(&w.json, "input");
    chat_input_write(&sent, to->model.n ? to->model : SLICE_NONE, &w.body);
    w.json.comma = true;
    json_member_text(&w.json, "agent", "$CHAT_MODEL");
    json_member_object(&w.json, "options");
    if (r->stream)
        json_member_bool(&w.json, "streaming", true);
    json_member_raw(&w.json, "userContext", SLICE("{}"));
    json_member_raw(&w.json, "memories", SLICE("[]"));
    json_close_object(&w.json);
    json_close_object(&w.json);
    rc = wire_post(&w, chat_url(to->base_url, a), out);
    if (rc < 0)
        return rc;
    accept_anything(out);
    if (to->client_id.n)
        rc = wire_header(out, "x-aigne-hub-client-did", to->client_id, why);
    return rc < 0 ? rc : wire_bearer(a, to->secret, out, why);
}

/* ---- where it is ---- */

struct slice hub_discover_url(struct slice base_url, struct arena *a)
{
    struct url url;
    if (url_parse(base_url, &url, NULL) || slice_ends(url.path, CHAT_PATH))
        return SLICE_NONE;
    return url_join(a, url.origin, SLICE("/__blocklet__.js?type=json"));
}

int hub_discovered(struct slice base_url, struct slice body, struct arena *a, struct slice *out,
                   struct fault *why)
{
    struct url url;
    int rc = url_parse(base_url, &url, why);
    if (rc)
        return rc;
    struct json points = json_get(json_of(body), "componentMountPoints");
    if (json_check(body, NULL) || points.kind != JSON_ARRAY)
        return fault_set(why, AIGNE_E_PROTOCOL,
                         "No AIGNE hub answers at %.*s: its /__blocklet__.js names no mount "
                         "points.",
                         (int)url.origin.n, url.origin.p);
    struct json_walk w = json_walk(points);
    while (json_next(&w)) {
        if (!json_string_is(json_get(w.value, "did"), HUB_DID))
            continue;
        struct slice mount = json_string(json_get(w.value, "mountPoint"), a);
        while (mount.n && mount.p[mount.n - 1] == '/')
            mount.n--;
        *out = mount.n ? url_join(a, url.origin, mount) : arena_copy(a, url.origin);
        return out->p ? AIGNE_OK : fault_nomem(why);
    }
    return fault_set(why, AIGNE_E_PROTOCOL,
                     "The server at %.*s has no AIGNE hub among its components.",
                     (int)url.origin.n, url.origin.p);
}

/* ---- its models ---- */

int hub_list_request(struct slice type, const struct chat_target *to, struct arena *a,
                     struct http_request *out, struct fault *why)
{
    struct buf path AUTO(buf_free);
    struct slice root = hub_root(to->base_url);
    *out = (struct http_request){0};
    buf_init(&path, LIMIT_URL);
    BUF_LITERAL(&path, "/api/ai/models");
    if (type.n) {
        BUF_LITERAL(&path, "?type=");
        url_encode(&path, type);
    }
    if (buf_rc(&path))
        return fault_nomem(why);
    int rc = wire_get(url_join(a, root, buf_slice(&path)), out, why);
    return rc < 0 || !to->client_id.n
               ? rc
               : wire_header(out, "x-aigne-hub-client-did", to->client_id, why);
}

int hub_list_answer(struct slice body, struct arena *a, struct buf *json, struct fault *why)
{
    struct json_writer w = json_writer(json);
    (void)a;
    if (json_check(body, NULL) || json_of(body).kind != JSON_ARRAY)
        return fault_set(why, AIGNE_E_PROTOCOL,
                         "The hub's list of models is not a JSON array.");
    json_open_array(&w);
    struct json_walk models = json_walk(json_of(body));
    while (json_next(&models)) {
        if (json_get(models.value, "model").kind == JSON_STRING)
            json_write_raw(&w, models.value.raw);
    }
    json_close_array(&w);
    return buf_rc(json) ? fault_nomem(why) : AIGNE_OK;
}

/* ---- its errors ---- */

/* Somebody must pay: the link says where, and only the hub knows it. */
static int mark_credit(struct json error, struct arena *a, struct fault *why)
{
    why->code = AIGNE_E_CREDIT;
    why->retry_ms = -1;
    why->credential_bad = false;
    if (!why->http || why->http == 502)
        why->http = 402;
    struct slice link = json_string(json_get(error, "link"), a);
    struct slice text = slice_text(why->text);
    if (link.n && slice_find(text, link) == text.n && text.n + link.n + 2 < sizeof why->text) {
        struct slice parts[] = {text, SLICE(" "), link};
        struct slice joined = arena_join(a, parts, 3);
        if (joined.p)
            FAULT_COPY(why->text, joined);
    }
    return why->code;
}

static bool is_credit(struct json error)
{
    return json_string_is(json_get(error, "type"), "NOT_ENOUGH");
}

/* A key was refused, but not ours: the hub's own, by a provider behind it. */
static int mark_foreign_key(struct fault *why)
{
    why->credential_bad = false;
    why->http = 502;
    why->code = AIGNE_E_UPSTREAM;
    return why->code;
}

int hub_complaint(struct decoding *d, struct json object)
{
    int rc = complaint_in_answer(d, object);
    struct json error = json_get(object, "error");
    if (error.kind != JSON_OBJECT)
        error = object;
    if (d->why && is_credit(error))
        return mark_credit(error, d->scratch, d->why);
    return d->why && d->why->credential_bad ? mark_foreign_key(d->why) : rc;
}

/* A hub says so itself as a plain text, or with a type of its own; what a provider told it comes as an
 * object in the provider's words. */
static bool is_our_key(int status, struct json error)
{
    return status == 401 && (error.kind != JSON_OBJECT ||
                             json_string_is(json_get(error, "type"), "unauthorized"));
}

void hub_explain(int status, struct slice headers, struct slice body, int64_t wall_ms,
                 struct fault *why)
{
    struct arena a AUTO(arena_free);
    arena_init(&a);
    complaint_explain(status, headers, body, wall_ms, why);
    struct slice text = slice_trim(body);
    struct json error = json_get(json_of(text.n ? text : SLICE("null")), "error");
    if (status == 402 || is_credit(error))
        mark_credit(error, &a, why);
    else if (why->credential_bad && !is_our_key(status, error))
        mark_foreign_key(why);
}

const struct adapter adapter_hub = {
    .name = "aignehub",
    .format = "aigne.hub",
    .state_size = HUB_STATE_SIZE,
    .encode = encode,
    .decode = hub_decode,
    .decode_whole = hub_decode_whole,
    .finish = hub_finish,
    .explain = hub_explain,
    .discover_url = hub_discover_url,
    .discovered = hub_discovered,
    .list_request = hub_list_request,
    .list_answer = hub_list_answer,
};
