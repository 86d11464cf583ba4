/* moment.h - points in time as people write them: ISO 8601, or milliseconds since 1970. */
#ifndef AIGNE_STORE_MOMENT_H
#define AIGNE_STORE_MOMENT_H

#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

/* "2026-03-01", "2026-03-01T12:30:00.250Z", "2026-03-01T12:30+02:00" or "1772368200000"; without a
 * zone it is UTC. False: neither, or before 1970. */
bool moment_parse(struct slice text, int64_t *wall_ms);

/* "2026-03-01T12:30:00.250Z" and a NUL. */
#define MOMENT_SIZE 25
void moment_write(int64_t wall_ms, char out[MOMENT_SIZE]);
/* The same as a member of an object. */
struct json_writer;
void moment_member(struct json_writer *w, const char *name, int64_t wall_ms);

#endif
