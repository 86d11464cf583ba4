/* Knows how to replay recorded requests and answers through an adapter, in every way a network and a
 * full memory can spoil them; refuses to know any adapter. See README.md for the files of a case. */
#define _GNU_SOURCE /* scandir */
#include "base/arena.h"
#include "base/mem.h"
#include "case.h"
#include "chat/input.h"
#include "chat/task_input.h"
#include "chat/trimmed.h"
#include "failing_alloc.h"
#include "provider/adapter.h"
#include "provider/config.h"
#include "script.h"
#include <aignehub/aignehub.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the headers above */
#include <cmocka.h>

#define SPLITS        200
#define CASES_LARGEST 256

/* Large, so not on the stack; each run begins it anew. */
static struct script script;

/* What one run of a case needs, and what it said. */
struct run {
    const struct replay_case *c;
    const struct adapter *adapter;
    const struct provider_row *row;
    enum chat_kind kind;
    struct dropped dropped;
    unsigned trims;
    struct arena request_arena;
    struct chat_request request;
    struct chat_relay relay;
    struct fault why;
};

static struct chat_target target_of(const struct run *run)
{
    const struct replay_case *c = run->c;
    struct slice base = c->base_url.p ? c->base_url : slice_text(run->row->base_url);
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    struct slice model = c->model;
    if (!model.p)
        model = c->relayed ? SLICE("spliced-model") : run->request.model;
    struct chat_target to = {.provider =
                                 c->own_name.p ? c->own_name : slice_text(run->row->name),
                             .base_url = base,
                             .model = model,
                             .secret = c->secret,
                             .client_id = c->client_id,
                             .region = c->region,
                             .config = c->config,
                             .secret_is_pair = slice_starts(c->secret, "{"),
                             .now_ms = c->wall_ms};
    to.quirks = provider_quirks(run->row, &to);
    return to;
}

static void run_begin(struct run *run, const struct replay_case *c)
{
    *run = (struct run){.c = c};
    fault_clear(&run->why);
    run->row = provider_find(c->provider);
    assert_non_null(run->row);
    if (c->kind.p)
        assert_true(kind_parse(c->kind, &run->kind));
    const struct chat_target to = target_of(run);
    char format[64];
    assert_true(c->format.n < sizeof format);
    memset(format, 0, sizeof format);
    if (c->format.n)
        memcpy(format, c->format.p, c->format.n);
    run->adapter = provider_adapter(run->row, run->kind, &to, c->format.p ? format : NULL);
    assert_non_null(run->adapter);
    arena_init(&run->request_arena);
    script_clear(&script);
}

static void run_end(struct run *run)
{
    arena_free(&run->request_arena);
}

static void relay_of(struct run *run)
{
    struct slice body_text = run->c->request;
    struct json body = json_of(body_text);
    bool on = false;
    run->relay.body = run->c->request;
    run->relay.content_type = run->c->content_type;
    if (run->c->content_type.p) {
        struct slice mark = SLICE("name=\"model\"\r\n\r\n");
        struct slice rest = slice_from(body_text, slice_find(body_text, mark) + mark.n);
        assert_true(slice_cut(rest, '\r', &run->relay.model_value, &rest));
        run->relay.stream = slice_find(body_text, SLICE("name=\"stream\"")) < body_text.n;
        return;
    }
    run->relay.model_value = json_get(body, "model").raw;
    run->relay.stream_value = json_get(body, "stream").raw;
    run->relay.stream_options_value = json_get(body, "stream_options").raw;
    run->relay.headers = run->c->headers_of_client;
    run->relay.query = run->c->query;
    run->relay.stream = json_bool(json_get(body, "stream"), &on) && on;
    if (json_bool(json_path(body, "stream_options.include_usage"), &on))
        run->relay.include_usage = on ? CHAT_YES : CHAT_NO;
}

static int read_request(struct run *run)
{
    const struct replay_case *c = run->c;
    if (c->content_type.p || (c->relayed && json_check(c->request, NULL) == AIGNE_OK)) {
        relay_of(run);
        return AIGNE_OK;
    }
    assert_int_equal(json_check(c->request, NULL), AIGNE_OK);
    struct json input = json_of(c->request);
    bool chat = run->kind == KIND_CHAT || run->kind == KIND_COUNT_TOKENS;
    int rc =
        chat ? chat_input_read(input, &run->request_arena, &run->request, &run->why)
             : task_input_read(run->kind, input, &run->request_arena, &run->request, &run->why);
    run->request.kind = run->kind;
    run->request.stream = c->streamed;
    return rc;
}

/* ---- the request ---- */

static int encode(struct run *run)
{
    struct arena a;
    struct http_request http = {0};
    int rc = read_request(run);
    arena_init(&a);
    struct chat_target to = target_of(run);
    run->dropped.n = 0;
    to.dropped = &run->dropped;
    to.trims = &run->trims;
    if (rc == AIGNE_OK)
        rc = run->c->relayed ? run->adapter->relay(&run->relay, &to, &a, &http, &run->why)
                             : run->adapter->encode(&run->request, &to, &a, &http, &run->why);
    if (rc < 0)
        script_fault(&script, rc, &run->why);
    else
        script_http(&script, &http);
    if (rc >= 0 && run->dropped.n)
        script_dropped(&script, dropped_names(&run->dropped));
    if (rc >= 0 && run->trims)
        script_trimmed(&script, run->trims);
    arena_free(&a);
    return rc;
}

static void check_encode(const struct replay_case *c)
{
    struct run run;
    run_begin(&run, c);
    int rc = encode(&run);
    if (rc < 0)
        assert_int_equal(rc, run.why.code);
    run_end(&run);
    struct slice text = script_text(&script);
    size_t body = slice_find(text, SLICE("\n\n"));
    if (rc == AIGNE_OK && !run.dropped.n && !run.trims &&
        slice_find(text, SLICE("multipart/")) > body)
        assert_int_equal(json_check(slice_trim(slice_from(text, body)), NULL), AIGNE_OK);
    case_compare(c, "expect.http", text);
}

/* ---- the answer ---- */

/* What the request wants the answer to be trimmed to. */
static int find_trims(struct run *run)
{
    struct arena a;
    struct http_request http = {0};
    struct chat_target to = target_of(run);
    bool wanted = run->request.stop_count || run->request.parallel_tool_calls == CHAT_NO;
    if (run->c->relayed || !wanted)
        return AIGNE_OK;
    arena_init(&a);
    to.trims = &run->trims;
    int rc = run->adapter->encode(&run->request, &to, &a, &http, &run->why);
    arena_free(&a);
    return rc;
}

/* A place for what decode needs while one answer is read. */
struct reader {
    struct run *run;
    struct decoding d;
    struct arena keep;
    struct arena scratch;
    struct frames frames;
    enum chat_choice usage_wanted;
};

static int reader_begin(struct reader *r, struct run *run)
{
    *r = (struct reader){.run = run};
    arena_init(&r->keep);
    arena_init(&r->scratch);
    frames_init(&r->frames, run->adapter->framing);
    r->usage_wanted = run->relay.include_usage;
    r->d = (struct decoding){.state = arena_alloc(&r->keep, run->adapter->state_size + 1),
                             .keep = &r->keep,
                             .scratch = &r->scratch,
                             .sink = &script.sink,
                             .provider = target_of(run).provider,
                             .why = &run->why,
                             .head = run->c->headers,
                             .media_type = http_block_get(run->c->headers, "content-type"),
                             .request = run->c->relayed ? NULL : &run->request,
                             .relay = run->c->relayed ? &run->relay : NULL};
    int rc = r->d.state ? find_trims(run) : fault_nomem(&run->why);
    if (rc >= 0 && run->trims &&
        !trimmed_begin(&run->request, run->trims, &r->keep, &r->d.sink))
        rc = fault_nomem(&run->why);
    return rc;
}

static void reader_end(struct reader *r)
{
    frames_free(&r->frames);
    arena_free(&r->keep);
    arena_free(&r->scratch);
}

static int read_frame(struct reader *r, const struct sse_event *frame)
{
    const struct adapter *adapter = r->run->adapter;
    struct slice shown = frame->raw;
    int rc = r->run->c->relayed ? adapter->watch(&r->d, frame, r->usage_wanted, &shown)
                                : adapter->decode(&r->d, frame);
    if (rc >= 0 && !shown.p)
        script_line(&script, "hidden");
    else if (rc >= 0 && shown.p != frame->raw.p)
        script_shown(&script, shown);
    arena_clear(&r->scratch);
    return rc;
}

static int feed(struct reader *r, struct slice piece)
{
    struct sse_event frame;
    frames_feed(&r->frames, piece);
    int rc = frames_next(&r->frames, &frame);
    while (rc > 0) {
        rc = read_frame(r, &frame);
        if (rc >= 0)
            rc = frames_next(&r->frames, &frame);
    }
    return rc;
}

static int feed_end(struct reader *r)
{
    struct sse_event frame;
    int rc = frames_finish(&r->frames, &frame);
    if (rc > 0)
        rc = read_frame(r, &frame);
    return rc < 0 ? rc : r->run->adapter->finish(&r->d);
}

/* How an answer is cut into pieces: each next length, until the answer is used up. */
typedef size_t (*cut_fn)(uint64_t *state, size_t left);

static size_t cut_never(uint64_t *state, size_t left)
{
    (void)state;
    return left;
}

static size_t cut_bytes(uint64_t *state, size_t left)
{
    (void)state;
    (void)left;
    return 1;
}

static size_t cut_random(uint64_t *state, size_t left)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return 1 + *state % (left < 400 ? left : 400);
}

/* Each piece is a block of its own, so that reading beyond it is seen by a sanitizer. */
static int feed_copy(struct reader *r, struct slice piece)
{
    char *copy = malloc(piece.n + 1);
    assert_non_null(copy);
    memcpy(copy, piece.p, piece.n);
    int rc = feed(r, slice_of(copy, piece.n));
    free(copy);
    return rc;
}

static int read_stream(struct reader *r, struct slice answer, cut_fn cut, uint64_t state)
{
    int rc = AIGNE_OK;
    while (answer.n && rc >= 0) {
        size_t n = cut(&state, answer.n);
        rc = feed_copy(r, slice_of(answer.p, n));
        answer = slice_from(answer, n);
    }
    return rc < 0 ? rc : feed_end(r);
}

static int explain(struct run *run, struct slice body)
{
    const struct replay_case *c = run->c;
    run->adapter->explain(c->status, c->headers, body, c->wall_ms, &run->why);
    assert_true(run->why.code < 0);
    return run->why.code;
}

/* A whole answer, and those to what is asked after it. */
static int read_whole(struct reader *r, struct slice answer)
{
    const struct run *run = r->run;
    const struct replay_case *c = run->c;
    const struct adapter *adapter = run->adapter;
    const struct chat_target to = target_of(run);
    int rc = adapter->decode_whole(&r->d, answer, c->relayed);
    for (size_t i = 0; rc == AIGNE_OK && adapter->more && !c->relayed; i++) {
        struct http_request ask = {.method = "GET"};
        int64_t delay_ms = 0;
        rc = adapter->more(&r->d, &to, &r->keep, &ask, &delay_ms);
        arena_clear(&r->scratch);
        if (rc != AIGNE_AGAIN)
            break;
        script_ask(&script, &ask, delay_ms);
        rc = AIGNE_OK;
        if (i >= c->next_count)
            break;
        r->d.media_type = c->next_is_json[i] ? SLICE("application/json") : SLICE_NONE;
        rc = adapter->decode_whole(&r->d, c->next[i], false);
        arena_clear(&r->scratch);
    }
    return rc;
}

/* Read `answer` as the case says it comes; the script holds the events and how it ended. */
static int decode(struct run *run, struct slice answer, cut_fn cut, uint64_t state)
{
    struct reader r;
    int rc = read_request(run);
    assert_true(rc == AIGNE_OK || rc == AIGNE_E_NOMEM);
    if (rc == AIGNE_OK)
        rc = reader_begin(&r, run);
    else
        return rc;
    if (rc == AIGNE_OK && run->c->status >= 400)
        rc = explain(run, answer);
    else if (rc == AIGNE_OK && run->c->answer_streamed)
        rc = read_stream(&r, answer, cut, state);
    else if (rc == AIGNE_OK)
        rc = read_whole(&r, answer);
    reader_end(&r);
    script_end(&script, rc, &run->why);
    return rc;
}

static int decode_once(const struct replay_case *c, struct slice answer, cut_fn cut,
                       uint64_t state)
{
    struct run run;
    run_begin(&run, c);
    int rc = decode(&run, answer, cut, state);
    run_end(&run);
    return rc;
}

static void check_splits(const struct replay_case *c, struct slice whole)
{
    decode_once(c, c->answer, cut_bytes, 0);
    case_same(c, "byte by byte", whole, script_text(&script));
    for (uint64_t seed = 1; seed <= SPLITS; seed++) {
        decode_once(c, c->answer, cut_random, seed * 0x9E3779B97F4A7C15u);
        case_same(c, "split at random", whole, script_text(&script));
    }
}

/* A cut answer is either an error or everything up to its end. */
static void check_truncated(const struct replay_case *c, struct slice whole, int whole_rc)
{
    for (size_t n = 0; n < c->answer.n; n++) {
        int rc = decode_once(c, slice_of(c->answer.p, n), cut_never, 0);
        if (c->status >= 400 || rc < 0)
            continue;
        assert_true(whole_rc >= 0);
        struct slice said = script_events(&script);
        size_t finish =
            slice_starts(said, "finish ") ? 0 : slice_find(said, SLICE("\nfinish "));
        assert_true(finish < said.n);
        assert_true(finish <= whole.n && memcmp(said.p, whole.p, finish) == 0);
    }
}

/* A hub's stream has no mark of its end, nor have bytes and plain text: that they were cut, only the
 * transport can see. */
static bool marks_its_end(const struct replay_case *c)
{
    struct run run;
    struct slice type = http_block_get(c->headers, "content-type");
    run_begin(&run, c);
    bool raw = run.adapter->framing == FRAMES_RAW;
    bool hub = strcmp(run.adapter->name, "aignehub") == 0;
    run_end(&run);
    return !(c->answer_streamed && (hub || raw)) && !slice_starts(type, "text/plain");
}

static void check_decode(const struct replay_case *c)
{
    int rc = decode_once(c, c->answer, cut_never, 0);
    case_compare(c, "expect.events", script_text(&script));
    script_check_order(&script);
    char *whole = malloc(script.n + 1);
    assert_non_null(whole);
    memcpy(whole, script.text, script.n);
    struct slice text = slice_of(whole, script.n);
    if (c->answer_streamed)
        check_splits(c, text);
    if (marks_its_end(c))
        check_truncated(c, text, rc);
    free(whole);
}

/* ---- without memory ---- */

static void encode_poorly(void *user)
{
    struct run run;
    run_begin(&run, user);
    int rc = encode(&run);
    run_end(&run);
    if (failing_alloc_tripped())
        assert_true(rc < 0);
}

static void decode_poorly(void *user)
{
    int rc = decode_once(user, ((const struct replay_case *)user)->answer, cut_bytes, 0);
    if (failing_alloc_tripped())
        assert_true(rc < 0);
}

static void replay(void **state)
{
    struct replay_case c;
    case_load(&c, *state);
    check_encode(&c);
    if (c.answer.p)
        check_decode(&c);
    failing_alloc_each(encode_poorly, &c);
    if (c.answer.p)
        failing_alloc_each(decode_poorly, &c);
    case_free(&c);
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
