/* sqlite_owner.h - which process holds belong to, and whether it still lives.
 *
 * Each open store takes a random number and locks that byte of a file beside the database. The lock goes
 * with the process, however it ends, and is seen from other containers on the same machine too. */
#ifndef AIGNE_STORE_SQLITE_OWNER_H
#define AIGNE_STORE_SQLITE_OWNER_H

#include "base/fault.h"
#include <stdbool.h>
#include <stdint.h>

struct store_owner {
    int64_t number; /* 0: none was taken yet */
    int file;
};

void sqlite_owner_init(struct store_owner *o);
void sqlite_owner_close(struct store_owner *o);
/* Take a number, unless there is one. */
int sqlite_owner_take(struct store_owner *o, const char *database, struct fault *why);
/* One was taken. In doubt it lives. */
bool sqlite_owner_lives(const struct store_owner *o, int64_t number);

#endif
