/* Knows the files of a case; refuses to know what is done with them. */
#include "case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

/* The whole file; NULL: there is none. */
static char *load(const char *folder, const char *name, size_t *size)
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
    *size = fread(text, 1, (size_t)end, file);
    text[*size] = '\0';
    fclose(file);
    return text;
}

/* Lines "word value" about where the request goes. */
static void read_target(struct replay_case *c, struct slice rest)
{
    const struct {
        const char *word;
        struct slice *value;
    } words[] = {{"provider", &c->provider}, {"base", &c->base_url},
                 {"model", &c->model},       {"secret", &c->secret},
                 {"client", &c->client_id},  {"kind", &c->kind},
                 {"region", &c->region},     {"config", &c->config},
                 {"format", &c->format},     {"header", &c->headers_of_client},
                 {"query", &c->query},       {"name", &c->own_name}};
    struct slice line;
    while (rest.n) {
        if (!slice_cut(rest, '\n', &line, &rest)) {
            line = rest;
            rest = SLICE("");
        }
        struct slice word = slice_of(line.p, slice_find_byte(line, ' '));
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (slice_is(word, words[i].word))
                *words[i].value = slice_trim(slice_from(line, word.n));
        }
    }
}

/* "429" and then a block of header lines. */
static void read_head(struct replay_case *c, struct slice text)
{
    struct slice first;
    int64_t status = 0;
    if (!slice_cut(text, '\n', &first, &c->headers))
        first = text;
    assert_true(slice_int64(slice_trim(first), &status));
    c->status = (int)status;
}

static void load_next(struct replay_case *c)
{
    static const char *const endings[] = {"json", "bin"};
    for (size_t i = 0; i < CASE_NEXT_LARGEST; i++) {
        char name[32];
        size_t n = 0;
        for (size_t k = 0; k < 2 && !c->files[5 + i]; k++) {
            snprintf(name, sizeof name, "next.%zu.%s", i + 1, endings[k]);
            c->files[5 + i] = load(c->folder, name, &n);
            c->next_is_json[i] = k == 0;
        }
        if (!c->files[5 + i])
            return;
        c->next[c->next_count++] = slice_of(c->files[5 + i], n);
    }
}

/* What is said beside all cases holds for each, unless it says otherwise. */
static void read_targets(struct replay_case *c, const char *folder)
{
    static const char *const names[] = {"../target", "target"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = 0;
        c->files[3 + i] = load(folder, names[i], &n);
        if (c->files[3 + i])
            read_target(c, slice_of(c->files[3 + i], n));
    }
}

void case_load(struct replay_case *c, const char *folder)
{
    static const char *const requests[] = {"request.json", "stream.json", "relay.json",
                                           "relay.form"};
    size_t n = 0;
    *c = (struct replay_case){.folder = folder,
                              .secret = SLICE("sk-test"),
                              .headers = SLICE(""),
                              .status = 200,
                              .wall_ms = 1795400000000};
    const char *parent = strrchr(folder, '/');
    const char *start = parent;
    while (start > folder && start[-1] != '/')
        start--;
    c->provider = slice_of(start, (size_t)(parent - start));
    bool form = false;
    for (size_t i = 0; i < 4 && !c->files[0]; i++) {
        c->files[0] = load(folder, requests[i], &n);
        c->streamed = i == 1;
        c->relayed = i >= 2;
        form = i == 3;
    }
    assert_non_null(c->files[0]);
    c->request = slice_of(c->files[0], n);
    if (form)
        c->content_type = SLICE("multipart/form-data; boundary=x");
    else
        c->request = slice_trim(c->request);
    static const char *const answers[] = {"answer.sse", "answer.frames", "answer.json",
                                          "answer.bin"};
    for (size_t i = 0; i < 4 && !c->files[1]; i++) {
        c->files[1] = load(folder, answers[i], &n);
        c->answer_streamed = i < 2;
    }
    c->answer_streamed = c->answer_streamed && c->files[1];
    if (c->files[1])
        c->answer = slice_of(c->files[1], n);
    c->files[2] = load(folder, "answer.head", &n);
    if (c->files[2])
        read_head(c, slice_of(c->files[2], n));
    read_targets(c, folder);
    load_next(c);
}

void case_free(struct replay_case *c)
{
    for (size_t i = 0; i < sizeof c->files / sizeof c->files[0]; i++)
        free(c->files[i]);
}

void case_same(const struct replay_case *c, const char *how, struct slice expected,
               struct slice text)
{
    if (slice_eq(expected, text))
        return;
    fprintf(stderr, "%s: %s\n--- expected\n%.*s\n--- is\n%.*s\n", c->folder, how,
            (int)expected.n, expected.p, (int)text.n, text.p);
    fail();
}

static void store(const struct replay_case *c, const char *name, struct slice text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", c->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.p, 1, text.n, file), text.n);
    fclose(file);
}

void case_compare(const struct replay_case *c, const char *file, struct slice text)
{
    if (getenv("REPLAY_WRITE"))
        store(c, file, text);
    size_t n = 0;
    char *expected = load(c->folder, file, &n);
    if (!expected)
        fprintf(stderr, "%s has no %s\n", c->folder, file);
    assert_non_null(expected);
    case_same(c, file, slice_of(expected, n), text);
    free(expected);
}
