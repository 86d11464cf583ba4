/* exchange.h - a hub with a scripted provider, and a client that speaks to its gateway without a
 * socket, for the tests of this folder. */
#ifndef AIGNE_TESTS_FLOW_EXCHANGE_H
#define AIGNE_TESTS_FLOW_EXCHANGE_H

#include "tcp_server.h"
#include <aignehub/gateway.h>
#include <stdbool.h>

struct fixture {
    struct tcp_server server; /* provider openai, when there is a script */
    bool served;
    aigne_hub *hub;
    aigne_loop *loop;
    char key[100];   /* of a user */
    char admin[100]; /* of an administrator */
};

/* `settings`: JSON with "data" in it, or NULL for a hub in memory. `serve` may be NULL. */
void fixture_open(struct fixture *f, const char *settings,
                  void (*serve)(struct tcp_connection *c));
void fixture_close(struct fixture *f);

aigne_hub *hub_of(const char *settings);
/* A verb that must succeed: its answer, to be freed. */
aigne_reply *do_verb(aigne_hub *h, const char *verb, const char *args);
void do_quietly(aigne_hub *h, const char *verb, const char *args);
void make_key(aigne_hub *h, const char *args, char key[100]);
/* The books have this part in them. */
void expect_rows(aigne_hub *h, const char *part);
int count_rows(aigne_hub *h);

struct answer {
    int rc;
    int status;
    char head[1000];
    char body[5000]; /* what came, cut to this */
    size_t size;     /* of all that came */
};

aigne_call *begin(struct fixture *f, const char *method, const char *target,
                  const char *headers);
aigne_call *begin_with_key(struct fixture *f, const char *method, const char *target,
                           const char *key);
void finish_request(aigne_call *exchange, const char *body);
/* Take everything and free the exchange. */
void take(aigne_call *exchange, struct answer *a);
/* All of it in one. `key` NULL: none is sent. */
void ask(struct fixture *f, const char *method, const char *target, const char *key,
         const char *body, struct answer *a);
void expect_body(const struct answer *a, int status, const char *part);

/* For scripts: a JSON answer with a status line, and more header lines or "". */
void say(struct tcp_connection *c, const char *status, const char *more, const char *body);

#define STREAM_HEAD                                                                            \
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
#define CHUNK(delta, finish)                                                                    \
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m-7\"," \
    "\"x_new\":[1.0],\"choices\":[{\"index\":0,\"delta\":{" delta                               \
    "},\"finish_reason\":" finish "}]}\n\n"
#define TEXT_CHUNK(text) CHUNK("\"content\":\"" text "\"", "null")
#define LAST_CHUNK       CHUNK("", "\"stop\"")
#define USAGE_CHUNK                                                                              \
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m-7\","  \
    "\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9}}" \
    "\n\n"
#define DONE "data: [DONE]\n\n"

#define CHAT_REST "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define CHAT      "{\"model\":\"openai/m\"," CHAT_REST
#define STREAM    "{\"model\":\"openai/m\",\"stream\":true," CHAT_REST
#define AIGNE_STREAM                                                                           \
    "{\"input\":{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"modelOptions\":{"     \
    "\"model\":\"openai/m\"}},\"options\":{\"streaming\":true}}"
#define AIGNE_CHAT                                                                             \
    "{\"input\":{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"modelOptions\":{"     \
    "\"model\":\"openai/m\"}}}"

#endif
