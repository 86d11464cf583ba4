/* Knows how to be an allocator that fails on demand; refuses to know who allocates. */
#include "failing_alloc.h"
#include "base/mem.h"
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static atomic_size_t asked;
static atomic_size_t live;
static atomic_size_t fail_at;
static atomic_bool dry;
static atomic_bool tripped;

static void *resize(void *user, void *old, size_t size)
{
    (void)user;
    size_t nth = atomic_fetch_add(&asked, 1) + 1;
    size_t wanted = atomic_load(&fail_at);
    if (wanted != 0 && (nth == wanted || (nth > wanted && atomic_load(&dry)))) {
        atomic_store(&tripped, true);
        return NULL;
    }
    void *p = realloc(old, size);
    if (p && !old)
        atomic_fetch_add(&live, 1);
    return p;
}

static void release(void *user, void *old)
{
    (void)user;
    if (old)
        atomic_fetch_sub(&live, 1);
    free(old);
}

static void begin(size_t nth, bool all_after)
{
    atomic_store(&asked, 0);
    atomic_store(&live, 0);
    atomic_store(&fail_at, nth);
    atomic_store(&dry, all_after);
    atomic_store(&tripped, false);
    mem_set_allocator(NULL, resize, release);
}

void failing_alloc_begin(size_t nth)
{
    begin(nth, false);
}

void failing_alloc_begin_dry(size_t nth)
{
    begin(nth, true);
}

size_t failing_alloc_end(void)
{
    mem_set_allocator(NULL, NULL, NULL);
    return atomic_load(&live);
}

bool failing_alloc_tripped(void)
{
    return atomic_load(&tripped);
}

size_t failing_alloc_count(void)
{
    return atomic_load(&asked);
}

size_t failing_alloc_live(void)
{
    return atomic_load(&live);
}

size_t failing_alloc_each(void (*run)(void *user), void *user)
{
    for (size_t nth = 1;; nth++) {
        failing_alloc_begin(nth);
        run(user);
        size_t left = failing_alloc_end();
        if (left != 0)
            fail_msg("%zu allocations leak when allocation %zu fails", left, nth);
        if (!failing_alloc_tripped())
            return failing_alloc_count();
    }
}
