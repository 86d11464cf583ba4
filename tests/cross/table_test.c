/* Knows what becomes of each member of a request at each provider: sent, converted, refused by name, or
 * left out with a note; refuses to know why. What is left out without a word is a failure. The outcome is
 * doc/guide/translation.md.
 *
 * usage: table-test FOLDER PAGE, with REPLAY_WRITE=1 in the environment to write the page anew. */
#include "base/mem.h"
#include "chat/input.h"
#include "chat/task_input.h"
#include "ingress/ingress.h"
#include "provider/adapter.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

enum { CEILING = 4 * 1024 * 1024, PIECES_LARGEST = 64 };

static const char *page_path;
static struct slice probes;

/* Models that take sampling, and models that take reasoning, where one does not take both. */
static const struct {
    const char *provider;
    const char *model;
    const char *reasoning_model;
} models[] = {{"openai", "gpt-4o", "gpt-5.2"},
              {"anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5"},
              {"google", "gemini-2.5-pro", "gemini-2.5-pro"},
              {"bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0",
               "anthropic.claude-sonnet-4-5-20250929-v1:0"},
              {"xai", "grok-3-mini", "grok-3-mini"}};

/* Of other calls, where the provider cannot be asked for any model. */
static const struct {
    const char *provider;
    enum chat_kind kind;
    const char *model;
} others[] = {{"bedrock", KIND_EMBEDDING, "amazon.titan-embed-text-v2:0"},
              {"bedrock", KIND_IMAGE, "amazon.nova-canvas-v1:0"}};

static struct slice model_of(const struct provider_row *row, const struct chat_request *r)
{
    bool reasons = r->effort != CHAT_EFFORT_UNSET || r->reasoning_budget >= 0;
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (r->kind == KIND_CHAT && strcmp(models[i].provider, row->name) == 0)
            return slice_text(reasons ? models[i].reasoning_model : models[i].model);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (r->kind == others[i].kind && strcmp(others[i].provider, row->name) == 0)
            return slice_text(others[i].model);
    return slice_text(row->test_model ? row->test_model : "model");
}

/* One request at one provider. */
struct sending {
    struct arena arena;
    struct chat_request request;
    struct dropped dropped;
    unsigned trims;
    struct fault why;
    struct slice body; /* with the URL before it, where a format may say something there */
    int rc;
};

/* A body of a client's own format, where AIGNE's cannot say it. */
static int read_body(struct json client, struct json body, struct sending *s)
{
    static const struct ingress *const clients[] = {&ingress_anthropic, &ingress_gemini,
                                                    &ingress_openai_responses};
    const struct ingress_request in = {.body = body.raw,
                                       .rest = SLICE("models/model:generateContent")};
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++)
        if (json_string_is(client, clients[i]->name))
            return clients[i]->decode(&in, &s->arena, &s->request, &s->why);
    return fault_set(&s->why, AIGNE_E_REQUEST, "No such client.");
}

static int read_request(enum chat_kind kind, struct json client, struct json input,
                        struct sending *s)
{
    int rc = json_present(client) ? read_body(client, input, s)
             : kind == KIND_CHAT
                 ? chat_input_read(input, &s->arena, &s->request, &s->why)
                 : task_input_read(kind, input, &s->arena, &s->request, &s->why);
    s->request.kind = kind;
    return rc;
}

static void send(const struct provider_row *row, enum chat_kind kind, struct json probe,
                 const char *variant, struct sending *s)
{
    struct http_request http = {0};
    struct json input = json_get(probe, variant);
    *s = (struct sending){.rc = AIGNE_OK};
    arena_init(&s->arena);
    int rc = read_request(kind, json_get(probe, "client"), input, s);
    if (rc)
        fprintf(stderr, "%.*s: %s\n", (int)input.raw.n, input.raw.p, s->why.text);
    assert_int_equal(rc, AIGNE_OK);
    struct chat_target to = {.provider = slice_text(row->name),
                             .base_url = SLICE("https://provider.test/v1"),
                             .model = model_of(row, &s->request),
                             .secret = SLICE("sk-test-0123456789"),
                             .quirks = row->quirks,
                             .region = SLICE("us-east-1"),
                             .dropped = &s->dropped,
                             .trims = &s->trims};
    const struct adapter *adapter = provider_adapter(row, kind, &to, NULL);
    s->rc = adapter->encode(&s->request, &to, &s->arena, &http, &s->why);
    struct slice pieces[PIECES_LARGEST + 1] = {http.url};
    assert_true(http.body_count <= PIECES_LARGEST);
    for (size_t i = 0; i < http.body_count; i++)
        pieces[i + 1] = http_body(&http)[i];
    s->body = arena_join(&s->arena, pieces, http.body_count + 1);
}

/* What one cell of the table says; NULL: left out without a word. */
static const char *outcome(const struct sending *without, const struct sending *with,
                           bool harmless)
{
    if (with->rc == AIGNE_E_REQUEST)
        return with->why.param[0] ? "refused" : NULL;
    if (with->rc)
        return NULL;
    if (with->dropped.n > without->dropped.n)
        return "left out";
    if (with->trims > without->trims)
        return "here";
    if (!slice_eq(without->body, with->body))
        return "yes";
    return harmless ? "not needed" : NULL;
}

static bool is_column(const struct provider_row *row, enum chat_kind kind)
{
    const struct adapter *a = row->adapters[kind];
    return a && a->encode && !a->step;
}

static bool is_kind(struct json probe, enum chat_kind kind)
{
    return json_string_is(json_get(probe, "kind"), kind_name(kind));
}

static bool put_cell(const struct provider_row *row, enum chat_kind kind, struct json probe,
                     struct buf *out)
{
    struct sending without;
    struct sending with;
    bool harmless = false;
    json_bool(json_get(probe, "harmless"), &harmless);
    send(row, kind, probe, "without", &without);
    send(row, kind, probe, "with", &with);
    const char *cell = outcome(&without, &with, harmless);
    if (!cell)
        fprintf(stderr, "%s leaves out without a word, or refuses without a name: %.*s: %s\n",
                row->name, (int)json_get(probe, "says").raw.n, json_get(probe, "says").raw.p,
                with.why.text);
    buf_printf(out, " %s |", cell ? cell : "LOST");
    arena_free(&without.arena);
    arena_free(&with.arena);
    return cell != NULL;
}

static void put_head(enum chat_kind kind, struct buf *out)
{
    buf_printf(out, "\n## %s\n\n| |", kind_name(kind));
    for (size_t i = 0; provider_at(i); i++)
        if (is_column(provider_at(i), kind))
            buf_printf(out, " %s |", provider_at(i)->name);
    buf_put_text(out, "\n|---|");
    for (size_t i = 0; provider_at(i); i++)
        if (is_column(provider_at(i), kind))
            buf_put_text(out, "---|");
    buf_put_byte(out, '\n');
}

static size_t put_kind(enum chat_kind kind, struct buf *out)
{
    struct json_walk w = json_walk(json_of(probes));
    size_t lost = 0;
    put_head(kind, out);
    while (json_next(&w)) {
        if (!is_kind(w.value, kind))
            continue;
        struct slice says = json_get(w.value, "says").raw;
        buf_printf(out, "| %.*s |", (int)says.n - 2, says.p + 1);
        for (size_t i = 0; provider_at(i); i++)
            if (is_column(provider_at(i), kind) &&
                !put_cell(provider_at(i), kind, w.value, out))
                lost++;
        buf_put_byte(out, '\n');
    }
    return lost;
}

static bool is_spoken(enum chat_kind kind)
{
    struct json_walk w = json_walk(json_of(probes));
    while (json_next(&w))
        if (is_kind(w.value, kind))
            return true;
    return false;
}

static const char introduction[] =
    "# What becomes of a request\n"
    "\n"
    "A client speaks one format and the provider another; when both speak the same, the body goes on "
    "byte for byte\nbut for the model's name, and nothing here applies. Otherwise each member of a "
    "request is translated.\nThis table is made by the tests from what the code does:\n"
    "\n"
    "* **yes**: it is sent, in the provider's own way of saying it;\n"
    "* **here**: the provider cannot be told, so the answer is made to keep to it on its way: it ends before the first "
    "stop\n  sequence in its text, or has its first tool call alone. A stream's provider is left at the stop sequence, and "
    "what it\n  would have counted is estimated; where the policy `onCancel` says `drain` it is read on for its usage;\n"
    "* **not needed**: it is what the provider does anyway;\n"
    "* **left out**: the provider has no such thing and the meaning stays; the answer's header\n"
    "  `x-aigne-hub-dropped` and the call's record name it. A head that had to be sent early, to keep a client "
    "waiting,\n  tells what was left out by then; the record has all of whom answered in the end;\n"
    "* **refused**: leaving it out would change the meaning: status 400, naming the member.\n"
    "\n"
    "Some models of a provider take less than others; the table shows a usual one.\n"
    "\n"
    "What a provider's own tools did in earlier turns (searches, code it ran, pages it read, servers of tools) "
    "is told to\nanother provider in words, in the turn where it happened, and a picture that was drawn is "
    "shown; what is sealed in\nit is left out. Such a tool itself is refused where the model's provider is "
    "another. Files in the model's turns are shown\nby the user behind them where a provider takes files from "
    "users alone.\n"
    "\n"
    "Reasoning that a provider sealed (signatures, encrypted reasoning) goes back to that one; another is not sent it,\n"
    "and it is left out. A body that goes on byte for byte does not tell who sealed what is in it: after a failover to\n"
    "another vendor of the same format it may hold seals that this one refuses. The client does not hear of that: the\n"
    "same provider is asked once more, by the translation and without the seals. Only where the rest of the body can\n"
    "be said in no other words is the refusal handed out.\n";

static char *load(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *text = malloc(CEILING);
    assert_non_null(text);
    *n = fread(text, 1, CEILING, file);
    fclose(file);
    return text;
}

static void compare_page(struct slice page)
{
    size_t n = 0;
    if (getenv("REPLAY_WRITE")) {
        FILE *file = fopen(page_path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(page.p, 1, page.n, file), page.n);
        fclose(file);
    }
    char *text = load(page_path, &n);
    bool same = text && slice_eq(slice_of(text, n), page);
    if (!same)
        fprintf(stderr, "%s is not what the code does; run this with REPLAY_WRITE=1\n%.*s",
                page_path, (int)page.n, page.p);
    free(text);
    assert_true(same);
}

static void nothing_is_left_out_without_a_word(void **state)
{
    struct buf page AUTO(buf_free);
    size_t lost = 0;
    (void)state;
    buf_init(&page, CEILING);
    buf_put_text(&page, introduction);
    for (int kind = 0; kind < KINDS; kind++)
        if (is_spoken((enum chat_kind)kind))
            lost += put_kind((enum chat_kind)kind, &page);
    assert_int_equal(buf_rc(&page), AIGNE_OK);
    compare_page(buf_slice(&page));
    assert_int_equal(lost, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_left_out_without_a_word)};
    char path[1024];
    size_t n = 0;
    if (argc != 3)
        return 2;
    page_path = argv[2];
    snprintf(path, sizeof path, "%s/probes.json", argv[1]);
    char *text = load(path, &n);
    if (!text || json_check(slice_of(text, n), NULL)) {
        fprintf(stderr, "%s cannot be read\n", path);
        return 1;
    }
    probes = slice_of(text, n);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    return failed;
}
