/* Knows which events no stream can tell, and that formats say so instead of telling nonsense. */
#include "ingress/ingress.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants the headers above */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct telling {
    struct arena keep;
    struct buf out;
    struct encoding e;
    const struct ingress *ingress;
};

static void begin(struct telling *t, const struct ingress *ingress, size_t ceiling)
{
    *t = (struct telling){.ingress = ingress};
    arena_init(&t->keep);
    buf_init(&t->out, ceiling);
    t->e = (struct encoding){.keep = &t->keep,
                             .out = &t->out,
                             .call_id = SLICE("1"),
                             .model = SLICE("m"),
                             .state = arena_alloc(&t->keep, ingress->state_size)};
    assert_non_null(t->e.state);
}

static int tell(struct telling *t, enum event_kind kind, int index)
{
    struct event e = {.kind = kind, .index = index, .text = SLICE("x"), .name = SLICE("f")};
    return t->ingress->event(&t->e, &e);
}

static void end(struct telling *t)
{
    if (t->ingress->close)
        t->ingress->close(&t->e);
    buf_free(&t->out);
    arena_free(&t->keep);
}

static const struct ingress *const formats[] = {&ingress_aigne, &ingress_openai};

static void openai_cannot_take_back(void **state)
{
    (void)state;
    struct telling t;
    begin(&t, &ingress_openai, 4096);
    assert_int_equal(tell(&t, EVENT_RESET, 0), AIGNE_OK);
    assert_int_equal(tell(&t, EVENT_TEXT, 0), AIGNE_OK);
    assert_int_equal(tell(&t, EVENT_RESET, 0), AIGNE_E_UPSTREAM);
    end(&t);
}

static void calls_come_in_order(void **state)
{
    (void)state;
    static const struct {
        enum event_kind kind;
        int index;
    } wrong[] = {{EVENT_TOOL_BEGIN, 1},      {EVENT_TOOL_BEGIN, -1}, {EVENT_TOOL_ARGUMENTS, 0},
                 {EVENT_TOOL_ARGUMENTS, -1}, {EVENT_TOOL_END, 0},    {EVENT_TOOL_END, 5000}};
    for (size_t f = 0; f < COUNT(formats); f++) {
        for (size_t i = 0; i < COUNT(wrong); i++) {
            struct telling t;
            begin(&t, formats[f], 4096);
            assert_int_equal(tell(&t, wrong[i].kind, wrong[i].index), AIGNE_E_PROTOCOL);
            end(&t);
        }
    }
}

static void too_many_calls_are_no_answer(void **state)
{
    (void)state;
    for (size_t f = 0; f < COUNT(formats); f++) {
        struct telling t;
        begin(&t, formats[f], (size_t)1 << 24);
        for (int i = 0; i < 1024; i++)
            assert_int_equal(tell(&t, EVENT_TOOL_BEGIN, i), AIGNE_OK);
        assert_int_equal(tell(&t, EVENT_TOOL_BEGIN, 1024), AIGNE_E_PROTOCOL);
        end(&t);
    }
}

static void a_full_buffer_is_an_error(void **state)
{
    (void)state;
    for (size_t f = 0; f < COUNT(formats); f++) {
        struct telling t;
        begin(&t, formats[f], 16);
        assert_int_equal(tell(&t, EVENT_TEXT, 0), AIGNE_E_REQUEST);
        assert_int_equal(t.ingress->end(&t.e, NULL), AIGNE_E_REQUEST);
        end(&t);
    }
}

static void unknown_events_are_passed_over(void **state)
{
    (void)state;
    for (size_t f = 0; f < COUNT(formats); f++) {
        struct telling t;
        begin(&t, formats[f], 4096);
        assert_int_equal(tell(&t, (enum event_kind)99, 0), AIGNE_OK);
        assert_int_equal(t.out.n, 0);
        end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openai_cannot_take_back),
        cmocka_unit_test(calls_come_in_order),
        cmocka_unit_test(too_many_calls_are_no_answer),
        cmocka_unit_test(a_full_buffer_is_an_error),
        cmocka_unit_test(unknown_events_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
