/* sqlite_bound.h - what a statement that runs over and over holds already, so that only what changed is
 * bound again: of a usage row, who and what mostly stay the same. */
#ifndef AIGNE_STORE_SQLITE_BOUND_H
#define AIGNE_STORE_SQLITE_BOUND_H

#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

struct sqlite3_stmt;

#define BOUND_TEXT_LONGEST 46

struct bound_text {
    bool held; /* the statement is bound to `bytes` */
    unsigned char n;
    char bytes[BOUND_TEXT_LONGEST];
};

struct bound_number {
    bool held;
    int64_t value;
};

/* A text that does not fit is bound where it lies, as sqlite_bind does. Zeroed at the start. */
void bound_text(struct sqlite3_stmt *statement, int at, struct slice text,
                struct bound_text *last);
void bound_number(struct sqlite3_stmt *statement, int at, int64_t value,
                  struct bound_number *last);

#endif
