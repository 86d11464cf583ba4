/* Knows what is alike in all providers' requests; refuses to know any one provider's format. */
#include "provider/wire.h"
#include "base/limits.h"
#include "base/mem.h"
#include "chat/surrogates.h"
#include "chat/trimmed.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>
#include <stdio.h>

/* An escape makes at most six bytes of one. */
#define BODY_LARGEST (6 * LIMIT_REQUEST_BODY)
#define BODY_SLACK   ((size_t)1024)

/* About what the body will need, so that a large one is not moved while it grows. */
static size_t expected_size(const struct chat_request *r)
{
    size_t size = BODY_SLACK + r->schema.n;
    for (size_t i = 0; i < r->message_count; i++) {
        const struct chat_message *m = &r->messages[i];
        size += 64;
        for (size_t k = 0; k < m->part_count; k++) {
            const struct chat_part *p = &m->parts[k];
            size += 96 + p->text.n + p->arguments.n + p->signature.n + p->text.n / 16;
        }
    }
    for (size_t i = 0; i < r->tool_count; i++)
        size += 128 + r->tools[i].parameters.n + r->tools[i].description.n;
    return size;
}

void wire_begin(struct wire *w, const struct chat_request *r, const struct chat_target *to,
                struct arena *a, struct fault *why)
{
    *w = (struct wire){.request = r, .to = to, .arena = a, .why = why};
    buf_init(&w->body, BODY_LARGEST);
    buf_reserve(&w->body, expected_size(r));
    w->json = json_writer(&w->body);
}

void wire_close(struct wire *w)
{
    buf_free(&w->body);
}

int wire_header(struct http_request *out, const char *name, struct slice value,
                struct fault *why)
{
    int rc = http_request_header(out, name, value);
    return rc < 0 ? fault_set(why, rc, "The request has no room for the header %s.", name) : rc;
}

static int post(struct wire *w, struct slice url, bool streamed, struct http_request *out)
{
    if (buf_rc(&w->body) == AIGNE_E_REQUEST)
        return fault_set(w->why, AIGNE_E_REQUEST,
                         "The request is too large: make it smaller than %zu bytes.",
                         BODY_LARGEST);
    struct slice body =
        buf_rc(&w->body) < 0 ? SLICE_NONE : arena_copy(w->arena, buf_slice(&w->body));
    if (!body.p || !url.p || w->arena->failed)
        return fault_nomem(w->why);
    out->method = "POST";
    out->url = url;
    out->streamed = streamed;
    out->body[0] = body;
    out->body_count = 1;
    const char *stream = w->streams_as ? w->streams_as : "text/event-stream";
    int rc = wire_header(out, "content-type", SLICE("application/json"), w->why);
    return rc < 0
               ? rc
               : wire_header(out, "accept",
                             slice_text(out->streamed ? stream : "application/json"), w->why);
}

int wire_post(struct wire *w, struct slice url, struct http_request *out)
{
    return post(w, url, w->request->stream, out);
}

int wire_post_plain(struct wire *w, struct slice url, struct http_request *out)
{
    return post(w, url, false, out);
}

int wire_get(struct slice url, struct http_request *out, struct fault *why)
{
    if (!url.p)
        return fault_nomem(why);
    out->method = "GET";
    out->url = url;
    return wire_header(out, "accept", SLICE("application/json"), why);
}

int wire_bearer(struct arena *a, struct slice secret, struct http_request *out,
                struct fault *why)
{
    if (!secret.p || !secret.n)
        return AIGNE_OK;
    struct slice parts[] = {SLICE("Bearer "), secret};
    struct slice value = arena_join(a, parts, 2);
    return value.p ? wire_header(out, "authorization", value, why) : fault_nomem(why);
}

void wire_string_open(struct wire *w, const char *name)
{
    json_key(&w->json, name);
    json_write_raw(&w->json, SLICE("\""));
}

void wire_string_close(struct wire *w)
{
    buf_put_byte(&w->body, '"');
}

void wire_data_url(struct wire *w, const char *name, struct slice mime, struct slice base64)
{
    wire_string_open(w, name);
    BUF_LITERAL(&w->body, "data:");
    json_escape(&w->body, mime);
    BUF_LITERAL(&w->body, ";base64,");
    json_escape(&w->body, base64);
    wire_string_close(w);
}

int wire_trim(const struct wire *w, unsigned trims)
{
    if ((trims & TRIM_STOPS) && !trimmed_can(w->request))
        return fault_field(w->why, AIGNE_E_REQUEST, "stop",
                           "stop holds more than %d sequences, or one of more than %d bytes.",
                           LIMIT_STOPS, LIMIT_STOP_BYTES);
    if (w->to->trims)
        *w->to->trims |= trims;
    return AIGNE_OK;
}

int wire_stops(struct wire *w, const char *member, bool blanks, size_t most)
{
    const struct chat_request *r = w->request;
    size_t said = 0;
    size_t empty = 0;
    for (size_t i = 0; i < r->stop_count; i++) {
        empty += !r->stop[i].n;
        if (said == most || !(blanks ? r->stop[i] : slice_trim(r->stop[i])).n)
            continue;
        if (said++ == 0)
            json_member_array(&w->json, member);
        json_write_string(&w->json, r->stop[i]);
    }
    if (said)
        json_close_array(&w->json);
    return said + empty < r->stop_count ? wire_trim(w, TRIM_STOPS) : AIGNE_OK;
}

int wire_refuse_part(struct wire *w, size_t message, size_t part, const char *sentence)
{
    char path[96] = "";
    chat_place_write(&w->request->messages[message].parts[part].at, path, sizeof path);
    if (!path[0])
        (void)snprintf(path, sizeof path, "messages[%zu].content[%zu]", message, part);
    return fault_field(w->why, AIGNE_E_REQUEST, path, "%s: %s", path, sentence);
}

int wire_refuse_system_files(struct wire *w)
{
    const struct chat_request *r = w->request;
    for (size_t i = 0; i < r->message_count; i++) {
        const struct chat_message *m = &r->messages[i];
        for (size_t k = 0; m->role == CHAT_SYSTEM && k < m->part_count; k++) {
            if (m->parts[k].kind == CHAT_DATA || m->parts[k].kind == CHAT_URL)
                return wire_refuse_part(w, i, k,
                                        "this provider takes no files in system messages: put "
                                        "it into a user message.");
        }
    }
    return AIGNE_OK;
}

int wire_refuse_foreign(const struct chat_request *r, struct fault *why)
{
    static const char *const refused[] = {"audio", "web_search_options", "functions",
                                          "function_call"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (wire_extra(r, refused[i]))
            return fault_field(why, AIGNE_E_REQUEST, refused[i],
                               "%s means nothing to this provider: leave it out.", refused[i]);
    }
    return AIGNE_OK;
}

int wire_refuse_modalities(const struct chat_request *r, struct fault *why)
{
    struct json_walk walk = json_walk(json_of(r->modalities.p ? r->modalities : SLICE("[]")));
    while (json_next(&walk)) {
        if (!slice_is_nocase(walk.value.raw, "\"text\""))
            return fault_field(why, AIGNE_E_REQUEST, "modalities",
                               "modalities: this model answers with text alone.");
    }
    return AIGNE_OK;
}

int wire_refuse_logprobs(const struct chat_request *r, struct fault *why)
{
    const struct chat_extra *extra = wire_extra(r, "logprobs");
    bool wanted = false;
    if (!extra || !json_bool(json_of(extra->value), &wanted) || !wanted)
        return AIGNE_OK;
    return fault_field(why, AIGNE_E_REQUEST, "logprobs",
                       "logprobs: this model tells no probabilities.");
}

int wire_refuse_choices(const struct chat_request *r, struct fault *why)
{
    int64_t n = 1;
    if (!r->n.p || (wire_int(r->n, &n) && n == 1))
        return AIGNE_OK;
    return fault_field(
        why, AIGNE_E_REQUEST, "n",
        "n (Google's candidateCount) must be 1 here: ask several times for several "
        "answers.");
}

int wire_check_choices(const struct chat_request *r, int64_t most, struct fault *why)
{
    int64_t n = 1;
    if (!r->n.p || (wire_int(r->n, &n) && n >= 1 && n <= most))
        return AIGNE_OK;
    return fault_field(why, AIGNE_E_REQUEST, "n",
                       "n (Google's candidateCount) must be a whole number from 1 to %d here.",
                       (int)most);
}

void wire_choices(struct wire *w, const char *member)
{
    int64_t n = 1;
    if (wire_int(w->request->n, &n) && n > 1)
        json_member_int(&w->json, member, n);
}

bool wire_text_only(const struct chat_message *m)
{
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind == CHAT_DATA || m->parts[i].kind == CHAT_URL)
            return false;
    }
    return true;
}

struct slice wire_joined_text(const struct chat_message *m, struct arena *a)
{
    size_t count = 0;
    struct slice only = SLICE("");
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind != CHAT_TEXT || !m->parts[i].text.n)
            continue;
        only = m->parts[i].text;
        count++;
    }
    if (count < 2)
        return only;
    struct slice *pieces = arena_array(a, 2 * count, sizeof *pieces);
    if (!pieces)
        return SLICE_NONE;
    size_t used = 0;
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind != CHAT_TEXT || !m->parts[i].text.n)
            continue;
        if (used)
            pieces[used++] = SLICE("\n");
        pieces[used++] = m->parts[i].text;
    }
    return arena_join(a, pieces, used);
}

enum chat_effort wire_effort(const struct chat_request *r)
{
    return r->effort != CHAT_EFFORT_UNSET ? r->effort
                                          : chat_effort_of_budget(r->reasoning_budget);
}

const struct chat_extra *wire_extra(const struct chat_request *r, const char *name)
{
    for (size_t i = 0; i < r->extra_count; i++) {
        if (slice_is(r->extras[i].name, name))
            return &r->extras[i];
    }
    return NULL;
}

bool wire_foreign(const struct chat_extra *extra, const char *format,
                  const struct chat_target *to)
{
    bool foreign = !extra->value.p || (extra->format && strcmp(extra->format, format) != 0);
    if (foreign)
        dropped_note_stranger(to->dropped, extra->name);
    return foreign;
}

bool wire_is_object(struct slice json)
{
    return json.p && json_of(json).kind == JSON_OBJECT && json_check(json, NULL) == AIGNE_OK;
}

void wire_object(struct wire *w, const char *name, struct slice json, const char *key)
{
    struct slice text = slice_trim(json);
    json_key(&w->json, name);
    bool valid = text.n && json_check(text, NULL) == AIGNE_OK;
    if (valid) /* a failure sticks to the arena */
        text = surrogates_replaced(text, w->arena);
    if (valid && text.p && text.p[0] == '{') {
        json_write_raw(&w->json, text);
        return;
    }
    json_open_object(&w->json);
    if (valid)
        json_member_raw_opt(&w->json, key, text);
    else if (text.n)
        json_member_string(&w->json, key, text);
    json_close_object(&w->json);
}

void wire_schema(struct wire *w, const char *name, struct slice schema)
{
    struct json s = json_of(schema.p ? schema : SLICE("{}"));
    if (s.kind == JSON_OBJECT && json_present(json_get(s, "type"))) {
        json_member_raw(&w->json, name, s.raw);
        return;
    }
    json_member_object(&w->json, name);
    json_member_text(&w->json, "type", "object");
    bool properties = false;
    struct json_walk walk = json_walk(s);
    while (s.kind == JSON_OBJECT && json_next(&walk)) {
        if (json_key_is(&walk, "type"))
            continue;
        properties = properties || json_key_is(&walk, "properties");
        json_write_raw(&w->json, SLICE("\""));
        buf_put_slice(&w->body, walk.key);
        BUF_LITERAL(&w->body, "\":");
        buf_put_slice(&w->body, walk.value.raw);
    }
    if (!properties)
        json_member_raw(&w->json, "properties", SLICE("{}"));
    json_close_object(&w->json);
}

bool wire_int(struct slice number, int64_t *out)
{
    return number.p && json_int64(json_of(number), out);
}
