/* Knows how records lie in a file and are found there again; refuses to know what they say. */
#define _GNU_SOURCE
#include "hub/spool_file.h"
#include "base/clock.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILES = 16,
    REST = 256, /* after a failure: where none can be made, looking for it is not free */
    ROUND = 256 * 1024, /* so far the file grows before its beginning is written over */
    FRAME = sizeof(struct spool_frame)
};

int spool_file_init(struct spool_file *f, struct slice database, struct fault *why)
{
    *f = (struct spool_file){.file = -1};
    if (!database.p)
        return AIGNE_OK;
    f->database = mem_text(database.p, database.n);
    return f->database ? AIGNE_OK : fault_nomem(why);
}

void spool_file_close(struct spool_file *f, bool done)
{
    if (f->file < 0)
        return;
    if (done)
        (void)unlink(f->path);
    close(f->file);
    f->file = -1;
}

/* The process that writes a file has its first byte, who brings it to the store in its stead the second. */
static bool lock_byte(const struct spool_file *f, int byte)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(f->file, F_OFD_SETLK, &lock) == 0;
}

static bool open_file(struct spool_file *f, int i, int how)
{
    int n = snprintf(f->path, sizeof f->path, "%s-spool%d", f->database, i);
    f->index = i;
    if (n > 0 && n < SPOOL_PATH_SIZE)
        f->file = open(f->path, O_RDWR | O_CLOEXEC | how, 0600);
    return f->file >= 0;
}

bool spool_file_stands(const struct spool_file *f)
{
    struct stat found;
    return fstat(f->file, &found) == 0 && found.st_nlink > 0;
}

bool spool_file_take(struct spool_file *f, int *at)
{
    while (f->database && *at < FILES) {
        if (!open_file(f, (*at)++, 0))
            continue;
        bool alone = lock_byte(f, 1);
        f->busy = f->busy || !alone;
        if (alone && lock_byte(f, 0) && spool_file_stands(f))
            return true;
        spool_file_close(f, false);
    }
    return false;
}

static bool make_file(struct spool_file *f)
{
    for (int i = 0; i < FILES && f->database; i++) {
        if (!open_file(f, i, O_CREAT | O_EXCL))
            continue;
        if (lock_byte(f, 0) && spool_file_stands(f)) /* nobody thought it was left */
            return true;
        spool_file_close(f, false);
    }
    return false;
}

static bool write_at(const struct spool_file *f, const void *bytes, size_t n, int64_t place)
{
    return pwrite(f->file, bytes, n, place) == (ssize_t)n;
}

static bool begin(struct spool_file *f)
{
    char head[SPOOL_HEAD_SIZE] = SPOOL_FORMAT;
    if (f->rest-- > 0)
        return false;
    f->rest = REST;
    if (!make_file(f))
        return false;
    if (random_id(f->id, clock_wall_ms()) == 0) {
        memcpy(head + SPOOL_FORMAT_SIZE, f->id, sizeof f->id);
        f->number = 0;
        f->jumps = f->rest = 0;
        f->end = f->live = f->top = SPOOL_HEAD_SIZE;
        if (write_at(f, head, sizeof head, 0))
            return true;
    }
    spool_file_close(f, true);
    return false;
}

/* Against what was written in part or over, not against malice: who can write the file can write the store. */
static uint64_t check_of(const struct spool_frame *frame, const char *body)
{
    const uint64_t odd = 0x9e3779b97f4a7c15U;
    uint64_t sum = (frame->size ^ ((uint64_t)frame->kind << 32)) * odd;
    sum = (sum ^ frame->number) * odd;
    sum = (sum ^ (uint64_t)frame->place) * odd;
    for (size_t i = 0; i + FRAME < frame->size; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, body + i, sizeof word);
        sum = (sum ^ (sum >> 32) ^ word) * odd;
    }
    return sum ^ (sum >> 29);
}

/* Where a record goes behind `end`, whose place is behind a jump unless it is that. */
static int64_t next_place(const struct spool_file *f, int jumps, int64_t end, int64_t size)
{
    bool before_live = jumps == 1 && end < f->live;
    if (before_live && end + size + FRAME > f->live)
        return f->top;
    if (jumps == 0 && end + size > ROUND && SPOOL_HEAD_SIZE + size + FRAME <= f->live)
        return SPOOL_HEAD_SIZE;
    return end;
}

static bool write_jump(struct spool_file *f, int64_t to)
{
    struct spool_frame jump = {
        .size = FRAME, .kind = SPOOL_JUMP, .number = f->number + 1, .place = to};
    jump.check = check_of(&jump, NULL);
    if (!write_at(f, &jump, sizeof jump, f->end))
        return false;
    if (f->end + FRAME > f->top)
        f->top = f->end + FRAME;
    return true;
}

/* Give each of them its number, or 0 again. */
static void number(char *records, size_t n, uint64_t first, int64_t place)
{
    struct spool_frame frame;
    for (size_t at = 0; at < n; at += frame.size) {
        memcpy(&frame, records + at, sizeof frame);
        frame.number = first ? first++ : 0;
        frame.place = place + (int64_t)at;
        frame.check = check_of(&frame, records + at + sizeof frame);
        memcpy(records + at, &frame, sizeof frame);
    }
}

/* How many bytes whole records make among the first `n`, and how many records. */
static size_t whole_records(const char *records, size_t size, size_t n, uint64_t *count)
{
    struct spool_frame frame;
    size_t whole = 0;
    for (*count = 0; whole < size; ++*count) {
        memcpy(&frame, records + whole, sizeof frame);
        if (whole + frame.size > n)
            break;
        whole += frame.size;
    }
    return whole;
}

/* Those of them that come to lie one behind the other, with one write. How many bytes of them are there: what the
 * disk had room for is kept, since whoever finds it there takes it for that. */
static size_t write_run(struct spool_file *f, char *records, size_t n)
{
    struct spool_frame frame;
    size_t size = 0;
    uint64_t count;
    memcpy(&frame, records, sizeof frame);
    int64_t place = next_place(f, f->jumps, f->end, frame.size);
    int jumps = f->jumps + (place != f->end);
    if (place != f->end && !write_jump(f, place))
        return 0;
    do {
        size += frame.size;
        if (size < n)
            memcpy(&frame, records + size, sizeof frame);
    } while (size < n &&
             next_place(f, jumps, place + (int64_t)size, frame.size) == place + (int64_t)size);
    number(records, size, f->number + 1, place);
    ssize_t written = pwrite(f->file, records, size, place);
    size_t kept = whole_records(records, size, written > 0 ? (size_t)written : 0, &count);
    number(records + kept, size - kept, 0, 0); /* they may be kept in memory */
    if (!kept)
        return 0;
    f->jumps = jumps;
    f->number += count;
    f->end = place + (int64_t)kept;
    if (f->end > f->top)
        f->top = f->end;
    return kept;
}

size_t spool_file_write(struct spool_file *f, char *records, size_t n, bool sync)
{
    size_t done = 0;
    size_t size = f->file >= 0 || begin(f) ? n : 0;
    while (done < n && size) {
        size = write_run(f, records + done, n - done);
        done += size;
    }
    if (done && sync)
        (void)fdatasync(f->file);
    return done;
}

void spool_file_took(struct spool_file *f, const struct spool_frame *frame)
{
    f->jumps -= frame->place != f->live;
    f->live = frame->place + frame->size;
}

/* ---- what another process left ---- */

int spool_file_read(struct spool_file *f, struct buf *whole)
{
    char piece[4096];
    ssize_t n = 0;
    f->id[0] = '\0';
    while ((n = pread(f->file, piece, sizeof piece, (off_t)whole->n)) > 0)
        buf_put(whole, piece, (size_t)n);
    if (buf_rc(whole))
        return AIGNE_E_NOMEM;
    if (whole->n < SPOOL_HEAD_SIZE) /* it had not come to a record */
        return AIGNE_OK;
    if (memcmp(whole->p, SPOOL_FORMAT, sizeof SPOOL_FORMAT) != 0 &&
        memcmp(whole->p, SPOOL_FORMAT_BEFORE, sizeof SPOOL_FORMAT_BEFORE) != 0)
        return AIGNE_E_STORE;
    memcpy(f->id, whole->p + SPOOL_FORMAT_SIZE, sizeof f->id - 1);
    f->id[sizeof f->id - 1] = '\0';
    return AIGNE_OK;
}

static bool frame_at(struct slice whole, int64_t place, uint64_t number,
                     struct spool_frame *out)
{
    if (place < SPOOL_HEAD_SIZE || whole.n < FRAME || (uint64_t)place > whole.n - FRAME)
        return false;
    memcpy(out, whole.p + place, sizeof *out);
    return out->size >= FRAME && out->size % sizeof(uint64_t) == 0 &&
           out->size <= whole.n - (size_t)place && out->number == number &&
           out->check == check_of(out, whole.p + place + FRAME);
}

int64_t spool_file_waiting(struct slice whole, struct store_mark mark, struct buf *records)
{
    struct spool_frame frame;
    uint64_t number = (uint64_t)mark.number + 1;
    int64_t place = mark.place;
    while (frame_at(whole, place, number, &frame)) {
        if (frame.kind == SPOOL_JUMP) {
            if (!frame_at(whole, frame.place, number, &frame))
                break;
            place = frame.place;
        }
        if (frame.kind != SPOOL_RECORD || frame.place != place || frame.size == FRAME)
            break;
        if (records)
            buf_put(records, whole.p + place, frame.size);
        place += frame.size;
        number++;
    }
    return (int64_t)(number - 1);
}

bool spool_file_look(struct spool_file *f, int own, int *at)
{
    while (f->database && *at < FILES) {
        int i = (*at)++;
        if (i != own && open_file(f, i, 0))
            return true;
    }
    return false;
}
