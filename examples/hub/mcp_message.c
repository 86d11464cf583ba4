/* Knows the envelope of the Model Context Protocol, in both its manners; refuses to know what is asked. */
#include "mcp_message.h"
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <string.h>

#define META "io.modelcontextprotocol/"

/* The newest first. */
static const char *const versions[] = {"2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"};
enum { VERSIONS = sizeof(versions) / sizeof(versions[0]), OLDER = 1, NAMED_LARGEST = 130 };

static bool is_one_of(const char *const *names, int count, struct json_text value)
{
    for (int i = 0; i < count; i++)
        if (json_text_is(value, names[i]))
            return true;
    return false;
}

static bool refuse(struct mcp_problem *why, int status, int code, const char *text)
{
    *why = (struct mcp_problem){.status = status, .code = code, .text = text};
    return false;
}

/* A string or a whole number. */
static bool is_id(struct json_text id)
{
    size_t i = id.n > 0 && *id.p == '-';
    if (json_text_is_string(id))
        return true;
    while (i < id.n && id.p[i] >= '0' && id.p[i] <= '9')
        i++;
    return i == id.n;
}

static bool read_id(struct json_text whole, struct mcp_message *m, struct mcp_problem *why)
{
    struct json_text id = json_text_member(whole, "id");
    m->request = id.p;
    if (id.p && !is_id(id))
        return refuse(why, 400, MCP_BAD_REQUEST, "\"id\" must be a string or a whole number.");
    m->id = id;
    return true;
}

static bool read_envelope(struct json_text whole, struct mcp_message *m,
                          struct mcp_problem *why)
{
    if (whole.n > 0 && *whole.p == '[')
        return refuse(why, 400, MCP_BAD_REQUEST,
                      "Batches are not taken; send each message in a request of its own.");
    if (!json_text_is_object(whole))
        return refuse(why, 400, MCP_BAD_REQUEST, "A message must be a JSON object.");
    if (!read_id(whole, m, why))
        return false;
    if (!json_text_is(json_text_member(whole, "jsonrpc"), "2.0"))
        return refuse(why, 400, MCP_BAD_REQUEST, "\"jsonrpc\" must be \"2.0\".");
    m->method = json_text_member(whole, "method");
    m->params = json_text_member(whole, "params");
    bool reply = json_text_member(whole, "result").p || json_text_member(whole, "error").p;
    if (!m->method.p && reply)
        m->request = false; /* nobody was asked anything: as good as a notification */
    else if (!json_text_is_string(m->method))
        return refuse(why, 400, MCP_BAD_REQUEST, "\"method\" must be a string.");
    if (m->params.p && !json_text_is_object(m->params))
        return refuse(why, 400, MCP_BAD_PARAMETERS, "\"params\" must be an object.");
    return true;
}

/* ---- versions ---- */

static bool known_header(const char *version)
{
    for (int i = 0; i < VERSIONS; i++)
        if (strcmp(version, versions[i]) == 0)
            return true;
    return false;
}

static bool refuse_version(struct mcp_problem *why, struct json_text asked, const char *header)
{
    *why = (struct mcp_problem){.status = 400,
                                .code = MCP_BAD_VERSION,
                                .text = "Unsupported protocol version",
                                .version = asked,
                                .version_header = header};
    return false;
}

/* What the newer manner asks of a request besides. */
static bool check_modern(const struct mcp_headers *h, const struct mcp_message *m,
                         struct json_text said, struct json_text meta, struct mcp_problem *why)
{
    if (!h->version || (said.p && !json_text_is(said, h->version)))
        return refuse(why, 400, MCP_BAD_HEADER,
                      "Header mismatch: MCP-Protocol-Version must say what \"" META
                      "protocolVersion\" in \"_meta\" says.");
    if (!is_one_of(versions, VERSIONS, said) && said.p)
        return refuse_version(why, said, NULL);
    if (!h->method || !json_text_is(m->method, h->method))
        return refuse(why, 400, MCP_BAD_HEADER,
                      "Header mismatch: Mcp-Method must say what \"method\" says.");
    if (!json_text_is_string(said))
        return refuse(why, 400, MCP_BAD_PARAMETERS,
                      "\"_meta\" must have \"" META "protocolVersion\".");
    if (!json_text_is_object(json_text_member(meta, META "clientCapabilities")))
        return refuse(why, 400, MCP_BAD_PARAMETERS,
                      "\"_meta\" must have \"" META "clientCapabilities\", an object.");
    if (json_text_is(m->method, "tools/call") && !h->name)
        return refuse(why, 400, MCP_BAD_HEADER,
                      "Header mismatch: Mcp-Name must say which tool is called.");
    return true;
}

static bool check_version(const struct mcp_headers *h, struct mcp_message *m,
                          struct mcp_problem *why)
{
    struct json_text meta = json_text_member(m->params, "_meta");
    struct json_text said = json_text_member(meta, META "protocolVersion");
    m->modern = said.p || (h->version && strcmp(h->version, versions[0]) == 0);
    if (m->modern && m->request)
        return check_modern(h, m, said, meta, why);
    if (h->version && !known_header(h->version))
        return refuse_version(why, said, h->version);
    return true;
}

bool mcp_message_read(const char *body, size_t n, const struct mcp_headers *headers,
                      struct mcp_message *out, struct mcp_problem *why)
{
    struct json_text whole = {NULL, 0};
    *out = (struct mcp_message){0};
    if (!json_text_read(body, n, &whole))
        return refuse(why, 400, MCP_NOT_JSON, "The body is not JSON.");
    return read_envelope(whole, out, why) && check_version(headers, out, why);
}

const char *mcp_version_agreed(struct json_text asked)
{
    for (int i = OLDER; i < VERSIONS; i++)
        if (json_text_is(asked, versions[i]))
            return versions[i];
    return versions[OLDER];
}

/* ---- the name in a header ---- */

/* "=?base64?...?=" of a name, as clients write what they find unfit for a header. */
static void encode_name(const char *name, char *to, size_t room)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = strlen(name);
    size_t at = (size_t)snprintf(to, room, "=?base64?");
    for (size_t i = 0; i < n && at + 8 < room; i += 3) {
        unsigned block = (unsigned)(unsigned char)name[i] << 16;
        block |= i + 1 < n ? (unsigned)(unsigned char)name[i + 1] << 8 : 0;
        block |= i + 2 < n ? (unsigned)(unsigned char)name[i + 2] : 0;
        to[at++] = digits[block >> 18];
        to[at++] = digits[block >> 12 & 63];
        to[at++] = i + 1 < n ? digits[block >> 6 & 63] : '=';
        to[at++] = i + 2 < n ? digits[block & 63] : '=';
    }
    snprintf(to + at, room - at, "?=");
}

bool mcp_header_names(const struct mcp_headers *headers, const char *tool)
{
    char encoded[256];
    encode_name(tool, encoded, sizeof(encoded));
    return headers->name &&
           (strcmp(headers->name, tool) == 0 || strcmp(headers->name, encoded) == 0);
}

/* ---- what is told ---- */

void mcp_put(struct bytes *to, struct json_text text)
{
    bytes_put(to, text.p, text.n);
}

/* A message that could not be read far enough is answered without knowing its id. */
static void begin(struct bytes *to, const struct mcp_message *m)
{
    bytes_text(to, "{\"jsonrpc\":\"2.0\",\"id\":");
    if (m->id.p)
        mcp_put(to, m->id);
    else
        bytes_text(to, "null");
}

void mcp_put_server(struct bytes *to)
{
    bytes_text(to,
               "{\"name\":\"aigne-hub\",\"title\":\"AIGNE Hub\",\"version\":\"" AIGNE_VERSION
               "\"}");
}

void mcp_begin_result(struct bytes *to, const struct mcp_message *m)
{
    begin(to, m);
    bytes_text(to, ",\"result\":{");
    if (!m->modern)
        return;
    bytes_text(to, "\"resultType\":\"complete\",\"_meta\":{\"" META "serverInfo\":");
    mcp_put_server(to);
    bytes_text(to, "},");
}

void mcp_end_result(struct bytes *to)
{
    bytes_text(to, "}}");
}

void mcp_put_kept(struct bytes *to, const struct mcp_message *m)
{
    if (m->modern)
        bytes_text(to, ",\"ttlMs\":3600000,\"cacheScope\":\"private\"");
}

void mcp_put_versions(struct bytes *to)
{
    for (int i = 0; i < VERSIONS; i++)
        bytes_format(to, "%s\"%s\"", i ? "," : "[", versions[i]);
    bytes_text(to, "]");
}

static bool is_plain(const char *header)
{
    while (*header >= 0x20 && *header < 0x7f)
        header++;
    return !*header;
}

static void put_versions(struct bytes *to, const struct mcp_problem *why)
{
    bytes_text(to, ",\"data\":{\"supported\":");
    mcp_put_versions(to);
    bytes_text(to, ",\"requested\":");
    if (why->version.p)
        mcp_put(to, why->version);
    else if (is_plain(why->version_header))
        bytes_string(to, why->version_header, strlen(why->version_header));
    else
        bytes_text(to, "null");
    bytes_text(to, "}");
}

void mcp_put_error(struct bytes *to, const struct mcp_message *m, const struct mcp_problem *why)
{
    begin(to, m);
    bytes_format(to, ",\"error\":{\"code\":%d,\"message\":", why->code);
    if (why->said.p)
        mcp_put(to, why->said);
    else if (why->named.p && why->named.n <= NAMED_LARGEST) /* what stood between its quotes */
        bytes_format(to, "\"%s: %.*s\"", why->text, (int)why->named.n - 2, why->named.p + 1);
    else
        bytes_string(to, why->text, strlen(why->text));
    if (why->code == MCP_BAD_VERSION)
        put_versions(to, why);
    bytes_text(to, "}}");
}
