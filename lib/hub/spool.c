/* Knows how records wait for the store and reach it once, whoever dies; refuses to know why it failed. */
#define _GNU_SOURCE
#include "hub/spool.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/usage_units.h"
#include "text/json_scan.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 16, PATH_SIZE = 4096, AT_ONCE = 128, NUMBERS = 15 };

/* The lines are the file: a head with the spool's id, then a line for each entry. */
struct spool {
    const struct store_type *type;
    struct store *store;
    char *database; /* NULL: no file */
    char path[PATH_SIZE];
    int file; /* -1: none yet */
    struct buf lines;
    size_t written; /* of them, in the file */
    size_t taken;   /* of them, in the store */
    size_t count;
    char id[RANDOM_ID_SIZE];
};

/* ---- one entry as a line ---- */

static const size_t texts[] = {
    offsetof(struct usage_row, id),         offsetof(struct usage_row, call_id),
    offsetof(struct usage_row, user),       offsetof(struct usage_row, key_id),
    offsetof(struct usage_row, app),        offsetof(struct usage_row, type),
    offsetof(struct usage_row, ingress),    offsetof(struct usage_row, model),
    offsetof(struct usage_row, requested),  offsetof(struct usage_row, provider),
    offsetof(struct usage_row, credential), offsetof(struct usage_row, status),
    offsetof(struct usage_row, error),      offsetof(struct usage_row, request_id),
    offsetof(struct usage_row, dropped),    offsetof(struct usage_row, account)};
enum { TEXTS = sizeof texts / sizeof *texts };

static struct slice *text_at(struct usage_row *row, size_t i)
{
    return (struct slice *)(void *)((char *)row + texts[i]);
}

static void write_claims(struct json_writer *w, const struct budget_claim *claims, size_t count,
                         bool all)
{
    json_key(w, "claims");
    json_open_array(w);
    for (size_t i = 0; i < count; i++) {
        if (claims[i].unspent && !all)
            continue;
        json_write_string(w, claims[i].counter);
        json_write_int(w, claims[i].starts_ms);
    }
    json_close_array(w);
}

static void write_row(struct json_writer *w, const struct usage_row *row)
{
    struct usage_row copy = *row;
    char room[USAGE_UNITS_ROOM];
    const struct usage *u = &row->usage;
    const int64_t numbers[NUMBERS] = {
        row->started_ms,   row->http_status,  row->attempt,       row->streamed, row->estimated,
        row->credits,      row->duration_us,  row->first_byte_us, u->input,      u->cache_read,
        u->cache_write_5m, u->cache_write_1h, u->output,          u->reasoning,  row->cost};
    json_open_object(w);
    json_key(w, "texts");
    json_open_array(w);
    for (size_t i = 0; i < TEXTS; i++)
        json_write_string(w, *text_at(&copy, i));
    json_close_array(w);
    json_key(w, "numbers");
    json_open_array(w);
    for (size_t i = 0; i < NUMBERS; i++)
        json_write_int(w, numbers[i]);
    json_close_array(w);
    json_member_bool(w, "charged", row->charged);
    json_member_bool(w, "costed", row->costed);
    json_member_raw_opt(w, "units", usage_units_write(u, room));
    write_claims(w, row->claims, row->claim_count, false);
    json_close_object(w);
}

static void write_entry(struct buf *out, const struct ledger_entry *e)
{
    struct json_writer w = json_writer(out);
    json_open_object(&w);
    json_member_int(&w, "at", clock_wall_ms());
    if (e->money) {
        json_member_string(&w, "release", e->money->id);
        json_member_string(&w, "account", e->money->account);
        json_member_int(&w, "amount", e->money->amount);
        write_claims(&w, e->money->claims, e->money->claim_count, true);
    }
    json_key(&w, "rows");
    json_open_array(&w);
    for (size_t i = 0; i < e->row_count; i++)
        write_row(&w, &e->rows[i]);
    json_close_array(&w);
    json_close_object(&w);
    buf_put_byte(out, '\n');
}

static struct budget_claim *read_claims(struct json object, size_t *count, struct arena *a)
{
    struct json_walk walk = json_walk(json_get(object, "claims"));
    struct budget_claim *claims =
        arena_array(a, json_count(json_get(object, "claims")) + 1, sizeof *claims);
    *count = 0;
    while (claims && json_next(&walk)) {
        claims[*count].counter = json_string(walk.value, a);
        if (json_next(&walk) && json_int64(walk.value, &claims[*count].starts_ms))
            ++*count;
    }
    return claims;
}

static void read_row(struct json from, int64_t spooled_ms, struct usage_row *row,
                     struct arena *a)
{
    int64_t n[NUMBERS] = {0};
    size_t i = 0;
    struct json_walk walk = json_walk(json_get(from, "texts"));
    *row = (struct usage_row){.spooled_ms = spooled_ms};
    for (; i < TEXTS; i++)
        *text_at(row, i) = json_next(&walk) ? json_string(walk.value, a) : SLICE("");
    walk = json_walk(json_get(from, "numbers"));
    for (i = 0; i < NUMBERS && json_next(&walk); i++)
        (void)json_int64(walk.value, &n[i]);
    usage_init(&row->usage);
    usage_units_read(json_get(from, "units").raw, &row->usage);
    row->started_ms = n[0];
    row->http_status = (int)n[1];
    row->attempt = (int)n[2];
    row->streamed = n[3] != 0;
    row->estimated = n[4] != 0;
    row->credits = n[5];
    row->duration_us = n[6];
    row->first_byte_us = n[7];
    row->usage.input = n[8];
    row->usage.cache_read = n[9];
    row->usage.cache_write_5m = n[10];
    row->usage.cache_write_1h = n[11];
    row->usage.output = n[12];
    row->usage.reasoning = n[13];
    row->cost = n[14];
    (void)json_bool(json_get(from, "charged"), &row->charged);
    (void)json_bool(json_get(from, "costed"), &row->costed);
    row->claims = read_claims(from, &row->claim_count, a);
}

/* ---- the file ---- */

/* A file is one process's, by a lock. With `make` a new one; else the first that nobody has any more, which
 * another process may just have removed. */
static bool take_file(struct spool *s, bool make)
{
    for (int i = 0; i < FILES && s->database; i++) {
        struct stat found;
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int n = snprintf(s->path, sizeof s->path, "%s-spool%d", s->database, i);
        if (n < 0 || n >= PATH_SIZE)
            return false;
        s->file =
            open(s->path, O_RDWR | O_APPEND | O_CLOEXEC | (make ? O_CREAT | O_EXCL : 0), 0600);
        if (s->file < 0)
            continue;
        if (fcntl(s->file, F_OFD_SETLK, &lock) == 0 && fstat(s->file, &found) == 0 &&
            found.st_nlink > 0)
            return true;
        close(s->file);
        s->file = -1;
    }
    return false;
}

static void drop_file(struct spool *s)
{
    if (s->file < 0)
        return;
    (void)unlink(s->path);
    close(s->file);
    s->file = -1;
}

/* As much as the disk takes; the rest is tried again with the next entry. */
static void write_file(struct spool *s)
{
    if (s->file < 0 && !take_file(s, true))
        return;
    while (s->written < s->lines.n) {
        ssize_t n = write(s->file, s->lines.p + s->written, s->lines.n - s->written);
        if (n <= 0)
            return;
        s->written += (size_t)n;
    }
    (void)fdatasync(s->file);
}

static void start(struct spool *s)
{
    buf_clear(&s->lines);
    s->written = s->taken = s->count = 0;
    if (random_id(s->id, clock_wall_ms()))
        return;
    struct json_writer w = json_writer(&s->lines);
    json_open_object(&w);
    json_member_text(&w, "spool", s->id);
    json_close_object(&w);
    buf_put_byte(&s->lines, '\n');
    s->taken = s->lines.n;
}

/* ---- taking over what a process left behind ---- */

static int read_file(struct spool *s)
{
    char piece[4096];
    ssize_t n = 0;
    buf_clear(&s->lines);
    while ((n = pread(s->file, piece, sizeof piece, (off_t)s->lines.n)) > 0)
        buf_put(&s->lines, piece, (size_t)n);
    return buf_rc(&s->lines);
}

static int64_t find_mark(struct spool *s, struct fault *why)
{
    struct arena a AUTO(arena_free);
    struct store_object *objects = NULL;
    size_t count = 0;
    int64_t version = 0;
    int64_t place = 0;
    arena_init(&a);
    if (s->type->load(s->store, &a, &objects, &count, &version, why))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (slice_is(objects[i].table, TABLE_SPOOL) && slice_is(objects[i].id, s->id))
            (void)json_int64(json_get(json_of(objects[i].body), "place"), &place);
    return place;
}

/* A last line without its end was never said to be kept. */
static int take_over(struct spool *s, struct fault *why)
{
    struct slice head = SLICE_NONE;
    struct slice rest = SLICE_NONE;
    struct arena a AUTO(arena_free);
    arena_init(&a);
    if (read_file(s))
        return fault_nomem(why);
    while (s->lines.n && s->lines.p[s->lines.n - 1] != '\n')
        s->lines.n--;
    if (!slice_cut(buf_slice(&s->lines), '\n', &head, &rest)) {
        drop_file(s);
        start(s);
        return AIGNE_OK;
    }
    struct slice id = json_string(json_get(json_of(head), "spool"), &a);
    FAULT_COPY(s->id, id);
    int64_t mark = find_mark(s, why);
    if (mark < 0)
        return why->code;
    s->written = s->lines.n;
    s->taken = mark ? (size_t)mark : head.n + 1;
    if (s->taken > s->lines.n)
        s->taken = s->lines.n;
    if (ftruncate(s->file, (off_t)s->lines.n))
        s->written = 0;
    for (size_t i = s->taken; i < s->lines.n; i++)
        s->count += s->lines.p[i] == '\n';
    log_line(LOG_WARNING, "ledger", "%zu records that waited for the database are written now",
             s->count);
    return AIGNE_OK;
}

/* What another process left, if any did; when that fails, whoever comes next does. */
static int adopt(struct spool *s, struct fault *why)
{
    int rc = take_file(s, false) ? take_over(s, why) : AIGNE_OK;
    if (!rc)
        return AIGNE_OK;
    close(s->file);
    s->file = -1;
    s->lines.rc = AIGNE_OK;
    start(s);
    return rc;
}

int spool_open(struct slice database, const struct store_type *type, struct store *store,
               struct spool **out, struct fault *why)
{
    struct spool *s = mem_alloc_zero(sizeof *s);
    *out = NULL;
    if (!s)
        return fault_nomem(why);
    *s = (struct spool){.type = type, .store = store, .file = -1};
    buf_init(&s->lines, LIMIT_SPOOL);
    int rc = AIGNE_OK;
    if (database.p) {
        s->database = mem_text(database.p, database.n);
        rc = s->database ? AIGNE_OK : fault_nomem(why);
    }
    if (!rc)
        rc = adopt(s, why);
    if (!rc && !s->lines.n)
        start(s);
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
    if (s->count == 0)
        drop_file(s);
    else if (s->file >= 0)
        close(s->file);
    if (s->written < s->lines.n && s->count)
        log_line(LOG_ERROR, "ledger", "%zu records could not be written anywhere", s->count);
    buf_free(&s->lines);
    mem_free(s->database);
    mem_free(s);
}

bool spool_keep(struct spool *s, const struct ledger_entry *e)
{
    size_t before = s->lines.n;
    write_entry(&s->lines, e);
    if (buf_rc(&s->lines)) { /* the mistake is not the next one's */
        s->lines.rc = AIGNE_OK;
        s->lines.n = before;
        return false;
    }
    s->count++;
    write_file(s);
    return true;
}

bool spool_safe(const struct spool *s)
{
    return s->count == 0 || s->written == s->lines.n;
}

size_t spool_waiting(const struct spool *s)
{
    return s->count;
}

/* ---- handing over ---- */

struct batch {
    struct arena arena;
    struct store_op *ops;
    size_t count;
    size_t entries;
    size_t end; /* of the lines in it */
};

static void add_line(struct batch *b, struct slice line)
{
    struct json entry = json_of(line);
    struct json rows = json_get(entry, "rows");
    struct slice release = json_string(json_get(entry, "release"), &b->arena);
    size_t capacity = b->count + json_count(rows) + 2; /* and the mark */
    int64_t at = 0;
    struct store_op *ops = arena_array(&b->arena, capacity, sizeof *ops);
    struct usage_row *row = arena_array(&b->arena, json_count(rows) + 1, sizeof *row);
    struct money_op *money = arena_alloc(&b->arena, sizeof *money);
    if (!ops || !row || !money)
        return;
    if (b->count)
        memcpy(ops, b->ops, b->count * sizeof *ops);
    b->ops = ops;
    (void)json_int64(json_get(entry, "at"), &at);
    if (release.p) {
        money->id = release;
        money->account = json_string(json_get(entry, "account"), &b->arena);
        (void)json_int64(json_get(entry, "amount"), &money->amount);
        money->claims = read_claims(entry, &money->claim_count, &b->arena);
        ops[b->count++] = (struct store_op){.kind = STORE_RELEASE, .money = money};
    }
    struct json_walk walk = json_walk(rows);
    for (; json_next(&walk); row++) {
        read_row(walk.value, at, row, &b->arena);
        ops[b->count++] = (struct store_op){.kind = STORE_USAGE, .usage = row};
    }
}

static void fill(const struct spool *s, struct batch *b)
{
    struct slice rest = slice_from(buf_slice(&s->lines), s->taken);
    struct slice line = SLICE_NONE;
    b->end = s->taken;
    for (; b->entries < AT_ONCE && !b->arena.failed && slice_cut(rest, '\n', &line, &rest);
         b->entries++) {
        add_line(b, line);
        b->end += line.n + 1;
    }
}

static int hand_over(struct spool *s, struct batch *b, struct fault *why)
{
    char text[64];
    struct store_op *ops = b->ops ? b->ops : arena_alloc(&b->arena, sizeof *ops);
    (void)snprintf(text, sizeof text, "{\"place\":%zu}", b->end);
    if (b->arena.failed || !ops)
        return fault_nomem(why);
    bool over = b->entries == s->count; /* then nothing need be remembered */
    if (over && s->taken == b->end)     /* nothing waits: only a question */
        (void)snprintf(text, sizeof text, "{}");
    ops[b->count++] = (struct store_op){.kind = STORE_PUT,
                                        .table = SLICE(TABLE_SPOOL),
                                        .id = slice_text(s->id),
                                        .body = slice_text(text),
                                        .expected_version = STORE_ANY_VERSION};
    int rc = s->type->apply(s->store, ops, b->count, why);
    if (rc)
        return rc;
    s->taken = b->end;
    s->count -= b->entries;
    if (s->count)
        return AIGNE_OK;
    drop_file(s);
    const struct store_op forget = {.kind = STORE_DROP,
                                    .table = SLICE(TABLE_SPOOL),
                                    .id = slice_text(s->id),
                                    .expected_version = STORE_ANY_VERSION};
    (void)s->type->apply(s->store, &forget, 1, why);
    start(s);
    return adopt(s, why);
}

int spool_replay(struct spool *s, struct fault *why)
{
    struct batch b = {.ops = NULL};
    arena_init(&b.arena);
    fill(s, &b);
    int rc = hand_over(s, &b, why);
    arena_free(&b.arena);
    return rc;
}
