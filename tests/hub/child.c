/* Knows how another process is started and heard; refuses to know what it does. */
#define _POSIX_C_SOURCE 200809L
#include "child.h"
#include "hub_test.h"
#include <sys/wait.h>
#include <unistd.h>

struct child child_start(const char *a, const char *b, const char *c, const char *d)
{
    int ends[2];
    const char *program = getenv("STORE_CHILD");
    assert_non_null(program);
    assert_int_equal(pipe(ends), 0);
    struct child child = {.pid = fork()};
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, a, b, c, d, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    child.out = fdopen(ends[0], "r");
    assert_non_null(child.out);
    return child;
}

bool child_line(struct child *c, char *line, size_t size)
{
    if (!fgets(line, (int)size, c->out))
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

int child_wait(struct child *c)
{
    char line[4096];
    int status = 0;
    while (child_line(c, line, sizeof line))
        ;
    fclose(c->out);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
