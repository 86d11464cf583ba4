/* usage_units.h - the counts that few calls have, as one JSON object: {"images":1}. */
#ifndef AIGNE_STORE_USAGE_UNITS_H
#define AIGNE_STORE_USAGE_UNITS_H

#include "base/slice.h"
#include "chat/usage.h"
#include "text/json_write.h"

#define USAGE_UNITS_ROOM 320

/* The known ones of them into `room`; .p NULL: none is known. */
struct slice usage_units_write(const struct usage *u, char room[USAGE_UNITS_ROOM]);
/* The same as members of an object being written. */
void usage_units_members(struct json_writer *w, const struct usage *u);
/* Those in `text`, -1 for the rest; `text` may be absent. */
void usage_units_read(struct slice text, struct usage *u);

#endif
