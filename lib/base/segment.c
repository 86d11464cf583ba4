/* Knows how processes come to one and the same memory and which of them live; refuses to know what is in it. */
#define _GNU_SOURCE
#include "base/segment.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 8, OTHERS = 077 };

static int map(struct segment *s, int flags)
{
    void *start =
        mmap(NULL, s->size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, s->file, 0);
    if (start == MAP_FAILED)
        return errno;
    s->start = start;
    return 0;
}

int segment_alone(struct segment *s, size_t size)
{
    *s = (struct segment){.size = size, .file = -1};
    return map(s, MAP_PRIVATE | MAP_ANONYMOUS);
}

/* ---- locks: of the open file, so that they end with the process, whatever its number is and where ---- */

static int lock_byte(const struct segment *s, int how, short type, int number)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = number, .l_len = 1};
    int rc = 0;
    do
        rc = fcntl(s->file, how, &lock);
    while (rc != 0 && errno == EINTR);
    return rc;
}

bool segment_lock(const struct segment *s, int number)
{
    return lock_byte(s, F_OFD_SETLK, F_WRLCK, number) == 0;
}

bool segment_lock_wait(const struct segment *s, int number)
{
    return lock_byte(s, F_OFD_SETLKW, F_WRLCK, number) == 0;
}

void segment_unlock(const struct segment *s, int number)
{
    (void)lock_byte(s, F_OFD_SETLK, F_UNLCK, number);
}

/* ---- coming to it ---- */

/* The moment when the file was made tells it from one that had its number before. */
static int name_for(struct segment *s, const char *path, const char *layout, uid_t *owner)
{
    struct statx x = {0};
    if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &x) != 0)
        return errno;
    *owner = x.stx_uid;
    (void)snprintf(s->name, sizeof s->name, "/aignehub-%s-%x-%x-%llx-%llx-%x", layout,
                   x.stx_dev_major, x.stx_dev_minor, (unsigned long long)x.stx_ino,
                   (unsigned long long)x.stx_btime.tv_sec, x.stx_btime.tv_nsec);
    return 0;
}

/* Not with O_CREAT where it may be another's: a kernel that protects common folders refuses that. */
static int open_or_make(const struct segment *s, uid_t owner, bool make)
{
    int file = shm_open(s->name, O_RDWR, 0);
    if (file >= 0 || errno != ENOENT || !make)
        return file;
    file = shm_open(s->name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (file < 0 && errno == EEXIST)
        return shm_open(s->name, O_RDWR, 0);
    if (file >= 0 && owner != geteuid() && fchown(file, owner, (gid_t)-1) != 0) {
        close(file); /* only root makes it for those who serve; nobody keeps them from it */
        (void)shm_unlink(s->name);
        errno = EPERM;
        return -1;
    }
    return file;
}

/* ESTALE: it was removed meanwhile. */
static int check(const struct segment *s, uid_t owner)
{
    struct stat is;
    if (fstat(s->file, &is) != 0)
        return errno;
    if (is.st_nlink == 0)
        return ESTALE;
    return is.st_uid == owner && (is.st_mode & OTHERS) == 0 ? 0 : EPERM;
}

int segment_open(struct segment *s, const char *path, const char *layout, size_t size,
                 bool make)
{
    uid_t owner = 0;
    *s = (struct segment){.size = size, .file = -1};
    int rc = name_for(s, path, layout, &owner);
    for (int i = 0; i < TRIES && !rc; i++) {
        s->file = open_or_make(s, owner, make);
        if (s->file < 0)
            return errno;
        rc = segment_lock_wait(s, 0) ? check(s, owner) : errno;
        if (!rc)
            rc = map(s, MAP_SHARED);
        if (!rc)
            return 0;
        segment_close(s);
        rc = rc == ESTALE ? 0 : rc;
    }
    return rc ? rc : ESTALE;
}

/* ---- its memory ---- */

size_t segment_backed(const struct segment *s)
{
    struct stat is;
    return s->file >= 0 && fstat(s->file, &is) == 0 ? (size_t)is.st_size : 0;
}

/* Beyond the size of files that the process is allowed it would get a signal. */
static bool is_allowed(size_t end)
{
    struct rlimit most;
    return getrlimit(RLIMIT_FSIZE, &most) != 0 || most.rlim_cur == RLIM_INFINITY ||
           end <= most.rlim_cur;
}

int segment_back(const struct segment *s, size_t end)
{
    size_t begin = segment_backed(s);
    int rc = end > s->size ? ENOSPC : 0;
    if (rc || s->file < 0 || begin >= end)
        return rc;
    if (!is_allowed(end))
        return EFBIG;
    do
        rc = posix_fallocate(s->file, (off_t)begin, (off_t)(end - begin));
    while (rc == EINTR);
    return rc;
}

/* Who took it away already may have made another of its name. */
void segment_remove(const struct segment *s)
{
    struct stat is;
    if (fstat(s->file, &is) == 0 && is.st_nlink > 0)
        (void)shm_unlink(s->name);
}

void segment_close(struct segment *s)
{
    if (s->start)
        munmap(s->start, s->size);
    if (s->file >= 0)
        close(s->file);
    s->start = NULL;
    s->file = -1;
}
