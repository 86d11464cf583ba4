/* Knows the files of a case: read, compared, or written when asked to; refuses to know what is in them. */
#include "files.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the headers above */
#include <cmocka.h>

char *file_load(const char *folder, const char *name, struct slice *out)
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

static void file_store(const char *folder, const char *name, struct slice text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.p, 1, text.n, file), text.n);
    fclose(file);
}

void file_same(const char *folder, const char *how, struct slice expected, struct slice text)
{
    if (slice_eq(expected, text))
        return;
    fprintf(stderr, "%s: %s\n--- expected\n%.*s\n--- is\n%.*s\n", folder, how, (int)expected.n,
            expected.p, (int)text.n, text.p);
    fail();
}

void file_compare(const char *folder, const char *name, struct slice text)
{
    struct slice expected = SLICE("");
    if (getenv("REPLAY_WRITE"))
        file_store(folder, name, text);
    char *file = file_load(folder, name, &expected);
    if (!file)
        fprintf(stderr, "%s has no %s\n", folder, name);
    assert_non_null(file);
    file_same(folder, name, expected, text);
    free(file);
}

bool file_is_there(const char *folder, const char *name)
{
    struct slice text;
    char *file = file_load(folder, name, &text);
    free(file);
    return file != NULL;
}
