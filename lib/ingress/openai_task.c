/* openai_task.c - knows how the body of an OpenAI call other than a chat is looked at and read, be it JSON
 * or a form; leaves what its members mean to each kind's own file. */
#include "ingress/openai_task.h"

#include "chat/surrogates.h"
#include "ingress/body.h"
#include <aignehub/aignehub.h>

/* ---- a look at it ---- */

enum { MODEL = BODY_MODEL, STREAM = BODY_STREAM, ANSWER, PEEKED };

static int pick_json(const struct openai_task *t, struct arena *a, struct json *values,
                     struct chat_relay *relay, struct fault *why)
{
    const char *const names[PEEKED] = {"model", "stream", t->answer_form};
    return body_pick(names, t->answer_form ? PEEKED : ANSWER, values, a, relay, why);
}

static int pick_form(const struct openai_task *t, struct arena *a, struct json *values,
                     struct chat_relay *relay, struct fault *why)
{
    const char *const names[PEEKED] = {"model", "stream", t->answer_form};
    static const enum json_kind kinds[PEEKED] = {JSON_STRING, JSON_TRUE, JSON_STRING};
    struct form form;
    bool repeated = false;
    int rc = form_read(relay->content_type, relay->body, a, &form, why);
    for (size_t i = 0; !rc && i < PEEKED && names[i]; i++) {
        const struct multipart_field *f = form_get(&form, names[i], &repeated);
        if (repeated)
            return fault_field(why, AIGNE_E_REQUEST, names[i],
                               "%s is given twice: give it once.", names[i]);
        if (!f)
            continue;
        values[i] = form_json(f, kinds[i], a);
        if (!values[i].raw.p)
            return fault_nomem(why);
        if (i == MODEL)
            relay->model_value = f->content;
    }
    return rc;
}

static bool reads_form(const struct openai_task *t, const struct ingress_request *in)
{
    return t->takes_form && (!t->takes_json || form_is(in->content_type));
}

/* A form where JSON belongs would only be told that it is no JSON. */
static int check_type(const struct openai_task *t, const struct ingress_request *in,
                      struct fault *why)
{
    if (t->takes_form || !form_is(in->content_type))
        return AIGNE_OK;
    why->http = 415;
    return fault_set(why, AIGNE_E_REQUEST,
                     "The body must be application/json, not multipart/form-data.");
}

int openai_task_peek(const struct openai_task *t, const struct ingress_request *in,
                     struct arena *a, struct slice *model, struct chat_relay *relay,
                     struct fault *why)
{
    struct json v[PEEKED] = {{JSON_NONE, {NULL, 0}}};
    struct slice answer = SLICE_NONE;
    bool form = reads_form(t, in);
    *model = SLICE_NONE;
    *relay = (struct chat_relay){.body = in->body,
                                 .content_type = form ? in->content_type : SLICE_NONE};
    int rc = check_type(t, in, why);
    if (!rc)
        rc = form ? pick_form(t, a, v, relay, why) : pick_json(t, a, v, relay, why);
    if (!rc)
        rc = body_model(v[MODEL], "model", a, model, why);
    if (!rc)
        rc = body_flag(v[STREAM], "stream", &relay->stream, why);
    if (rc)
        return rc;
    if (v[ANSWER].kind == JSON_STRING) {
        answer = json_string(v[ANSWER], a);
        if (!answer.p)
            return fault_nomem(why);
    }
    relay->verbatim = t->verbatim && !relay->stream && t->verbatim(answer);
    relay->stream = relay->stream || t->streamed;
    relay->usable = model->n > 0 && (!t->relayable || t->relayable(*model, answer));
    return AIGNE_OK;
}

/* ---- reading it whole ---- */

static int read_value(struct reading *r, const struct openai_member *m, struct json v)
{
    struct chat_request *request = r->build.request;
    char *base = m->in_task ? (char *)request->task : (char *)request;
    return json_present(v) ? m->read(r, m->name, v, (struct slice *)(void *)(base + m->offset))
                           : AIGNE_OK;
}

static int add_extra(struct reading *r, struct slice name, struct json v)
{
    struct slice kept = arena_copy(r->arena, name);
    return kept.p && v.raw.p && !chat_add_extra(&r->build, kept, v.raw) ? AIGNE_OK
                                                                        : reading_nomem(r);
}

static int read_json(const struct openai_task *t, struct reading *r, struct json whole)
{
    struct json_walk w = json_walk(whole);
    while (json_next(&w)) {
        const struct openai_member *known = NULL;
        for (size_t i = 0; i < t->count && !known; i++)
            known = json_key_is(&w, t->members[i].name) ? &t->members[i] : NULL;
        int rc = AIGNE_OK;
        if (known)
            rc = read_value(r, known, w.value);
        else if (json_present(w.value))
            rc = add_extra(r, read_key(r, &w), w.value);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

static int read_file(struct reading *r, const struct openai_member *m,
                     const struct multipart_field *f)
{
    struct task *task = r->build.request->task;
    if (!form_is_file(f) && !f->type.p)
        return reading_refuse(r, m->name, "must be a file");
    if (!f->content.n)
        return reading_refuse(r, m->name, "is an empty file");
    if (task->file_count >= TASK_FILES_LARGEST)
        return reading_refuse(r, m->name, "holds more than %d files", TASK_FILES_LARGEST);
    struct task_file *file = task_add_file(task, r->arena);
    if (!file)
        return reading_nomem(r);
    bool known = f->type.n && !slice_is_nocase(f->type, "application/octet-stream");
    *file = (struct task_file){.form = TASK_FILE_BYTES,
                               .member = slice_text(m->name),
                               .content = f->content,
                               .mime = known ? f->type : SLICE_NONE,
                               .filename = multipart_read_filename(f, r->arena)};
    return r->arena->failed ? reading_nomem(r) : AIGNE_OK;
}

/* A list comes as several fields of one name: it is read where its first one stands. */
static bool told_before(const struct form *form, size_t at)
{
    struct slice name = form_name(&form->fields[at]);
    for (size_t i = 0; i < at; i++) {
        if (slice_eq(form_name(&form->fields[i]), name))
            return true;
    }
    return false;
}

static bool is_list(const struct form *form, size_t at)
{
    const struct multipart_field *f = &form->fields[at];
    if (form_name(f).n != f->name.n)
        return true;
    for (size_t i = at + 1; i < form->count; i++) {
        if (slice_eq(form_name(&form->fields[i]), f->name))
            return true;
    }
    return false;
}

static int read_field(const struct openai_task *t, struct reading *r, const struct form *form,
                      size_t at)
{
    const struct multipart_field *f = &form->fields[at];
    const struct openai_member *known = NULL;
    struct slice name = form_name(f);
    for (size_t i = 0; i < t->count && !known; i++)
        known = slice_is(name, t->members[i].name) ? &t->members[i] : NULL;
    if (known && known->form == JSON_NONE)
        return read_file(r, known, f);
    if (form_is_file(f)) {
        FAULT_COPY(r->why->param, name);
        return fault_set(r->why, AIGNE_E_REQUEST, "The form has a file where none is taken.");
    }
    bool listed = known ? known->form == JSON_ARRAY : is_list(form, at);
    if (listed && told_before(form, at))
        return AIGNE_OK;
    struct json v = listed ? form_json_list(form, name, r->arena)
                           : form_json(f, known ? known->form : JSON_STRING, r->arena);
    if (!v.raw.p)
        return reading_nomem(r);
    return known ? read_value(r, known, v) : add_extra(r, name, v);
}

static int read_form(const struct openai_task *t, struct reading *r,
                     const struct ingress_request *in, struct arena *a)
{
    struct form form;
    int rc = form_read(in->content_type, in->body, a, &form, r->why);
    for (size_t i = 0; !rc && i < form.count; i++)
        rc = read_field(t, r, &form, i);
    return rc;
}

int openai_task_read(const struct openai_task *t, struct reading *r,
                     const struct ingress_request *in, struct arena *a,
                     struct chat_request *out, struct fault *why)
{
    struct json whole;
    reading_start(r, a, out, why);
    out->kind = t->kind;
    out->task = task_new(a);
    if (!out->task)
        return fault_nomem(why);
    int rc = AIGNE_OK;
    if (reads_form(t, in)) {
        rc = read_form(t, r, in, a);
    } else {
        rc = body_check(in->body, &whole, why);
        whole.raw = rc ? SLICE_NONE : surrogates_replaced(whole.raw, a);
        if (!rc)
            rc = whole.raw.p ? read_json(t, r, whole) : fault_nomem(why);
    }
    out->stream = out->stream || t->streamed;
    return rc;
}

int openai_read_stream(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    return body_flag(v, member, &r->build.request->stream, r->why);
}

int openai_need(struct reading *r, const char *member, struct slice value)
{
    return value.n ? AIGNE_OK : reading_refuse(r, member, "is missing or empty");
}

int openai_one_of(struct reading *r, const char *member, struct slice value,
                  const char *const *names, const char *told)
{
    for (size_t i = 0; value.p && names[i]; i++) {
        if (slice_is(value, names[i]))
            return AIGNE_OK;
    }
    return value.p ? reading_refuse(r, member, "must be %s", told) : AIGNE_OK;
}

/* ---- answers ---- */

int openai_no_event(struct encoding *e, const struct event *ev)
{
    (void)ev;
    return buf_rc(e->out);
}

int openai_no_end(struct encoding *e, const struct reply_notes *notes)
{
    (void)notes;
    return buf_rc(e->out);
}

struct json_writer openai_frame(struct encoding *e, const char *type, bool named)
{
    if (named) {
        BUF_LITERAL(e->out, "event: ");
        buf_put_text(e->out, type);
        buf_put_byte(e->out, '\n');
    }
    BUF_LITERAL(e->out, "data: ");
    struct json_writer w = json_writer(e->out);
    json_open_typed(&w, type);
    return w;
}

void openai_frame_end(struct json_writer *w)
{
    json_close_object(w);
    BUF_LITERAL(w->out, "\n\n");
}

bool openai_tokens_counted(const struct usage *u)
{
    return u->input >= 0 || u->output >= 0 || u->cache_read >= 0 || u->reasoning >= 0 ||
           u->audio_input >= 0 || u->audio_output >= 0 || u->image_input >= 0 ||
           u->image_output >= 0;
}

void openai_write_tokens(struct json_writer *w, const struct usage *u, const char *details,
                         const char *type)
{
    int64_t media = usage_known(u->image_input) + usage_known(u->audio_input);
    bool audio = u->audio_input >= 0;
    if (!openai_tokens_counted(u))
        return;
    json_member_object(w, "usage");
    if (type)
        json_member_text(w, "type", type);
    json_member_int(w, "input_tokens", usage_prompt(u));
    if (details) {
        json_member_object(w, details);
        json_member_int(w, "text_tokens", usage_prompt(u) - media);
        json_member_int(w, audio ? "audio_tokens" : "image_tokens", media);
        json_close_object(w);
    }
    json_member_int(w, "output_tokens", usage_answer(u));
    json_member_int(w, "total_tokens", usage_prompt(u) + usage_answer(u));
    json_close_object(w);
}
