/* window.h - how much was counted in the last minute. Pure.
 *
 * A minute of slots of one second: what is counted stays for at least a minute and leaves within the second
 * after it. So no minute, wherever it begins, ever holds more than was let through by window_sum, which a
 * bucket that refills by the second cannot promise (it lets a full bucket and a minute's refill pass). The
 * price is that a place comes back up to a second late. */
#ifndef AIGNE_HUB_WINDOW_H
#define AIGNE_HUB_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum { WINDOW_S = 60, WINDOW_SLOTS = 64 /* a power of two above WINDOW_S */ };

/* Zeroed: nothing was counted. */
struct window {
    int64_t newest; /* second whose slot was used last */
    int64_t sum;
    int64_t slot[WINDOW_SLOTS];
};

/* What counts at `now_us`, which never runs backwards by more than a second. */
int64_t window_sum(struct window *w, int64_t now_us);
void window_add(struct window *w, int64_t now_us, int64_t amount);
/* Take back what was counted at `then_us`, if it still counts. */
void window_take_back(struct window *w, int64_t then_us, int64_t now_us, int64_t amount);
/* After a writer who did not come to the end. */
void window_mend(struct window *w);
/* Microseconds until `amount` of what counts has left; INT64_MAX: so much does not count. */
int64_t window_wait(struct window *w, int64_t now_us, int64_t amount);

#endif
