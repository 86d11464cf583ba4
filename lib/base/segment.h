/* segment.h - memory that processes of one machine have in common, named for a file that they have in common.
 *
 * It is POSIX shared memory, never a mapped file on a disk, and belongs to whom the file belongs, mode 0600.
 * What was not backed yet must not be touched: where there is no memory left, backing fails, and nobody is
 * killed for touching it. A process holds numbered locks on it that the kernel gives back when it dies. */
#ifndef AIGNE_BASE_SEGMENT_H
#define AIGNE_BASE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>

enum { SEGMENT_NAME_SIZE = 96 };

struct segment {
    char *start;
    size_t size;
    int file; /* -1: it is this process's alone */
    char name[SEGMENT_NAME_SIZE];
};

/* The process's alone, zeroed and backed. These give 0 or a number of errno.h. */
int segment_alone(struct segment *s, size_t size);
/* That of the file at `path`, where what is in it is laid out as `layout` says; made when there is none and
 * `make`, else ENOENT. Lock 0 is held then, so that one at a time looks and begins. */
int segment_open(struct segment *s, const char *path, const char *layout, size_t size,
                 bool make);
int segment_back(const struct segment *s, size_t end);
/* How far it was backed. */
size_t segment_backed(const struct segment *s);
/* False: another process holds it. One's own is never in the way. */
bool segment_lock(const struct segment *s, int number);
bool segment_lock_wait(const struct segment *s, int number);
void segment_unlock(const struct segment *s, int number);
/* Nobody finds it by its name any more. */
void segment_remove(const struct segment *s);
void segment_close(struct segment *s);

#endif
