/* script.h - requests, events and faults as lines of text, written without the library's memory. */
#ifndef AIGNE_TESTS_SCRIPT_H
#define AIGNE_TESTS_SCRIPT_H

#include "base/fault.h"
#include "chat/event.h"
#include "text/http.h"

#define SCRIPT_CHOICES 8
#define SCRIPT_LARGEST ((size_t)256 * 1024)

struct script {
    struct event_sink sink; /* each event becomes a line; must be the first member */
    size_t n;
    size_t events_end;              /* where the line about the end begins */
    int open_tool_calls;            /* begun and not ended */
    int tool_calls[SCRIPT_CHOICES]; /* begun, of each answer */
    bool finished;                  /* FINISH came */
    bool in_bytes;                  /* the last line tells bytes, which may go on */
    bool disordered;                /* something came that must not come there */
    char text[SCRIPT_LARGEST];
};

void script_clear(struct script *s);
void script_line(struct script *s, const char *text);
/* A frame that reaches the client otherwise than it came. */
void script_shown(struct script *s, struct slice raw);
void script_http(struct script *s, const struct http_request *r);
/* What is asked next, in one line. */
void script_ask(struct script *s, const struct http_request *r, int64_t delay_ms);
/* What the request could not say there. */
void script_dropped(struct script *s, struct slice names);
/* What its answer is trimmed to. */
void script_trimmed(struct script *s, unsigned trims);
void script_fault(struct script *s, int rc, const struct fault *why);
void script_end(struct script *s, int rc, const struct fault *why);
/* Fails the test when events came in an order that no reader of events expects. */
void script_check_order(const struct script *s);

static inline struct slice script_text(const struct script *s)
{
    return slice_of(s->text, s->n);
}

static inline struct slice script_events(const struct script *s)
{
    return slice_of(s->text, s->events_end);
}

#endif
