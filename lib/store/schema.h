/* schema.h - the numbered steps from an empty database to the newest one. */
#ifndef AIGNE_STORE_SCHEMA_H
#define AIGNE_STORE_SCHEMA_H

/* Step i brings version i to version i + 1; a released step never changes. */
extern const char *const schema_steps[];
extern const int schema_step_count;

#endif
