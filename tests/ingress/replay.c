/* Knows how to replay recorded requests and answers through an ingress format, with memory and
 * without; refuses to know any format. See README.md for the files of a case. */
#define _GNU_SOURCE /* scandir */
#include "answer.h"
#include "base/mem.h"
#include "chat/input.h"
#include "failing_alloc.h"
#include "files.h"
#include "ingress/ingress.h"
#include "provider/adapters.h"
#include "provider/openai.h"
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
    const struct adapter *adapter; /* of the same format */
    struct slice body;
    struct slice rest;    /* of the path */
    struct slice headers; /* of the client */
};

/* Which folder holds cases of which format, and the adapter that reads its answers back, if any does. */
static const struct {
    const char *folder;
    const struct ingress *ingress;
    const struct adapter *adapter;
} formats[] = {
    {"/aigne/", &ingress_aigne, &adapter_hub},
    {"/aigne-completions/", &ingress_aigne_completions, NULL},
    {"/openai/", &ingress_openai, &adapter_openai},
    {"/openai-responses/", &ingress_openai_responses, &adapter_openai_responses},
    {"/anthropic/", &ingress_anthropic, &adapter_anthropic},
    {"/anthropic-count/", &ingress_anthropic_count, NULL},
    {"/gemini/", &ingress_gemini, &adapter_gemini},
    {"/gemini-array/", &ingress_gemini_array, NULL},
    {"/gemini-count/", &ingress_gemini_count, NULL},
};

static struct answer answer; /* large, so not on the stack */

/* ---- requests ---- */

static const char *const choices[] = {
    [CHAT_UNSET] = "unsaid", [CHAT_NO] = "no", [CHAT_YES] = "yes"};

/* What a look at the body and what reading it whole say must agree. */
static int understand(const struct exchange *x, struct slice body, struct arena *a,
                      struct chat_request *r, struct fault *why)
{
    struct slice model = SLICE_NONE;
    struct chat_relay relay;
    const struct ingress_request in = {.body = body, .rest = x->rest, .headers = x->headers};
    fault_clear(why);
    int peeked = x->ingress->peek(&in, a, &model, &relay, why);
    if (peeked)
        return peeked;
    int rc = x->ingress->decode(&in, a, r, why);
    if (rc)
        return rc;
    assert_true(slice_eq(model, r->model));
    assert_int_equal(relay.stream, r->stream);
    assert_int_equal(relay.include_usage, r->include_usage);
    struct slice spans[] = {relay.model_value, relay.stream_options_value};
    for (size_t i = 0; i < 2; i++)
        assert_true(!spans[i].p || (spans[i].p >= relay.body.p &&
                                    spans[i].p + spans[i].n <= relay.body.p + relay.body.n));
    if (relay.usable) /* it may go on as it is */
        assert_true(slice_find(relay.body, SLICE("a\\ud83d")) == relay.body.n);
    return AIGNE_OK;
}

static void describe(const struct chat_request *r, struct buf *out)
{
    buf_printf(out, "model=%.*s stream=%s usage=%s\n", (int)r->model.n,
               r->model.p ? r->model.p : "", r->stream ? "yes" : "no",
               choices[r->include_usage]);
    chat_input_write(r, SLICE_NONE, out);
    buf_put_byte(out, '\n');
}

static int read_once(const struct exchange *x, struct slice body, struct buf *out)
{
    struct arena a AUTO(arena_free);
    struct chat_request r;
    struct fault why;
    arena_init(&a);
    int rc = understand(x, body, &a, &r, &why);
    if (rc == AIGNE_OK) {
        describe(&r, out);
        return buf_rc(out);
    }
    assert_int_equal(rc, why.code);
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

/* Send the request on and give the body that was sent. */
static void send_on(const struct exchange *x, struct slice body, struct buf *out)
{
    struct arena a AUTO(arena_free);
    struct chat_request r;
    struct fault why;
    struct http_request http = {0};
    arena_init(&a);
    assert_int_equal(understand(x, body, &a, &r, &why), AIGNE_OK);
    struct chat_target to = {.provider = SLICE("openai"),
                             .base_url = SLICE("https://provider.test/v1"),
                             .model = r.model.p ? r.model : SLICE("model"),
                             .quirks = x->adapter == &adapter_openai ? OPENAI_ANSWERS : 0};
    int rc = x->adapter->encode(&r, &to, &a, &http, &why);
    if (rc)
        fprintf(stderr, "%s: %s\n", x->folder, why.text);
    assert_int_equal(rc, AIGNE_OK);
    for (size_t i = 0; i < http.body_count; i++)
        buf_put_slice(out, http_body(&http)[i]);
    assert_int_equal(buf_rc(out), AIGNE_OK);
}

static void meaning(const struct exchange *x, struct slice body, struct buf *out)
{
    buf_init(out, CEILING);
    assert_int_equal(read_once(x, body, out), AIGNE_OK);
    /* what the adapter says of the stream is the hub's business, not the client's */
    buf_consume(out, slice_find_byte(buf_slice(out), '\n'));
}

static void check_identity(const struct exchange *x)
{
    struct buf first AUTO(buf_free);
    struct buf second AUTO(buf_free);
    struct buf before AUTO(buf_free);
    struct buf after AUTO(buf_free);
    bool lossy = file_is_there(x->folder, "lossy");
    buf_init(&first, CEILING);
    buf_init(&second, CEILING);
    send_on(x, x->body, &first);
    send_on(x, buf_slice(&first), &second);
    file_same(x->folder, "sent on twice", buf_slice(&first), buf_slice(&second));
    meaning(x, x->body, &before);
    meaning(x, buf_slice(&first), &after);
    if (!lossy)
        file_same(x->folder, "sent on and read again", buf_slice(&before), buf_slice(&after));
    else
        assert_false(slice_eq(buf_slice(&before), buf_slice(&after)));
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

static void check_request(struct exchange *x)
{
    struct buf out AUTO(buf_free);
    buf_init(&out, CEILING);
    int rc = read_once(x, x->body, &out);
    file_compare(x->folder, "expect.input", buf_slice(&out));
    if (json_check(x->body, NULL) == AIGNE_OK)
        check_cut_bodies(x);
    if (rc == AIGNE_OK && x->adapter)
        check_identity(x);
    buf_free(&out);
    assert_true(failing_alloc_each(read_poorly, x) > 0 || rc);
}

/* ---- answers ---- */

static void begin(const struct exchange *x, struct encoding *e, struct arena *keep,
                  struct buf *out)
{
    arena_init(keep);
    buf_init(out, CEILING);
    *e = (struct encoding){
        .keep = keep,
        .out = out,
        .call_id = SLICE("01CALL"),
        .model = SLICE("asked/model"),
        .created_s = 1795400000,
        .include_usage = answer.include_usage ? CHAT_YES : CHAT_NO,
        .wants_json = answer.wants_json,
        .headers = x->headers,
        .state = arena_alloc(keep, x->ingress->state_size),
    };
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
    if (x->ingress->broken)
        return x->ingress->broken(e, &answer.fault);
    x->ingress->error(&answer.fault, true, e->out);
    return buf_rc(e->out);
}

static int stream(const struct exchange *x, struct buf *out)
{
    struct arena keep AUTO(arena_free);
    struct encoding e;
    begin(x, &e, &keep, out);
    if (!e.state)
        return AIGNE_E_NOMEM;
    int rc = stream_lines(x, &e);
    if (x->ingress->close)
        x->ingress->close(&e);
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

static int whole(const struct exchange *x, struct buf *out)
{
    struct arena keep AUTO(arena_free);
    struct encoding e;
    struct reply reply;
    begin(x, &e, &keep, out);
    if (!e.state)
        return AIGNE_E_NOMEM;
    reply_init(&reply, &keep);
    int rc = write_whole(x, &e, &reply);
    reply_free(&reply);
    return rc;
}

/* Frames are JSON, or OpenAI's [DONE] as the last; a failed stream has no proper end. Google's other
 * stream is one array. */
static void check_frames(const struct exchange *x, struct slice bytes)
{
    struct sse s;
    struct sse_event frame;
    bool done = false;
    if (x->ingress == &ingress_gemini_array) {
        if (!answer.count) /* an error follows something */
            return;
        assert_int_equal(json_check(bytes, NULL), AIGNE_OK);
        assert_int_equal(json_of(bytes).kind, JSON_ARRAY);
        return;
    }
    sse_init(&s);
    sse_feed(&s, bytes);
    while (sse_next(&s, &frame) > 0) {
        assert_false(done);
        done = slice_is(frame.data, "[DONE]");
        if (!done)
            assert_int_equal(json_check(frame.data, NULL), AIGNE_OK);
        assert_int_equal(slice_find_byte(frame.data, '\n'), frame.data.n);
    }
    assert_int_equal(sse_finish(&s, &frame), 0); /* the last one was closed */
    bool marked = strcmp(x->ingress->name, "openai") == 0;
    assert_int_equal(done, marked && !answer.failed);
    sse_free(&s);
}

/* ---- answers read back by the adapter of the same format ---- */

static int read_frames(const struct adapter *adapter, struct decoding *d, struct slice bytes)
{
    struct sse s;
    struct sse_event frame;
    int rc = AIGNE_OK;
    sse_init(&s);
    sse_feed(&s, bytes);
    while (rc >= 0 && sse_next(&s, &frame) > 0) {
        rc = adapter->decode(d, &frame);
        arena_clear(d->scratch);
    }
    sse_free(&s);
    return rc < 0 ? rc : adapter->finish(d);
}

/* What the adapter of the same format makes of a stream is the answer that the stream told. */
static void check_round(const struct exchange *x, struct slice expected)
{
    struct arena keep AUTO(arena_free);
    struct arena scratch AUTO(arena_free);
    struct buf bytes AUTO(buf_free);
    struct buf again AUTO(buf_free);
    struct arena state AUTO(arena_free);
    struct encoding e;
    struct reply reply;
    struct fault why = {0};
    answer.include_usage = true;
    assert_int_equal(stream(x, &bytes), AIGNE_OK);
    begin(x, &e, &keep, &again);
    arena_init(&scratch);
    arena_init(&state);
    reply_init(&reply, &keep);
    struct decoding d = {.provider = SLICE("openai"),
                         .state = arena_alloc(&state, x->adapter->state_size),
                         .keep = &keep,
                         .scratch = &scratch,
                         .sink = &reply.sink,
                         .why = &why};
    int rc = read_frames(x->adapter, &d, buf_slice(&bytes));
    assert_int_equal(rc < 0, answer.failed);
    if (!answer.failed) {
        struct reply_notes none = {.wants_json = answer.wants_json};
        assert_int_equal(x->ingress->whole(&e, &reply, &none), AIGNE_OK);
        buf_put_byte(&again, '\n');
        file_same(x->folder, "told and read back", expected, buf_slice(&again));
    }
    reply_free(&reply);
}

/* OpenAI's stream tells zeros where nothing was counted. */
static bool comes_back(const struct exchange *x, struct slice told)
{
    bool counted = slice_find(told, SLICE("\"usage\":")) < told.n;
    return !file_is_there(x->folder, "lossy") &&
           (counted || answer.failed || x->adapter == &adapter_hub);
}

static void stream_poorly(void *user)
{
    struct buf out;
    int rc = stream(user, &out);
    if (failing_alloc_tripped())
        assert_int_equal(rc, AIGNE_E_NOMEM);
    buf_free(&out);
}

static void whole_poorly(void *user)
{
    struct buf out;
    int rc = whole(user, &out);
    if (failing_alloc_tripped())
        assert_int_equal(rc, AIGNE_E_NOMEM);
    buf_free(&out);
}

static void check_answer(struct exchange *x, struct slice text)
{
    struct buf out;
    answer_read(&answer, text);
    assert_int_equal(stream(x, &out), AIGNE_OK);
    check_frames(x, buf_slice(&out));
    file_compare(x->folder, "expect.sse", buf_slice(&out));
    buf_free(&out);
    assert_int_equal(whole(x, &out), AIGNE_OK);
    assert_int_equal(json_check(buf_slice(&out), NULL), AIGNE_OK);
    buf_put_byte(&out, '\n');
    file_compare(x->folder, "expect.json", buf_slice(&out));
    bool include_usage = answer.include_usage;
    if (x->adapter && comes_back(x, buf_slice(&out)))
        check_round(x, buf_slice(&out));
    answer.include_usage = include_usage;
    buf_free(&out);
    assert_true(failing_alloc_each(stream_poorly, x) > 0);
    assert_true(failing_alloc_each(whole_poorly, x) > 0);
}

/* ---- cases ---- */

/* By the folder that the case's folder is in. */
static void choose_format(struct exchange *x)
{
    struct slice path = slice_text(x->folder);
    while (path.n && path.p[path.n - 1] != '/')
        path.n--;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (!slice_ends(path, formats[i].folder))
            continue;
        x->ingress = formats[i].ingress;
        x->adapter = formats[i].adapter;
    }
    assert_non_null(x->ingress);
}

static void replay(void **state)
{
    struct exchange x = {.folder = *state};
    struct slice events;
    choose_format(&x);
    char *path = file_load(x.folder, "path", &x.rest);
    x.rest = path ? slice_trim(x.rest) : SLICE("models/asked:generateContent");
    char *headers = file_load(x.folder, "headers", &x.headers);
    char *body = file_load(x.folder, "body.json", &x.body);
    char *lines = file_load(x.folder, "events", &events);
    assert_true(body || lines);
    if (body)
        check_request(&x);
    if (lines)
        check_answer(&x, events);
    free(path);
    free(headers);
    free(body);
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
        fprintf(stderr, "usage: replay FOLDER-OF-CASES (see README.md)\n");
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
