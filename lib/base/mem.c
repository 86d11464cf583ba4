/* Knows where memory comes from; refuses to know what it is for, and never gives up by itself. */
#define _GNU_SOURCE
#include "base/mem.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Set before anything is allocated, only read after: no lock is needed. */
static struct {
    void *user;
    void *(*resize)(void *user, void *old, size_t size);
    void (*release)(void *user, void *old);
} hook;

void mem_set_allocator(void *user, void *(*resize)(void *user, void *old, size_t size),
                       void (*release)(void *user, void *old))
{
    hook.user = user;
    hook.resize = resize;
    hook.release = release;
}

void *mem_resize(void *old, size_t size)
{
    size_t wanted = size ? size : 1;
    if (hook.resize)
        return hook.resize(hook.user, old, wanted);
    return realloc(old, wanted);
}

void *mem_alloc(size_t size)
{
    return mem_resize(NULL, size);
}

void *mem_alloc_zero(size_t size)
{
    if (!hook.resize)
        return calloc(1, size ? size : 1);
    void *p = mem_resize(NULL, size);
    if (p)
        memset(p, 0, size);
    return p;
}

void mem_free(void *p)
{
    if (!p)
        return;
    if (hook.release)
        hook.release(hook.user, p);
    else
        free(p);
}

char *mem_text(const char *p, size_t size)
{
    if (size == SIZE_MAX)
        return NULL;
    char *copy = mem_alloc(size + 1);
    if (!copy)
        return NULL;
    if (size > 0)
        memcpy(copy, p, size);
    copy[size] = '\0';
    return copy;
}

void mem_wipe(void *p, size_t size)
{
    if (p && size > 0)
        explicit_bzero(p, size);
}
