/* Knows how a command speaks to the terminal and the shell; refuses to know what it does. */
#define _GNU_SOURCE
#include "console.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char console_exit_codes[] =
    "\nExit status:\n"
    "   0  done                        5  not enough credits\n"
    "   1  a fault of this program     6  too many requests, or over a limit\n"
    "   2  wrong usage or setting      7  no provider serves this model now\n"
    "   3  the request was refused     8  the provider answered with an error\n"
    "   4  nobody knows this key       9  the provider was not reached in time\n"
    "                                 10  the database failed\n";

int console_refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    flockfile(stderr);
    fputs("aigne-hub: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    funlockfile(stderr);
    va_end(arguments);
    return EXIT_USAGE;
}

static int exit_code(int rc)
{
    static const struct {
        int rc;
        int code;
    } table[] = {
        {AIGNE_OK, EXIT_DONE},
        {AIGNE_E_USAGE, EXIT_USAGE},
        {AIGNE_E_CONFIG, EXIT_USAGE},
        {AIGNE_E_REQUEST, EXIT_REQUEST},
        {AIGNE_E_AUTH, EXIT_AUTH},
        {AIGNE_E_CREDIT, EXIT_CREDIT},
        {AIGNE_E_RATE, EXIT_RATE},
        {AIGNE_E_ROUTE, EXIT_ROUTE},
        {AIGNE_E_UPSTREAM, EXIT_UPSTREAM},
        {AIGNE_E_PROTOCOL, EXIT_UPSTREAM},
        {AIGNE_E_NETWORK, EXIT_NETWORK},
        {AIGNE_E_TIMEOUT, EXIT_NETWORK},
        {AIGNE_E_STORE, EXIT_STORE},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].rc == rc)
            return table[i].code;
    return EXIT_INTERNAL;
}

int console_fail(int rc, aigne_error *err)
{
    console_refuse("%s", err ? aigne_error_text(err) : aigne_rc_name(rc));
    aigne_error_free(err);
    return exit_code(rc);
}

static const char *const level_names[] = {"error", "warning", "info", "debug"};
enum { LEVELS = sizeof(level_names) / sizeof(level_names[0]) };

static void log_to_stderr(void *user, int level, const char *area, const char *line, size_t len)
{
    (void)user;
    int row = level < 1 ? 0 : level > LEVELS ? LEVELS - 1 : level - 1;
    dprintf(2, "%s %s: %.*s\n", level_names[row], area ? area : "", (int)len, line);
}

int console_log_to_stderr(const char *level)
{
    for (int i = 0; i < LEVELS; i++)
        if (level && strcmp(level_names[i], level) == 0)
            return aigne_set_log(i + 1, log_to_stderr, NULL) == AIGNE_OK ? EXIT_DONE
                                                                         : EXIT_INTERNAL;
    return console_refuse("the log level must be error, warning, info or debug");
}

static char *read_stream(FILE *from, size_t *len)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, len);
    if (!to)
        return NULL;
    char piece[4096];
    size_t got = 0;
    while ((got = fread(piece, 1, sizeof(piece), from)) > 0)
        fwrite(piece, 1, got, to);
    bool failed = ferror(from) || ferror(to);
    if (fclose(to) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

char *console_read_file(const char *path, size_t *len)
{
    if (strcmp(path, "-") == 0)
        return read_stream(stdin, len);
    FILE *from = fopen(path, "re");
    if (!from)
        return NULL;
    char *text = read_stream(from, len);
    fclose(from);
    return text;
}

void console_quote(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20)
            fprintf(to, "\\u%04x", c);
        else
            fprintf(to, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    fputc('"', to);
}
