/* Knows what the kinds of call are called, how a task's lists grow and what is told of what was dropped. */
#include "chat/dropped.h"
#include "chat/kind.h"
#include "chat/task.h"
#include "unit.h"

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < KINDS; i++) {
        enum chat_kind kind = KINDS;
        assert_true(kind_parse(slice_text(kind_name((enum chat_kind)i)), &kind));
        assert_int_equal(kind, i);
    }
    enum chat_kind kind = KINDS;
    assert_true(kind_parse(SLICE("imageGeneration"), &kind));
    assert_int_equal(kind, KIND_IMAGE);
    assert_false(kind_parse(SLICE("smell"), &kind));
    assert_false(kind_parse(SLICE(""), &kind));
    assert_true(slice_is(kind_canonical(SLICE("image_generation")), "image"));
    assert_true(slice_is(kind_canonical(SLICE("audio")), "audio"));
    assert_true(slice_is(kind_listed(SLICE("image")), "image_generation"));
    assert_true(slice_is(kind_listed(SLICE("video")), "video"));
    assert_string_equal(kind_rate_type(KIND_COUNT_TOKENS), "chat");
}

static void test_lists_grow(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    struct task *t = task_new(&a);
    assert_non_null(t);
    static const char *const texts[] = {"a", "b", "c", "d", "e", "f", "g"};
    for (size_t i = 0; i < 7; i++) {
        assert_true(task_add_input(t, &a, slice_text(texts[i])));
        struct task_file *file = task_add_file(t, &a);
        assert_non_null(file);
        file->content = slice_text(texts[i]);
    }
    assert_int_equal(t->input_count, 7);
    assert_int_equal(t->file_count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_true(slice_is(t->inputs[i], texts[i]));
        assert_true(slice_is(t->files[i].content, texts[i]));
    }
    arena_free(&a);
}

static void test_dropped(void **state)
{
    (void)state;
    struct dropped d = {0};
    dropped_note(NULL, "seed");
    dropped_note(&d, "seed");
    dropped_note(&d, "logit_bias");
    dropped_note(&d, "seed");
    dropped_note_stranger(&d, SLICE("seed"));
    assert_true(slice_is(dropped_names(&d), "seed, logit_bias"));
    char name[32];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof name, "member_%d", i);
        dropped_note(&d, name);
    }
    struct slice names = dropped_names(&d);
    assert_true(names.n <= DROPPED_ROOM);
    assert_true(slice_is(slice_from(names, names.n - 5), ", ..."));
    assert_true(slice_find(names, SLICE("..., ")) == names.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_lists_grow),
                                       cmocka_unit_test(test_dropped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
