/* task_input_write.c - knows how a task reads as JSON; refuses to change what it means. */
#include "chat/task_input.h"

#include "chat/task_members.h"
#include "text/base64.h"
#include "text/json_write.h"

static void write_bytes(struct json_writer *w, struct slice bytes)
{
    json_key(w, "data");
    buf_put_byte(w->out, '"');
    base64_encode(w->out, bytes);
    buf_put_byte(w->out, '"');
    w->comma = true;
}

static void write_file(struct json_writer *w, const struct task_file *file)
{
    bool is_url = file->form == TASK_FILE_URL;
    json_open_typed(w, is_url ? "url" : "file");
    if (file->form == TASK_FILE_BYTES)
        write_bytes(w, file->content);
    else
        json_member_string(w, is_url ? "url" : "data", file->content);
    json_member_string_opt(w, "mimeType", file->mime);
    json_member_string_opt(w, "filename", file->filename);
    json_close_object(w);
}

/* AIGNE's ImageModelInput has a list under `image`; its VideoModelInput has one part. */
static void write_files(struct json_writer *w, const struct chat_request *r)
{
    const struct task *task = r->task;
    for (size_t i = 0; i < task->file_count; i++) {
        struct slice member = task->files[i].member;
        bool told = false;
        size_t alike = 0;
        for (size_t k = 0; k < task->file_count; k++) {
            bool same = slice_eq(task->files[k].member, member);
            told = told || (same && k < i);
            alike += same;
        }
        if (told)
            continue;
        bool listed = alike > 1 || (r->kind == KIND_IMAGE && slice_is(member, "image"));
        json_key_slice(w, member);
        if (listed)
            json_open_array(w);
        for (size_t k = i; k < task->file_count; k++)
            if (slice_eq(task->files[k].member, member))
                write_file(w, &task->files[k]);
        if (listed)
            json_close_array(w);
    }
}

static void write_inputs(struct json_writer *w, const struct task *task)
{
    json_key(w, "input");
    if (!task->single_input)
        json_open_array(w);
    for (size_t i = 0; i < task->input_count; i++) {
        if (task->inputs_are_tokens)
            json_write_raw(w, task->inputs[i]);
        else
            json_write_string(w, task->inputs[i]);
    }
    if (!task->single_input)
        json_close_array(w);
}

static void write_member(struct json_writer *w, const struct task_member *m,
                         const struct chat_request *r)
{
    const char *base = m->in_request ? (const char *)r : (const char *)r->task;
    struct slice value = *(const struct slice *)(const void *)(base + m->offset);
    if (!value.p)
        return;
    /* AIGNE's client sends seconds as text, and its hub wants them so. */
    if (m->form == MEMBER_TEXT || slice_is(slice_text(m->name), "seconds"))
        json_member_string(w, m->name, value);
    else
        json_member_raw(w, m->name, value);
}

void task_input_write(const struct chat_request *r, struct slice model, struct buf *out)
{
    struct json_writer w = json_writer(out);
    const struct task *task = r->task;
    json_open_object(&w);
    if (task->input_count)
        write_inputs(&w, task);
    for (size_t i = 0; i < task_member_count; i++) {
        if (task_members[i].offset != offsetof(struct chat_request, model) ||
            !task_members[i].in_request)
            write_member(&w, &task_members[i], r);
    }
    write_files(&w, r);
    for (size_t i = 0; i < r->extra_count; i++) {
        json_key_slice(&w, r->extras[i].name);
        json_write_raw(&w, r->extras[i].value);
    }
    if (model.p) {
        json_member_string(&w, "model", model);
        json_member_object(&w, "modelOptions");
        json_member_string(&w, "model", model);
        json_close_object(&w);
    }
    json_close_object(&w);
}
