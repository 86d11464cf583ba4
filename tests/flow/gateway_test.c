/* The gateway's paths, keys, bodies and administrators' verbs, over the public headers. */
#define _GNU_SOURCE /* mkdtemp */
#include "exchange.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- paths ---- */

static void what_is_open_to_anybody(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    do_quietly(f.hub, "rate.put",
               "{\"provider\":\"echo\",\"model\":\"echo\",\"inputRate\":\"0.1\",\"outputRate\":"
               "\"0.2\"}");
    ask(&f, "GET", "/health", NULL, NULL, &a);
    expect_body(&a, 200, "\"ok\":true");
    ask(&f, "GET", "/", NULL, NULL, &a);
    expect_body(&a, 200, "AIGNE Hub");
    ask(&f, "GET", "/__blocklet__.js", NULL, NULL, &a);
    expect_body(&a, 200, "window.blocklet = {");
    assert_non_null(strstr(a.head, "\r\ncontent-type: application/javascript\r\n"));
    ask(&f, "GET", "/__blocklet__.js?x=1&type=json", NULL, NULL, &a);
    expect_body(&a, 200, "\"mountPoint\":\"/\"");
    assert_true(a.body[0] == '{');
    ask(&f, "GET", "/api/ai/models?type=chat", NULL, NULL, &a);
    expect_body(&a, 200, "\"key\":\"echo/echo\"");
    ask(&f, "GET", "/api/ai-providers/models?type=image", NULL, NULL, &a);
    expect_body(&a, 200, "[]");
    ask(&f, "GET", "/api/v2/status?model=echo/echo", NULL, NULL, &a);
    expect_body(&a, 200, "\"available\":true");
    ask(&f, "GET", "/api/v2/status?model=openai%2Fgpt-4o", NULL, NULL, &a);
    expect_body(&a, 200, "\"available\":false");
    ask(&f, "GET", "/api/v2/status", NULL, NULL, &a);
    expect_body(&a, 200, "\"available\":true");
    fixture_close(&f);
}

static void what_needs_a_key(void **state)
{
    static const char *const lists[] = {"/v1/models", "/models", "/openai/v1/models",
                                        "/v1/models/", "/v1/models?limit=2"};
    static const char *const one[] = {"/v1/models/echo/echo", "/models/echo%2Fecho",
                                      "/openai/v1/models/echo%2fecho", "/v1/models/echo/echo/"};
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    do_quietly(f.hub, "rate.put",
               "{\"provider\":\"echo\",\"model\":\"echo\",\"inputRate\":\"0.1\",\"outputRate\":"
               "\"0.2\"}");
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        ask(&f, "GET", lists[i], f.key, NULL, &a);
        expect_body(&a, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"echo/echo\"");
        ask(&f, "GET", lists[i], NULL, NULL, &a);
        expect_body(&a, 401, "\"code\":\"invalid_api_key\"");
    }
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        ask(&f, "GET", one[i], f.key, NULL, &a);
        expect_body(&a, 200, "{\"id\":\"echo/echo\",\"object\":\"model\"");
    }
    ask(&f, "GET", "/v1/models/echo%252Fecho", f.key, NULL, &a);
    expect_body(&a, 404, "model_not_found");
    ask(&f, "POST", "/api/v2/chat", NULL, AIGNE_CHAT, &a);
    expect_body(&a, 401, "{\"error\":{\"message\":\"No access key was sent");
    ask(&f, "POST", "/v1/chat/completions", "aigne-nobody", CHAT, &a);
    expect_body(&a, 401, "{\"error\":{\"message\":\"User not authenticated");
    assert_null(strstr(a.body, "aigne-nobody"));
    fixture_close(&f);
}

static void chat_is_at_all_its_paths(void **state)
{
    static const char *const paths[] = {"/v1/chat/completions",
                                        "/chat/completions",
                                        "/openai/v1/chat/completions",
                                        "/v1/chat/completions/",
                                        "/v1/chat/completions?api-version=1",
                                        "/v1/%63hat/completions",
                                        "http://hub:80/v1/chat/completions",
                                        "HTTPS://hub/v1/chat/completions?x"};
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        ask(&f, "POST", paths[i], f.key, "{\"model\":\"echo/echo\"," CHAT_REST, &a);
        expect_body(&a, 200, "\"content\":\"Hi\"");
    }
    ask(&f, "POST", "/api/v2/chat", f.key,
        "{\"input\":{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"modelOptions\":{"
        "\"model\":\"echo/echo\"}}}",
        &a);
    expect_body(&a, 200, "\"text\":\"Hi\"");
    expect_body(&a, 200, "\"modelWithProvider\":\"echo/echo\"");
    fixture_close(&f);
}

static void a_mount_point_stands_before_every_path(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, "{\"data\":\":memory:\",\"mountPoint\":\"/ai-kit/\"}", NULL);
    ask(&f, "GET", "/__blocklet__.js?type=json", NULL, NULL, &a);
    expect_body(&a, 200, "\"mountPoint\":\"/ai-kit\"");
    ask(&f, "GET", "/ai-kit/v1/models", f.key, NULL, &a);
    expect_body(&a, 200, "\"object\":\"list\"");
    ask(&f, "GET", "/ai-kit", NULL, NULL, &a);
    expect_body(&a, 200, "AIGNE Hub");
    ask(&f, "GET", "/ai-kit/", NULL, NULL, &a);
    expect_body(&a, 200, "AIGNE Hub");
    ask(&f, "GET", "/ai-kitchen/health", NULL, NULL, &a);
    expect_body(&a, 404, "There is nothing at this path");
    fixture_close(&f);
}

static void expect_refused(struct fixture *f, const char *method, const char *target,
                           int status, const char *allow)
{
    struct answer a;
    ask(f, method, target, f->key, NULL, &a);
    expect_body(&a, status, strstr(method, "HEAD") ? "" : "\"error\":{\"message\":");
    const char *found = strstr(a.head, "\r\nallow: ");
    if (allow ? !found || strncmp(found + 9, allow, strlen(allow)) != 0 : found != NULL)
        fail_msg("%s %s: %s", method, target, a.head);
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, NULL);
    expect_refused(&f, "GET", "/v1/chat/completions", 405, "POST, OPTIONS\r\n");
    expect_refused(&f, "DELETE", "/v1/models", 405, "GET, HEAD, OPTIONS\r\n");
    expect_refused(&f, "HEAD", "/api/v2/chat", 405, "POST, OPTIONS\r\n");
    expect_refused(&f, "get", "/health", 405, "GET, HEAD, OPTIONS\r\n");
    expect_refused(&f, "GET", "/v1/nothing", 404, NULL);
    expect_refused(&f, "GET", "/%zz", 404, NULL);
    expect_refused(&f, "GET", "/health%00", 404, NULL);
    expect_refused(&f, "GET", "", 404, NULL);
    expect_refused(&f, "GET", "health", 404, NULL);
    expect_refused(&f, "POST", "/api/admin/", 404, NULL);
    expect_refused(&f, "", "/", 405, "GET, HEAD, OPTIONS\r\n");
    fixture_close(&f);
}

static void head_and_options(void **state)
{
    (void)state;
    struct fixture f;
    static struct answer get;
    struct answer a;
    char length[60];
    fixture_open(&f, NULL, NULL);
    ask(&f, "GET", "/health", NULL, NULL, &get);
    snprintf(length, sizeof(length), "\r\ncontent-length: %zu\r\n", get.size);
    assert_non_null(strstr(get.head, length));
    ask(&f, "HEAD", "/health", NULL, NULL, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.size, 0);
    assert_non_null(strstr(a.head, length));
    ask(&f, "HEAD", "/v1/models", NULL, NULL, &a);
    assert_int_equal(a.status, 401);
    assert_int_equal(a.size, 0);
    ask(&f, "OPTIONS", "/v1/chat/completions", NULL, NULL, &a);
    assert_int_equal(a.status, 204);
    assert_int_equal(a.size, 0);
    assert_null(strstr(a.head, "content-length"));
    assert_non_null(strstr(a.head, "\r\naccess-control-allow-headers: *,authorization\r\n"));
    ask(&f, "OPTIONS", "*", NULL, NULL, &a);
    assert_int_equal(a.status, 204);
    fixture_close(&f);
}

/* ---- headers ---- */

static void expect_models(struct fixture *f, const char *headers, int status)
{
    struct answer a;
    aigne_call *exchange = begin(f, "GET", "/v1/models", headers);
    finish_request(exchange, NULL);
    take(exchange, &a);
    if (a.status != status)
        fail_msg("%d with %s", a.status, headers);
}

static void odd_headers(void **state)
{
    static const struct {
        const char *before;
        const char *after;
        int status;
    } heads[] = {
        {"AUTHORIZATION: bearer ", "", 200}, /* no line end */
        {"a:\nauthorization:\tBEARER   ", "  \n", 200},
        {"authorization: Bearer ", "\r\nauthorization: Bearer x\r\n", 200}, /* first wins */
        {"authorization: Basic ", "\r\n", 401},
        {"authorization: Bearer x", "\r\n", 401},
        {"authorization: Bearer ", "x\r\n", 401},
        {"authorization:\r\n ", "\r\n", 401},
        {"\r\n\r\n:::\r\nx-key: ", "", 401},
        {"X-Api-Key: ", "\r\n", 200},
        {"x-goog-api-key:", " \r\n", 200},
        {"x-goog-api-key: x\r\nx-api-key: ", "", 200}, /* each before the next */
        {"x-api-key: ", "\r\nauthorization: Bearer x\r\n", 401},
        {"authorization: Basic x\r\nx-api-key: ", "", 200}, /* that shows no key */
        {"x-api-key: ", "x\r\n", 401},
    };
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, NULL);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        char headers[300];
        snprintf(headers, sizeof(headers), "%s%s%s", heads[i].before, f.key, heads[i].after);
        expect_models(&f, headers, heads[i].status);
    }
    expect_models(&f, NULL, 401);
    expect_models(&f, "", 401);
    fixture_close(&f);
}

static void chat_as_app(struct fixture *f, const char *did)
{
    struct answer a;
    char headers[400];
    snprintf(headers, sizeof(headers),
             "authorization: Bearer %s\r\nx-aigne-hub-client-did: %s\r\n", f->key, did);
    aigne_call *exchange = begin(f, "POST", "/v1/chat/completions", headers);
    finish_request(exchange, "{\"model\":\"echo/echo\"," CHAT_REST);
    take(exchange, &a);
    expect_body(&a, 200, "Hi");
}

static void an_app_is_booked_only_under_a_plain_name(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, NULL);
    chat_as_app(&f, "did%3Aabt%3A1");
    expect_rows(f.hub, "\"app\":\"did:abt:1\"");
    chat_as_app(&f, "a%0D%0Aset-cookie%3A%20x");
    chat_as_app(&f, "b%ff");
    chat_as_app(&f, "c%");
    aigne_reply *r = do_verb(f.hub, "usage.list", "{}");
    assert_null(strstr(aigne_reply_json(r, NULL), "set-cookie"));
    assert_null(strstr(aigne_reply_json(r, NULL), "\"app\":\"b"));
    assert_null(strstr(aigne_reply_json(r, NULL), "\"app\":\"c"));
    aigne_reply_free(r);
    fixture_close(&f);
}

static void ask_with(struct fixture *f, const char *header, struct answer *a)
{
    char headers[400];
    snprintf(headers, sizeof(headers), "authorization: Bearer %s\r\n%s\r\n", f->key, header);
    aigne_call *exchange = begin(f, "POST", "/v1/chat/completions", headers);
    finish_request(exchange, "{\"model\":\"echo/echo\"," CHAT_REST);
    take(exchange, a);
}

static void headers_of_the_hubs_own_say_how_a_call_is_made(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    ask_with(&f, "x-aigne-hub-total-timeout: 60000", &a);
    expect_body(&a, 200, "Hi");
    ask_with(&f, "X-AIGNE-Hub-Total-Timeout: soon", &a);
    expect_body(&a, 400, "\"param\":\"x-aigne-hub-total-timeout\"");
    expect_body(&a, 400, "must be a whole number of milliseconds from 0 to 86400000");
    ask_with(&f, "x-aigne-hub-of-a-later-version: 1", &a);
    expect_body(&a, 200, "Hi");
    fixture_close(&f);
}

/* ---- bodies ---- */

static void bodies_that_are_too_large(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    char headers[300];
    static char block[600];
    memset(block, ' ', sizeof(block));
    fixture_open(&f, "{\"data\":\":memory:\",\"bodyLimit\":1024}", NULL);
    snprintf(headers, sizeof(headers), "authorization: Bearer %s\r\ncontent-length: 1025\r\n",
             f.key);
    aigne_call *exchange = begin(&f, "POST", "/v1/chat/completions", headers);
    assert_int_equal(aigne_gateway_write(exchange, "", 0, NULL), AIGNE_AGAIN);
    finish_request(exchange, NULL);
    take(exchange, &a);
    expect_body(&a, 413, "larger than 1024 bytes");
    exchange = begin_with_key(&f, "POST", "/api/v2/chat", f.key);
    assert_int_equal(aigne_gateway_write(exchange, block, 600, NULL), AIGNE_OK);
    assert_int_equal(aigne_gateway_write(exchange, block, 600, NULL), AIGNE_AGAIN);
    assert_int_equal(aigne_gateway_write(exchange, block, 600, NULL), AIGNE_AGAIN);
    take(exchange, &a); /* known before the request is complete */
    expect_body(&a, 413, "larger than 1024 bytes");
    exchange = begin_with_key(&f, "POST", "/v1/chat/completions", NULL);
    assert_int_equal(aigne_gateway_write(exchange, block, 600, NULL), AIGNE_AGAIN);
    take(exchange, &a);
    expect_body(&a, 401, "No access key");
    exchange = begin(&f, "GET", "/health", "content-length: 99999\r\n");
    for (int i = 0; i < 10; i++) /* nobody reads it, so nobody keeps it */
        assert_int_equal(aigne_gateway_write(exchange, block, 600, NULL), AIGNE_AGAIN);
    finish_request(exchange, NULL);
    take(exchange, &a);
    expect_body(&a, 200, "ok");
    fixture_close(&f);
}

static void bodies_that_are_nonsense(void **state)
{
    static const char *const bodies[] = {NULL,
                                         "",
                                         "{",
                                         "[]",
                                         "null",
                                         "{\"model\":1,",
                                         "\xff",
                                         "{\"model\":\"echo/echo\"}",
                                         "{\"model\":\"echo/echo\",\"messages\":5}",
                                         "{\"model\":\"echo/echo\",\"stream\":3}"};
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        ask(&f, "POST", "/v1/chat/completions", f.key, bodies[i], &a);
        expect_body(&a, 400, "\"type\":\"invalid_request_error\"");
        ask(&f, "POST", "/api/v2/chat", f.key, bodies[i], &a);
        expect_body(&a, 400, "\"type\":\"invalid_request\"");
    }
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"model\":\"openai/m\",\"stream\":true," CHAT_REST, &a);
    expect_body(&a, 503, "\"code\":null");
    fixture_close(&f);
}

static void never_asked(struct tcp_connection *c)
{
    (void)c;
}

/* It would lead out of the place in the provider's URL where models are. */
static void a_model_is_no_way_up(void **state)
{
    static const char *const models[] = {"openai/..", "openai/a/../b", "openai/./a"};
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, never_asked);
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        char body[200];
        snprintf(body, sizeof(body), "{\"model\":\"%s\"," CHAT_REST, models[i]);
        ask(&f, "POST", "/v1/chat/completions", f.key, body, &a);
        expect_body(&a, 400, "\"param\":\"model\"");
    }
    assert_int_equal(atomic_load(&f.server.requests), 0);
    fixture_close(&f);
}

struct link {
    struct tcp_server provider;
    struct tcp_server elsewhere;
    atomic_int bare; /* requests elsewhere that had nothing of the provider's with them */
};

static void makes_an_image(struct tcp_connection *c)
{
    const struct link *l = c->user;
    char body[200];
    if (!tcp_read_request(c) || !strstr(c->head, "x-team: blue"))
        return;
    snprintf(body, sizeof(body),
             "{\"created\":\"2026-01-01T00:00:00Z\",\"data\":[{\"url\":"
             "\"http://127.0.0.1:%d/cat.png\",\"is_image_safe\":true,\"seed\":1}]}",
             l->elsewhere.port);
    say(c, "200 OK", "", body);
}

static void has_the_image(struct tcp_connection *c)
{
    struct link *l = c->user;
    if (!tcp_read_request(c))
        return;
    atomic_fetch_add(&l->bare, !strstr(c->head, "x-team") && !strstr(c->head, "api-key") &&
                                   !strstr(c->head, "uthorization"));
    say(c, "200 OK", "", "\x89PNG");
}

static void a_link_is_followed_with_nothing_of_the_provider(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    struct link l = {.bare = 0};
    char args[300];
    fixture_open(&f, NULL, NULL);
    assert_true(tcp_server_start(&l.elsewhere, has_the_image, &l));
    assert_true(tcp_server_start(&l.provider, makes_an_image, &l));
    snprintf(args, sizeof(args),
             "{\"name\":\"ideogram\",\"baseUrl\":\"http://127.0.0.1:%d\","
             "\"config\":{\"headers\":{\"x-team\":\"blue\"}}}",
             l.provider.port);
    do_quietly(f.hub, "provider.put", args);
    do_quietly(f.hub, "credential.put",
               "{\"provider\":\"ideogram\",\"name\":\"a\",\"value\":\"sk-first-0001\"}");
    ask(&f, "POST", "/api/v2/image", f.key,
        "{\"input\":{\"prompt\":\"a cat\",\"outputFileType\":\"file\",\"modelOptions\":{"
        "\"model\":\"ideogram/ideogram-v3\"}}}",
        &a);
    expect_body(&a, 200, "\"data\":\"iVBORw==\"");
    assert_int_equal(atomic_load(&l.bare), 1);
    fixture_close(&f);
    tcp_server_stop(&l.provider);
    tcp_server_stop(&l.elsewhere);
}

/* ---- keys of other processes ---- */

static void file_settings(char *folder, char *settings, size_t size)
{
    assert_non_null(mkdtemp(folder));
    snprintf(settings, size, "{\"data\":\"%s/hub.db\",\"bodyLimit\":1024}", folder);
}

static void remove_files(const char *folder)
{
    static const char *const names[] = {"hub.db", "hub.db-wal", "hub.db-shm", "hub.db.key"};
    char path[200];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static void keys_of_another_process_work_at_once(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    char folder[] = "/tmp/aigne-gateway-XXXXXX";
    char settings[200];
    char key[100];
    file_settings(folder, settings, sizeof(settings));
    fixture_open(&f, settings, NULL);
    aigne_hub *other = hub_of(settings);
    ask(&f, "GET", "/v1/models", f.key, NULL, &a); /* the catalogue is at hand from here on */
    for (int i = 0; i < 5; i++) {
        make_key(other, "{\"name\":\"late\"}", key);
        ask(&f, "GET", "/v1/models", key, NULL, &a);
        expect_body(&a, 200, "list");
    }
    aigne_hub_free(other);
    fixture_close(&f);
    remove_files(folder);
}

static void a_revoked_key_stops_at_once(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    char key[100];
    char revoke[100] = "{\"id\":\"";
    fixture_open(&f, NULL, NULL);
    aigne_reply *r = do_verb(f.hub, "key.create", "{\"name\":\"gone\"}");
    snprintf(key, sizeof(key), "%s", aigne_reply_text(r, NULL));
    const char *id = strstr(aigne_reply_json(r, NULL), "\"id\":\"") + 6;
    strncat(revoke, id, strcspn(id, "\"") + 1);
    strcat(revoke, "}");
    aigne_reply_free(r);
    ask(&f, "GET", "/v1/models", key, NULL, &a);
    expect_body(&a, 200, "list");
    do_quietly(f.hub, "key.revoke", revoke);
    ask(&f, "GET", "/v1/models", key, NULL, &a);
    expect_body(&a, 401, "User not authenticated");
    fixture_close(&f);
}

/* The body grows too large while another thread looks for the key: what follows must not be taken for a
 * request. */
static void a_body_may_not_begin_in_the_middle(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    char folder[] = "/tmp/aigne-gateway-XXXXXX";
    char settings[200];
    char key[100];
    static char block[1000];
    memset(block, ' ', sizeof(block));
    file_settings(folder, settings, sizeof(settings));
    fixture_open(&f, settings, NULL);
    ask(&f, "GET", "/v1/models", f.key, NULL, &a);
    aigne_hub *other = hub_of(settings);
    for (int i = 0; i < 10; i++) {
        make_key(other, "{\"name\":\"late\"}", key);
        aigne_call *exchange = begin_with_key(&f, "POST", "/v1/chat/completions", key);
        aigne_gateway_write(exchange, block, sizeof(block), NULL);
        assert_int_equal(aigne_gateway_write(exchange, block, 100, NULL), AIGNE_AGAIN);
        finish_request(exchange, "{\"model\":\"echo/echo\"," CHAT_REST);
        take(exchange, &a);
        expect_body(&a, 413, "larger than 1024 bytes");
    }
    aigne_hub_free(other);
    fixture_close(&f);
    remove_files(folder);
}

/* ---- administrators ---- */

static void verbs_over_http(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    ask(&f, "POST", "/api/admin/provider.put", f.key, "{\"name\":\"openai\"}", &a);
    expect_body(&a, 403, "not an administrator");
    ask(&f, "POST", "/api/admin/provider.put", NULL, "{\"name\":\"openai\"}", &a);
    expect_body(&a, 401, "No access key");
    ask(&f, "POST", "/api/admin/provider.put", f.admin,
        "{\"name\":\"openai\",\"baseUrl\":\"http://127.0.0.1:1/v1\"}", &a);
    expect_body(&a, 200, "\"name\":\"openai\"");
    ask(&f, "POST", "/api/admin/credential.put", f.admin,
        "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-abcdefghijkl\"}", &a);
    expect_body(&a, 200, "\"name\":\"a\"");
    assert_null(strstr(a.body, "sk-abcdefghijkl"));
    ask(&f, "POST", "/api/admin/key.create", f.admin, "{\"name\":\"new\"}", &a);
    expect_body(&a, 200, "\"key\":\"aigne-");
    ask(&f, "POST", "/api/admin/key.list", f.admin, NULL, &a); /* no body is {} */
    expect_body(&a, 200, "\"name\":\"new\"");
    ask(&f, "POST", "/api/admin/no.such", f.admin, "{}", &a);
    expect_body(&a, 404, "no.such");
    ask(&f, "POST", "/api/admin/key.list", f.admin, "[", &a);
    expect_body(&a, 400, "\"error\"");
    ask(&f, "GET", "/api/admin/key.list", f.admin, NULL, &a);
    expect_body(&a, 405, "method");
    fixture_close(&f);
}

/* The trial does not find the model and has the store read again, while it itself is the work of another
 * thread. */
static void a_trial_over_http_comes_to_an_end(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    do_quietly(f.hub, "provider.put", "{\"name\":\"openai\"}");
    ask(&f, "POST", "/api/admin/provider.test", f.admin, "{\"name\":\"openai\"}", &a);
    expect_body(&a, 503, "credential");
    ask(&f, "POST", "/api/admin/provider.put", f.admin, "{\"name\":\"echo\"}", &a);
    ask(&f, "POST", "/api/admin/rate.test", f.admin,
        "{\"provider\":\"echo\",\"model\":\"echo\"}", &a);
    expect_body(&a, 200, "\"ok\":true");
    fixture_close(&f);
}

/* In AIGNE's envelope, and as its helper library asks: with OpenAI's answer in mind. */
static void embeddings_are_told_as_they_were_asked_for(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    ask(&f, "POST", "/api/v2/embeddings", f.key,
        "{\"input\":{\"input\":[\"a\"],\"modelOptions\":{\"model\":\"echo/echo\"}}}", &a);
    expect_body(&a, 200, "{\"embeddings\":[[");
    ask(&f, "POST", "/api/v2/embeddings", f.key,
        "{\"model\":\"echo/echo\",\"input\":[\"a\",\"b\"]}", &a);
    expect_body(&a, 200,
                "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,");
    ask(&f, "POST", "/api/v2/embeddings", f.key, "{\"model\":\"echo/echo\"}", &a);
    expect_body(&a, 400, "input");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embeddings_are_told_as_they_were_asked_for),
        cmocka_unit_test(what_is_open_to_anybody),
        cmocka_unit_test(what_needs_a_key),
        cmocka_unit_test(chat_is_at_all_its_paths),
        cmocka_unit_test(a_mount_point_stands_before_every_path),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(head_and_options),
        cmocka_unit_test(odd_headers),
        cmocka_unit_test(an_app_is_booked_only_under_a_plain_name),
        cmocka_unit_test(bodies_that_are_too_large),
        cmocka_unit_test(bodies_that_are_nonsense),
        cmocka_unit_test(a_model_is_no_way_up),
        cmocka_unit_test(a_link_is_followed_with_nothing_of_the_provider),
        cmocka_unit_test(headers_of_the_hubs_own_say_how_a_call_is_made),
        cmocka_unit_test(keys_of_another_process_work_at_once),
        cmocka_unit_test(a_revoked_key_stops_at_once),
        cmocka_unit_test(a_body_may_not_begin_in_the_middle),
        cmocka_unit_test(verbs_over_http),
        cmocka_unit_test(a_trial_over_http_comes_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
