/* memory.h - the store without a file: gone with the process, and it fails when told to. */
#ifndef AIGNE_STORE_MEMORY_H
#define AIGNE_STORE_MEMORY_H

#include "store/store.h"

/* The newest usage rows are kept, older ones forgotten: a program may run on it for ever. */
#define MEMORY_USAGE_ROWS 10000

/* Let the `nth` apply from now (1: the next) and the `times - 1` after it fail with `rc`. */
void store_memory_fail(struct store *s, size_t nth, size_t times, int rc);
/* Transactions that succeeded since the store was opened. */
size_t store_memory_commits(struct store *s);

#endif
