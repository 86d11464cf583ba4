/* spool_file.h - records in a file beside the database that outlive their process.
 *
 * The file is one process's, by a lock that goes with it. Records are written one behind the other; what is in
 * the store by now is written over, so that the file stays as small as what waits. A record that is not whole
 * was never said to be kept. */
#ifndef AIGNE_HUB_SPOOL_FILE_H
#define AIGNE_HUB_SPOOL_FILE_H

#include "base/buf.h"
#include "base/random.h"
#include "store/store.h"

/* In front of a record, in the file and in memory. */
struct spool_frame {
    uint32_t size;   /* its own included, a multiple of 8 */
    uint32_t kind;   /* enum spool_frame_kind */
    uint64_t number; /* from 1, without a gap; 0: it is in memory only */
    int64_t place;   /* in the file; of a SPOOL_JUMP, where the next record is */
    uint64_t check;  /* of all else that belongs to it */
};
enum spool_frame_kind { SPOOL_RECORD = 1, SPOOL_JUMP };

/* Changes with the bytes of a record. */
#define SPOOL_FORMAT "aigne spool 3\n"
/* Had no notes of calls that began; is read, too. */
#define SPOOL_FORMAT_BEFORE "aigne spool 2\n"
enum { SPOOL_FORMAT_SIZE = 16, SPOOL_HEAD_SIZE = 64, SPOOL_PATH_SIZE = 4096 };

struct spool_file {
    char *database; /* NULL: there is none to write */
    char path[SPOOL_PATH_SIZE];
    char id[RANDOM_ID_SIZE];
    int file;        /* -1: none yet */
    int index;       /* in its name */
    uint64_t number; /* of the last record */
    int64_t end;     /* where the next one goes */
    int64_t live;    /* the oldest that is not in the store */
    int64_t top;     /* the file's end */
    int jumps;       /* between those two */
    int rest;        /* so many records to come do not try to make one */
    bool busy;       /* somebody else sees to a file that was left */
};

int spool_file_init(struct spool_file *f, struct slice database, struct fault *why);
/* Give the file up: with `done`, nothing in it waits any more, and it goes. */
void spool_file_close(struct spool_file *f, bool done);
/* Number records, whose frames have their sizes and kinds, and write them; with `sync`, to the disk. How many bytes
 * of them are there: the rest is as it was. */
size_t spool_file_write(struct spool_file *f, char *records, size_t n, bool sync);
/* That record is in the store. */
void spool_file_took(struct spool_file *f, const struct spool_frame *frame);

/* A file that a process left behind: take the next one from number *at on, which is moved on. */
bool spool_file_take(struct spool_file *f, int *at);
/* What waits in it behind `mark`, in its order. AIGNE_E_NOMEM; AIGNE_E_STORE: it is another version's. */
int spool_file_read(struct spool_file *f, struct buf *whole);
/* `records` may be NULL. The number of the last of them; that of the mark when there is none. */
int64_t spool_file_waiting(struct slice whole, struct store_mark mark, struct buf *records);
/* The same of a file that another process may still write: the next one but `own`. */
bool spool_file_look(struct spool_file *f, int own, int *at);
/* Whether the file is there still. */
bool spool_file_stands(const struct spool_file *f);

#endif
