/* Knows how the echo provider hands out its answer piece by piece; refuses to know what it says. */
#include "provider/echo.h"
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/wire.h"
#include "text/utf8.h"
#include <aignehub/aignehub.h>

struct echo_state {
    struct echo_script script;
    struct echo_answer answer;
    struct json_walk chunks;
    size_t piece_size; /* of the text; 0: by words */
    size_t calls_told;
    int64_t pieces; /* told so far, a whole tool call being one */
    bool planned;
    bool started;
};

static int plan(struct decoding *d, struct echo_state *s, const struct chat_request *r)
{
    int rc = wire_refuse_choices(r, d->why);
    if (!rc)
        rc = echo_script_read(r, d->keep, &s->script, d->why);
    if (!rc)
        rc = echo_answer_make(r, &s->script, d->keep, &s->answer, d->why);
    if (rc)
        return rc;
    s->planned = true;
    s->chunks = json_walk(s->script.chunks);
    size_t count = (size_t)s->script.chunk_count;
    if (count)
        s->piece_size = (s->answer.text.n + count - 1) / count;
    return AIGNE_OK;
}

static int fail(struct decoding *d, const struct echo_script *script)
{
    int status = script->status ? (int)script->status : 500;
    struct complaint c = {.message = script->message};
    struct fault fault;
    struct fault *why = d->why ? d->why : &fault;
    if (!c.message.n)
        c.message = SLICE("The echo provider fails, as it was told to.");
    fault_clear(&fault);
    complaint_tell(&c, status, SLICE(""), 0, why);
    if (script->retry_ms >= 0)
        why->retry_ms = script->retry_ms;
    return why->code;
}

int echo_trouble(struct decoding *d, const struct echo_script *script, int64_t pieces,
                 bool last)
{
    bool fails = script->fail_after >= 0 && (last || pieces >= script->fail_after);
    bool cuts = script->cut_after >= 0 && (last || pieces >= script->cut_after);
    if (fails || (script->status && script->fail_after < 0))
        return fail(d, script);
    return cuts ? answer_cut(d) : AIGNE_OK;
}

/* ---- pieces ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

size_t echo_word_size(struct slice s)
{
    size_t n = 0;
    while (n < s.n && is_blank(s.p[n]))
        n++;
    while (n < s.n && !is_blank(s.p[n]))
        n++;
    while (n < s.n && is_blank(s.p[n]))
        n++;
    return n;
}

/* At least so many bytes, and whole characters. */
static size_t whole_size(struct slice s, size_t wanted)
{
    size_t n = 0;
    while (n < s.n && n < wanted) {
        uint32_t character = 0;
        size_t taken = utf8_take(slice_from(s, n), &character);
        n += taken ? taken : 1;
    }
    return n;
}

static int tell(struct decoding *d, enum event_kind kind, struct slice *rest, size_t size)
{
    struct slice piece = slice_of(rest->p, size);
    *rest = slice_from(*rest, size);
    return answer_piece(d, kind, piece);
}

#define ARGUMENTS_PIECE 8

static int tell_call(struct decoding *d, int index, const struct echo_call *call)
{
    struct slice rest = call->arguments;
    int rc = answer_tool_begin(d, index, call->id, call->name, SLICE_NONE);
    while (rc >= 0 && rest.n) {
        size_t size = whole_size(rest, ARGUMENTS_PIECE);
        rc = answer_tool_arguments(d, index, slice_of(rest.p, size));
        rest = slice_from(rest, size);
    }
    return rc < 0 ? rc : answer_tool_end(d, index);
}

static bool anything_left(const struct echo_state *s)
{
    struct json_walk ahead = s->chunks;
    return s->answer.thoughts.n || s->answer.text.n || json_next(&ahead) ||
           s->calls_told < s->answer.call_count;
}

static int tell_next(struct decoding *d, struct echo_state *s)
{
    struct slice *thoughts = &s->answer.thoughts;
    struct slice *text = &s->answer.text;
    s->pieces++;
    if (thoughts->n)
        return tell(d, EVENT_THOUGHT, thoughts, echo_word_size(*thoughts));
    if (text->n)
        return tell(d, EVENT_TEXT, text,
                    s->piece_size ? whole_size(*text, s->piece_size) : echo_word_size(*text));
    if (json_next(&s->chunks))
        return answer_piece(d, EVENT_TEXT, json_string(s->chunks.value, d->scratch));
    size_t index = s->calls_told++;
    return tell_call(d, (int)index, &s->answer.calls[index]);
}

static int tell_end(struct decoding *d, const struct echo_state *s)
{
    int rc = answer_usage(d, &s->answer.usage);
    return rc < 0 ? rc : answer_finish(d, s->answer.finish);
}

static int begin(struct decoding *d, struct echo_state *s, const struct chat_request *r)
{
    s->started = true;
    return answer_start(d, SLICE_NONE, echo_model_name(r));
}

static int step(struct decoding *d, const struct chat_request *r, int64_t *delay_ms)
{
    struct echo_state *s = d->state;
    *delay_ms = 0;
    if (!s->planned) {
        int rc = plan(d, s, r);
        *delay_ms = s->script.delay_ms;
        if (rc < 0 || *delay_ms > 0)
            return rc < 0 ? rc : AIGNE_AGAIN;
    }
    bool left = anything_left(s);
    int rc = echo_trouble(d, &s->script, s->pieces, !left);
    if (rc >= 0 && !s->started)
        rc = begin(d, s, r);
    if (rc >= 0)
        rc = left ? tell_next(d, s) : tell_end(d, s);
    rc = answer_settled(d, rc);
    if (rc < 0 || !left)
        return rc < 0 ? rc : AIGNE_OK;
    *delay_ms = s->script.pace_ms;
    return AIGNE_AGAIN;
}

const struct adapter adapter_echo = {
    .name = "echo",
    .state_size = sizeof(struct echo_state),
    .step = step,
};
