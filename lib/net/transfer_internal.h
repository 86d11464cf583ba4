/* transfer_internal.h - one transfer and one shard, as the transfer*.c files see them. */
#ifndef AIGNE_NET_TRANSFER_INTERNAL_H
#define AIGNE_NET_TRANSFER_INTERNAL_H

#include "net/internal.h"
#include <curl/curl.h>

/* libcurl's cost of finding a connection grows with their number, so a loop has several multi
 * handles with at most this many transfers each, filled from the first one on. */
#define SHARD_TRANSFERS 64
/* Connections a shard may keep: fewer than transfers at once would close and reopen all the time. */
#define SHARD_CONNECTIONS 128
/* Kept-alive connections older than this are not used again: peers drop them at about a minute. */
#define IDLE_CONNECTION_S 50
/* Up to this size a body goes out in one send with the head; libcurl joins them below 64 KiB. */
#define JOINED_BODY ((size_t)60 * 1024)
#define POOL_LIMIT  128

struct shard {
    struct net_loop *loop;
    CURLM *multi; /* NULL while it rests */
    size_t active;
    int64_t idle_since_us;
    struct net_timer timer; /* libcurl's own, for this multi handle */
    struct list due_link;
};

enum transfer_state { TRANSFER_IDLE, TRANSFER_STARTING, TRANSFER_RUNNING, TRANSFER_ENDING };

struct transfer {
    struct list link;
    struct list resume_link;
    struct net_loop *loop;
    struct shard *shard;
    CURL *easy;
    enum transfer_state state;
    const struct transfer_handler *handler;
    void *user;
    struct transfer_limits limits;

    /* the request */
    const char *method;
    struct slice own_body[HTTP_BODY_PIECES];
    const struct slice
        *body; /* own_body, or the request's pieces, which outlive the transfer */
    size_t body_count;
    size_t body_size;
    size_t read_piece; /* where the reading of a large body stands */
    size_t read_offset;
    char *block; /* header lines, wiped at the end, and a small joined body */
    size_t block_size;
    size_t headers_size;
    struct curl_slist lines[HTTP_REQUEST_HEADERS + 2];
    CURLU *parsed;  /* the URL taken apart once, not for each request */
    struct buf url; /* what the easy handle is set to, as are the next four */
    struct buf proxy;
    struct buf ca_file;
    int64_t connect_ms;
    bool insecure;
    bool secure; /* https */

    /* how far it came */
    bool cancelled;
    bool connected;      /* passed the point of sending */
    bool sent;           /* some byte of the request may have reached the peer */
    bool repeat_refused; /* libcurl wanted to send it again */
    bool body_read;      /* a large body was asked for */
    bool head_done;
    bool paused;
    bool in_head; /* between a status line and the empty line */
    int status;
    struct buf head;
    int stop_rc; /* what a callback returned to end it */
    const char *stop_text;
    long request_size_before; /* bytes that went to a proxy before the request */
    uint64_t send_action;     /* the call of libcurl in which sending began */
    int64_t started_us;
    int64_t active_us; /* when the last byte came, or it was resumed */
    struct net_timer timer;
    char detail[CURL_ERROR_SIZE];
};

/* transfer_shard.c */
int shard_choose(struct net_loop *l, struct shard **out); /* one with room */
void shard_free(struct shard *s);
int shard_add(struct shard *s, struct transfer *t);
void shard_remove(struct transfer *t);
void shard_rest_idle(struct net_loop *l);
curl_socket_t shard_open_socket(void *user, curlsocktype purpose,
                                struct curl_sockaddr *address);
int shard_close_socket(void *loop, curl_socket_t fd);

/* transfer_options.c */
CURLcode options_fixed(struct transfer *t);
int options_request(struct transfer *t, const struct http_request *request,
                    const struct transfer_route *route, struct fault *why);
void options_forget(struct transfer *t); /* wipe what was secret */

/* transfer_receive.c: libcurl's callbacks of one transfer, and what they know */
size_t receive_head(char *p, size_t one, size_t n, void *user);
size_t receive_body(char *p, size_t one, size_t n, void *user);
size_t send_body(char *to, size_t one, size_t room, void *user);
int rewind_body(void *user, curl_off_t offset, int origin);
int before_sending(void *user, char *peer, char *local, int peer_port, int local_port);
bool may_have_sent(const struct transfer *t);

/* transfer_fault.c */
int transfer_explain(struct transfer *t, CURLcode code, struct fault *why);

/* transfer.c */
void transfer_finish(struct transfer *t, CURLcode code);

#endif
