/* openai_whole.c - knows how OpenAI's chat completions give an answer at once; refuses to know who
 * thought of it. */
#include "ingress/openai.h"

#include "text/json_write.h"
#include <aignehub/aignehub.h>

static void write_calls(struct json_writer *w, const struct encoding *e, const struct reply *r)
{
    json_member_array(w, "tool_calls");
    for (size_t i = 0; i < r->tool_count; i++) {
        const struct reply_tool_call *t = &r->tools[i];
        json_open_object(w);
        openai_write_call_id(w, "id", e, t->id, (int)i);
        json_member_text(w, "type", "function");
        json_member_object(w, "function");
        json_member_string(w, "name", t->name.p ? t->name : SLICE(""));
        json_member_string(w, "arguments",
                           t->arguments.n ? buf_slice(&t->arguments) : SLICE("{}"));
        json_close_object(w);
        openai_write_signature(w, t->metadata);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_reasoning(struct json_writer *w, const struct reply *r)
{
    size_t seals = 0;
    if (r->thoughts.n)
        json_member_string(w, "reasoning_content", buf_slice(&r->thoughts));
    for (size_t i = 0; i < r->run_count; i++) {
        const struct reply_run *run = &r->runs[i];
        bool opaque = run->kind == EVENT_REDACTED;
        if (!run->seal.p || (!opaque && run->kind != EVENT_THOUGHT))
            continue;
        if (!seals) {
            json_member_array(w, "reasoning_details");
        }
        const struct openai_detail detail = {
            .text = opaque || !r->thoughts.n ? SLICE_NONE
                                             : buf_part(&r->thoughts, run->start, run->end),
            .seal = run->seal,
            .vendor = run->vendor,
            .opaque = opaque,
            .index = seals++};
        openai_write_detail(w, &detail);
    }
    if (seals)
        json_close_array(w);
}

static void write_citations(struct json_writer *w, const struct reply *r)
{
    bool open = false;
    for (size_t i = 0; i < r->citation_count; i++) {
        if (!openai_is_citation(r->citations[i].metadata))
            continue;
        if (!open) {
            json_member_array(w, "annotations");
        }
        open = true;
        openai_write_citation(w, r->citations[i].metadata);
    }
    if (open)
        json_close_array(w);
}

static void write_message(struct json_writer *w, const struct encoding *e,
                          const struct reply *r)
{
    struct slice text = buf_slice(&r->text);
    if (!text.n && r->json.p)
        text = r->json;
    bool silent = !text.n && (r->tool_count || r->refusal.n);
    json_member_object(w, "message");
    json_member_text(w, "role", "assistant");
    if (silent)
        json_member_text(w, "content", NULL);
    else
        json_member_string(w, "content", text);
    if (r->refusal.n)
        json_member_string(w, "refusal", buf_slice(&r->refusal));
    else
        json_member_text(w, "refusal", NULL);
    write_citations(w, r);
    write_reasoning(w, r);
    if (r->tool_count)
        write_calls(w, e, r);
    if (r->file_count) {
        json_member_array(w, "images");
        for (size_t i = 0; i < r->file_count; i++)
            openai_write_image(w, r->files[i].mime, r->files[i].content, r->files[i].is_url);
        json_close_array(w);
    }
    json_close_object(w);
}

static void write_choice(struct json_writer *w, const struct encoding *e, const struct reply *r,
                         int index)
{
    json_open_object(w);
    json_member_int(w, "index", index);
    write_message(w, e, r);
    openai_write_logprobs(w, r->logprobs.n ? buf_slice(&r->logprobs) : SLICE_NONE);
    json_member_text(w, "finish_reason",
                     openai_finish_name(r->finish, r->tool_count > 0, r->refusal.n > 0));
    json_close_object(w);
}

int openai_write_whole(struct encoding *e, const struct reply *r,
                       const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    (void)notes;
    json_open_object(&w);
    openai_write_head(&w, e, "chat.completion");
    json_member_array(&w, "choices");
    int index = 0;
    for (const struct reply *one = r; one; one = one->next)
        write_choice(&w, e, one, index++);
    json_close_array(&w);
    if (usage_reported(&r->usage))
        openai_write_usage(&w, &r->usage);
    json_close_object(&w);
    return buf_rc(e->out);
}
