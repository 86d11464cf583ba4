/* anthropic_whole.c - knows how Anthropic gives an answer at once; refuses to know who thought of it. */
#include "ingress/anthropic.h"

#include "base/limits.h"
#include "base/mem.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

/* Text up to `end`, with the citations that came there; `*next` is the first of those not told. */
static void write_passage(struct json_writer *w, const struct encoding *e,
                          const struct reply *r, struct slice text, size_t end, size_t *next)
{
    bool cited = *next < r->citation_count && r->citations[*next].at <= end;
    json_open_typed(w, "text");
    json_member_string(w, "text", text);
    if (cited) {
        json_member_array(w, "citations");
        for (; *next < r->citation_count && r->citations[*next].at <= end; ++*next) {
            if (anthropic_can_cite(r->citations[*next].metadata))
                anthropic_write_citation(w, r->citations[*next].metadata);
        }
        json_close_array(w);
    } else if (anthropic_is_newest(e)) {
        json_member_text(w, "citations", NULL);
    }
    json_close_object(w);
}

/* What is cited ends a block. */
static void write_text(struct json_writer *w, const struct encoding *e, const struct reply *r,
                       const struct reply_run *run, size_t *next)
{
    size_t from = run->start;
    while (from < run->end) {
        size_t to = run->end;
        if (*next < r->citation_count && r->citations[*next].at > from &&
            r->citations[*next].at < to)
            to = r->citations[*next].at;
        write_passage(w, e, r, buf_part(&r->text, from, to), to, next);
        from = to;
    }
}

static void write_thought(struct json_writer *w, const struct encoding *e,
                          const struct reply *r, const struct reply_run *run)
{
    bool silent = e->request && e->request->thoughts == CHAT_NO;
    if (silent && !run->seal.p)
        return;
    json_open_typed(w, "thinking");
    json_member_string(w, "thinking",
                       silent ? SLICE("") : buf_part(&r->thoughts, run->start, run->end));
    if (run->seal.p)
        anthropic_write_seal(w, "signature", run->vendor, run->seal);
    else
        json_member_text(w, "signature", "");
    json_close_object(w);
}

static void write_redacted(struct json_writer *w, struct slice vendor, struct slice seal)
{
    json_open_typed(w, "redacted_thinking");
    anthropic_write_seal(w, "data", vendor, seal);
    json_close_object(w);
}

/* An object as it is; anything else as text under the name that Anthropic's documentation gives it. */
static void write_input(struct json_writer *w, struct slice arguments)
{
    struct slice text = slice_trim(arguments);
    json_key(w, "input");
    if (!text.n) {
        json_write_raw(w, SLICE("{}"));
    } else if (text.p[0] == '{' && json_check(text, NULL) == AIGNE_OK) {
        json_write_raw(w, text);
    } else {
        json_open_object(w);
        json_member_string(w, "INVALID_JSON", text);
        json_close_object(w);
    }
}

static int write_call(struct json_writer *w, const struct encoding *e, const struct reply *r,
                      size_t index)
{
    const struct reply_tool_call *t = &r->tools[index];
    struct slice seal = anthropic_call_seal(t->metadata, e->keep);
    if (e->keep->failed)
        return AIGNE_E_NOMEM;
    if (seal.p)
        write_redacted(w, SLICE(ANTHROPIC_CALL_VENDOR), seal);
    json_open_object(w);
    anthropic_write_call(w, e, t->id, t->name, index);
    write_input(w, buf_slice(&t->arguments));
    json_close_object(w);
    return AIGNE_OK;
}

static int write_file(struct json_writer *w, const struct encoding *e,
                      const struct reply_file *f)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, LIMIT_REPLY_BODY);
    anthropic_put_file(&text, f->mime, f->content, f->is_url);
    json_open_typed(w, "text");
    json_member_string(w, "text", buf_slice(&text));
    if (anthropic_is_newest(e))
        json_member_text(w, "citations", NULL);
    json_close_object(w);
    return buf_rc(&text);
}

static void write_plain(struct json_writer *w, const struct encoding *e, struct slice text)
{
    json_open_typed(w, "text");
    json_member_string(w, "text", text);
    if (anthropic_is_newest(e))
        json_member_text(w, "citations", NULL);
    json_close_object(w);
}

static int write_content(struct json_writer *w, const struct encoding *e, const struct reply *r)
{
    size_t next = 0;
    int rc = AIGNE_OK;
    json_member_array(w, "content");
    for (size_t i = 0; i < r->run_count && rc == AIGNE_OK; i++) {
        const struct reply_run *run = &r->runs[i];
        if (run->kind == EVENT_TEXT)
            write_text(w, e, r, run, &next);
        else if (run->kind == EVENT_THOUGHT)
            write_thought(w, e, r, run);
        else if (run->kind == EVENT_REDACTED)
            write_redacted(w, run->vendor, run->seal);
        else if (run->kind == EVENT_TOOL_BEGIN)
            rc = write_call(w, e, r, run->start);
        else if (run->kind == EVENT_FILE)
            rc = write_file(w, e, &r->files[run->start]);
    }
    if (!r->text.n && r->json.p)
        write_plain(w, e, r->json);
    json_close_array(w);
    return rc;
}

int anthropic_write_whole(struct encoding *e, const struct reply *r,
                          const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    const struct anthropic_stop stop = {.finish = r->finish,
                                        .tools = r->tool_count > 0,
                                        .sequence = r->stop_sequence,
                                        .refusal = buf_slice(&r->refusal)};
    (void)notes;
    json_open_object(&w);
    anthropic_write_head(&w, e);
    int rc = write_content(&w, e, r);
    anthropic_write_stop(&w, e, &stop);
    if (anthropic_is_newest(e))
        json_member_text(&w, "diagnostics", NULL);
    anthropic_write_usage(&w, e, &r->usage, false);
    json_close_object(&w);
    return rc ? rc : buf_rc(e->out);
}

/* {"input_tokens":14} */
int anthropic_write_count(struct encoding *e, const struct reply *r,
                          const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    (void)notes;
    json_open_object(&w);
    for (size_t i = 0; i < r->extra_count; i++) {
        if (slice_is(r->extras[i].name, EVENT_TOKEN_COUNT))
            json_member_raw(&w, "input_tokens", r->extras[i].value);
    }
    json_close_object(&w);
    return buf_rc(e->out);
}
