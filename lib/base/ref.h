/* ref.h - how many hold an object; the last one out frees it. */
#ifndef AIGNE_BASE_REF_H
#define AIGNE_BASE_REF_H

#include <stdatomic.h>
#include <stdbool.h>

struct ref {
    atomic_uint holders;
};

static inline void ref_init(struct ref *r)
{
    atomic_init(&r->holders, 1);
}

static inline void ref_hold(struct ref *r)
{
    atomic_fetch_add_explicit(&r->holders, 1, memory_order_relaxed);
}

/* True when that was the last one: free the object. */
static inline bool ref_drop(struct ref *r)
{
    return atomic_fetch_sub_explicit(&r->holders, 1, memory_order_acq_rel) == 1;
}

#endif
