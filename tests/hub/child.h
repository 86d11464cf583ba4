/* child.h - running store_child from a test. */
#ifndef AIGNE_TESTS_CHILD_H
#define AIGNE_TESTS_CHILD_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct child {
    pid_t pid;
    FILE *out; /* what it prints */
};

/* Begin `store_child a b c d`; its path stands in the environment as STORE_CHILD. */
struct child child_start(const char *a, const char *b, const char *c, const char *d);
/* Read a line without its end; false at the end. */
bool child_line(struct child *c, char *line, size_t size);
/* Wait for it to end, drop what it still prints; its exit status, or -1 when it was killed. */
int child_wait(struct child *c);

#endif
