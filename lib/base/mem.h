/* mem.h - every byte the library allocates for itself comes through here.
 *
 * The host may replace the allocator (aigne_set_alloc) before anything else runs; tests use the
 * same hook to fail each allocation in turn. Nothing here ever aborts: NULL means no memory. */
#ifndef AIGNE_BASE_MEM_H
#define AIGNE_BASE_MEM_H

#include <stddef.h>

/* Run `fn(&variable)` when the variable leaves its scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))

void *mem_alloc(size_t size);               /* uninitialised; size 0 gives a unique pointer */
void *mem_alloc_zero(size_t size);          /* all bytes zero */
void *mem_resize(void *old, size_t size);   /* old stays valid when this gives NULL */
void mem_free(void *p);                     /* NULL is harmless */
char *mem_text(const char *p, size_t size); /* a NUL-terminated copy */
void mem_wipe(void *p, size_t size);        /* zeroes that the compiler must keep */

/* Replace the allocator; both NULL restores libc's. Not safe while anything is allocated. */
void mem_set_allocator(void *user, void *(*resize)(void *user, void *old, size_t size),
                       void (*release)(void *user, void *old));

#endif
