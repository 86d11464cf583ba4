/* Knows what a statement is bound to; refuses to know what it does. */
#include "store/sqlite_bound.h"
#include "store/sqlite_store.h"
#include <sqlite3.h>

void bound_text(struct sqlite3_stmt *statement, int at, struct slice text,
                struct bound_text *last)
{
    if (last->held && slice_eq(text, slice_of(last->bytes, last->n)))
        return;
    last->held = text.n <= BOUND_TEXT_LONGEST;
    if (last->held) {
        if (text.n)
            memcpy(last->bytes, text.p, text.n);
        last->n = (unsigned char)text.n;
        text = slice_of(last->bytes, text.n);
    }
    sqlite_bind(statement, at, text);
}

void bound_number(struct sqlite3_stmt *statement, int at, int64_t value,
                  struct bound_number *last)
{
    if (last->held && last->value == value)
        return;
    *last = (struct bound_number){true, value};
    sqlite3_bind_int64(statement, at, value);
}
