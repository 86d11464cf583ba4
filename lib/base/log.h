/* log.h - finished lines for the host's log function; silent until one is set.
 *
 * Lines are built from fixed formats; holes are names and numbers, never a secret, a prompt or an
 * answer. */
#ifndef AIGNE_BASE_LOG_H
#define AIGNE_BASE_LOG_H

#include <stddef.h>

enum log_level { LOG_ERROR = 1, LOG_WARNING = 2, LOG_INFO = 3, LOG_DEBUG = 4 };

void log_set(int level,
             void (*fn)(void *user, int level, const char *area, const char *line, size_t len),
             void *user);
void log_line(int level, const char *area, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));

#endif
