/* Knows how events, requests and faults read as text; refuses to know what is right. */
#include "script.h"
#include "chat/trimmed.h"
#include <aignehub/aignehub.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static void put(struct script *s, struct slice text)
{
    assert_true(text.n < SCRIPT_LARGEST - s->n);
    if (text.n)
        memcpy(s->text + s->n, text.p, text.n);
    s->n += text.n;
}

static void put_text(struct script *s, const char *text)
{
    put(s, slice_text(text));
}

static void put_int(struct script *s, const char *name, int64_t value)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%s%" PRId64, name, value);
    put(s, slice_of(text, (size_t)n));
}

/* In quotes, one line whatever is in it. */
static void put_escaped(struct script *s, struct slice text)
{
    char escaped[8];
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            put(s, slice_of(text.p + i, 1));
            continue;
        }
        snprintf(escaped, sizeof escaped, c == '\n' ? "\\n" : c < 0x20 ? "\\x%02x" : "\\%c", c);
        put_text(s, escaped);
    }
}

static void put_quoted(struct script *s, const char *name, struct slice text)
{
    if (!text.p)
        return;
    put_text(s, name);
    put_text(s, "\"");
    put_escaped(s, text);
    put_text(s, "\"");
}

static void put_usage(struct script *s, const struct usage *u)
{
    const struct {
        const char *name;
        int64_t count;
    } counts[] = {{" input=", u->input},
                  {" cache_read=", u->cache_read},
                  {" cache_write_5m=", u->cache_write_5m},
                  {" cache_write_1h=", u->cache_write_1h},
                  {" output=", u->output},
                  {" reasoning=", u->reasoning},
                  {" audio_input=", u->audio_input},
                  {" audio_output=", u->audio_output},
                  {" image_input=", u->image_input},
                  {" image_output=", u->image_output},
                  {" images=", u->images},
                  {" milliseconds=", u->milliseconds},
                  {" characters=", u->characters}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (counts[i].count != -1)
            put_int(s, counts[i].name, counts[i].count);
    }
}

static const char *const kinds[] = {
    [EVENT_START] = "start",       [EVENT_TEXT] = "text",
    [EVENT_THOUGHT] = "thought",   [EVENT_SIGNATURE] = "signature",
    [EVENT_REDACTED] = "redacted", [EVENT_REFUSAL] = "refusal",
    [EVENT_TOOL_BEGIN] = "tool",   [EVENT_TOOL_ARGUMENTS] = "tool-arguments",
    [EVENT_TOOL_END] = "tool-end", [EVENT_FILE] = "file",
    [EVENT_USAGE] = "usage",       [EVENT_JSON] = "json",
    [EVENT_RESET] = "reset",       [EVENT_EXTRA] = "extra",
    [EVENT_FINISH] = "finish",     [EVENT_CITATION] = "citation",
    [EVENT_LOGPROBS] = "logprobs", [EVENT_EMBEDDING] = "embedding",
    [EVENT_BYTES] = "bytes",       [EVENT_PROGRESS] = "progress",
};

static const char *const finishes[] = {
    [FINISH_UNKNOWN] = "unknown",
    [FINISH_STOP] = "stop",
    [FINISH_STOP_SEQUENCE] = "stop-sequence",
    [FINISH_LENGTH] = "length",
    [FINISH_TOOLS] = "tools",
    [FINISH_FILTER] = "filter",
    [FINISH_REFUSAL] = "refusal",
    [FINISH_PAUSE] = "pause",
};

static const char *const codes[] = {
    [-AIGNE_E_USAGE] = "USAGE",       [-AIGNE_E_NOMEM] = "NOMEM",
    [-AIGNE_E_CONFIG] = "CONFIG",     [-AIGNE_E_REQUEST] = "REQUEST",
    [-AIGNE_E_AUTH] = "AUTH",         [-AIGNE_E_CREDIT] = "CREDIT",
    [-AIGNE_E_RATE] = "RATE",         [-AIGNE_E_ROUTE] = "ROUTE",
    [-AIGNE_E_UPSTREAM] = "UPSTREAM", [-AIGNE_E_NETWORK] = "NETWORK",
    [-AIGNE_E_TIMEOUT] = "TIMEOUT",   [-AIGNE_E_PROTOCOL] = "PROTOCOL",
    [-AIGNE_E_INTERNAL] = "INTERNAL",
};

/* Calls begin densely from 0 and only begun ones go on; after FINISH only USAGE comes. */
static void watch_order(struct script *s, const struct event *e)
{
    bool tool = e->kind == EVENT_TOOL_BEGIN || e->kind == EVENT_TOOL_ARGUMENTS ||
                e->kind == EVENT_TOOL_END;
    int *begun = &s->tool_calls[e->choice < SCRIPT_CHOICES ? e->choice : 0];
    bool last = e->kind == EVENT_USAGE || (e->kind == EVENT_FINISH && e->choice);
    if (s->finished && !last)
        s->disordered = true;
    if (e->kind == EVENT_TOOL_BEGIN && e->index != (*begun)++)
        s->disordered = true;
    if (tool && (e->index < 0 || e->index >= *begun))
        s->disordered = true;
    s->open_tool_calls += e->kind == EVENT_TOOL_BEGIN;
    s->open_tool_calls -= e->kind == EVENT_TOOL_END;
    if (e->kind == EVENT_FINISH && s->open_tool_calls)
        s->disordered = true;
    s->finished = s->finished || e->kind == EVENT_FINISH;
}

static int push(struct event_sink *sink, const struct event *e)
{
    struct script *s = (struct script *)(void *)sink;
    bool tool = e->kind == EVENT_TOOL_BEGIN || e->kind == EVENT_TOOL_ARGUMENTS ||
                e->kind == EVENT_TOOL_END;
    watch_order(s, e);
    if (e->kind == EVENT_BYTES && s->in_bytes) { /* however they were cut */
        s->n -= 2;
        put_escaped(s, e->text);
        put_text(s, "\"\n");
        return AIGNE_OK;
    }
    s->in_bytes = e->kind == EVENT_BYTES;
    put_text(s, kinds[e->kind]);
    if (tool || e->kind == EVENT_EMBEDDING)
        put_int(s, " ", e->index);
    if (e->choice)
        put_int(s, " choice=", e->choice);
    put_quoted(s, " id=", e->id);
    put_quoted(s, " name=", e->name);
    put_quoted(s, " mime=", e->mime);
    put_quoted(s, e->is_url ? " url=" : " ", e->text);
    put_quoted(s, " metadata=", e->metadata);
    if (e->kind == EVENT_USAGE)
        put_usage(s, &e->usage);
    if (e->kind == EVENT_FINISH) {
        put_text(s, " ");
        put_text(s, finishes[e->finish]);
    }
    put_text(s, "\n");
    return AIGNE_OK;
}

void script_clear(struct script *s)
{
    s->sink.push = push;
    s->n = 0;
    s->events_end = 0;
    s->open_tool_calls = 0;
    memset(s->tool_calls, 0, sizeof s->tool_calls);
    s->finished = false;
    s->in_bytes = false;
    s->disordered = false;
}

void script_line(struct script *s, const char *text)
{
    put_text(s, text);
    put_text(s, "\n");
}

void script_shown(struct script *s, struct slice raw)
{
    put_quoted(s, "shown ", slice_trim(raw));
    put_text(s, "\n");
}

void script_http(struct script *s, const struct http_request *r)
{
    put_text(s, r->method);
    put_text(s, " ");
    put(s, r->url);
    put_text(s, r->streamed ? " (streamed)\n" : "\n");
    for (size_t i = 0; i < r->header_count; i++) {
        put(s, r->headers[i].name);
        put_text(s, ": ");
        put(s, r->headers[i].value);
        put_text(s, "\n");
    }
    put_text(s, "\n");
    for (size_t i = 0; i < r->body_count; i++)
        put(s, http_body(r)[i]);
    put_text(s, "\n");
}

void script_ask(struct script *s, const struct http_request *r, int64_t delay_ms)
{
    put_int(s, "after ", delay_ms);
    put_text(s, " ms: ");
    put_text(s, r->method);
    put_text(s, " ");
    put(s, r->url);
    for (size_t i = 0; i < r->header_count; i++) {
        put_text(s, i ? ", " : " (");
        put(s, r->headers[i].name);
        put_text(s, ": ");
        put(s, r->headers[i].value);
    }
    put_text(s, r->header_count ? ")\n" : "\n");
}

void script_dropped(struct script *s, struct slice names)
{
    put_text(s, "dropped: ");
    put(s, names);
    put_text(s, "\n");
}

void script_trimmed(struct script *s, unsigned trims)
{
    put_text(s, "trimmed:");
    put_text(s, trims & TRIM_STOPS ? " stops" : "");
    put_text(s, trims & TRIM_CALLS ? " calls" : "");
    put_text(s, "\n");
}

void script_fault(struct script *s, int rc, const struct fault *why)
{
    put_text(s, "error ");
    put_text(s, -rc < (int)(sizeof codes / sizeof codes[0]) && codes[-rc] ? codes[-rc] : "?");
    put_int(s, " http=", why->http);
    put_int(s, " retry_ms=", why->retry_ms);
    put_text(s, why->upstream ? " upstream" : "");
    put_text(s, why->credential_bad ? " credential_bad" : "");
    put_quoted(s, "\n  text=", slice_text(why->text));
    put_quoted(s, "\n  type=", slice_text(why->type));
    put_quoted(s, " reason=", slice_text(why->reason));
    put_quoted(s, " param=", slice_text(why->param));
    put_quoted(s, " request_id=", slice_text(why->request_id));
    put_text(s, "\n");
}

void script_end(struct script *s, int rc, const struct fault *why)
{
    s->events_end = s->n;
    if (rc < 0)
        script_fault(s, rc, why);
    else
        put_text(s, "end\n");
}

void script_check_order(const struct script *s)
{
    assert_false(s->disordered);
}
