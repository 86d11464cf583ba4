/* console.h - what every command needs: exit codes, complaints, files and quoting. */
#ifndef HUB_CONSOLE_H
#define HUB_CONSOLE_H

#include <aignehub/aignehub.h>
#include <stdio.h>

/* A contract with scripts; --help prints it. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_INTERNAL = 1,
    EXIT_USAGE = 2,
    EXIT_REQUEST = 3,
    EXIT_AUTH = 4,
    EXIT_CREDIT = 5,
    EXIT_RATE = 6,
    EXIT_ROUTE = 7,
    EXIT_UPSTREAM = 8,
    EXIT_NETWORK = 9,
    EXIT_STORE = 10
};

extern const char console_exit_codes[];

/* Say on stderr what is wrong with the command line; EXIT_USAGE. */
int console_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Say on stderr why a library function failed, give `err` back; the exit code of `rc`. */
int console_fail(int rc, aigne_error *err);

/* The library's log lines go to stderr from this level on. 0 or an exit code. */
int console_log_to_stderr(const char *level);

/* A whole file, ended by a NUL; "-" is stdin. NULL when it cannot be read. Give it to free(). */
char *console_read_file(const char *path, size_t *len);

/* `text` as a JSON string, quotes included. */
void console_quote(FILE *to, const char *text);

#endif
