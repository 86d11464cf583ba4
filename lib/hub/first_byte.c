/* Knows which time nineteen of twenty answers keep to; refuses to know whose. */
#include "hub/first_byte.h"

/* Then everything counts half: what is old must not outweigh what is new. */
#define FORGET_AT 400

/* The least that a bucket does not hold any more: 1, 2, 3, 4, 6, 8, 12, 16 ... */
static int64_t end_of(int bucket)
{
    int64_t power = (int64_t)1 << bucket / 2;
    return bucket % 2 ? power + (power > 1 ? power / 2 : 1) : power;
}

static void forget_half(struct first_byte *f)
{
    unsigned all = 0;
    for (int i = 0; i < FIRST_BYTE_BUCKETS; i++) {
        unsigned half = atomic_load_explicit(&f->counts[i], memory_order_relaxed) / 2u;
        atomic_store_explicit(&f->counts[i], (unsigned short)half, memory_order_relaxed);
        all += half;
    }
    atomic_store_explicit(&f->all, (unsigned short)all, memory_order_relaxed);
}

void first_byte_note(struct first_byte *f, int64_t ms)
{
    int bucket = 0;
    while (bucket < FIRST_BYTE_BUCKETS - 1 && ms >= end_of(bucket))
        bucket++;
    atomic_fetch_add_explicit(&f->counts[bucket], 1, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&f->all, 1, memory_order_relaxed) + 1 >= FORGET_AT)
        forget_half(f);
}

int64_t first_byte_p95(const struct first_byte *f)
{
    unsigned all = 0;
    unsigned within = 0;
    int bucket = 0;
    for (int i = 0; i < FIRST_BYTE_BUCKETS; i++)
        all += atomic_load_explicit(&f->counts[i], memory_order_relaxed);
    if (all < FIRST_BYTE_SAMPLES)
        return -1;
    for (; bucket < FIRST_BYTE_BUCKETS && within * 100 < all * 95; bucket++)
        within += atomic_load_explicit(&f->counts[bucket], memory_order_relaxed);
    return end_of(bucket - 1);
}
