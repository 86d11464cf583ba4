/* map.h - text to pointer, open addressing. Keys are borrowed: they must outlive the map. */
#ifndef AIGNE_BASE_MAP_H
#define AIGNE_BASE_MAP_H

#include "base/slice.h"
#include <stddef.h>

struct map_entry;

struct map {
    struct map_entry *entries;
    size_t count;
    size_t capacity; /* a power of two, or 0 */
};

void map_init(struct map *m);
void map_free(struct map *m);
int map_put(struct map *m, struct slice key,
            void *value);                             /* replaces; AIGNE_OK or AIGNE_E_NOMEM */
void *map_get(const struct map *m, struct slice key); /* NULL: not there */

#endif
