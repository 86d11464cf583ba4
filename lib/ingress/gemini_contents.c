/* gemini_contents.c - knows how the contents of a Gemini request become messages; refuses to know the
 * settings beside them. */
#include "ingress/gemini.h"

#include "base/limits.h"
#include "base/mem.h"
#include "ingress/server_tools.h"
#include <aignehub/aignehub.h>

enum part_member {
    TEXT,
    THOUGHT,
    SIGNATURE,
    INLINE,
    FILE_DATA,
    CALL,
    RESPONSE,
    VIDEO,
    RESOLUTION,
    CODE,
    CODE_RESULT,
    TOOL_CALL,
    TOOL_RESPONSE,
    PART_MEMBERS
};
static const char *const part_members[PART_MEMBERS] = {"text",
                                                       "thought",
                                                       "thoughtSignature",
                                                       "inlineData",
                                                       "fileData",
                                                       "functionCall",
                                                       "functionResponse",
                                                       "videoMetadata",
                                                       "mediaResolution",
                                                       "executableCode",
                                                       "codeExecutionResult",
                                                       "toolCall",
                                                       "toolResponse"};

/* A run of text or thoughts that came in pieces: what a client kept of a stream. */
struct run {
    struct buf text;
    struct chat_part *part; /* that it will be; NULL: none is under way */
};

struct content {
    struct reading *r;
    size_t index;
    bool model;
    struct run run;
    int64_t calls;        /* so far */
    size_t calls_in_turn; /* in the model's last message */
    bool *answered;       /* by part of that message; NULL: no result has come */
    size_t unanswered;    /* all parts before it are answered, or no calls */
};

static int end_run(struct content *c)
{
    if (!c->run.part)
        return AIGNE_OK;
    struct slice text = buf_slice(&c->run.text);
    c->run.part->text = buf_rc(&c->run.text) ? SLICE_NONE : arena_copy(c->r->arena, text);
    bool whole = c->run.part->text.p != NULL;
    c->run.part = NULL;
    buf_clear(&c->run.text);
    return whole ? AIGNE_OK : reading_nomem(c->r);
}

static struct chat_part *add_part(struct content *c, enum chat_part_kind kind)
{
    return end_run(c) ? NULL : chat_add_part(&c->r->build, kind);
}

static void at_part(struct content *c, size_t part)
{
    reading_at(c->r, "contents", c->index);
    reading_inside(c->r, "parts", part);
}

/* ---- parts that both sides say ---- */

static int add_text(struct content *c, enum chat_part_kind kind, struct slice text)
{
    if (!text.n)
        return AIGNE_OK;
    if (!c->run.part || c->run.part->kind != kind || !c->model) {
        struct chat_part *p = add_part(c, kind);
        if (!p)
            return reading_nomem(c->r);
        c->run.part = p;
    }
    buf_put_slice(&c->run.text, text);
    return c->model ? AIGNE_OK : end_run(c);
}

/* A seal ends what was thought before it. */
static int add_sealed(struct content *c, enum google_seal seal, struct slice vendor,
                      struct slice text)
{
    struct chat_part *p = c->run.part;
    if (seal != SEAL_SIGNATURE || !p || p->kind != CHAT_THINKING)
        p = add_part(c, seal == SEAL_SIGNATURE ? CHAT_THINKING : CHAT_REDACTED);
    if (!p)
        return reading_nomem(c->r);
    p->origin = vendor;
    if (seal == SEAL_SIGNATURE)
        p->signature = text;
    else
        p->text = text;
    return end_run(c);
}

/* Google's own signature is kept as one that seals a thought. */
static int read_seal(struct content *c, struct json v)
{
    struct slice signature = SLICE_NONE;
    struct slice vendor = SLICE_NONE;
    struct slice sealed = SLICE_NONE;
    int rc = read_string(c->r, "thoughtSignature", v, &signature);
    if (rc || !signature.n)
        return rc;
    enum google_seal seal = google_unseal(signature, c->r->arena, &vendor, &sealed);
    if (c->r->arena->failed)
        return reading_nomem(c->r);
    return seal == SEAL_NONE ? add_sealed(c, SEAL_SIGNATURE, SLICE(GOOGLE_VENDOR), signature)
                             : add_sealed(c, seal, vendor, sealed);
}

static int read_said(struct content *c, const struct json *v)
{
    struct slice text = SLICE_NONE;
    enum chat_choice thought = CHAT_UNSET;
    int rc = read_string(c->r, "text", v[TEXT], &text);
    if (!rc)
        rc = read_bool(c->r, "thought", v[THOUGHT], &thought);
    if (!rc)
        rc = add_text(c, thought == CHAT_YES ? CHAT_THINKING : CHAT_TEXT, text);
    return rc || !c->model ? rc : read_seal(c, v[SIGNATURE]);
}

static int read_inline(struct content *c, struct json file)
{
    static const char *const names[] = {"mimeType", "data", "displayName"};
    struct json v[3];
    google_pick(file, names, 3, v);
    struct chat_part *p = add_part(c, CHAT_DATA);
    if (!p)
        return reading_nomem(c->r);
    int rc = read_needed_string(c->r, "inlineData.mimeType", v[0], &p->mime);
    if (!rc)
        rc = google_read_bytes(c->r, "inlineData.data", v[1], &p->text);
    return rc ? rc : read_string(c->r, "inlineData.displayName", v[2], &p->filename);
}

/* What was uploaded to Google, only Google has. */
static bool is_googles(struct slice uri)
{
    return slice_starts_nocase(uri, "https://generativelanguage.googleapis.com/") ||
           slice_starts_nocase(uri, "https://www.youtube.com/") ||
           slice_starts_nocase(uri, "https://youtu.be/") ||
           !(slice_starts_nocase(uri, "https://") || slice_starts_nocase(uri, "http://"));
}

static int read_file(struct content *c, struct json file)
{
    static const char *const names[] = {"mimeType", "fileUri", "displayName"};
    struct json v[3];
    google_pick(file, names, 3, v);
    struct chat_part *p = add_part(c, CHAT_URL);
    if (!p)
        return reading_nomem(c->r);
    int rc = read_string(c->r, "fileData.mimeType", v[0], &p->mime);
    if (!rc)
        rc = read_needed_string(c->r, "fileData.fileUri", v[1], &p->text);
    if (!rc && is_googles(p->text))
        return reading_refuse(c->r, "fileData.fileUri",
                              "names what only Google has: send it as inlineData");
    return rc ? rc : read_string(c->r, "fileData.displayName", v[2], &p->filename);
}

/* ---- calls and their results ---- */

/* Older models and many clients know no ids; calls are then numbered through the conversation. */
static struct slice made_id(struct content *c)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, 64);
    BUF_LITERAL(&text, "call_");
    buf_put_int(&text, c->calls);
    return buf_rc(&text) ? SLICE_NONE : arena_copy(c->r->arena, buf_slice(&text));
}

static int read_call(struct content *c, const struct json *v)
{
    static const char *const names[] = {"id", "name", "args"};
    struct json m[3];
    struct slice none = SLICE_NONE;
    struct slice id = SLICE_NONE;
    if (!c->model)
        return reading_refuse(c->r, "functionCall", "is what only the model says");
    if (c->calls_in_turn++ >= LIMIT_TOOL_CALLS)
        return reading_refuse(c->r, "functionCall", "is one of more than %d in one turn",
                              LIMIT_TOOL_CALLS);
    c->calls++;
    google_pick(v[CALL], names, 3, m);
    int rc = read_string(c->r, "functionCall.id", m[0], &id);
    if (!rc && !id.n)
        id = made_id(c);
    struct chat_part *p = rc || !id.p ? NULL : add_part(c, CHAT_TOOL_CALL);
    if (!p)
        return rc ? rc : reading_nomem(c->r);
    p->id = id;
    p->arguments = SLICE("{}");
    rc = read_needed_string(c->r, "functionCall.name", m[1], &p->name);
    if (!rc)
        rc = read_object(c->r, "functionCall.args", m[2], &p->arguments);
    if (!rc)
        rc = read_string(c->r, "thoughtSignature", v[SIGNATURE], &p->signature);
    if (!rc && google_unseal(p->signature, c->r->arena, &none, &none) != SEAL_NONE)
        p->signature = SLICE_NONE;
    return rc;
}

/* The call that a result belongs to, in the model's last message: by its id, else the first of that name
 * that has no result yet. -1: there is none. */
static int64_t call_of(struct content *c, const struct chat_message *m, struct slice id,
                       struct slice name)
{
    int64_t by_name = -1;
    while (c->unanswered < m->part_count &&
           (c->answered[c->unanswered] || m->parts[c->unanswered].kind != CHAT_TOOL_CALL))
        c->unanswered++;
    for (size_t k = c->unanswered; k < m->part_count; k++) {
        const struct chat_part *p = &m->parts[k];
        if (p->kind != CHAT_TOOL_CALL || c->answered[k])
            continue;
        if (id.n && slice_eq(p->id, id))
            return (int64_t)k;
        if (by_name < 0 && slice_eq(p->name, name))
            by_name = (int64_t)k;
        if (by_name >= 0 && !id.n)
            break;
    }
    return by_name;
}

/* The id of that call; .p NULL: refused. */
static struct slice call_id_of(struct content *c, struct slice id, struct slice name)
{
    const struct chat_request *out = c->r->build.request;
    size_t last = out->message_count;
    while (last > 0 && out->messages[last - 1].role == CHAT_TOOL)
        last--;
    const struct chat_message *m = last > 0 ? &out->messages[last - 1] : NULL;
    if (m && m->role == CHAT_ASSISTANT && m->part_count && !c->answered) {
        c->answered = arena_alloc(c->r->arena, m->part_count * sizeof *c->answered);
        c->unanswered = 0;
        if (!c->answered) {
            (void)reading_nomem(c->r);
            return SLICE_NONE;
        }
    }
    int64_t k = m && m->role == CHAT_ASSISTANT && c->answered ? call_of(c, m, id, name) : -1;
    if (k >= 0) {
        c->answered[k] = true;
        return m->parts[k].id;
    }
    (void)reading_refuse(c->r, "functionResponse",
                         "answers no functionCall of the turn before");
    return SLICE_NONE;
}

/* {"result":TEXT}, {"output":TEXT} and {"error":TEXT} are texts in the object that Google demands. */
static int read_result(struct content *c, struct json response, struct chat_message *m)
{
    static const char *const wraps[] = {"result", "output", "error"};
    struct chat_part *p = chat_add_part(&c->r->build, CHAT_TEXT);
    if (!p)
        return reading_nomem(c->r);
    p->text = SLICE("{}");
    int rc = read_object(c->r, "functionResponse.response", response, &p->text);
    if (rc || json_count(response) != 1)
        return rc;
    struct json_walk w = json_walk(response);
    (void)json_next(&w);
    for (size_t i = 0; i < 3; i++) {
        if (!json_key_is(&w, wraps[i]) || w.value.kind != JSON_STRING)
            continue;
        m->failed = i == 2;
        return read_string(c->r, "functionResponse.response", w.value, &p->text);
    }
    return AIGNE_OK;
}

static int read_response(struct content *c, struct json response)
{
    static const char *const names[] = {"id", "name", "response", "parts"};
    struct json v[4];
    struct slice id = SLICE_NONE;
    struct slice name = SLICE_NONE;
    google_pick(response, names, 4, v);
    int rc = read_string(c->r, "functionResponse.id", v[0], &id);
    if (!rc)
        rc = read_needed_string(c->r, "functionResponse.name", v[1], &name);
    if (rc)
        return rc;
    id = call_id_of(c, id, name);
    if (!id.p)
        return c->r->why->code;
    struct chat_message *m = chat_add_message(&c->r->build, CHAT_TOOL);
    if (!m)
        return reading_nomem(c->r);
    m->tool_call_id = id;
    rc = read_result(c, v[2], m);
    struct google_list files = google_list(v[3]);
    while (!rc && google_next(&files)) {
        struct json data = google_get(files.value, "inlineData");
        struct json elsewhere = google_get(files.value, "fileData");
        rc = json_present(data)        ? read_inline(c, data)
             : json_present(elsewhere) ? read_file(c, elsewhere)
                                       : AIGNE_OK;
    }
    return rc;
}

/* ---- parts in order ---- */

static int read_server(struct content *c, const char *name, struct json v)
{
    int rc = end_run(c);
    return rc ? rc : read_server_tool(c->r, slice_text(name), v);
}

static int read_part(struct content *c, struct json part)
{
    static const enum part_member server[] = {CODE, CODE_RESULT, TOOL_CALL, TOOL_RESPONSE};
    struct json v[PART_MEMBERS];
    if (part.kind != JSON_OBJECT)
        return reading_kind(c->r, "", "an object", part);
    google_pick(part, part_members, PART_MEMBERS, v);
    for (size_t i = 0; i < sizeof server / sizeof server[0]; i++) {
        if (json_present(v[server[i]]))
            return read_server(c, part_members[server[i]], v[server[i]]);
    }
    int rc = google_keep_own(c->r, part_members[VIDEO], v[VIDEO]);
    if (!rc)
        rc = google_keep_own(c->r, "parts.mediaResolution", v[RESOLUTION]);
    if (rc)
        return rc;
    if (json_present(v[INLINE]))
        return read_inline(c, v[INLINE]);
    if (json_present(v[FILE_DATA]))
        return read_file(c, v[FILE_DATA]);
    if (json_present(v[CALL]))
        return read_call(c, v);
    return read_said(c, v);
}

static bool is_response(struct json part)
{
    return json_present(google_get(part, "functionResponse"));
}

/* Results come before what is said beside them, as others demand it. */
static int read_responses(struct content *c, struct json parts, bool *others)
{
    struct google_list l = google_list(parts);
    for (size_t i = 0; google_next(&l); i++) {
        at_part(c, i);
        if (!is_response(l.value)) {
            *others = true;
            continue;
        }
        int rc = read_response(c, google_get(l.value, "functionResponse"));
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

static int read_others(struct content *c, struct json parts)
{
    struct google_list l = google_list(parts);
    for (size_t i = 0; google_next(&l); i++) {
        at_part(c, i);
        if (!c->model && is_response(l.value))
            continue;
        int rc = read_part(c, l.value);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

static int read_user(struct content *c, struct json parts)
{
    bool others = false;
    int rc = end_run(c);
    if (!rc)
        rc = read_responses(c, parts, &others);
    if (rc || !others)
        return rc;
    if (!chat_add_message(&c->r->build, CHAT_USER))
        return reading_nomem(c->r);
    rc = read_others(c, parts);
    return rc ? rc : end_run(c);
}

/* The pieces of a stream, each kept as a content of its own, are one message. */
static int read_model(struct content *c, struct json parts)
{
    const struct chat_request *out = c->r->build.request;
    size_t n = out->message_count;
    bool goes_on = n > 0 && out->messages[n - 1].role == CHAT_ASSISTANT;
    if (!goes_on && !chat_add_message(&c->r->build, CHAT_ASSISTANT))
        return reading_nomem(c->r);
    if (!goes_on) {
        c->calls_in_turn = 0;
        c->answered = NULL;
    }
    return read_others(c, parts);
}

static int read_content_of(struct content *c, struct json content)
{
    static const char *const names[] = {"role", "parts"};
    struct json v[2];
    reading_at(c->r, "contents", c->index);
    if (content.kind != JSON_OBJECT)
        return reading_kind(c->r, "", "an object", content);
    google_pick(content, names, 2, v);
    c->model = json_string_is(v[0], "model");
    bool user =
        !json_present(v[0]) || json_string_is(v[0], "user") || json_string_is(v[0], "function");
    if (!c->model && !user)
        return reading_refuse(c->r, "role", "must be user or model");
    if (json_present(v[1]) && v[1].kind != JSON_ARRAY && v[1].kind != JSON_OBJECT)
        return reading_kind(c->r, "parts", "an array", v[1]);
    if (!c->model && !json_count(v[1]))
        return reading_refuse(c->r, "parts", "must not be empty");
    return c->model ? read_model(c, v[1]) : read_user(c, v[1]);
}

static int read_all(struct content *c, struct json contents)
{
    struct google_list l = google_list(contents);
    for (c->index = 0; google_next(&l); c->index++) {
        if (c->index >= LIMIT_MESSAGES)
            return reading_too_many(c->r, "contents", LIMIT_MESSAGES, "contents");
        int rc = read_content_of(c, l.value);
        if (rc)
            return rc;
    }
    return end_run(c);
}

int google_read_contents(struct reading *r, struct json contents)
{
    struct content c = {.r = r};
    buf_init(&c.run.text, LIMIT_REPLY_BODY);
    if (json_present(contents) && contents.kind != JSON_ARRAY && contents.kind != JSON_OBJECT)
        return reading_kind(r, "contents", "an array", contents);
    int rc = read_all(&c, contents);
    buf_free(&c.run.text);
    if (rc)
        return rc;
    reading_whole(r);
    return json_count(contents) ? AIGNE_OK : reading_refuse(r, "contents", "must not be empty");
}

/* A Content, or its text alone. */
int google_read_system(struct reading *r, struct json instruction)
{
    struct content c = {.r = r};
    if (!json_present(instruction))
        return AIGNE_OK;
    if (!chat_add_message(&r->build, CHAT_SYSTEM))
        return reading_nomem(r);
    if (instruction.kind == JSON_STRING) {
        struct chat_part *p = chat_add_part(&r->build, CHAT_TEXT);
        return p ? read_string(r, "systemInstruction", instruction, &p->text)
                 : reading_nomem(r);
    }
    if (instruction.kind != JSON_OBJECT)
        return reading_kind(r, "systemInstruction", "an object", instruction);
    buf_init(&c.run.text, LIMIT_REPLY_BODY);
    struct google_list l = google_list(google_get(instruction, "parts"));
    int rc = AIGNE_OK;
    for (size_t i = 0; !rc && google_next(&l); i++) {
        reading_at(r, "systemInstruction", READING_ALL);
        reading_inside(r, "parts", i);
        rc = read_part(&c, l.value);
    }
    buf_free(&c.run.text);
    reading_whole(r);
    return rc;
}
