/* sqlite_archive.h - usage rows of past quarters in databases of their own. */
#ifndef AIGNE_STORE_SQLITE_ARCHIVE_H
#define AIGNE_STORE_SQLITE_ARCHIVE_H

#include "base/arena.h"
#include "store/store.h"

struct sqlite3;

/* One of them, or the store's own file: then `last` is INT64_MAX. */
struct usage_source {
    const char *path; /* NULL: that archive has been put away */
    int64_t first;
    int64_t last; /* rows beyond this place are not its own yet */
};

/* The store's own file and the archives, in the order of their rows. An SQLite result code. */
int sqlite_archive_sources(struct store *s, struct sqlite3 *db, struct arena *a,
                           struct usage_source **out, size_t *count);

#endif
