/* Knows which records wait for the store and in which order they come to it; refuses to know what they say. */
#include "hub/spool.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "hub/spool_file.h"
#include "hub/spool_record.h"
#include <aignehub/aignehub.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    AT_ONCE = 256,
    LOOKS = 250, /* half a second: a process that cannot write its records keeps nobody long */
    LOOK_GAP_US = 2000
};

/* Records of one file, one behind the other, of which the first are taken. */
struct pile {
    struct buf bytes; /* none when all are taken */
    size_t taken;
    size_t end; /* of those that are to be taken now */
    size_t records;
    struct arena arena; /* of their operations */
    struct store_mark mark;
    const char *id; /* of the file */
};

struct spool {
    const struct store_type *type;
    struct store *store;
    pthread_mutex_t lock; /* the file, and what is new */
    struct spool_file file;
    struct buf fresh;
    struct pile pile; /* the ledger's thread's */
    bool doubtful;    /* whether the store took what was handed out last is not known */
    atomic_size_t waiting;
};

static void pile_init(struct pile *p, const char *id)
{
    *p = (struct pile){.id = id};
    buf_init(&p->bytes, LIMIT_SPOOL);
    arena_init(&p->arena);
}

static void pile_free(struct pile *p)
{
    buf_free(&p->bytes);
    arena_free(&p->arena);
}

static bool frame_in(struct slice records, size_t at, struct spool_frame *out)
{
    if (at >= records.n)
        return false;
    memcpy(out, records.p + at, sizeof *out);
    return true;
}

static bool frame_of(const struct pile *p, size_t at, struct spool_frame *out)
{
    return frame_in(buf_slice(&p->bytes), at, out);
}

static struct slice body_of(const struct pile *p, size_t at, const struct spool_frame *frame)
{
    return buf_part(&p->bytes, at + sizeof *frame, at + frame->size);
}

static size_t pile_next(struct pile *p, size_t most)
{
    struct spool_frame frame;
    size_t ops = 0;
    p->end = p->taken;
    for (p->records = 0; p->records < most && frame_of(p, p->end, &frame); p->records++) {
        ops += spool_record_ops(body_of(p, p->end, &frame));
        p->end += frame.size;
    }
    return p->records ? ops + 1 : 0;
}

/* How far the file has come with it; what was never in the file moves nothing. */
static struct store_op mark_op(struct pile *p)
{
    return (struct store_op){.kind = STORE_MARK, .id = slice_text(p->id), .mark = &p->mark};
}

static size_t pile_put(struct pile *p, struct store_op *ops)
{
    struct spool_frame frame;
    size_t count = 0;
    bool marked = false;
    arena_clear(&p->arena);
    for (size_t at = p->taken; at < p->end && frame_of(p, at, &frame); at += frame.size) {
        count += spool_record_read(body_of(p, at, &frame), &p->arena, ops + count);
        if (!frame.number)
            continue;
        p->mark = (struct store_mark){(int64_t)frame.number, frame.place + frame.size};
        marked = true;
    }
    if (marked)
        ops[count++] = mark_op(p);
    return p->arena.failed ? 0 : count;
}

static void pile_took(struct pile *p)
{
    p->taken = p->end;
    if (p->taken == p->bytes.n) {
        buf_clear(&p->bytes);
        p->taken = p->end = 0;
    }
}

/* ---- handing over ---- */

static void report_lost(const struct store_op *ops, size_t count, const struct fault *why)
{
    for (size_t i = 0; i < count; i++)
        if (ops[i].kind == STORE_USAGE)
            ledger_report_lost(ops[i].usage, why);
}

/* One record that the store will never take must not keep the others back. */
static int pass_over(struct spool *s, struct pile *p, const struct store_op *ops, size_t count,
                     struct fault *why)
{
    const struct fault reason = *why;
    const struct store_op mark = mark_op(p);
    fault_clear(why);
    int rc = s->type->apply(s->store, &mark, 1, why);
    if (!rc)
        report_lost(ops, count, &reason);
    return rc;
}

static int hand_over(struct spool *s, struct pile *p, size_t most, struct fault *why)
{
    size_t room = pile_next(p, most);
    struct store_op *ops = room ? mem_alloc(room * sizeof *ops) : NULL;
    size_t count = ops ? pile_put(p, ops) : 0;
    int rc = !ops || p->arena.failed ? fault_nomem(why) : AIGNE_OK;
    if (!rc && count)
        rc = s->type->apply(s->store, ops, count, why);
    if (rc && count && p->records == 1 && !ledger_passing(rc, why))
        rc = pass_over(s, p, ops, count, why);
    mem_free(ops);
    return rc;
}

static int replay(struct spool *s, struct pile *p, void (*took)(struct spool *s),
                  struct fault *why)
{
    size_t most = AT_ONCE;
    while (p->taken < p->bytes.n) {
        s->doubtful = s->doubtful || took;
        fault_clear(why);
        why->retry_ms = -1;
        int rc = hand_over(s, p, most, why);
        if (rc && (p->records == 1 || ledger_passing(rc, why)))
            return rc;
        most = rc ? 1 : AT_ONCE;
        if (!rc && took)
            took(s);
        else if (!rc)
            pile_took(p);
    }
    return AIGNE_OK;
}

static void forget_mark(const struct spool *s, const char *id)
{
    static const struct store_mark none = {0, 0};
    const struct store_op op = {.kind = STORE_MARK, .id = slice_text(id), .mark = &none};
    struct fault why;
    (void)s->type->apply(s->store, &op, 1, &why);
}

/* ---- one's own ---- */

int spool_open(struct slice database, const struct store_type *type, struct store *store,
               struct spool **out, struct fault *why)
{
    *out = NULL;
    struct spool *s = mem_alloc_zero(sizeof *s);
    if (!s)
        return fault_nomem(why);
    s->type = type;
    s->store = store;
    pthread_mutex_init(&s->lock, NULL);
    buf_init(&s->fresh, LIMIT_SPOOL);
    pile_init(&s->pile, s->file.id);
    int rc = spool_file_init(&s->file, database, why);
    if (rc) {
        spool_close(s);
        return rc;
    }
    *out = s;
    return AIGNE_OK;
}

void spool_close(struct spool *s)
{
    if (!s)
        return;
    bool done = spool_waiting(s) == 0;
    bool written = s->file.file >= 0;
    if (!done && !written)
        log_line(LOG_ERROR, "ledger", "%zu records could not be written anywhere",
                 spool_waiting(s));
    spool_file_close(&s->file, done);
    if (written && done) /* without its mark, what is in the file would count again */
        forget_mark(s, s->file.id);
    mem_free(s->file.database);
    buf_free(&s->fresh);
    pile_free(&s->pile);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

static size_t write_records(struct spool *s, char *records, size_t n, enum spool_need need)
{
    size_t written = spool_file_write(&s->file, records, n, need != SPOOL_LIKE_STORE);
    return need == SPOOL_LIKE_STORE && s->file.database ? written : n;
}

/* Behind what is new. False: there is no room. */
static bool append(struct buf *fresh, const struct ledger_entry *e, enum spool_need need)
{
    const size_t word = sizeof(uint64_t);
    size_t size = (sizeof(struct spool_frame) + spool_record_size(e) + word - 1) / word * word;
    struct spool_frame frame = {.size = (uint32_t)size, .kind = SPOOL_RECORD};
    if (size > LIMIT_SPOOL || buf_reserve(fresh, size)) {
        fresh->rc = AIGNE_OK; /* the mistake is not the next one's */
        return false;
    }
    char *record = fresh->p + fresh->n;
    memset(record + size - sizeof(uint64_t), 0, sizeof(uint64_t));
    memcpy(record, &frame, sizeof frame);
    spool_record_write(record + sizeof frame, e, need == SPOOL_MAYBE_THERE);
    fresh->n += size;
    return true;
}

void spool_keep(struct spool *s, struct ledger_entry *first, enum spool_need need)
{
    pthread_mutex_lock(&s->lock);
    size_t start = s->fresh.n;
    size_t count = 0;
    for (struct ledger_entry *e = first; e; e = e->next)
        e->rc = append(&s->fresh, e, need) ? AIGNE_OK : AIGNE_E_STORE;
    s->fresh.n = start + write_records(s, s->fresh.p + start, s->fresh.n - start, need);
    struct spool_frame frame;
    for (struct ledger_entry *e = first; e; e = e->next) {
        if (!e->rc && !frame_in(buf_slice(&s->fresh), start, &frame))
            e->rc = AIGNE_E_STORE;
        start += e->rc ? 0 : frame.size;
        count += !e->rc;
    }
    atomic_fetch_add(&s->waiting, count);
    pthread_mutex_unlock(&s->lock);
}

size_t spool_waiting(const struct spool *s)
{
    return atomic_load(&s->waiting);
}

/* What is new comes behind what is older. */
static void turn_over(struct spool *s)
{
    struct buf *older = &s->pile.bytes;
    pthread_mutex_lock(&s->lock);
    if (older->n == 0) {
        struct buf empty = *older;
        *older = s->fresh;
        s->fresh = empty;
    } else if (buf_reserve(older, s->fresh.n)) {
        older->rc = AIGNE_OK; /* there will be room once some are taken */
    } else {
        buf_put_slice(older, buf_slice(&s->fresh));
        buf_clear(&s->fresh);
    }
    pthread_mutex_unlock(&s->lock);
}

int spool_settle(struct spool *s, struct fault *why)
{
    struct pile *p = &s->pile;
    struct store_mark mark = {0, 0};
    struct spool_frame frame;
    int rc = s->doubtful ? s->type->mark(s->store, slice_text(s->file.id), &mark, why) : 0;
    if (rc || !s->doubtful)
        return rc;
    p->end = p->taken;
    for (p->records = 0;
         frame_of(p, p->end, &frame) && frame.number <= (uint64_t)mark.number && frame.number;
         p->records++)
        p->end += frame.size;
    spool_took(s);
    return AIGNE_OK;
}

size_t spool_next(struct spool *s, size_t most)
{
    if (!spool_waiting(s))
        return 0;
    turn_over(s);
    return pile_next(&s->pile, most);
}

size_t spool_put(struct spool *s, struct store_op *ops)
{
    s->doubtful = true;
    return pile_put(&s->pile, ops);
}

void spool_took(struct spool *s)
{
    struct pile *p = &s->pile;
    struct spool_frame frame;
    pthread_mutex_lock(&s->lock);
    for (size_t at = p->taken; at < p->end && frame_of(p, at, &frame); at += frame.size)
        if (frame.number)
            spool_file_took(&s->file, &frame);
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_sub(&s->waiting, p->records);
    pile_took(p);
    s->doubtful = false;
}

/* A change of nothing, which takes what any change takes. */
static int ask_store(struct spool *s, struct fault *why)
{
    static const struct store_mark some = {0, 1};
    static const struct store_mark none = {0, 0};
    const struct slice id = SLICE("-");
    const struct store_op ops[] = {{.kind = STORE_MARK, .id = id, .mark = &some},
                                   {.kind = STORE_MARK, .id = id, .mark = &none}};
    fault_clear(why);
    return s->type->apply(s->store, ops, 2, why);
}

int spool_replay(struct spool *s, struct fault *why)
{
    int rc = spool_waiting(s) ? AIGNE_OK : ask_store(s, why);
    if (!rc)
        rc = spool_settle(s, why);
    while (!rc && spool_waiting(s)) {
        turn_over(s);
        rc = replay(s, &s->pile, spool_took, why);
    }
    return rc;
}

/* ---- what others left ---- */

static int adopt_records(struct spool *s, const struct spool_file *left, struct slice whole,
                         struct fault *why)
{
    struct pile p AUTO(pile_free);
    struct store_mark mark = {0, SPOOL_HEAD_SIZE};
    pile_init(&p, left->id);
    int rc = s->type->mark(s->store, slice_text(left->id), &mark, why);
    if (rc)
        return rc;
    spool_file_waiting(whole, mark, &p.bytes);
    if (buf_rc(&p.bytes))
        return fault_nomem(why);
    if (p.bytes.n)
        log_line(LOG_WARNING, "ledger", "records of a process that is gone are written now");
    return replay(s, &p, NULL, why);
}

static int adopt_file(struct spool *s, struct spool_file *left, struct fault *why)
{
    struct buf whole AUTO(buf_free);
    buf_init(&whole, 2 * LIMIT_SPOOL);
    int rc = spool_file_read(left, &whole);
    if (rc == AIGNE_E_STORE) {
        log_line(LOG_ERROR, "ledger", "\"%s\" was written by another version and is left alone",
                 left->path);
        spool_file_close(left, false);
        return AIGNE_OK;
    }
    rc = rc ? fault_nomem(why) : AIGNE_OK;
    if (!rc && left->id[0])
        rc = adopt_records(s, left, buf_slice(&whole), why);
    spool_file_close(left, !rc);
    if (!rc && left->id[0])
        forget_mark(s, left->id);
    return rc;
}

int spool_adopt(struct spool *s, struct fault *why)
{
    struct spool_file left = {.database = s->file.database, .file = -1};
    int rc = AIGNE_OK;
    for (int at = 0; !rc && spool_file_take(&left, &at);)
        rc = adopt_file(s, &left, why);
    return !rc && left.busy ? AIGNE_AGAIN : rc;
}

/* ---- what others keep ---- */

/* Until what is in the file now is in the store, or its process is gone, or it takes too long. */
static void await_file(struct spool *s, struct spool_file *other)
{
    struct buf whole AUTO(buf_free);
    struct fault why;
    int64_t last = 0;
    buf_init(&whole, 2 * LIMIT_SPOOL);
    if (spool_file_read(other, &whole) || !other->id[0])
        return;
    for (int i = 0; i < LOOKS && spool_file_stands(other); i++) {
        struct store_mark mark = {0, SPOOL_HEAD_SIZE};
        if (s->type->mark(s->store, slice_text(other->id), &mark, &why))
            return;
        if (i == 0)
            last = spool_file_waiting(buf_slice(&whole), mark, NULL);
        if (mark.number >= last)
            return;
        clock_pause_us(LOOK_GAP_US);
    }
}

void spool_await_others(struct spool *s)
{
    struct spool_file other = {.database = s->file.database, .file = -1};
    pthread_mutex_lock(&s->lock);
    int own = s->file.file >= 0 ? s->file.index : -1;
    pthread_mutex_unlock(&s->lock);
    for (int at = 0; spool_file_look(&other, own, &at);) {
        await_file(s, &other);
        spool_file_close(&other, false);
    }
}
