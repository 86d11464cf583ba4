/* test_store.h - a store without money, in plain memory, that fails when told to. */
#ifndef AIGNE_TEST_STORE_H
#define AIGNE_TEST_STORE_H

#include "store/store.h"

/* Let the `nth` apply from now (1: the next) and the `times - 1` after it fail with `rc`. */
void test_store_fail(struct store *s, size_t nth, size_t times, int rc);
/* Transactions that succeeded since the store was opened. */
size_t test_store_commits(struct store *s);

extern const struct store_type test_store;

#endif
