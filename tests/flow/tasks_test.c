/* Calls other than chats by the library: jobs that are asked about until they are done, whatever the network
 * does meanwhile; bytes; echo without a network. */
#include "tcp_server.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define JOB(status, more)                                                                      \
    "{\"id\":\"video_1\",\"object\":\"video\",\"model\":\"sora-2\",\"status\":\"" status "\""  \
    ",\"seconds\":\"4\"" more "}"

/* What was told while a call ran. */
struct story {
    char text[2048];
    size_t n;
};

static int listen(void *user, const aigne_event *event)
{
    static const char *const words[] = {[AIGNE_EV_TEXT] = "text",
                                        [AIGNE_EV_FILE] = "file",
                                        [AIGNE_EV_USAGE] = "usage",
                                        [AIGNE_EV_BYTES] = "bytes",
                                        [AIGNE_EV_PROGRESS] = "progress"};
    struct story *s = user;
    bool known = event->kind > 0 && (size_t)event->kind < sizeof(words) / sizeof(words[0]) &&
                 words[event->kind];
    if (!known)
        return 0;
    int n = event->kind == AIGNE_EV_BYTES
                ? snprintf(s->text + s->n, sizeof(s->text) - s->n, "bytes\n")
                : snprintf(s->text + s->n, sizeof(s->text) - s->n, "%s %.*s\n",
                           words[event->kind], (int)event->len, event->data);
    if (n > 0 && (size_t)n < sizeof(s->text) - s->n)
        s->n += (size_t)n;
    return 0;
}

static aigne_model *opened(const char *settings)
{
    aigne_config *c = NULL;
    aigne_model *m = NULL;
    aigne_error *e = NULL;
    assert_int_equal(aigne_config_new(&c), AIGNE_OK);
    assert_int_equal(aigne_config_json(c, settings, AIGNE_Z, &e), AIGNE_OK);
    if (aigne_model_open(c, &m, &e) < 0)
        fail_msg("%s", aigne_error_text(e));
    aigne_config_free(c);
    return m;
}

static aigne_model *at_server(const struct tcp_server *s, const char *type, const char *more)
{
    char settings[400];
    snprintf(
        settings, sizeof(settings),
        "{\"provider\":\"openai\",\"apiKey\":\"sk-test-0001\",\"model\":\"m\",\"type\":\"%s\","
        "\"url\":\"http://127.0.0.1:%d/v1\"%s}",
        type, s->port, more);
    return opened(settings);
}

static void say(struct tcp_connection *c, const char *status, const char *type,
                const char *body)
{
    char head[400];
    snprintf(head, sizeof(head),
             "HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %zu\r\n\r\n", status, type,
             strlen(body));
    tcp_say(c, head);
    tcp_say(c, body);
}

/* ---- jobs ---- */

static void makes_a_video(struct tcp_connection *c)
{
    struct tcp_server *s = c->user;
    while (tcp_read_request(c)) {
        int n = atomic_load(&s->requests);
        if (strstr(c->head, "/content"))
            say(c, "200 OK", "video/mp4", "film");
        else if (n == 2)
            say(c, "503 Service Unavailable", "text/plain", "busy");
        else if (n == 3)
            tcp_reset(c);
        else if (n == 1)
            say(c, "200 OK", "application/json", JOB("queued", ",\"progress\":0"));
        else
            say(c, "200 OK", "application/json", JOB("completed", ",\"progress\":100"));
        if (n == 3)
            return;
    }
}

static void a_job_is_one_call_whatever_happens_on_the_way(void **state)
{
    (void)state;
    struct tcp_server server;
    struct story told = {.n = 0};
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    assert_true(tcp_server_start(&server, makes_a_video, &server));
    aigne_model *m = at_server(&server, "video", "");
    int rc = aigne_model_stream(m, "{\"prompt\":\"a cat\",\"seconds\":4}", AIGNE_Z, listen,
                                &told, &r, &e);
    if (rc < 0)
        fail_msg("%s", aigne_error_text(e));
    assert_string_equal(told.text,
                        "progress {\"progress\":0,\"status\":\"queued\"}\n"
                        "progress {\"progress\":100,\"status\":\"completed\"}\n"
                        "file {\"mimeType\":\"video/mp4\",\"data\":\"ZmlsbQ==\"}\n"
                        "usage {\"inputTokens\":0,\"outputTokens\":0,\"seconds\":4}\n");
    assert_non_null(strstr(aigne_reply_json(r, NULL), "\"videos\":[{\"type\":\"file\""));
    assert_int_equal(atomic_load(&server.requests), 5);
    aigne_reply_free(r);
    aigne_model_free(m);
    tcp_server_stop(&server);
}

static void never_ends(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "200 OK", "application/json", JOB("in_progress", ""));
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void the_limit_of_the_call_covers_the_waiting(void **state)
{
    (void)state;
    struct tcp_server server;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    assert_true(tcp_server_start(&server, never_ends, &server));
    aigne_model *m = at_server(&server, "video", ",\"totalTimeout\":900");
    int64_t start = now_ms();
    int rc = aigne_model_invoke(m, "{\"prompt\":\"a cat\"}", AIGNE_Z, &r, &e);
    assert_int_equal(rc, AIGNE_E_TIMEOUT);
    assert_true(now_ms() - start < 5000);
    assert_true(atomic_load(&server.requests) < 10); /* nor asked on and on at the end */
    aigne_error_free(e);
    aigne_model_free(m);
    tcp_server_stop(&server);
}

static void a_call_that_waits_can_be_cancelled(void **state)
{
    (void)state;
    struct tcp_server server;
    aigne_call *call = NULL;
    aigne_event event;
    aigne_error *e = NULL;
    assert_true(tcp_server_start(&server, never_ends, &server));
    aigne_model *m = at_server(&server, "video", "");
    int rc = aigne_call_start(m, NULL, "{\"prompt\":\"a cat\"}", AIGNE_Z, &call, &e);
    assert_int_equal(rc, AIGNE_OK);
    rc = aigne_call_next(call, -1, &event, &e);
    assert_int_equal(rc, AIGNE_EVENT);
    assert_int_equal(event.kind, AIGNE_EV_PROGRESS);
    aigne_call_cancel(call);
    rc = aigne_call_next(call, -1, &event, &e);
    assert_int_equal(rc, AIGNE_E_CANCELLED);
    aigne_error_free(e);
    aigne_call_free(call);
    aigne_model_free(m);
    tcp_server_stop(&server);
}

static void fails(struct tcp_connection *c)
{
    while (tcp_read_request(c)) {
        if (strstr(c->head, "POST "))
            say(c, "200 OK", "application/json", JOB("queued", ""));
        else
            say(c, "200 OK", "application/json",
                JOB("failed",
                    ",\"error\":{\"code\":\"moderation_blocked\",\"message\":\"No.\"}"));
    }
}

static void a_failed_job_is_not_asked_for_again(void **state)
{
    (void)state;
    struct tcp_server server;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    assert_true(tcp_server_start(&server, fails, &server));
    aigne_model *m = at_server(&server, "video", "");
    int rc = aigne_model_invoke(m, "{\"prompt\":\"a cat\"}", AIGNE_Z, &r, &e);
    assert_int_equal(rc, AIGNE_E_UPSTREAM);
    assert_string_equal(aigne_error_text(e), "No.");
    assert_int_equal(atomic_load(&server.requests), 2);
    aigne_error_free(e);
    aigne_model_free(m);
    tcp_server_stop(&server);
}

/* ---- bytes ---- */

static void speaks(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "200 OK", "audio/mpeg", "ID3sound");
}

static void cuts_its_speech(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        tcp_say(c,
                "HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 99\r\n\r\nID3");
}

static void speech_comes_as_bytes(void **state)
{
    (void)state;
    struct tcp_server server;
    struct story told = {.n = 0};
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    assert_true(tcp_server_start(&server, speaks, &server));
    aigne_model *m = at_server(&server, "speech", "");
    int rc = aigne_model_stream(m, "{\"input\":\"Hi\"}", AIGNE_Z, listen, &told, &r, &e);
    assert_int_equal(rc, AIGNE_OK);
    assert_true(strncmp(told.text, "bytes\n", 6) == 0);
    assert_non_null(strstr(told.text, "\"characters\":2"));
    assert_non_null(
        strstr(aigne_reply_json(r, NULL),
               "{\"type\":\"file\",\"data\":\"SUQzc291bmQ=\",\"mimeType\":\"audio/mpeg\"}"));
    aigne_reply_free(r);
    aigne_model_free(m);
    tcp_server_stop(&server);
}

static void speech_that_breaks_off_is_an_error(void **state)
{
    (void)state;
    struct tcp_server server;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    assert_true(tcp_server_start(&server, cuts_its_speech, &server));
    aigne_model *m = at_server(&server, "speech", "");
    int rc = aigne_model_invoke(m, "{\"input\":\"Hi\"}", AIGNE_Z, &r, &e);
    assert_int_equal(rc, AIGNE_E_NETWORK);
    aigne_error_free(e);
    aigne_model_free(m);
    tcp_server_stop(&server);
}

/* ---- a form larger than one piece ---- */

static void hears(struct tcp_connection *c)
{
    while (tcp_read_request(c)) {
        bool whole = c->body_size > 300000 && strstr(c->head, "multipart/form-data; boundary=");
        say(c, "200 OK", "application/json",
            whole ? "{\"text\":\"whole\"}" : "{\"text\":\"cut\"}");
    }
}

static void a_large_file_goes_up_in_a_form(void **state)
{
    (void)state;
    static char request[400200];
    struct tcp_server server;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    int n = snprintf(request, sizeof(request),
                     "{\"audio\":{\"type\":\"file\",\"mimeType\":\"audio/mpeg\",\"data\":\"");
    memset(request + n, 'A', 400000);
    memcpy(request + n + 400000, "\"}}", 4);
    assert_true(tcp_server_start(&server, hears, &server));
    aigne_model *m = at_server(&server, "transcription", "");
    int rc = aigne_model_invoke(m, request, AIGNE_Z, &r, &e);
    if (rc < 0)
        fail_msg("%s", aigne_error_text(e));
    assert_non_null(strstr(aigne_reply_json(r, NULL), "\"text\":\"whole\""));
    aigne_reply_free(r);
    aigne_model_free(m);
    tcp_server_stop(&server);
}

/* ---- echo ---- */

static void echo_answers_every_kind(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *request;
        const char *answer;
    } kinds[] = {
        {"embedding", "{\"input\":[\"a\",\"a\"],\"dimensions\":1}", "{\"embeddings\":[["},
        {"image", "{\"prompt\":\"a\"}", "{\"images\":[{\"type\":\"file\""},
        {"video", "{\"prompt\":\"a\"}", "{\"videos\":[{\"type\":\"file\""},
        {"speech", "{\"input\":\"a\"}", "{\"audio\":{\"type\":\"file\""},
        {"transcription", "{\"audio\":\"data:audio/mpeg;base64,SUQz\"}",
         "{\"text\":\"A sound of 3 bytes.\""},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char settings[100];
        aigne_reply *r = NULL;
        aigne_error *e = NULL;
        snprintf(settings, sizeof(settings),
                 "{\"provider\":\"echo\",\"model\":\"echo\",\"type\":\"%s\"}", kinds[i].type);
        aigne_model *m = opened(settings);
        if (aigne_model_invoke(m, kinds[i].request, AIGNE_Z, &r, &e) < 0)
            fail_msg("%s: %s", kinds[i].type, aigne_error_text(e));
        const char *json = aigne_reply_json(r, NULL);
        if (strncmp(json, kinds[i].answer, strlen(kinds[i].answer)) != 0)
            fail_msg("%s: %s", kinds[i].type, json);
        aigne_reply_free(r);
        aigne_model_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_one_call_whatever_happens_on_the_way),
        cmocka_unit_test(the_limit_of_the_call_covers_the_waiting),
        cmocka_unit_test(a_call_that_waits_can_be_cancelled),
        cmocka_unit_test(a_failed_job_is_not_asked_for_again),
        cmocka_unit_test(speech_comes_as_bytes),
        cmocka_unit_test(speech_that_breaks_off_is_an_error),
        cmocka_unit_test(a_large_file_goes_up_in_a_form),
        cmocka_unit_test(echo_answers_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
