/* Knows that whatever lies in a spool's file is read within bounds, and what can be read of it is handed over. */
#define _GNU_SOURCE
#include "base/arena.h"
#include "base/mem.h"
#include "fuzz.h"
#include "hub/spool.h"
#include "hub/spool_record.h"
#include <fcntl.h>
#include <unistd.h>

static const char *database(void)
{
    static char path[64];
    if (!path[0])
        (void)snprintf(path, sizeof path, "/tmp/aigne-fuzz-%d.db", (int)getpid());
    return path;
}

/* A record alone, which in a file only its check lets through. */
static void read_record(struct slice record)
{
    struct arena a AUTO(arena_free);
    arena_init(&a);
    size_t room = spool_record_ops(record);
    struct store_op *ops = arena_array(&a, room + 1, sizeof *ops);
    if (room && ops)
        FUZZ_CHECK(spool_record_read(record, &a, ops) <= room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[80];
    struct fault why = {0};
    struct spool *spool = NULL;
    static struct store *store;
    read_record(slice_of((const char *)data, size));
    if (!store)
        FUZZ_CHECK(store_memory.open(SLICE(":memory:"), false, &store, &why) == 0);
    (void)snprintf(path, sizeof path, "%s-spool0", database());
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    FUZZ_CHECK(file >= 0 && write(file, data, size) == (ssize_t)size);
    close(file);
    FUZZ_CHECK(spool_open(slice_text(database()), &store_memory, store, &spool, &why) == 0);
    (void)spool_adopt(spool, &why);
    FUZZ_CHECK(spool_waiting(spool) == 0); /* what others left is never taken for one's own */
    spool_close(spool);
    (void)unlink(path);
    return 0;
}
