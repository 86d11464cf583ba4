/* Knows how to replay recorded requests and answers of calls other than chats through an ingress format,
 * with memory and without; refuses to know any format. See README.md for the files of a case. */
#define _GNU_SOURCE /* scandir */
#include "answer.h"
#include "base/mem.h"
#include "chat/task_input.h"
#include "failing_alloc.h"
#include "files.h"
#include "ingress/ingress.h"
#include "provider/adapters.h"
#include "text/sse.h"
#include <aignehub/aignehub.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the headers above */
#include <cmocka.h>

#define CASES_LARGEST 200
#define CEILING       ((size_t)4 << 20)

struct exchange {
    const char *folder;
    const struct ingress *ingress;
    const struct adapter *adapter; /* of the same format; NULL: not held against one */
    struct slice body;             /* .p NULL: the case is about the answer alone */
    struct slice content_type;
};

static const struct {
    const char *folder;
    const struct ingress *ingress;
    const struct adapter *adapter;
} formats[] = {
    {"/gemini-embed/", &ingress_gemini_embed, NULL},
    {"/gemini-embed-batch/", &ingress_gemini_embed_batch, NULL},
    {"/gemini-predict/", &ingress_gemini_predict, NULL},
    {"/gemini-video/", &ingress_gemini_video, NULL},
    {"/openai-embeddings/", &ingress_openai_embeddings, &adapter_openai_embedding},
    {"/openai-images/", &ingress_openai_images, &adapter_openai_image},
    {"/openai-image-edits/", &ingress_openai_image_edits, &adapter_openai_image_edit},
    {"/openai-speech/", &ingress_openai_speech, &adapter_openai_speech},
    {"/openai-transcriptions/", &ingress_openai_transcriptions, &adapter_openai_transcription},
    {"/openai-translations/", &ingress_openai_translations, &adapter_openai_translation},
};

static struct answer answer; /* large, so not on the stack */

/* ---- requests ---- */

/* What a look at the body and what reading it whole say must agree. */
static int understand(const struct exchange *x, struct slice body, struct arena *a,
                      struct chat_relay *relay, struct chat_request *r, struct fault *why)
{
    struct slice model = SLICE_NONE;
    const struct ingress_request in = {
        .body = body, .rest = SLICE("models/asked:method"), .content_type = x->content_type};
    fault_clear(why);
    int rc = x->ingress->peek(&in, a, &model, relay, why);
    if (!rc)
        rc = x->ingress->decode(&in, a, r, why);
    if (rc)
        return rc;
    assert_true(slice_eq(model, r->model));
    assert_int_equal(relay->stream, r->stream);
    assert_int_equal(r->kind, x->ingress->kind);
    assert_non_null(r->task);
    struct slice name = relay->model_value;
    assert_true(!name.p ||
                (name.p >= relay->body.p && name.p + name.n <= relay->body.p + relay->body.n));
    assert_true(model.n || !relay->usable);
    return AIGNE_OK;
}

static void describe(const struct chat_relay *relay, const struct chat_request *r,
                     struct buf *out)
{
    const struct task *t = r->task;
    buf_printf(out, "model=%.*s%s%s%s%s%s%s%.*s\n", (int)r->model.n,
               r->model.p ? r->model.p : "", relay->usable ? "" : " to be read",
               r->stream ? " stream" : "", relay->verbatim ? " verbatim" : "",
               t->editing ? " editing" : "", t->translating ? " translating" : "",
               t->stream_format.p ? " as " : "", (int)t->stream_format.n,
               t->stream_format.p ? t->stream_format.p : "");
    task_input_write(r, SLICE_NONE, out);
    buf_put_byte(out, '\n');
}

static int read_once(const struct exchange *x, struct slice body, struct buf *out)
{
    struct arena a AUTO(arena_free);
    struct chat_relay relay;
    struct chat_request r;
    struct fault why;
    arena_init(&a);
    int rc = understand(x, body, &a, &relay, &r, &why);
    if (rc == AIGNE_OK) {
        describe(&relay, &r, out);
        return buf_rc(out);
    }
    assert_int_equal(rc, why.code);
    if (rc == AIGNE_E_REQUEST)
        buf_printf(out, "%d ", fault_status(&why));
    x->ingress->error(&why, false, out);
    buf_put_byte(out, '\n');
    return rc;
}

/* In a block of its own size, so that a sanitizer sees a read beyond it. */
static void check_cut_bodies(const struct exchange *x)
{
    for (size_t n = 0; n < slice_trim(x->body).n; n++) {
        struct buf out AUTO(buf_free);
        char *piece = malloc(n + 1);
        assert_non_null(piece);
        memcpy(piece, x->body.p, n);
        buf_init(&out, CEILING);
        assert_int_equal(read_once(x, slice_of(piece, n), &out), AIGNE_E_REQUEST);
        free(piece);
    }
}

static void read_poorly(void *user)
{
    const struct exchange *x = user;
    struct buf out AUTO(buf_free);
    buf_init(&out, CEILING);
    int rc = read_once(x, x->body, &out);
    if (failing_alloc_tripped() && rc != AIGNE_E_REQUEST)
        assert_true(rc == AIGNE_E_NOMEM || buf_rc(&out) == AIGNE_E_NOMEM);
}

/* Send it on in the same format and read it again: the input must still be the same. */
static void check_identity(const struct exchange *x)
{
    struct arena a AUTO(arena_free);
    struct buf body AUTO(buf_free);
    struct buf before AUTO(buf_free);
    struct buf after AUTO(buf_free);
    struct exchange again = *x;
    struct chat_relay relay;
    struct chat_request r;
    struct http_request http = {0};
    struct fault why;
    arena_init(&a);
    buf_init(&body, CEILING);
    buf_init(&before, CEILING);
    buf_init(&after, CEILING);
    assert_int_equal(understand(x, x->body, &a, &relay, &r, &why), AIGNE_OK);
    struct chat_target to = {.provider = SLICE("openai"),
                             .base_url = SLICE("https://provider.test/v1"),
                             .model = r.model.p ? r.model : SLICE("model")};
    int rc = x->adapter->encode(&r, &to, &a, &http, &why);
    if (rc)
        fprintf(stderr, "%s: %s\n", x->folder, why.text);
    assert_int_equal(rc, AIGNE_OK);
    for (size_t i = 0; i < http.body_count; i++)
        buf_put_slice(&body, http_body(&http)[i]);
    for (size_t i = 0; i < http.header_count; i++) {
        if (slice_is_nocase(http.headers[i].name, "content-type"))
            again.content_type = http.headers[i].value;
    }
    task_input_write(&r, SLICE_NONE, &before);
    rc = understand(&again, buf_slice(&body), &a, &relay, &r, &why);
    if (rc)
        fprintf(stderr, "%s: %s\n", x->folder, why.text);
    assert_int_equal(rc, AIGNE_OK);
    task_input_write(&r, SLICE_NONE, &after);
    if (!file_is_there(x->folder, "lossy"))
        file_same(x->folder, "sent on and read again", buf_slice(&before), buf_slice(&after));
    else
        assert_false(slice_eq(buf_slice(&before), buf_slice(&after)));
}

static void check_request(struct exchange *x)
{
    struct buf out AUTO(buf_free);
    buf_init(&out, CEILING);
    int rc = read_once(x, x->body, &out);
    file_compare(x->folder, "expect.input", buf_slice(&out));
    if (rc == AIGNE_OK)
        check_cut_bodies(x);
    if (rc == AIGNE_OK && x->adapter)
        check_identity(x);
    buf_free(&out);
    assert_true(failing_alloc_each(read_poorly, x) > 0 || rc);
}

/* ---- answers ---- */

struct telling {
    struct arena keep;
    struct encoding e;
    struct chat_request request;
    struct buf out;
};

static int begin(const struct exchange *x, struct telling *t)
{
    struct chat_relay relay = {.verbatim = false};
    struct fault why;
    arena_init(&t->keep);
    buf_init(&t->out, CEILING);
    if (x->body.p) {
        int rc = understand(x, x->body, &t->keep, &relay, &t->request, &why);
        if (rc)
            return rc;
    }
    t->e = (struct encoding){
        .keep = &t->keep,
        .out = &t->out,
        .call_id = SLICE("01CALL"),
        .model = SLICE("asked/model"),
        .created_s = 1795400000,
        .request = x->body.p ? &t->request : NULL,
        .verbatim = relay.verbatim,
        .state = arena_alloc(&t->keep, x->ingress->state_size + 1),
    };
    return t->e.state ? AIGNE_OK : AIGNE_E_NOMEM;
}

static void end(struct telling *t)
{
    buf_free(&t->out);
    arena_free(&t->keep);
}

static int stream_lines(const struct exchange *x, struct encoding *e)
{
    for (size_t i = 0; i < answer.count; i++) {
        if (answer.lines[i].kind == LINE_KEEP_ALIVE) {
            x->ingress->keep_alive(e);
            continue;
        }
        int rc = x->ingress->event(e, &answer.lines[i].event);
        if (rc)
            return rc;
    }
    if (!answer.failed)
        return x->ingress->end(e, &answer.notes);
    x->ingress->error(&answer.fault, true, e->out);
    return buf_rc(e->out);
}

static int stream(const struct exchange *x, struct telling *t)
{
    int rc = begin(x, t);
    if (rc)
        return rc;
    rc = stream_lines(x, &t->e);
    if (x->ingress->close)
        x->ingress->close(&t->e);
    return rc;
}

static int write_whole(const struct exchange *x, struct encoding *e, struct reply *reply)
{
    for (size_t i = 0; i < answer.count; i++) {
        int rc = answer.lines[i].kind == LINE_EVENT
                     ? event_push(&reply->sink, &answer.lines[i].event)
                     : AIGNE_OK;
        if (rc)
            return rc;
    }
    if (!answer.failed)
        return x->ingress->whole(e, reply, &answer.notes);
    x->ingress->error(&answer.fault, false, e->out);
    return buf_rc(e->out);
}

static int whole(const struct exchange *x, struct telling *t)
{
    struct reply reply;
    int rc = begin(x, t);
    if (rc)
        return rc;
    reply_init(&reply, &t->keep);
    rc = write_whole(x, &t->e, &reply);
    reply_free(&reply);
    return rc;
}

/* All frames are JSON and the last one was closed. */
static void check_frames(struct slice bytes)
{
    struct sse s;
    struct sse_event frame;
    sse_init(&s);
    sse_feed(&s, bytes);
    while (sse_next(&s, &frame) > 0)
        assert_int_equal(json_check(frame.data, NULL), AIGNE_OK);
    assert_int_equal(sse_finish(&s, &frame), 0);
    sse_free(&s);
}

/* What went out, its media type before it; or that nothing could. */
static void compare(const struct exchange *x, const char *name, const struct telling *t, int rc)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, CEILING);
    struct slice type = t->e.media_type;
    if (type.n)
        buf_printf(&text, "%.*s\n\n", (int)type.n, type.p);
    if (rc)
        buf_printf(&text, "cannot be told: %d\n", rc);
    else
        buf_put_slice(&text, buf_slice(&t->out));
    file_compare(x->folder, name, buf_slice(&text));
}

static void stream_poorly(void *user)
{
    struct telling t;
    int rc = stream(user, &t);
    if (failing_alloc_tripped())
        assert_int_equal(rc, AIGNE_E_NOMEM);
    end(&t);
}

static void whole_poorly(void *user)
{
    struct telling t;
    int rc = whole(user, &t);
    if (failing_alloc_tripped())
        assert_true(rc < 0);
    end(&t);
}

static void check_answer(struct exchange *x, struct slice text)
{
    struct telling t;
    answer_read(&answer, text);
    int rc = stream(x, &t);
    if (!rc && !t.e.verbatim)
        check_frames(buf_slice(&t.out));
    compare(x, "expect.stream", &t, rc);
    end(&t);
    rc = whole(x, &t);
    if (!rc && !t.e.verbatim)
        assert_int_equal(json_check(buf_slice(&t.out), NULL), AIGNE_OK);
    if (!t.e.verbatim)
        buf_put_byte(&t.out, '\n');
    compare(x, "expect.whole", &t, rc);
    end(&t);
    failing_alloc_each(stream_poorly, x);
    failing_alloc_each(whole_poorly, x);
}

/* ---- cases ---- */

static void choose_format(struct exchange *x)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (!strstr(x->folder, formats[i].folder))
            continue;
        x->ingress = formats[i].ingress;
        x->adapter = formats[i].adapter;
    }
    assert_non_null(x->ingress);
}

static void replay(void **state)
{
    struct exchange x = {.folder = *state, .content_type = SLICE("application/json")};
    struct slice events;
    struct slice type;
    choose_format(&x);
    char *body = file_load(x.folder, "body.json", &x.body);
    char *form = body ? NULL : file_load(x.folder, "body.form", &x.body);
    char *content_type = file_load(x.folder, "content-type", &type);
    char *lines = file_load(x.folder, "events", &events);
    if (form)
        x.content_type = SLICE("multipart/form-data; boundary=b");
    if (content_type)
        x.content_type = slice_trim(type);
    assert_true(x.body.p || lines);
    if (x.body.p)
        check_request(&x);
    if (lines)
        check_answer(&x, events);
    free(body);
    free(form);
    free(content_type);
    free(lines);
}

static int is_case(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_type == DT_DIR;
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[CASES_LARGEST];
    static char paths[CASES_LARGEST][512];
    struct dirent **entries = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: task-replay FOLDER-OF-CASES (see README.md)\n");
        return 2;
    }
    int count = scandir(argv[1], &entries, is_case, alphasort);
    if (count <= 0 || count > CASES_LARGEST) {
        fprintf(stderr, "%s: %d cases\n", argv[1], count);
        return 2;
    }
    for (int i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", argv[1], entries[i]->d_name);
        tests[i] = (struct CMUnitTest){
            .name = paths[i], .test_func = replay, .initial_state = paths[i]};
        free(entries[i]);
    }
    free(entries);
    return _cmocka_run_group_tests(argv[1], tests, (size_t)count, NULL, NULL);
}
