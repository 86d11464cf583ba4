/* Knows how to hand out memory that is given back all at once; refuses to give back single
 * pieces. */
#include "base/arena.h"
#include "base/mem.h"
#include <stdalign.h>

#define ARENA_FIRST_BLOCK   ((size_t)4 * 1024)
#define ARENA_LARGEST_BLOCK ((size_t)1024 * 1024)

struct arena_block {
    struct arena_block *older;
    size_t size; /* of the room behind this header */
    bool given;  /* the owner's memory: never freed here */
    max_align_t room[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

static void use_block(struct arena *a, struct arena_block *block)
{
    a->next = (char *)block->room;
    a->end = a->next + block->size;
}

void arena_init_room(struct arena *a, void *room, size_t size)
{
    struct arena_block *block = room;
    arena_init(a);
    block->older = NULL;
    block->size = size - sizeof(*block);
    block->given = true;
    a->blocks = block;
    use_block(a, block);
}

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *older = block->older;
        if (!block->given)
            mem_free(block);
        block = older;
    }
}

void arena_free(struct arena *a)
{
    free_blocks(a->blocks);
    arena_init(a);
}

void arena_wipe_free(struct arena *a)
{
    /* Of the newest block only what was handed out: the rest never held anything. */
    size_t used = a->blocks ? (size_t)(a->next - (char *)a->blocks->room) : 0;
    for (struct arena_block *block = a->blocks; block; block = block->older) {
        mem_wipe(block->room, used);
        used = block->older ? block->older->size : 0;
    }
    arena_free(a);
}

void arena_clear(struct arena *a)
{
    struct arena_block *kept = a->blocks;
    a->failed = false;
    if (!kept)
        return;
    free_blocks(kept->older);
    kept->older = NULL;
    if (kept->size > ARENA_LARGEST_BLOCK &&
        !kept->given) { /* one huge request must not cost memory for ever */
        mem_free(kept);
        arena_init(a);
        return;
    }
    use_block(a, kept);
}

static struct arena_block *new_block(struct arena *a, size_t size)
{
    struct arena_block *block = NULL;
    if (size <= SIZE_MAX - sizeof(*block))
        block = mem_alloc(sizeof(*block) + size);
    if (!block) {
        a->failed = true;
        return NULL;
    }
    block->size = size;
    block->given = false;
    return block;
}

static size_t next_block_size(const struct arena *a)
{
    size_t size = ARENA_FIRST_BLOCK;
    if (a->blocks)
        size = (a->blocks->size + sizeof(struct arena_block)) * 2;
    size = size > ARENA_FIRST_BLOCK ? size : ARENA_FIRST_BLOCK;
    size = size < ARENA_LARGEST_BLOCK ? size : ARENA_LARGEST_BLOCK;
    return size - sizeof(struct arena_block);
}

/* Room for `size` bytes where the newest block has none left. */
static char *take_slow(struct arena *a, size_t size)
{
    size_t usual = next_block_size(a);
    bool own = size > (a->blocks ? usual / 4 : usual);
    struct arena_block *block = new_block(a, own ? size : usual);
    if (!block)
        return NULL;
    if (own && a->blocks) { /* behind the newest, whose room stays in use */
        block->older = a->blocks->older;
        a->blocks->older = block;
        return (char *)block->room;
    }
    block->older = a->blocks;
    a->blocks = block;
    use_block(a, block);
    a->next += size;
    return (char *)block->room;
}

char *arena_bytes(struct arena *a, size_t size)
{
    if (a->next && size <= (size_t)(a->end - a->next)) {
        char *p = a->next;
        a->next += size;
        return p;
    }
    return take_slow(a, size);
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t past = (size_t)((uintptr_t)a->next % alignof(max_align_t));
    size_t gap = past ? alignof(max_align_t) - past : 0;
    char *p;
    if (a->next && gap <= (size_t)(a->end - a->next) &&
        size <= (size_t)(a->end - a->next) - gap) {
        p = a->next + gap;
        a->next = p + size;
    } else {
        p = take_slow(a, size);
    }
    return p ? memset(p, 0, size) : NULL;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        a->failed = true;
        return NULL;
    }
    return arena_alloc(a, total);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    return arena_join(a, &s, 1);
}

struct slice arena_join(struct arena *a, const struct slice *parts, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        if (__builtin_add_overflow(total, parts[i].n, &total)) {
            a->failed = true;
            return SLICE_NONE;
        }
    }
    char *p = total < SIZE_MAX ? arena_bytes(a, total + 1) : NULL;
    if (!p) {
        a->failed = true;
        return SLICE_NONE;
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n > 0)
            memcpy(p + at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    p[total] = '\0';
    return slice_of(p, total);
}
