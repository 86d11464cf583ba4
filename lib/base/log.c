/* Knows where log lines go; refuses to know what happened, and formats nothing unheard. */
#include "base/log.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#define LOG_LINE_SIZE 1024

typedef void (*log_fn)(void *user, int level, const char *area, const char *line, size_t len);

/* Odd while somebody changes the rest: a reader then keeps silent rather than mix two sinks. */
static atomic_uint version;
static atomic_int highest; /* 0: silent */
static _Atomic(log_fn) sink;
static _Atomic(void *) sink_user;

void log_set(int level, log_fn fn, void *user)
{
    unsigned before = atomic_load(&version) & ~1U;
    while (!atomic_compare_exchange_weak(&version, &before, before + 1))
        before &= ~1U;
    atomic_store(&sink, fn);
    atomic_store(&sink_user, user);
    atomic_store(&highest, fn ? level : 0);
    atomic_store(&version, before + 2);
}

void log_line(int level, const char *area, const char *format, ...)
{
    if (level > atomic_load_explicit(&highest, memory_order_relaxed))
        return;
    unsigned before = atomic_load(&version);
    log_fn fn = atomic_load(&sink);
    void *user = atomic_load(&sink_user);
    if ((before & 1U) || before != atomic_load(&version) || !fn)
        return;
    char line[LOG_LINE_SIZE];
    va_list holes;
    va_start(holes, format);
    int length = vsnprintf(line, sizeof(line), format, holes);
    va_end(holes);
    if (length < 0)
        return;
    size_t n = (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1;
    for (size_t i = 0; i < n; i++) { /* one line stays one line, whatever a hole held */
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = ' ';
    }
    fn(user, level, area, line, n);
}
