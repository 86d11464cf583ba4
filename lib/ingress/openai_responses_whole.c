/* openai_responses_whole.c - knows how OpenAI's Responses give an answer at once; refuses to know who
 * thought of it. */
#include "base/limits.h"
#include "base/mem.h"
#include "ingress/openai_responses.h"
#include <aignehub/aignehub.h>

/* An output being written, item by item. */
struct output {
    struct json_writer w;
    const struct encoding *e;
    const struct reply *reply;
    enum responses_status status;
    size_t items;
    struct buf parts; /* of the message that is being put together */
    size_t cited;     /* citations written so far */
    bool logprobs_told;
    int rc;
};

static struct slice run_text(const struct reply_run *run, const struct buf *text)
{
    return slice_from(slice_of(buf_slice(text).p, run->end), run->start);
}

/* A citation belongs to the text it came behind. */
static void write_citations(struct output *o, size_t end, struct buf *out)
{
    const struct reply *r = o->reply;
    for (; o->cited < r->citation_count && r->citations[o->cited].at <= end; o->cited++) {
        struct json_writer w = json_writer(out);
        w.comma = out->n > 0;
        responses_write_annotation(&w, r->citations[o->cited].metadata);
    }
}

static void write_text(struct output *o, struct slice text, size_t end)
{
    struct buf annotations AUTO(buf_free);
    struct json_writer w = json_writer(&o->parts);
    struct slice logprobs = SLICE("");
    buf_init(&annotations, LIMIT_REPLY_BODY);
    write_citations(o, end, &annotations);
    if (!o->logprobs_told)
        logprobs = buf_slice(&o->reply->logprobs);
    o->logprobs_told = true;
    w.comma = o->parts.n > 0;
    responses_write_text_part(&w, text, buf_slice(&annotations), logprobs);
    if (buf_rc(&annotations))
        o->rc = buf_rc(&annotations);
}

static void write_refusal(struct output *o, struct slice text)
{
    struct json_writer w = json_writer(&o->parts);
    w.comma = o->parts.n > 0;
    responses_write_refusal_part(&w, text);
}

static void end_message(struct output *o)
{
    if (buf_rc(&o->parts))
        o->rc = buf_rc(&o->parts);
    if (!o->parts.n)
        return;
    responses_write_message(&o->w, o->e, o->items++, o->status, buf_slice(&o->parts));
    buf_clear(&o->parts);
}

static void write_thought(struct output *o, const struct reply_run *run)
{
    bool redacted = run->kind == EVENT_REDACTED;
    struct responses_seal seal = {.kind = redacted ? RESPONSES_SEAL_REDACTED
                                                   : RESPONSES_SEAL_THOUGHT,
                                  .vendor = run->vendor,
                                  .data = run->seal};
    struct slice text = redacted ? SLICE("") : run_text(run, &o->reply->thoughts);
    end_message(o);
    responses_write_reasoning(&o->w, o->e, o->items++, text, &seal);
}

/* The last of an answer that broke off may have broken off too. */
static void write_call(struct output *o, size_t index, bool last)
{
    const struct reply_tool_call *t = &o->reply->tools[index];
    struct responses_seal seal = {.kind = RESPONSES_SEAL_CALL,
                                  .vendor = SLICE("google"),
                                  .data = responses_call_seal(t->metadata, o->e->keep)};
    end_message(o);
    if (seal.data.p)
        responses_write_reasoning(&o->w, o->e, o->items++, SLICE(""), &seal);
    responses_write_call(&o->w, o->e, o->items++, t->id, (int)index, t->name,
                         t->arguments.n ? buf_slice(&t->arguments) : SLICE("{}"),
                         last ? o->status : RESPONSES_COMPLETED);
}

/* Where an image lies elsewhere the answer links to it: a result holds its bytes. */
static void write_file(struct output *o, const struct reply_file *file)
{
    if (file->is_url) {
        write_text(o, file->content, o->reply->text.n);
        return;
    }
    end_message(o);
    responses_write_image(&o->w, o->e, o->items++, file->content, RESPONSES_COMPLETED);
}

static void write_run(struct output *o, const struct reply_run *run)
{
    const struct reply *r = o->reply;
    if (run->kind == EVENT_TEXT)
        write_text(o, run_text(run, &r->text), run->end);
    else if (run->kind == EVENT_REFUSAL)
        write_refusal(o, run_text(run, &r->refusal));
    else if (run->kind == EVENT_THOUGHT || run->kind == EVENT_REDACTED)
        write_thought(o, run);
    else if (run->kind == EVENT_TOOL_BEGIN)
        write_call(o, run->start, run == &r->runs[r->run_count - 1]);
    else
        write_file(o, &r->files[run->start]);
}

static int write_output(struct encoding *e, const struct reply *r, enum responses_status status)
{
    struct output o = {.w = json_writer(e->out), .e = e, .reply = r, .status = status};
    o.w.comma = true;
    buf_init(&o.parts, LIMIT_REPLY_BODY);
    json_member_array(&o.w, "output");
    for (size_t i = 0; i < r->run_count; i++)
        write_run(&o, &r->runs[i]);
    if (!r->text.n && r->json.p)
        write_text(&o, r->json, 0);
    end_message(&o);
    json_close_array(&o.w);
    buf_free(&o.parts);
    return e->keep->failed ? AIGNE_E_NOMEM : o.rc;
}

int responses_write_whole(struct encoding *e, const struct reply *r,
                          const struct reply_notes *notes)
{
    enum responses_status status = responses_status_of(r->finish, r->refusal.n > 0);
    struct json_writer w = json_writer(e->out);
    (void)notes;
    json_open_object(&w);
    responses_write_head(&w, e);
    responses_write_state(&w, status, r->finish, NULL);
    responses_write_echo(&w, e);
    int rc = write_output(e, r, status);
    if (usage_reported(&r->usage))
        responses_write_usage(&w, &r->usage);
    else
        json_member_text(&w, "usage", NULL);
    json_close_object(&w);
    return rc ? rc : buf_rc(e->out);
}
