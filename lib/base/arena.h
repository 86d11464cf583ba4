/* arena.h - memory that is given back all at once, when the call it served is over. */
#ifndef AIGNE_BASE_ARENA_H
#define AIGNE_BASE_ARENA_H

#include "base/slice.h"
#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    char *next;                 /* free room in the newest block */
    char *end;
    bool failed; /* an allocation failed since init or clear; sticky */
};

void arena_init(struct arena *a);
/* The same with a first block inside the owner's memory, which must outlive it: aligned for any type
 * and at least ARENA_ROOM_SMALLEST bytes. */
#define ARENA_ROOM_SMALLEST ((size_t)256)
void arena_init_room(struct arena *a, void *room, size_t size);
void arena_free(struct arena *a);
void arena_clear(struct arena *a); /* forget everything, keep one block for reuse */
void arena_wipe_free(struct arena *a);
void *arena_alloc(struct arena *a,
                  size_t size); /* aligned for any type, zeroed; NULL: no memory */
char *arena_bytes(struct arena *a,
                  size_t size); /* not aligned, uninitialised; NULL: no memory */
/* `count` items of `size`; NULL also when the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);
struct slice arena_copy(struct arena *a,
                        struct slice s); /* NUL-terminated; .p NULL: no memory */
/* The concatenation of `count` slices, NUL-terminated; .p NULL: no memory. */
struct slice arena_join(struct arena *a, const struct slice *parts, size_t count);

#endif
