/* failing_alloc.h - an allocator that fails when told to and counts what was not given back.
 *
 *     static void parse_once(void *user) { ... assert on the result; failing_alloc_tripped() tells
 *                                          whether an allocation failed in this run ... }
 *     failing_alloc_each(parse_once, NULL);
 *
 * The run is repeated with its first, second, ... allocation failing until none failed; each run must
 * give back all its memory. Nothing may be allocated through base/mem.h before the first run. */
#ifndef AIGNE_TESTS_FAILING_ALLOC_H
#define AIGNE_TESTS_FAILING_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the `nth` allocation (1: the next) fails once; 0: none fails, all are counted. */
void failing_alloc_begin(size_t nth);
/* The same, and every allocation after the nth fails as well. */
void failing_alloc_begin_dry(size_t nth);
/* Back to libc; the number of allocations still alive since begin. */
size_t failing_alloc_end(void);
bool failing_alloc_tripped(void); /* an allocation was made to fail since begin */
size_t failing_alloc_count(void); /* allocations asked for since begin */
size_t failing_alloc_live(void);  /* allocations not given back since begin */

/* Call `run` as described above; fails the running cmocka test on a leak. Returns how many
 * allocations a run makes. */
size_t failing_alloc_each(void (*run)(void *user), void *user);

#endif
