/* Knows how to find a pointer by its text; refuses to own either. */
#include "base/map.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>

#define MAP_FIRST_CAPACITY 16

struct map_entry {
    struct slice key; /* .p NULL: free */
    uint64_t hash;
    void *value;
};

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_free(struct map *m)
{
    mem_free(m->entries);
    map_init(m);
}

static uint64_t hash_of(struct slice key)
{
    const uint64_t prime = 0x9E3779B97F4A7C15U;
    uint64_t hash = key.n * prime;
    size_t at = 0;
    for (; at < key.n; at += 8) {
        uint64_t word = 0;
        memcpy(&word, key.p + at, key.n - at < 8 ? key.n - at : 8);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 32;
    }
    return hash;
}

/* Where `key` is, or the free entry where it would go. There is always a free one. */
static struct map_entry *entry_for(struct map_entry *entries, size_t capacity, struct slice key,
                                   uint64_t hash)
{
    size_t at = (size_t)hash & (capacity - 1);
    while (entries[at].key.p && !(entries[at].hash == hash && slice_eq(entries[at].key, key)))
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

static int grow(struct map *m)
{
    size_t capacity = m->capacity ? m->capacity * 2 : MAP_FIRST_CAPACITY;
    if (capacity > SIZE_MAX / sizeof(struct map_entry))
        return AIGNE_E_NOMEM;
    struct map_entry *entries = mem_alloc_zero(capacity * sizeof(*entries));
    if (!entries)
        return AIGNE_E_NOMEM;
    for (size_t i = 0; i < m->capacity; i++) {
        const struct map_entry *old = &m->entries[i];
        if (old->key.p)
            *entry_for(entries, capacity, old->key, old->hash) = *old;
    }
    mem_free(m->entries);
    m->entries = entries;
    m->capacity = capacity;
    return AIGNE_OK;
}

int map_put(struct map *m, struct slice key, void *value)
{
    if (!key.p)
        key = SLICE("");
    if (m->count + 1 > m->capacity / 4 * 3 && grow(m) != AIGNE_OK)
        return AIGNE_E_NOMEM;
    uint64_t hash = hash_of(key);
    struct map_entry *entry = entry_for(m->entries, m->capacity, key, hash);
    if (!entry->key.p)
        m->count++;
    *entry = (struct map_entry){key, hash, value};
    return AIGNE_OK;
}

void *map_get(const struct map *m, struct slice key)
{
    if (m->count == 0)
        return NULL;
    const struct map_entry *entry = entry_for(m->entries, m->capacity, key, hash_of(key));
    return entry->key.p ? entry->value : NULL;
}
