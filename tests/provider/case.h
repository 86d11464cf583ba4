/* case.h - one recorded conversation with a provider, as files in a folder. */
#ifndef AIGNE_TESTS_CASE_H
#define AIGNE_TESTS_CASE_H

#include "base/slice.h"
#include <stdint.h>

#define CASE_NEXT_LARGEST 6

struct replay_case {
    const char *folder;
    struct slice provider; /* the row's name */
    struct slice own_name; /* of an operator's own; absent: the row's */
    struct slice base_url; /* absent: the row's */
    struct slice model;    /* absent: the request's */
    struct slice secret;
    struct slice client_id;
    struct slice kind;   /* of call: "image"; absent: chat */
    struct slice region; /* of the operator's provider */
    struct slice config;
    struct slice format; /* of the client whose body is relayed; absent: the adapter's own */
    struct slice headers_of_client; /* a block of one */
    struct slice query;             /* of the client's target */
    struct slice request;           /* JSON */
    bool relayed;                   /* the request is a body of the provider's own format */
    bool streamed;                  /* the request asks for a stream */
    bool answer_streamed;
    struct slice answer; /* absent: the case is about the request alone */
    int status;
    struct slice headers;
    int64_t wall_ms;
    struct slice content_type;            /* of a body to relay that is a form */
    struct slice next[CASE_NEXT_LARGEST]; /* the answers to what is asked after the first one */
    bool next_is_json[CASE_NEXT_LARGEST];
    size_t next_count;
    char *files[5 + CASE_NEXT_LARGEST]; /* what the slices above point into */
};

void case_load(struct replay_case *c, const char *folder);
void case_free(struct replay_case *c);

/* Fails the test when `text` is not what the file says. With REPLAY_WRITE set in the environment the
 * file is written instead: read it before committing it. */
void case_compare(const struct replay_case *c, const char *file, struct slice text);
void case_same(const struct replay_case *c, const char *how, struct slice expected,
               struct slice text);

#endif
