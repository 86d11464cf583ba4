/* retry_budget.h - how much repeating may add to what is asked anyway, counted over the last seconds and
 * shared by all threads. Pure: told the time.
 *
 * All zero is a budget of which nothing was used. */
#ifndef AIGNE_HUB_RETRY_BUDGET_H
#define AIGNE_HUB_RETRY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What happened lately is what happened in this window and, by the part that still counts, in the one
 * before. */
#define RETRY_BUDGET_WINDOW_MS 10000
/* So many in a window are free: who asks rarely may repeat as well. */
#define RETRY_BUDGET_FLOOR 10
/* Percent of the calls, where nobody says another. */
#define RETRY_BUDGET_USUAL 20

struct retry_budget {
    atomic_uint_least64_t calls;
    atomic_uint_least64_t repeats;
};

/* Something is asked for the first time. */
void retry_budget_call(struct retry_budget *b, int64_t now_ms);
/* Whether it may be asked once more; then it counts as repeated. */
bool retry_budget_take(struct retry_budget *b, int64_t percent, int64_t now_ms);

#endif
