/* Knows how to run the echo provider over recorded requests, with memory and without; refuses to know
 * what it should say: that is in the cases' expect.events. */
#define _GNU_SOURCE /* scandir */
#include "base/arena.h"
#include "base/mem.h"
#include "chat/input.h"
#include "chat/task_input.h"
#include "failing_alloc.h"
#include "provider/adapter.h"
#include "script.h"
#include <aignehub/aignehub.h>
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the headers above */
#include <cmocka.h>

#define CASES_LARGEST 128
#define STEPS_LARGEST 1000

static struct script script; /* large, so not on the stack */

struct echo_case {
    struct slice text;   /* of the request */
    enum chat_kind kind; /* of call; of a file of that name */
};

static char *load(const char *folder, const char *name, struct slice *out)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long end = ftell(file);
    assert_true(end >= 0);
    rewind(file);
    char *text = malloc((size_t)end + 1);
    assert_non_null(text);
    *out = slice_of(text, fread(text, 1, (size_t)end, file));
    fclose(file);
    return text;
}

static int read_request(const struct echo_case *c, struct arena *a, struct chat_request *r,
                        struct fault *why)
{
    struct json input = json_of(c->text);
    int rc = c->kind == KIND_CHAT ? chat_input_read(input, a, r, why)
                                  : task_input_read(c->kind, input, a, r, why);
    r->kind = c->kind;
    return rc;
}

static int take_steps(const struct adapter *echo, struct decoding *d,
                      const struct chat_request *r)
{
    for (int i = 0; i < STEPS_LARGEST; i++) {
        int64_t delay_ms = 0;
        int rc = echo->step(d, r, &delay_ms);
        arena_clear(d->scratch);
        if (rc != AIGNE_AGAIN)
            return rc;
        if (delay_ms) {
            char line[64];
            snprintf(line, sizeof line, "wait %" PRId64 " ms", delay_ms);
            script_line(&script, line);
        }
    }
    fail_msg("the answer has no end");
    return AIGNE_E_INTERNAL;
}

static int answer(const struct echo_case *c)
{
    const struct adapter *echo = provider_find(SLICE("echo"))->adapters[c->kind];
    struct arena keep AUTO(arena_free);
    struct arena scratch AUTO(arena_free);
    struct chat_request r;
    struct fault why;
    arena_init(&keep);
    arena_init(&scratch);
    fault_clear(&why);
    script_clear(&script);
    int rc = read_request(c, &keep, &r, &why);
    struct decoding d = {.state = arena_alloc(&keep, echo->state_size),
                         .keep = &keep,
                         .scratch = &scratch,
                         .sink = &script.sink,
                         .why = &why,
                         .request = &r};
    if (rc == AIGNE_OK)
        rc = d.state ? take_steps(echo, &d, &r) : fault_nomem(&why);
    script_end(&script, rc, &why);
    if (rc < 0)
        assert_int_equal(rc, why.code);
    return rc;
}

static void answer_poorly(void *user)
{
    int rc = answer(user);
    if (failing_alloc_tripped())
        assert_true(rc < 0);
}

static void store(const char *folder, struct slice text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/expect.events", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.p, 1, text.n, file), text.n);
    fclose(file);
}

static void replay(void **state)
{
    const char *folder = *state;
    struct echo_case c = {.kind = KIND_CHAT};
    struct slice kind = SLICE("chat");
    struct slice expected = SLICE("");
    char *request = load(folder, "request.json", &c.text);
    char *named = load(folder, "kind", &kind);
    assert_non_null(request);
    assert_true(kind_parse(slice_trim(kind), &c.kind));
    c.text = slice_trim(c.text);
    assert_int_equal(json_check(c.text, NULL), AIGNE_OK);
    answer(&c);
    script_check_order(&script);
    if (getenv("REPLAY_WRITE"))
        store(folder, script_text(&script));
    char *events = load(folder, "expect.events", &expected);
    assert_non_null(events);
    if (!slice_eq(expected, script_text(&script)))
        fail_msg("%s\n--- expected\n%.*s\n--- is\n%.*s", folder, (int)expected.n, expected.p,
                 (int)script.n, script.text);
    answer(&c); /* always the same */
    assert_true(slice_eq(expected, script_text(&script)));
    failing_alloc_each(answer_poorly, &c);
    free(named);
    free(events);
    free(request);
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
        fprintf(stderr, "usage: echo-replay FOLDER-OF-CASES\n");
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
