/* Knows how a message of the Model Context Protocol becomes requests to the gateway, and their answers the
 * answer; refuses to know sockets and what the verbs do. */
#define _GNU_SOURCE
#include "mcp.h"
#include "bytes.h"
#include "front_state.h"
#include "mcp_message.h"
#include "mcp_tools.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ADMIN "/api/admin/"

enum {
    BODY_LARGEST = 2 * 1024 * 1024 /* the hub takes arguments of half of that */
};

struct mcp {
    struct bytes body;  /* the message, as it comes */
    struct bytes verbs; /* the verb verb.list's answer: may this one ask, and for what? */
    struct bytes reply; /* the called verb's */
    struct mcp_message message;
    struct mcp_problem problem;
    int verbs_status; /* 0: not there yet */
    int reply_status;
    bool whole;   /* the body is */
    bool sound;   /* and is a message that can be carried out */
    bool calling; /* the verb */
    bool page;    /* a browser's, of an origin that may */
};

/* ---- the request's head ---- */

static const char *header(const struct client *c, const char *name)
{
    return MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, name);
}

bool mcp_is_meant(const struct front_options *options, const char *target)
{
    static const char path[] = "/mcp";
    const char *mount = options->mount_point ? options->mount_point : "";
    size_t n = strlen(mount);
    while (n > 0 && mount[n - 1] == '/')
        n--;
    if (n > 0 && strncmp(target, mount, n) == 0 && target[n] == '/')
        target += n;
    if (strncmp(target, path, sizeof(path) - 1) != 0)
        return false;
    target += sizeof(path) - 1;
    target += *target == '/';
    return !*target || *target == '?';
}

/* A page in a browser may ask when the operator named its origin: a page elsewhere must not reach a hub that
 * listens where the browser runs. */
static bool origin_may(const struct front_options *options, const char *origin)
{
    const char *at = options->mcp_origins ? options->mcp_origins : "";
    size_t n = strlen(origin);
    while (*at) {
        size_t len = strcspn(at, ", ");
        if (len == n && n > 0 && strncasecmp(at, origin, n) == 0)
            return true;
        at += len + strspn(at + len, ", ");
    }
    return false;
}

static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    size_t n = sizeof(json) - 1;
    return type && strncasecmp(type, json, n) == 0 && (!type[n] || strchr("; \t", type[n]));
}

/* ---- answers ---- */

static void give(struct client *c, int status, const char *more, const char *body, size_t len)
{
    char head[1024];
    const char *origin = c->mcp->page ? header(c, "Origin") : NULL;
    int n = snprintf(head, sizeof(head), "%s%s",
                     body ? "content-type: application/json\r\n" : "", more);
    if (origin)
        snprintf(head + n, sizeof(head) - (size_t)n,
                 "access-control-allow-origin: %.300s\r\nvary: origin\r\n", origin);
    answer_give(&c->answer, status, head, body, len, client_spares(c));
}

/* A text that was written: answered with when it is whole, and wiped. */
static void give_written(struct client *c, int status, const char *more, struct bytes *text)
{
    if (text->failed)
        answer_give(&c->answer, 0, "", NULL, 0, client_spares(c)); /* breaks off */
    else
        give(c, status, more, text->p, text->n);
    bytes_free(text);
}

static void give_problem(struct client *c, const struct mcp_problem *why, const char *more)
{
    struct bytes text = {0};
    mcp_put_error(&text, &c->mcp->message, why);
    give_written(c, why->status, more, &text);
}

static void refuse(struct client *c, int status, int code, const char *text, const char *more)
{
    struct mcp_problem why = {.status = status, .code = code, .text = text};
    give_problem(c, &why, more);
}

/* ---- what is asked of the gateway ---- */

/* Only the access key is passed on: the rest of the head was for us. */
static bool ask(struct client *c, const char *verb, struct json_text arguments)
{
    struct front *f = c->front;
    char target[sizeof(ADMIN) + MCP_TOOL_SIZE];
    const char *key = header(c, "Authorization");
    int n = snprintf(target, sizeof(target), ADMIN "%s", verb);
    int head = snprintf(f->head, sizeof(f->head), "%s%s\n", key ? "Authorization: " : "",
                        key ? key : "");
    int rc = aigne_gateway_start(f->options->hub, f->loop, "POST", target, (size_t)n, f->head,
                                 (size_t)head, &c->call, NULL);
    explicit_bzero(f->head, (size_t)head);
    if (rc < 0)
        return false;
    aigne_call_set_tag(c->call, c);
    if (arguments.p)
        (void)aigne_gateway_write(c->call, arguments.p, arguments.n, NULL);
    if (aigne_gateway_end(c->call, NULL) < 0)
        return false;
    f->started = true;
    return true;
}

/* ---- methods ---- */

static void put_initialized(struct bytes *to, const struct mcp_message *m)
{
    const char *version = mcp_version_agreed(json_text_member(m->params, "protocolVersion"));
    bytes_format(
        to,
        "\"protocolVersion\":\"%s\",\"capabilities\":{\"tools\":{}},\"serverInfo\":", version);
    mcp_put_server(to);
}

static void put_instructions(struct bytes *to)
{
    bytes_text(
        to,
        ",\"instructions\":\"Administers an AIGNE hub. Each tool is a verb of aigne-hub do, "
        "with _ for its dot; aigne-hub(7) describes them. Changes are in effect at once.\"");
}

static bool put_result(struct bytes *to, const struct client *c)
{
    const struct mcp_message *m = &c->mcp->message;
    struct json_text verbs = {NULL, 0};
    mcp_begin_result(to, m);
    if (json_text_is(m->method, "initialize")) {
        put_initialized(to, m);
        put_instructions(to);
    } else if (json_text_is(m->method, "server/discover")) {
        bytes_text(to, "\"supportedVersions\":");
        mcp_put_versions(to);
        bytes_text(to, ",\"capabilities\":{\"tools\":{}}");
        put_instructions(to);
        mcp_put_kept(to, m);
    } else if (json_text_is(m->method, "tools/list")) {
        if (!json_text_read(c->mcp->verbs.p, c->mcp->verbs.n, &verbs))
            return false;
        bytes_text(to, "\"tools\":");
        mcp_put_tools(to, verbs);
        mcp_put_kept(to, m);
    }
    mcp_end_result(to);
    return true;
}

static void give_result(struct client *c)
{
    struct bytes text = {0};
    if (put_result(&text, c)) {
        give_written(c, 200, "", &text);
        return;
    }
    bytes_free(&text);
    refuse(c, 500, MCP_INTERNAL, "The hub's list of verbs cannot be read.", "");
}

/* The verb's own sentence; a failure is the tool's, for the model to see. */
static void put_outcome(struct bytes *to, const struct mcp *m)
{
    struct json_text reply = {NULL, 0};
    bool json = json_text_read(m->reply.p, m->reply.n, &reply);
    bool failed = m->reply_status != 200;
    struct json_text sentence = json_text_member(json_text_member(reply, "error"), "message");
    mcp_begin_result(to, &m->message);
    bytes_text(to, "\"content\":[{\"type\":\"text\",\"text\":");
    if (failed && json && json_text_is_string(sentence))
        mcp_put(to, sentence);
    else
        bytes_string(to, m->reply.p, m->reply.n);
    bytes_format(to, "}],\"isError\":%s", failed ? "true" : "false");
    if (!failed && json_text_is_object(reply)) {
        bytes_text(to, ",\"structuredContent\":");
        mcp_put(to, reply);
    }
    mcp_end_result(to);
}

static void give_outcome(struct client *c)
{
    struct bytes text = {0};
    put_outcome(&text, c->mcp);
    give_written(c, 200, "", &text);
}

static bool unfit(struct mcp_problem *why, int status, int code, const char *text,
                  struct json_text named)
{
    *why = (struct mcp_problem){.status = status, .code = code, .text = text, .named = named};
    return false;
}

static bool find_call(struct client *c, char verb[MCP_TOOL_SIZE], struct json_text *arguments,
                      struct mcp_problem *why)
{
    struct mcp *m = c->mcp;
    const struct mcp_headers headers = {.name = header(c, "Mcp-Name")};
    struct json_text name = json_text_member(m->message.params, "name");
    struct json_text verbs = {NULL, 0};
    struct json_text none = {NULL, 0};
    char tool[MCP_TOOL_SIZE];
    *arguments = json_text_member(m->message.params, "arguments");
    if (!json_text_is_string(name))
        return unfit(why, 200, MCP_BAD_PARAMETERS, "\"name\" must be the name of a tool.",
                     none);
    if (arguments->p && !json_text_is_object(*arguments))
        return unfit(why, 200, MCP_BAD_PARAMETERS, "\"arguments\" must be an object.", none);
    if (!json_text_read(m->verbs.p, m->verbs.n, &verbs) ||
        !mcp_find_tool(verbs, name, verb, tool))
        return unfit(why, 200, MCP_BAD_PARAMETERS, "Unknown tool", name);
    if (m->message.modern && !mcp_header_names(&headers, tool))
        return unfit(why, 400, MCP_BAD_HEADER,
                     "Header mismatch: Mcp-Name does not name the tool", name);
    return true;
}

static void call_tool(struct client *c)
{
    struct json_text arguments;
    struct mcp_problem why;
    char verb[MCP_TOOL_SIZE];
    if (!find_call(c, verb, &arguments, &why)) {
        give_problem(c, &why, "");
        return;
    }
    c->mcp->calling = true;
    if (!ask(c, verb, arguments))
        refuse(c, 503, MCP_INTERNAL, "There is not enough memory to carry it out.", "");
}

/* Does it have to do with a page of the list? There is one only. */
static bool wants_other_page(const struct mcp_message *m)
{
    return json_text_is(m->method, "tools/list") && json_text_member(m->params, "cursor").p;
}

static bool is_result(const struct mcp_message *m)
{
    const char *older[] = {"initialize", "ping"};
    for (size_t i = 0; i < 2; i++)
        if (json_text_is(m->method, older[i]))
            return !m->modern;
    return json_text_is(m->method, "server/discover") || json_text_is(m->method, "tools/list");
}

static void carry_out(struct client *c)
{
    const struct mcp_message *m = &c->mcp->message;
    struct mcp_problem why;
    if (!m->request) {
        give(c, 202, "", NULL, 0);
    } else if (json_text_is(m->method, "tools/call")) {
        call_tool(c);
    } else if (wants_other_page(m)) {
        refuse(c, 200, MCP_BAD_PARAMETERS,
               "\"cursor\" is none of ours: all tools are on one page.", "");
    } else if (json_text_is(m->method, "initialize") && !m->modern &&
               !json_text_is_string(json_text_member(m->params, "protocolVersion"))) {
        refuse(c, 200, MCP_BAD_PARAMETERS, "\"protocolVersion\" must be a string.", "");
    } else if (is_result(m)) {
        give_result(c);
    } else {
        (void)unfit(&why, m->modern ? 404 : 200, MCP_NO_METHOD, "Method not found", m->method);
        give_problem(c, &why, "");
    }
}

/* ---- the exchange ---- */

/* Who may not ask is told in the gateway's words. */
static void give_refusal(struct client *c)
{
    struct mcp *m = c->mcp;
    struct json_text reply = {NULL, 0};
    (void)json_text_read(m->verbs.p, m->verbs.n, &reply);
    const struct mcp_problem why = {
        .status = m->verbs_status,
        .code = m->verbs_status,
        .text = "The hub cannot say now who may administer it; try again.",
        .said = json_text_member(json_text_member(reply, "error"), "message")};
    give_problem(c, &why, m->verbs_status == 401 ? "www-authenticate: Bearer\r\n" : "");
}

/* Nothing is told to one who may not ask, not even what was wrong with the message. */
static void go_on(struct client *c)
{
    struct mcp *m = c->mcp;
    if (c->answer.over || c->call)
        return;
    if (m->verbs_status != 200)
        give_refusal(c);
    else if (!m->whole)
        return;
    else if (m->calling)
        give_outcome(c);
    else if (!m->sound)
        give_problem(c, &m->problem, "");
    else
        carry_out(c);
}

/* True: it has ended. */
static bool collect(struct client *c, struct bytes *into, int *status)
{
    aigne_event event;
    int rc = 0;
    while ((rc = aigne_call_next(c->call, 0, &event, NULL)) == AIGNE_EVENT) {
        if (event.kind == AIGNE_EV_HEAD)
            *status = event.index;
        else if (event.kind == AIGNE_EV_BYTES && !bytes_put(into, event.data, event.len))
            *status = 503;
    }
    if (rc == AIGNE_AGAIN)
        return false;
    if (rc != AIGNE_OK || !*status)
        *status = 503;
    client_drop_call(c);
    return true;
}

bool mcp_pull(struct client *c)
{
    struct mcp *m = c->mcp;
    while (c->call) {
        bool ended = m->calling ? collect(c, &m->reply, &m->reply_status)
                                : collect(c, &m->verbs, &m->verbs_status);
        if (!ended)
            return false;
        go_on(c);
    }
    return c->answer.over;
}

bool mcp_begin(struct client *c, const char *method)
{
    static const char allow[] = "allow: POST\r\n";
    static const char preflight[] =
        "access-control-allow-methods: POST\r\n"
        "access-control-allow-headers: authorization, content-type, mcp-protocol-version, mcp-method, "
        "mcp-name\r\n";
    struct json_text none = {NULL, 0};
    const char *origin = header(c, "Origin");
    c->mcp = calloc(1, sizeof(*c->mcp));
    if (!c->mcp)
        return false;
    c->mcp->page = origin && origin_may(c->front->options, origin);
    if (origin && !c->mcp->page)
        refuse(
            c, 403, MCP_BAD_REQUEST,
            "Pages of this origin may not administer the hub; --mcp-origins names those that may.",
            "");
    else if (strcmp(method, "OPTIONS") == 0 && origin)
        give(c, 204, preflight, NULL, 0);
    else if (strcmp(method, "POST") != 0)
        refuse(c, 405, MCP_BAD_REQUEST,
               "Send each message in a POST; there is no stream to get.", allow);
    else if (!is_json(header(c, "Content-Type")))
        refuse(c, 415, MCP_BAD_REQUEST, "Send the message with Content-Type: application/json.",
               "");
    else if (!ask(c, "verb.list", none))
        return false;
    (void)mcp_pull(c); /* who has no key is told so before the body comes */
    return true;
}

bool mcp_take(struct client *c, const char *data, size_t len)
{
    struct bytes *body = &c->mcp->body;
    if (!c->answer.over && body->n + len > BODY_LARGEST)
        refuse(c, 413, MCP_BAD_REQUEST, "A message must not be longer than 2 MiB.", "");
    else if (!c->answer.over && !bytes_put(body, data, len))
        refuse(c, 503, MCP_INTERNAL, "There is not enough memory to read the message.", "");
    return !c->answer.over;
}

void mcp_end(struct client *c)
{
    struct mcp *m = c->mcp;
    if (c->answer.over)
        return;
    const struct mcp_headers headers = {header(c, "MCP-Protocol-Version"),
                                        header(c, "Mcp-Method"), header(c, "Mcp-Name")};
    m->whole = true;
    m->sound = mcp_message_read(m->body.p ? m->body.p : "", m->body.n, &headers, &m->message,
                                &m->problem);
    if (!mcp_pull(c))
        go_on(c);
}

void mcp_free(struct client *c)
{
    if (!c->mcp)
        return;
    bytes_free(&c->mcp->body);
    bytes_free(&c->mcp->verbs);
    bytes_free(&c->mcp->reply);
    free(c->mcp);
    c->mcp = NULL;
}
