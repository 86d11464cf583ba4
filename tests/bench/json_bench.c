/* Knows how fast JSON of several kinds is read here, and by json-c; refuses to judge: it prints MB a
 * second. */
#define _POSIX_C_SOURCE 200809L
#include "base/arena.h"
#include "base/buf.h"
#include "text/base64.h"
#include "text/json_scan.h"
#include "text/json_write.h"
#include "text/sse.h"
#include "text/utf8.h"
#include <stdio.h>
#include <time.h>

#define TEXT_SIZE ((size_t)8 * 1024 * 1024)
#define CEILING   ((size_t)64 * 1024 * 1024)

void run_json_c(struct slice text); /* in json_bench_json_c.c: its names collide with ours */

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void run_check(struct slice text)
{
    if (json_check(text, NULL) != 0)
        printf("not JSON\n");
}

/* What reading a request does: find every message's role and content. */
static void run_walk(struct slice text)
{
    static const char *const names[] = {"role", "content", "name", "tool_calls"};
    struct json values[4];
    struct json_walk w = json_walk(json_get(json_of(text), "messages"));
    while (json_next(&w))
        json_pick(w.value, names, 4, values);
}

static void run_strings(struct slice text)
{
    struct arena a;
    arena_init(&a);
    struct json_walk w = json_walk(json_get(json_of(text), "messages"));
    while (json_next(&w))
        (void)json_string(json_get(w.value, "content"), &a);
    arena_free(&a);
}

static void run_escape(struct slice text)
{
    struct buf out;
    buf_init(&out, CEILING);
    json_escape(&out, text);
    buf_free(&out);
}

static void run_utf8(struct slice text)
{
    if (!utf8_valid(text))
        printf("not UTF-8\n");
}

static void run_base64_valid(struct slice text)
{
    (void)base64_valid(text);
}

static void run_base64_decode(struct slice text)
{
    struct buf out;
    buf_init(&out, CEILING);
    (void)base64_decode(&out, text);
    buf_free(&out);
}

static void run_base64_encode(struct slice text)
{
    struct buf out;
    buf_init(&out, CEILING);
    base64_encode(&out, text);
    buf_free(&out);
}

static void run_sse(struct slice text)
{
    struct sse s;
    struct sse_event e;
    sse_init(&s);
    for (; text.n > 0; text = slice_from(text, 16384)) {
        sse_feed(&s, slice_of(text.p, text.n < 16384 ? text.n : 16384));
        while (sse_next(&s, &e) > 0)
            continue;
    }
    sse_free(&s);
}

static void measure(const char *what, void (*run)(struct slice text), struct slice text)
{
    int64_t best = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        int64_t start = now_ns();
        run(text);
        int64_t took = now_ns() - start;
        best = took < best ? took : best;
    }
    printf("  %-14s %7.0f MB/s\n", what, (double)text.n * 1e3 / (double)best);
}

static void measure_json(const char *name, const char *message)
{
    struct buf text;
    buf_init(&text, CEILING);
    buf_put_text(&text, "{\"messages\":[");
    while (text.n < TEXT_SIZE) {
        buf_put_text(&text, message);
        buf_put_byte(&text, ',');
    }
    buf_put_text(&text, "null]}");
    printf("%s\n", name);
    measure("json_check", run_check, buf_slice(&text));
    measure("walk and pick", run_walk, buf_slice(&text));
    measure("json_string", run_strings, buf_slice(&text));
    measure("json_escape", run_escape, buf_slice(&text));
    measure("utf8_valid", run_utf8, buf_slice(&text));
    measure("json-c parse", run_json_c, buf_slice(&text));
    buf_free(&text);
}

static void measure_image(void)
{
    struct buf text;
    buf_init(&text, CEILING);
    buf_put_text(&text, "{\"messages\":[{\"role\":\"user\",\"content\":\"");
    size_t start = text.n;
    while (text.n < TEXT_SIZE)
        buf_put_text(&text, "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ");
    struct slice base64 = slice_of(text.p + start, text.n - start);
    printf("one image of 8 MB\n");
    measure("base64_valid", run_base64_valid, base64);
    measure("base64_decode", run_base64_decode, base64);
    measure("base64_encode", run_base64_encode, base64);
    buf_put_text(&text, "\"}]}");
    measure("json_check", run_check, buf_slice(&text));
    measure("walk and pick", run_walk, buf_slice(&text));
    measure("json_string", run_strings, buf_slice(&text));
    measure("json-c parse", run_json_c, buf_slice(&text));
    buf_free(&text);
}

static void measure_stream(void)
{
    struct buf text;
    buf_init(&text, CEILING);
    while (text.n < TEXT_SIZE)
        buf_put_text(
            &text, "data: {\"id\":\"chatcmpl-123\",\"object\":\"chat.completion.chunk\","
                   "\"created\":1694268190,\"model\":\"gpt-5-mini\",\"choices\":[{\"index\":0,"
                   "\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n");
    printf("a stream of chunks of 180 bytes\n");
    measure("sse", run_sse, buf_slice(&text));
    buf_free(&text);
}

int main(void)
{
    measure_json("long English messages",
                 "{\"role\":\"user\",\"content\":\"The quick brown fox jumps over the lazy dog "
                 "while a gateway moves its words from one place to another without looking at "
                 "them more often than it has to, and the reader of this sentence wonders when "
                 "it will come to its end, which is here.\"}");
    measure_json("code, with escapes",
                 "{\"role\":\"user\",\"content\":\"int main(void)\\n{\\n    printf(\\\"hello, "
                 "world\\\\n\\\");\\n    return 0;\\n}\\n\\nfor (i = 0; i < n; i++)\\n    "
                 "total += values[i];\\n\"}");
    measure_json("Chinese messages",
                 "{\"role\":\"user\",\"content\":\"敏捷的棕色狐狸跳过了懒惰的狗,而网关把它的话"
                 "从一个地方搬到另一个地方,从不多看一眼,读者想知道这句话什么时候结束。\"}");
    measure_json("short members",
                 "{\"role\":\"tool\",\"name\":\"add\",\"id\":\"c1\",\"n\":12,\"x\":-0.5,"
                 "\"ok\":true,\"items\":[1,2,3],\"none\":null}");
    measure_json("numbers", "{\"embedding\":[0.0123456,-0.0456789,0.0789012,-0.0012345,"
                            "0.0345678,-0.0678901,0.0901234,0.0234567]}");
    measure_image();
    measure_stream();
    return 0;
}
