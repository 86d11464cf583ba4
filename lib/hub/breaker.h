/* breaker.h - whether something that fails is worth asking: closed, open, or open with a probe under
 * way. Pure: told the time and the chance.
 *
 * A breaker is one word, so that threads can share it without a lock: all zero is closed with nothing
 * held against it. */
#ifndef AIGNE_HUB_BREAKER_H
#define AIGNE_HUB_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_phase { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

struct breaker {
    enum breaker_phase phase;
    unsigned level; /* how often it opened without staying closed for a window in between */
    /* Closed: the first failure of the window. Open: the next probe. Probing: when the probe is given
     * up for lost. */
    int64_t at_ms;
    unsigned failures; /* of the window, or those that opened it */
    unsigned successes;
};

struct breaker_rules {
    int64_t window_ms;
    unsigned failures;  /* so many in a window open it, */
    unsigned percent;   /* if they are so many of all that was tried since the first */
    int64_t first_ms;   /* until the first probe; each later one waits twice as long */
    int64_t longest_ms; /* but no longer than this */
    int64_t lease_ms;   /* a probe that told nothing for so long is given up */
};

uint64_t breaker_pack(const struct breaker *b);
struct breaker breaker_unpack(uint64_t word);

void breaker_success(struct breaker *b, const struct breaker_rules *r, int64_t now_ms);
/* `chance`: any number; the waiting is up to a quarter shorter by it, so that many do not probe at
 * once. */
void breaker_failure(struct breaker *b, const struct breaker_rules *r, int64_t now_ms,
                     uint32_t chance);
/* What was tried told nothing: a probe may be made again at once. */
void breaker_pass(struct breaker *b, int64_t now_ms);
/* Whether a probe may be made now; it is under way from then on. */
bool breaker_probe(struct breaker *b, const struct breaker_rules *r, int64_t now_ms);

#endif
