/* gemini_whole.c - knows how Gemini gives an answer at once; refuses to know who thought of it. */
#include "ingress/gemini.h"

#include "base/mem.h"
#include "ingress/gemini_grounding.h"
#include <aignehub/aignehub.h>

static struct slice stretch(const struct buf *text, const struct reply_run *run)
{
    return buf_part(text, run->start, run->end);
}

static void write_thought(struct json_writer *w, const struct reply *r,
                          const struct reply_run *run)
{
    if (run->end > run->start)
        google_write_text(w, stretch(&r->thoughts, run), true);
    if (run->seal.p)
        google_write_sealed(w, SEAL_SIGNATURE, run->vendor, run->seal);
}

static void write_run(struct json_writer *w, const struct reply *r, const struct reply_run *run)
{
    const struct reply_tool_call *t = NULL;
    const struct reply_file *f = NULL;
    if (run->kind == EVENT_THOUGHT) {
        write_thought(w, r, run);
    } else if (run->kind == EVENT_REDACTED) {
        google_write_sealed(w, SEAL_REDACTED, run->vendor, run->seal);
    } else if (run->kind == EVENT_TOOL_BEGIN) {
        t = &r->tools[run->start];
        google_write_call(w, t->id, t->name, buf_slice(&t->arguments), t->metadata);
    } else if (run->kind == EVENT_FILE) {
        f = &r->files[run->start];
        google_write_file(w, f->mime, f->content, f->is_url);
    } else {
        google_write_text(w, stretch(run->kind == EVENT_TEXT ? &r->text : &r->refusal, run),
                          false);
    }
}

/* Without parts the member is left out: an empty list is what clients refuse. */
static void write_content(struct json_writer *w, const struct reply *r)
{
    bool json_alone = !r->text.n && r->json.p;
    json_member_object(w, "content");
    if (r->run_count || json_alone) {
        json_member_array(w, "parts");
        for (size_t i = 0; i < r->run_count; i++)
            write_run(w, r, &r->runs[i]);
        if (json_alone)
            google_write_text(w, r->json, false);
        json_close_array(w);
    }
    json_member_text(w, "role", "model");
    json_close_object(w);
}

static int write_sources(struct json_writer *w, const struct reply *r)
{
    struct grounding g AUTO(grounding_free);
    int rc = AIGNE_OK;
    grounding_init(&g);
    for (size_t i = 0; i < r->citation_count && !rc; i++)
        rc = grounding_add(&g, r->citations[i].metadata);
    if (!rc)
        grounding_write(&g, w);
    return rc;
}

static int write_logprobs(struct json_writer *w, const struct reply *r)
{
    struct buf list AUTO(buf_free);
    buf_init(&list, r->logprobs.n + 8);
    if (!r->logprobs.n)
        return AIGNE_OK;
    buf_put_byte(&list, '[');
    buf_put_slice(&list, buf_slice(&r->logprobs));
    buf_put_byte(&list, ']');
    if (!buf_rc(&list))
        google_write_logprobs(w, buf_slice(&list));
    return buf_rc(&list);
}

static int write_candidate(struct json_writer *w, const struct reply *r, int index)
{
    json_open_object(w);
    write_content(w, r);
    json_member_text(w, "finishReason", google_finish_name(r->finish));
    json_member_int(w, "index", index);
    int rc = write_sources(w, r);
    if (!rc)
        rc = write_logprobs(w, r);
    json_close_object(w);
    return rc;
}

int google_write_whole(struct encoding *e, const struct reply *r,
                       const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    (void)notes;
    json_open_object(&w);
    json_member_array(&w, "candidates");
    int rc = AIGNE_OK;
    int index = 0;
    for (const struct reply *one = r; one && !rc; one = one->next)
        rc = write_candidate(&w, one, index++);
    json_close_array(&w);
    if (usage_reported(&r->usage))
        google_write_usage(&w, &r->usage);
    google_write_names(&w, e);
    json_close_object(&w);
    return rc ? rc : buf_rc(e->out);
}
