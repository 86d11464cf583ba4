/* Knows that conversations far longer than usual are written whole and always alike; refuses to know what
 * any adapter writes. */
#include "base/arena.h"
#include "base/mem.h"
#include "chat/input.h"
#include "provider/adapter.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the headers above */
#include <cmocka.h>

#define TURNS    1250 /* of four messages each */
#define PARALLEL 128
#define PROMPT   ((size_t)1024 * 1024)

static void write_call(struct json_writer *w, size_t turn, size_t call)
{
    json_open_object(w);
    json_key(w, "id");
    json_write_raw(w, SLICE("\"call_"));
    buf_put_int(w->out, (int64_t)call); /* begins anew with each turn */
    buf_put_byte(w->out, '"');
    json_key(w, "function");
    json_open_object(w);
    json_member_text(w, "name", call % 2 ? "get weather" : "get_time");
    json_key(w, "arguments");
    json_open_object(w);
    json_member_int(w, "turn", (int64_t)turn);
    json_member_raw(w, "big", SLICE("9007199254740993"));
    json_close_object(w);
    json_close_object(w);
    json_close_object(w);
}

static void write_plain(struct json_writer *w, const char *role, const char *text)
{
    json_open_object(w);
    json_member_text(w, "role", role);
    json_member_text(w, "content", text);
    json_close_object(w);
}

/* The results come in the opposite order. */
static void write_turn(struct json_writer *w, size_t turn, size_t calls)
{
    write_plain(w, "user", "And now?");
    json_open_object(w);
    json_member_text(w, "role", "agent");
    json_key(w, "toolCalls");
    json_open_array(w);
    for (size_t i = 0; i < calls; i++)
        write_call(w, turn, i);
    json_close_array(w);
    json_close_object(w);
    for (size_t i = calls; i-- > 0;) {
        json_open_object(w);
        json_member_text(w, "role", "tool");
        json_key(w, "toolCallId");
        json_write_raw(w, SLICE("\"call_"));
        buf_put_int(w->out, (int64_t)i);
        buf_put_byte(w->out, '"');
        json_member_text(w, "content", "{\"ok\":true}");
        json_close_object(w);
    }
    write_plain(w, "agent", "Fine.");
}

static void write_conversation(struct buf *out)
{
    struct json_writer w = json_writer(out);
    json_open_object(&w);
    json_key(&w, "messages");
    json_open_array(&w);
    write_plain(&w, "system", "Be brief.");
    for (size_t i = 0; i < TURNS; i++)
        write_turn(&w, i, i % 100 ? 1 : PARALLEL);
    json_open_object(&w);
    json_member_text(&w, "role", "user");
    json_key(&w, "content");
    json_write_raw(&w, SLICE("\""));
    for (size_t i = 0; i < PROMPT / 4; i++)
        BUF_LITERAL(out, "ab\\n");
    buf_put_byte(out, '"');
    json_close_object(&w);
    json_close_array(&w);
    json_close_object(&w);
    assert_int_equal(buf_rc(out), AIGNE_OK);
}

static struct slice encoded(const struct provider_row *row, struct slice input, struct arena *a)
{
    struct chat_request r;
    struct fault why;
    struct http_request sent;
    struct chat_target to = {.provider = slice_text(row->name),
                             .base_url = slice_text(row->base_url),
                             .model = SLICE("gemini-3-pro"),
                             .secret = SLICE("sk-test"),
                             .quirks = row->quirks};
    fault_clear(&why);
    assert_int_equal(chat_input_read(json_of(input), a, &r, &why), AIGNE_OK);
    int rc = row->adapters[KIND_CHAT]->encode(&r, &to, a, &sent, &why);
    if (rc)
        print_error("%s: %s\n", row->name, why.text);
    assert_int_equal(rc, AIGNE_OK);
    assert_int_equal(sent.body_count, 1);
    return sent.body[0];
}

static void long_conversations_are_written(void **state)
{
    (void)state;
    struct buf input AUTO(buf_free);
    buf_init(&input, SIZE_MAX / 2);
    write_conversation(&input);
    for (size_t i = 0; provider_at(i); i++) {
        const struct provider_row *row = provider_at(i);
        if (!row->adapters[KIND_CHAT] || !row->adapters[KIND_CHAT]->encode || !row->base_url)
            continue;
        struct arena first AUTO(arena_free);
        struct arena second AUTO(arena_free);
        arena_init(&first);
        arena_init(&second);
        struct slice body = encoded(row, buf_slice(&input), &first);
        assert_int_equal(json_check(body, NULL), AIGNE_OK);
        assert_true(body.n > PROMPT / 2);
        assert_true(slice_find(body, SLICE("9007199254740993")) < body.n);
        assert_true(slice_eq(body, encoded(row, buf_slice(&input), &second)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(long_conversations_are_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
