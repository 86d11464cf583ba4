/* Knows how one HTTP exchange passes between libmicrohttpd and the gateway; refuses to know what it is
 * about. */
#define _GNU_SOURCE
#include "client.h"
#include "front_state.h"
#include "mcp.h"
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* Of the daemon, until a place that was made can be taken. */
#define RUNS_TO_CLEAR 4

/* How much of a body that nobody wants is read, so that the client sees the answer. */
#define DROP_AT_MOST ((uint64_t)128 * 1024 * 1024)

static void leave_idle(struct client *c)
{
    struct front *f = c->front;
    if (!c->idle)
        return;
    *(c->next_idle ? &c->next_idle->previous_idle : &f->last_idle) = c->previous_idle;
    *(c->previous_idle ? &c->previous_idle->next_idle : &f->idle) = c->next_idle;
    c->idle = false;
}

static void join_idle(struct client *c)
{
    struct front *f = c->front;
    c->previous_idle = f->last_idle;
    c->next_idle = NULL;
    *(f->last_idle ? &f->last_idle->next_idle : &f->idle) = c;
    f->last_idle = c;
    c->idle = true;
}

static void enter(struct client *c, enum stage stage)
{
    c->stage = stage;
    c->since_ms = c->front->now_ms;
    leave_idle(c);
    if (stage == STAGE_FRESH || stage == STAGE_IDLE)
        join_idle(c);
}

static void link_client(struct front *f, struct client *c)
{
    c->next = f->clients;
    if (c->next)
        c->next->previous = c;
    f->clients = c;
    f->count++;
}

static void unlink_client(struct front *f, struct client *c)
{
    if (c->next)
        c->next->previous = c->previous;
    if (c->previous)
        c->previous->next = c->next;
    else
        f->clients = c->next;
    f->count--;
    leave_idle(c);
}

/* False: its address has as many connections as it may. */
static bool count_address(struct client *c)
{
    const union MHD_ConnectionInfo *from =
        MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!c->front->options->addresses || !from)
        return true;
    c->address = address_of(from->client_addr);
    c->counted = addresses_enter(c->front->options->addresses, &c->address);
    return c->counted;
}

/* libmicrohttpd forgets to clear away a connection that breaks off inside a callback, until it is the
 * one that has been silent longest. A timeout of its own makes the next run look at it. */
static void have_it_cleared(struct client *c)
{
    MHD_set_connection_option(c->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                              (unsigned)c->front->options->keep_alive_s + 1);
    c->front->closing = true;
}

/* libmicrohttpd does not watch a suspended connection, so the front's own epoll does: else the death
 * of a client would be noticed only when there is something to send. */
static struct client *new_client(struct front *f, struct MHD_Connection *connection)
{
    struct client *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->front = f;
    c->connection = connection;
    c->socket =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct epoll_event watch = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = c};
    if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, c->socket, &watch) != 0) {
        free(c);
        return NULL;
    }
    enter(c, STAGE_FRESH);
    link_client(f, c);
    if (!count_address(c))
        shutdown(c->socket, SHUT_RDWR);
    client_make_room(f, c);
    return c;
}

void client_connection(void *front, struct MHD_Connection *connection, void **client,
                       enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *client = new_client(front, connection);
    } else if (*client) {
        struct client *c = *client;
        unlink_client(front, c);
        if (c->counted)
            addresses_leave(c->front->options->addresses, &c->address);
        free(c);
    }
}

void *client_target(void *front, const char *target, struct MHD_Connection *connection)
{
    (void)front;
    struct client *c =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    if (!c)
        return NULL;
    c->target_len = strlen(target);
    c->target = c->target_len < sizeof(c->room) ? c->room : malloc(c->target_len + 1);
    if (!c->target)
        return NULL;
    memcpy(c->target, target, c->target_len + 1);
    enter(c, STAGE_HEAD);
    return c;
}

struct block {
    char *at;
    char *end;
};

static enum MHD_Result add_line(void *cls, enum MHD_ValueKind kind, const char *name,
                                size_t name_len, const char *value, size_t value_len)
{
    struct block *b = cls;
    (void)kind;
    if ((size_t)(b->end - b->at) < name_len + value_len + 3)
        return MHD_NO;
    memcpy(b->at, name, name_len);
    b->at += name_len;
    *b->at++ = ':';
    *b->at++ = ' ';
    if (value_len > 0)
        memcpy(b->at, value, value_len);
    b->at += value_len;
    *b->at++ = '\n';
    return MHD_YES;
}

static bool end_body(struct client *c)
{
    if (c->mcp) {
        mcp_end(c);
        return true;
    }
    if (aigne_gateway_end(c->call, NULL) < 0)
        return false;
    c->front->started = true;
    answer_collect(&c->answer, c->call, &c->front->spares);
    return true;
}

static enum MHD_Result reply(struct client *c)
{
    struct front *f = c->front;
    if (c->stage == STAGE_BODY) {
        enter(c, STAGE_ANSWER);
        if (!end_body(c))
            return MHD_NO;
    }
    if (answer_is_due(&c->answer))
        return answer_queue(c, f->draining);
    return client_suspend(c) ? MHD_YES : MHD_NO;
}

/* The client asks before it sends a body, and the answer is a refusal already. */
static bool may_be_spared(struct client *c)
{
    if (!MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT))
        return false;
    return c->mcp ? c->answer.over : aigne_gateway_write(c->call, "", 0, NULL) == AIGNE_AGAIN;
}

static bool begin_exchange(struct client *c, const char *method)
{
    struct front *f = c->front;
    struct block b = {f->head, f->head + sizeof(f->head)};
    MHD_get_connection_values_n(c->connection, MHD_HEADER_KIND, add_line, &b);
    int rc = aigne_gateway_start(f->options->hub, f->loop, method, c->target, c->target_len,
                                 f->head, (size_t)(b.at - f->head), &c->call, NULL);
    if (rc < 0)
        return false;
    aigne_call_set_tag(c->call, c);
    return true;
}

static enum MHD_Result begin(struct client *c, const char *method)
{
    bool mcp = mcp_is_meant(c->front->options, c->target);
    if (!(mcp ? mcp_begin(c, method) : begin_exchange(c, method)))
        return MHD_NO;
    enter(c, STAGE_BODY);
    return may_be_spared(c) ? reply(c) : MHD_YES;
}

static enum MHD_Result take_body(struct client *c, const char *data, size_t *len)
{
    if (!c->deaf)
        c->deaf = c->mcp ? !mcp_take(c, data, *len)
                         : aigne_gateway_write(c->call, data, *len, NULL) != AIGNE_OK;
    if (c->deaf)
        c->dropped += *len;
    *len = 0;
    return c->dropped > DROP_AT_MOST ? MHD_NO : MHD_YES;
}

enum MHD_Result client_request(void *front, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_len, void **client)
{
    (void)front;
    (void)connection;
    (void)url;
    struct client *c = *client;
    if (c && c->stage == STAGE_HEAD) {
        c->old = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
        return begin(c, method);
    }
    if (!c || (!c->call && !c->mcp))
        return MHD_NO; /* no memory, or nobody there any more */
    return *upload_len > 0 ? take_body(c, upload, upload_len) : reply(c);
}

void client_drop_call(struct client *c)
{
    if (!c->call)
        return;
    aigne_call_set_tag(c->call, NULL); /* no news of it shall find a client that may be gone */
    aigne_call_free(c->call);
    c->call = NULL;
}

/* A sixteenth of the places is for those to come. */
void client_make_room(struct front *f, const struct client *newest)
{
    unsigned most = f->options->connections;
    struct client *oldest = f->idle;
    if (f->count < most - most / 16 || !oldest || oldest == newest)
        return;
    leave_idle(oldest);
    shutdown(oldest->socket, SHUT_RDWR);
    f->clearing = RUNS_TO_CLEAR;
}

void client_completed(void *front, struct MHD_Connection *connection, void **client,
                      enum MHD_RequestTerminationCode how)
{
    (void)front;
    (void)connection;
    struct client *c = *client;
    if (!c)
        return;
    *client = NULL;
    client_drop_call(c);
    mcp_free(c);
    answer_reset(&c->answer, &c->front->spares);
    if (c->target != c->room)
        free(c->target);
    c->target = NULL;
    c->dropped = 0;
    c->deaf = false;
    enter(c, STAGE_IDLE);
    if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK)
        have_it_cleared(c);
    else if (c->front->draining)
        client_retire(c);
}

void client_pull(struct client *c)
{
    if (!c || !c->call)
        return;
    if (c->mcp ? mcp_pull(c) : answer_collect(&c->answer, c->call, &c->front->spares))
        front_resume(c);
}

void client_lost(struct client *c)
{
    if (c->retired)
        return; /* our own doing */
    c->gone = true;
    if (!c->call || c->answer.over)
        return; /* nothing is being paid for; what is left to read and to send may be */
    client_drop_call(c);
    shutdown(c->socket, SHUT_RDWR);
    front_resume(c);
}

void client_check_patience(struct client *c)
{
    const struct front_options *o = c->front->options;
    /* libmicrohttpd closes a connection that is silent for `keep_alive_s`; these are for those that
     * drip. */
    const int64_t patience_s[STAGES] = {
        [STAGE_FRESH] = o->head_timeout_s, [STAGE_IDLE] = o->keep_alive_s + o->head_timeout_s,
        [STAGE_HEAD] = o->head_timeout_s,  [STAGE_BODY] = o->request_timeout_s,
        [STAGE_ANSWER] = INT32_MAX,
    };
    /* libmicrohttpd overlooks an end that comes together with the last bytes. */
    bool forsaken = c->gone && c->stage != STAGE_ANSWER;
    if (forsaken || c->front->now_ms - c->since_ms > patience_s[c->stage] * 1000)
        shutdown(c->socket, SHUT_RDWR);
}

void client_retire(struct client *c)
{
    /* What has arrived already is still read, and answered. */
    if (c->stage != STAGE_FRESH && c->stage != STAGE_IDLE)
        return;
    c->retired = true;
    shutdown(c->socket, SHUT_RD);
}

bool client_suspend(struct client *c)
{
    if (c->gone)
        return false;
    c->suspended = true;
    MHD_suspend_connection(c->connection);
    return true;
}

struct spares *client_spares(struct client *c)
{
    return &c->front->spares;
}
