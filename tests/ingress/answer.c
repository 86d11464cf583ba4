/* Knows how lines of text become events; refuses to know what is made of them. */
#include "answer.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

/* One word, name=word, "text" or name="text". */
struct field {
    struct slice name; /* empty: none */
    struct slice value;
    bool quoted;
};

static char unescaped(char c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

/* Inside the quotes; `rest` begins after the first. */
static struct slice take_quoted(struct answer *a, struct slice *rest)
{
    char *start = a->texts + a->used;
    size_t i = 0;
    for (; i < rest->n && rest->p[i] != '"'; i++) {
        assert_true(a->used < sizeof a->texts);
        bool escape = rest->p[i] == '\\' && i + 1 < rest->n;
        a->texts[a->used++] = escape ? unescaped(rest->p[++i]) : rest->p[i];
    }
    assert_true(i < rest->n);
    *rest = slice_from(*rest, i + 1);
    return slice_of(start, (size_t)(a->texts + a->used - start));
}

static bool take_field(struct answer *a, struct slice *rest, struct field *out)
{
    *rest = slice_trim(*rest);
    *out = (struct field){SLICE(""), SLICE_NONE, false};
    if (!rest->n)
        return false;
    size_t i = 0;
    while (i < rest->n && rest->p[i] != ' ' && rest->p[i] != '=' && rest->p[i] != '"')
        i++;
    struct slice word = slice_of(rest->p, i);
    *rest = slice_from(*rest, i);
    if (rest->n && rest->p[0] == '=') {
        out->name = word;
        *rest = slice_from(*rest, 1);
        for (i = 0; i < rest->n && rest->p[i] != ' ' && rest->p[i] != '"'; i++)
            continue;
        word = slice_of(rest->p, i);
        *rest = slice_from(*rest, i);
    }
    if (rest->n && rest->p[0] == '"') {
        *rest = slice_from(*rest, 1);
        word = take_quoted(a, rest);
        out->quoted = true;
    }
    out->value = word;
    return true;
}

static int64_t number_of(struct slice text)
{
    int64_t number = 0;
    assert_true(slice_int64(text, &number));
    return number;
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
    [-AIGNE_E_REQUEST] = "REQUEST",  [-AIGNE_E_AUTH] = "AUTH",
    [-AIGNE_E_CREDIT] = "CREDIT",    [-AIGNE_E_RATE] = "RATE",
    [-AIGNE_E_ROUTE] = "ROUTE",      [-AIGNE_E_UPSTREAM] = "UPSTREAM",
    [-AIGNE_E_TIMEOUT] = "TIMEOUT",  [-AIGNE_E_PROTOCOL] = "PROTOCOL",
    [-AIGNE_E_INTERNAL] = "INTERNAL"};

static size_t place_in(const char *const *names, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i] && slice_is(name, names[i]))
            return i;
    }
    fail_msg("\"%.*s\" is no word of events", (int)name.n, name.p);
    return 0;
}

#define PLACE(names, name) place_in((names), sizeof(names) / sizeof((names)[0]), (name))

static void take_count(struct usage *u, const struct field *f)
{
    const struct {
        const char *name;
        int64_t *count;
    } counts[] = {{"input", &u->input},
                  {"cache_read", &u->cache_read},
                  {"cache_write_5m", &u->cache_write_5m},
                  {"cache_write_1h", &u->cache_write_1h},
                  {"output", &u->output},
                  {"reasoning", &u->reasoning},
                  {"audio_input", &u->audio_input},
                  {"audio_output", &u->audio_output},
                  {"image_input", &u->image_input},
                  {"image_output", &u->image_output},
                  {"images", &u->images},
                  {"milliseconds", &u->milliseconds},
                  {"characters", &u->characters}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (slice_is(f->name, counts[i].name))
            *counts[i].count = number_of(f->value);
    }
}

static enum finish finish_named(struct slice name)
{
    size_t place = PLACE(finishes, name);
    return (enum finish)place;
}

static void read_event(struct answer *a, size_t kind, struct slice rest)
{
    struct field f;
    struct event *e = &a->lines[a->count++].event;
    *e = (struct event){.kind = (enum event_kind)kind};
    usage_init(&e->usage);
    while (take_field(a, &rest, &f)) {
        if (slice_is(f.name, "id"))
            e->id = f.value;
        else if (slice_is(f.name, "name"))
            e->name = f.value;
        else if (slice_is(f.name, "mime"))
            e->mime = f.value;
        else if (slice_is(f.name, "metadata"))
            e->metadata = f.value;
        else if (slice_is(f.name, "choice"))
            *(kind == EVENT_EMBEDDING ? &e->index : &e->choice) = (int)number_of(f.value);
        else if (kind == EVENT_USAGE)
            take_count(&e->usage, &f);
        else if (kind == EVENT_FINISH && !f.quoted)
            e->finish = finish_named(f.value);
        else if (kind >= EVENT_TOOL_BEGIN && kind <= EVENT_TOOL_END && !f.quoted)
            e->index = (int)number_of(f.value);
        else
            e->text = f.value;
        e->is_url = e->is_url || slice_is(f.name, "url");
    }
}

static void read_notes(struct answer *a, struct slice rest)
{
    struct field f;
    a->notes.call_id = SLICE("01CALL");
    while (take_field(a, &rest, &f)) {
        if (slice_is(f.name, "credits")) {
            a->notes.charged = true;
            a->notes.credits = number_of(f.value);
        } else if (slice_is(f.name, "prefix")) {
            a->notes.credit_prefix = f.value;
        } else {
            a->notes.model_with_provider = f.value;
        }
    }
}

static void read_error(struct answer *a, struct slice rest)
{
    struct field f;
    a->failed = true;
    fault_clear(&a->fault);
    while (take_field(a, &rest, &f)) {
        if (slice_is(f.name, "text"))
            FAULT_COPY(a->fault.text, f.value);
        else if (slice_is(f.name, "type"))
            FAULT_COPY(a->fault.type, f.value);
        else if (slice_is(f.name, "reason"))
            FAULT_COPY(a->fault.reason, f.value);
        else if (slice_is(f.name, "param"))
            FAULT_COPY(a->fault.param, f.value);
        else if (slice_is(f.name, "http"))
            a->fault.http = (int)number_of(f.value);
        else if (slice_is(f.value, "upstream"))
            a->fault.upstream = true;
        else
            a->fault.code = -(int)PLACE(codes, f.value);
    }
}

static void read_line(struct answer *a, struct slice line)
{
    size_t n = slice_find_byte(line, ' ');
    struct slice word = slice_of(line.p, n);
    struct slice rest = slice_from(line, n);
    assert_true(a->count < ANSWER_LINES);
    if (slice_is(word, "notes"))
        read_notes(a, rest);
    else if (slice_is(word, "include-usage"))
        a->include_usage = true;
    else if (slice_is(word, "wants-json"))
        a->wants_json = true;
    else if (slice_is(word, "keep-alive"))
        a->lines[a->count++].kind = LINE_KEEP_ALIVE;
    else if (slice_is(word, "error"))
        read_error(a, rest);
    else
        read_event(a, PLACE(kinds, word), rest);
}

void answer_read(struct answer *a, struct slice text)
{
    struct slice line;
    memset(a, 0, sizeof *a);
    while (text.n) {
        if (!slice_cut(text, '\n', &line, &text)) {
            line = text;
            text = SLICE("");
        }
        if (slice_trim(line).n)
            read_line(a, slice_trim(line));
    }
}
