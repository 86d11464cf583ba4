/* Knows what is left out of an answer whose provider was not told where to stop, wherever it is split. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "chat/trimmed.h"
#include "unit.h"

/* What came, as words: text as it is, other events in brackets. */
struct gathered {
    struct event_sink sink;
    struct buf words;
};

static int gather(struct event_sink *self, const struct event *e)
{
    struct gathered *g = LIST_OWNER(self, struct gathered, sink);
    if (e->choice)
        buf_printf(&g->words, "%d:", e->choice);
    if (e->kind == EVENT_TEXT)
        buf_put_slice(&g->words, e->text);
    else if (e->kind == EVENT_FINISH && e->finish == FINISH_STOP_SEQUENCE)
        buf_printf(&g->words, "[met %.*s]", (int)e->text.n, e->text.p);
    else if (e->kind == EVENT_FINISH)
        buf_put_text(&g->words, "[end]");
    else
        buf_printf(&g->words, "[%d.%d]", (int)e->kind, e->index);
    return 0;
}

struct trial {
    struct arena arena;
    struct gathered gathered;
    struct event_sink *sink;
    struct slice stops[LIMIT_STOPS];
    struct chat_request request;
};

/* `stops` are set apart by bars. */
static void begin(struct trial *t, const char *stops, const char *n, unsigned trims)
{
    struct slice rest = slice_text(stops);
    *t = (struct trial){.gathered.sink.push = gather};
    arena_init(&t->arena);
    buf_init(&t->gathered.words, 4096);
    t->sink = &t->gathered.sink;
    t->request = (struct chat_request){.stop = t->stops};
    if (n)
        t->request.n = slice_text(n);
    while (rest.n) {
        struct slice *one = &t->stops[t->request.stop_count++];
        if (!slice_cut(rest, '|', one, &rest)) {
            *one = rest;
            rest = SLICE("");
        }
    }
    assert_true(trimmed_begin(&t->request, trims, &t->arena, &t->sink));
}

static void push(struct trial *t, const struct event *e)
{
    assert_int_equal(event_push(t->sink, e), 0);
}

static void say(struct trial *t, int choice, const char *text)
{
    push(t, &(struct event){.kind = EVENT_TEXT, .choice = choice, .text = slice_text(text)});
}

static void end(struct trial *t, const char *expected)
{
    buf_put_byte(&t->gathered.words, '\0');
    assert_string_equal(t->gathered.words.p, expected);
    buf_free(&t->gathered.words);
    arena_free(&t->arena);
}

static void becomes(const char *stops, const char *answer, const char *expected)
{
    size_t n = strlen(answer);
    for (size_t piece = 1; piece <= n; piece++) {
        struct trial t;
        begin(&t, stops, NULL, TRIM_STOPS);
        for (size_t i = 0; i < n; i += piece)
            push(&t,
                 &(struct event){.kind = EVENT_TEXT,
                                 .text = slice_of(answer + i, n - i < piece ? n - i : piece)});
        push(&t, &(struct event){.kind = EVENT_FINISH, .finish = FINISH_LENGTH});
        end(&t, expected);
    }
}

static void test_stops(void **state)
{
    (void)state;
    becomes("END", "one ENtwo END three", "one ENtwo [met END]");
    becomes("END", "ENEND", "EN[met END]");
    becomes("END", "one EN", "one EN[end]");
    becomes("END", "END", "[met END]");
    becomes("aab", "aaaab", "aa[met aab]");
    becomes("abab|abc", "ababab", "[met abab]");
    becomes("abac", "ababac", "ab[met abac]");
    becomes("abababc", "ababababc", "ab[met abababc]");
    becomes("xyz|\n\n", "a\nb\n\nc", "a\nb[met \n\n]");
    becomes("longer stop|op", "a longer stop", "a [met longer stop]");
    becomes("op|longer stop", "a longer stop", "a longer st[met op]");
    becomes("||b", "abc", "a[met b]");
    becomes("b", "abcb", "a[met b]");
    becomes("\xc3\xa9", "caf\xc3\xa8s caf\xc3\xa9s", "caf\xc3\xa8s caf[met \xc3\xa9]");
}

/* What is told at once, before more comes. */
static void test_held_back(void **state)
{
    struct trial t;
    (void)state;
    begin(&t, "</answer>", NULL, TRIM_STOPS);
    say(&t, 0, "It is < 3 </ans");
    assert_true(slice_is(buf_slice(&t.gathered.words), "It is < 3 "));
    say(&t, 0, "</");
    assert_true(slice_is(buf_slice(&t.gathered.words), "It is < 3 </ans"));
    push(&t, &(struct event){.kind = EVENT_THOUGHT, .text = SLICE("hm")});
    say(&t, 0, "answer>");
    say(&t, 0, "</answer>");
    push(&t, &(struct event){.kind = EVENT_USAGE});
    say(&t, 0, "never told");
    push(&t, &(struct event){.kind = EVENT_TOOL_BEGIN});
    push(&t, &(struct event){.kind = EVENT_FINISH, .finish = FINISH_TOOLS});
    end(&t, "It is < 3 </ans</[3.0]answer>[met </answer>][11.0]");
}

static void test_behind_a_call(void **state)
{
    struct trial t;
    (void)state;
    begin(&t, "stop", NULL, TRIM_STOPS);
    say(&t, 0, "I look st");
    push(&t, &(struct event){.kind = EVENT_TOOL_BEGIN});
    say(&t, 0, "stop");
    push(&t, &(struct event){.kind = EVENT_TOOL_END});
    push(&t, &(struct event){.kind = EVENT_FINISH, .finish = FINISH_TOOLS});
    end(&t, "I look st[7.0]stop[9.0][end]");
}

static void test_several_answers(void **state)
{
    struct trial t;
    (void)state;
    begin(&t, "stop", "2", TRIM_STOPS);
    say(&t, 0, "a sto");
    say(&t, 1, "b sto");
    say(&t, 1, "p c");
    say(&t, 0, "re");
    say(&t, 7, "nobody's");
    push(&t, &(struct event){.kind = EVENT_FINISH, .finish = FINISH_STOP});
    push(&t, &(struct event){.kind = EVENT_FINISH, .choice = 1, .finish = FINISH_STOP});
    end(&t, "a 1:b store7:nobody's[end]1:[met stop]");
    begin(&t, "stop", "2", TRIM_STOPS);
    say(&t, 1, "b stop");
    say(&t, 0, "a stop");
    push(&t, &(struct event){.kind = EVENT_FINISH, .finish = FINISH_STOP});
    end(&t, "1:b a [met stop]1:[met stop]");
}

static void test_one_call(void **state)
{
    struct trial t;
    (void)state;
    begin(&t, "stop", NULL, TRIM_CALLS);
    say(&t, 0, "stop");
    for (int i = 0; i < 2; i++) {
        push(&t, &(struct event){.kind = EVENT_TOOL_BEGIN, .index = i});
        push(&t, &(struct event){.kind = EVENT_TOOL_ARGUMENTS, .index = i});
        push(&t, &(struct event){.kind = EVENT_TOOL_END, .index = i});
    }
    push(&t, &(struct event){.kind = EVENT_FINISH, .finish = FINISH_TOOLS});
    end(&t, "stop[7.0][8.0][9.0][end]");
}

static void test_limits(void **state)
{
    struct slice stops[LIMIT_STOPS + 1] = {{NULL, 0}};
    struct chat_request r = {.stop = stops, .stop_count = LIMIT_STOPS};
    (void)state;
    assert_true(trimmed_can(&r));
    stops[0] = (struct slice){"", LIMIT_STOP_BYTES + 1};
    assert_false(trimmed_can(&r));
    stops[0].n = LIMIT_STOP_BYTES;
    assert_true(trimmed_can(&r));
    r.stop_count++;
    assert_false(trimmed_can(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stops),         cmocka_unit_test(test_held_back),
        cmocka_unit_test(test_behind_a_call), cmocka_unit_test(test_several_answers),
        cmocka_unit_test(test_one_call),      cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
