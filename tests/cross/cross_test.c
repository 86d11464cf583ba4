/* Knows that a request which a client sends in one format and a provider gets in another still says the
 * same; refuses to know any format. What does not come through is written in expected/, one file for
 * each pair: a loss that is not written there is a failure.
 *
 * usage: cross-test FOLDER, with REPLAY_WRITE=1 in the environment to write expected/ anew. */
#include "base/mem.h"
#include "chat/input.h"
#include "difference.h"
#include "formats.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

enum { CEILING = 4 * 1024 * 1024, FEWEST_CONVERSATIONS = 60 };

static const char *folder;
static struct slice conversations;

/* One client's format towards one provider's. */
struct pair {
    const struct format *from;
    const struct format *to;
    struct losses losses;
    unsigned said;    /* conversations that the client's format can say */
    unsigned refused; /* of these, by the provider's adapter */
};

static struct slice meaning(const struct chat_request *r, struct arena *a)
{
    struct buf out AUTO(buf_free);
    buf_init(&out, CEILING);
    chat_input_write(r, SLICE_NONE, &out);
    assert_int_equal(buf_rc(&out), AIGNE_OK);
    return arena_copy(a, buf_slice(&out));
}

static void must(int rc, const struct pair *p, struct slice name, const char *what,
                 const struct fault *why)
{
    if (rc)
        fprintf(stderr, "%s to %s, %.*s: %s: %s\n", p->from->name, p->to->name, (int)name.n,
                name.p, what, why->text);
    assert_int_equal(rc, AIGNE_OK);
}

/* The conversation as the client's format has it; false: it cannot be said there. */
static bool say(const struct pair *p, struct json conversation, struct arena *a,
                struct ingress_request *out)
{
    struct chat_request r;
    struct dropped dropped = {0};
    struct fault why = {0};
    int rc = chat_input_read(json_get(conversation, "input"), a, &r, &why);
    must(rc, p, json_get(conversation, "name").raw, "the conversation", &why);
    rc = format_write(p->from, &r, a, &dropped, out, &why);
    assert_true(rc == AIGNE_OK || (rc == AIGNE_E_REQUEST && why.param[0]));
    return rc == AIGNE_OK && dropped.n == 0;
}

/* Two encodings of one request are the same bytes. */
static void check_steady(const struct pair *p, const struct chat_request *r,
                         struct slice expected)
{
    struct arena a AUTO(arena_free);
    struct dropped dropped = {0};
    struct fault why = {0};
    struct ingress_request again;
    arena_init(&a);
    assert_int_equal(format_write(p->to, r, &a, &dropped, &again, &why), AIGNE_OK);
    assert_true(slice_eq(again.body, expected));
}

static void pass_on(struct pair *p, struct slice name, const struct chat_request *r,
                    struct arena *a)
{
    struct dropped dropped = {0};
    struct fault why = {0};
    struct ingress_request sent;
    struct chat_request arrived;
    int rc = format_write(p->to, r, a, &dropped, &sent, &why);
    if (rc) {
        assert_int_equal(rc, AIGNE_E_REQUEST);
        assert_true(why.param[0]); /* it names the member */
        losses_add(&p->losses, "refused", name);
        p->refused++;
        return;
    }
    check_steady(p, r, sent.body);
    if (dropped.n)
        losses_add(&p->losses, "told", dropped_names(&dropped));
    rc = format_read(p->to, &sent, a, &arrived, &why);
    must(rc, p, name, "what was sent cannot be read", &why);
    losses_compare(&p->losses, meaning(r, a), meaning(&arrived, a));
}

static void try_one(struct pair *p, struct json conversation)
{
    struct arena a AUTO(arena_free);
    struct ingress_request came;
    struct chat_request r;
    struct fault why = {0};
    struct slice name;
    arena_init(&a);
    name = json_string(json_get(conversation, "name"), &a);
    p->losses.conversation++;
    if (!say(p, conversation, &a, &came))
        return;
    p->said++;
    must(format_read(p->from, &came, &a, &r, &why), p, name, "reading", &why);
    pass_on(p, name, &r, &a);
    assert_false(a.failed);
}

static void put_table(struct pair *p, struct buf *out)
{
    buf_printf(out, "%u conversations, %u refused\n", p->said, p->refused);
    losses_write(&p->losses, out);
    assert_int_equal(buf_rc(out), AIGNE_OK);
}

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

static void compare_table(const struct pair *p, struct slice table)
{
    char path[1024];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/expected/%s-to-%s.txt", folder, p->from->name, p->to->name);
    if (getenv("REPLAY_WRITE")) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(table.p, 1, table.n, file), table.n);
        fclose(file);
    }
    char *expected = load(path, &n);
    bool same = expected && slice_eq(slice_of(expected, n), table);
    if (!same)
        fprintf(stderr, "%s\n--- expected\n%.*s--- is\n%.*s", path, (int)n,
                expected ? expected : "", (int)table.n, table.p);
    free(expected);
    assert_true(same);
}

static void cross(const struct format *from, const struct format *to)
{
    struct buf table AUTO(buf_free);
    struct pair *p = calloc(1, sizeof *p);
    struct json_walk w = json_walk(json_of(conversations));
    assert_non_null(p);
    buf_init(&table, CEILING);
    arena_init(&p->losses.texts);
    p->from = from;
    p->to = to;
    while (json_next(&w))
        try_one(p, w.value);
    assert_true(p->said >= FEWEST_CONVERSATIONS);
    put_table(p, &table);
    compare_table(p, buf_slice(&table));
    arena_free(&p->losses.texts);
    free(p);
}

static void each_client_with_each_provider(void **state)
{
    (void)state;
    for (size_t i = 0; format_at(i); i++)
        for (size_t k = 0; format_at(i)->ingress && format_at(k); k++)
            if (!format_at(k)->rewrite)
                cross(format_at(i), format_at(k));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_client_with_each_provider)};
    char path[1024];
    size_t n = 0;
    if (argc != 2)
        return 2;
    folder = argv[1];
    snprintf(path, sizeof path, "%s/conversations.json", folder);
    char *text = load(path, &n);
    if (!text || json_check(slice_of(text, n), NULL)) {
        fprintf(stderr, "%s cannot be read\n", path);
        return 1;
    }
    conversations = slice_of(text, n);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(text);
    return failed;
}
