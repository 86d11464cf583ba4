/* answer.h - an answer written down as lines of text, read back as events. */
#ifndef AIGNE_TESTS_ANSWER_H
#define AIGNE_TESTS_ANSWER_H

#include "base/fault.h"
#include "chat/event.h"
#include "chat/reply.h"

#define ANSWER_LINES 200

enum answer_line_kind { LINE_EVENT, LINE_KEEP_ALIVE };

struct answer_line {
    enum answer_line_kind kind;
    struct event event;
};

struct answer {
    struct answer_line lines[ANSWER_LINES];
    size_t count;
    struct reply_notes notes;
    bool include_usage;
    bool wants_json;
    bool failed; /* the answer ends with `fault` */
    struct fault fault;
    char texts[64 * 1024]; /* what the slices point into */
    size_t used;
};

/* Fails the running test on a line it does not understand. */
void answer_read(struct answer *a, struct slice text);

#endif
