/* Knows that the gateway answers any request: a line "METHOD target", header lines, an empty line and a
 * body. In the headers @ stands for an access key that is let in; a body that begins with '!' is sent
 * byte by byte, one that begins with '?' is not finished. Whatever comes is one head, then body, and an
 * end; what takes long is given up. */
#include "fuzz.h"
#include <aignehub/gateway.h>
#include <string.h>

#define RUNS_OF_A_HUB 500 /* its books grow with each */
#define PATIENCE_MS   200

static aigne_hub *hub;
static aigne_loop *loop;
static char key[100];

static void put_route(void)
{
    static const char *const verbs[][2] = {
        {"rate.put", "{\"provider\":\"echo\",\"model\":\"a\",\"inputRate\":0,\"outputRate\":0,"
                     "\"modelMetadata\":{\"features\":[\"text\"],\"contextWindow\":100}}"},
        {"route.put",
         "{\"name\":\"r\",\"strategy\":\"weighted\",\"targets\":["
         "{\"model\":\"echo/a\",\"when\":{\"metadata.a\":[1,\"b\"],\"app\":"
         "{\"prefix\":\"d\",\"not\":\"dd\"}}},{\"model\":\"echo/b\",\"canary\":50},"
         "{\"model\":\"echo/c\",\"shadow\":50},{\"model\":\"echo/a\",\"tier\":2}]}"}};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        aigne_reply *r = NULL;
        FUZZ_CHECK(aigne_hub_do(hub, verbs[i][0], verbs[i][1], AIGNE_Z, &r, NULL) == AIGNE_OK);
        aigne_reply_free(r);
    }
}

static void open_hub(void)
{
    aigne_config *c = NULL;
    aigne_reply *r = NULL;
    FUZZ_CHECK(aigne_config_new(&c) == AIGNE_OK);
    FUZZ_CHECK(aigne_config_json(c, "{\"data\":\":memory:\",\"bodyLimit\":65536}", AIGNE_Z,
                                 NULL) == AIGNE_OK);
    FUZZ_CHECK(aigne_hub_open(c, &hub, NULL) == AIGNE_OK);
    FUZZ_CHECK(aigne_hub_do(hub, "key.create", "{\"name\":\"k\"}", AIGNE_Z, &r, NULL) ==
               AIGNE_OK);
    put_route();
    FUZZ_CHECK(aigne_loop_new(&loop, NULL) == AIGNE_OK);
    strncpy(key, aigne_reply_text(r, NULL), sizeof(key) - 1);
    aigne_reply_free(r);
    aigne_config_free(c);
}

static void renew_hub(void)
{
    static unsigned runs;
    if (runs++ % RUNS_OF_A_HUB != 0)
        return;
    aigne_loop_free(loop);
    aigne_hub_free(hub);
    open_hub();
}

struct request {
    char method[40];
    struct slice target;
    char headers[4000];
    size_t headers_size;
    struct slice body;
};

static void put(struct request *r, const char *p, size_t n)
{
    if (n > sizeof(r->headers) - r->headers_size)
        n = sizeof(r->headers) - r->headers_size;
    memcpy(r->headers + r->headers_size, p, n);
    r->headers_size += n;
}

static void take_apart(struct slice input, struct request *r)
{
    struct slice line = SLICE("");
    struct slice rest = SLICE("");
    if (!slice_cut(input, '\n', &line, &rest))
        line = input;
    struct slice method = line;
    if (!slice_cut(line, ' ', &method, &r->target))
        method = line;
    size_t n = method.n < sizeof(r->method) - 1 ? method.n : sizeof(r->method) - 1;
    memcpy(r->method, method.p, n);
    size_t end = slice_find(rest, SLICE("\n\n"));
    r->body = slice_from(rest, end + 2);
    for (size_t i = 0; i < end && i < rest.n; i++)
        if (rest.p[i] == '@')
            put(r, key, strlen(key));
        else
            put(r, rest.p + i, 1);
}

static void send_body(aigne_call *exchange, struct slice body)
{
    bool slowly = slice_starts(body, "!");
    struct slice rest = slowly ? slice_from(body, 1) : body;
    size_t step = slowly ? 1 : rest.n;
    for (; rest.n; rest = slice_from(rest, step))
        FUZZ_CHECK(aigne_gateway_write(exchange, rest.p, step, NULL) >= 0);
    if (!slice_starts(body, "?"))
        FUZZ_CHECK(aigne_gateway_end(exchange, NULL) == AIGNE_OK);
}

/* Header lines, each with a name, a colon and nothing but text. */
static void check_head(const aigne_event *ev)
{
    struct slice rest = slice_of(ev->data, ev->len);
    FUZZ_CHECK(ev->index >= 200 && ev->index <= 599);
    while (rest.n) {
        size_t n = slice_find(rest, SLICE("\r\n"));
        FUZZ_CHECK(n > 0 && n < rest.n);
        FUZZ_CHECK(slice_find_byte(slice_of(rest.p, n), ':') < n);
        for (size_t i = 0; i < n; i++)
            FUZZ_CHECK((unsigned char)rest.p[i] >= 0x20);
        rest = slice_from(rest, n + 2);
    }
}

static void drain(aigne_call *exchange, bool complete)
{
    aigne_event ev;
    size_t heads = 0;
    int rc = aigne_call_next(exchange, complete ? PATIENCE_MS : 0, &ev, NULL);
    for (; rc == AIGNE_EVENT; rc = aigne_call_next(exchange, PATIENCE_MS, &ev, NULL)) {
        if (ev.kind == AIGNE_EV_HEAD) {
            heads++;
            check_head(&ev);
        }
        FUZZ_CHECK(heads == 1);
        FUZZ_CHECK(ev.data[ev.len] == '\0');
    }
    FUZZ_CHECK(rc == AIGNE_OK || rc == AIGNE_AGAIN);
    FUZZ_CHECK(rc == AIGNE_AGAIN || heads == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request r = {.target = SLICE("")};
    aigne_call *exchange = NULL;
    renew_hub();
    take_apart(fuzz_input(data, size), &r);
    FUZZ_CHECK(aigne_gateway_start(hub, loop, r.method, r.target.p, r.target.n, r.headers,
                                   r.headers_size, &exchange, NULL) == AIGNE_OK);
    send_body(exchange, r.body);
    drain(exchange, !slice_starts(r.body, "?"));
    aigne_call_free(exchange);
    return 0;
}
