/* Knows how a process shows that it lives; refuses to know what is held for it. */
#define _GNU_SOURCE
#include "store/sqlite_owner.h"
#include "base/random.h"
#include <aignehub/aignehub.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, TRIES = 4 };

void sqlite_owner_init(struct store_owner *o)
{
    *o = (struct store_owner){.file = -1};
}

void sqlite_owner_close(struct store_owner *o)
{
    if (o->file >= 0)
        close(o->file);
    sqlite_owner_init(o);
}

static struct flock byte_at(int64_t number)
{
    return (struct flock){
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)number, .l_len = 1};
}

static bool lock_number(struct store_owner *o)
{
    uint64_t bits = 0;
    if (random_bytes(&bits, sizeof bits))
        return false;
    o->number = (int64_t)(bits >> 2) + 1;
    struct flock lock = byte_at(o->number);
    return fcntl(o->file, F_OFD_SETLK, &lock) == 0;
}

int sqlite_owner_take(struct store_owner *o, const char *database, struct fault *why)
{
    char path[PATH_SIZE];
    if (o->file >= 0 || o->number)
        return AIGNE_OK;
    int n = snprintf(path, sizeof path, "%s-owners", database);
    if (n > 0 && n < PATH_SIZE)
        o->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (o->file < 0)
        return fault_set(why, AIGNE_E_STORE,
                         "The file \"%.200s-owners\" cannot be made; check its folder.",
                         database);
    for (int i = 0; i < TRIES; i++)
        if (lock_number(o))
            return AIGNE_OK;
    sqlite_owner_close(o);
    return fault_set(why, AIGNE_E_STORE, "The file \"%.200s-owners\" cannot be locked.",
                     database);
}

bool sqlite_owner_lives(const struct store_owner *o, int64_t number)
{
    struct flock lock = byte_at(number);
    if (number == o->number) /* one's own lock is never in the way */
        return true;
    return fcntl(o->file, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}
