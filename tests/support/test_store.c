/* Knows how to keep objects and usage rows in memory, and to fail on demand; refuses to know files. */
#define _POSIX_C_SOURCE 200809L
#include "test_store.h"
#include "base/mem.h"
#include "store/usage_report.h"
#include <aignehub/aignehub.h>
#include <pthread.h>

struct store {
    pthread_mutex_t lock;
    /* One block holds an object, or a row, and all its texts. */
    struct store_object **objects; /* sorted by (table, id) */
    size_t object_count;
    size_t object_capacity;
    struct usage_row **rows;
    size_t row_count;
    size_t row_capacity;
    int64_t version;
    size_t commits;
    size_t fail_after; /* applies that still succeed */
    size_t fail_times;
    int fail_rc;
};

static void unlock(pthread_mutex_t **lock)
{
    pthread_mutex_unlock(*lock);
}

#define HOLD(s)                                                                                \
    pthread_mutex_t *held AUTO(unlock) = &(s)->lock;                                           \
    pthread_mutex_lock(held)

static int compare(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

static int compare_object(const struct store_object *o, struct slice table, struct slice id)
{
    int order = compare(o->table, table);
    return order ? order : compare(o->id, id);
}

static size_t object_place(const struct store *s, struct slice table, struct slice id,
                           bool *there)
{
    size_t low = 0;
    size_t high = s->object_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_object(s->objects[middle], table, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *there = low < s->object_count && compare_object(s->objects[low], table, id) == 0;
    return low;
}

static int compare_row(const struct usage_row *a, const struct usage_row *b)
{
    if (a->started_ms != b->started_ms)
        return a->started_ms < b->started_ms ? -1 : 1;
    return compare(a->id, b->id);
}

static size_t row_place(const struct store *s, const struct usage_row *row, bool *there)
{
    size_t low = 0;
    size_t high = s->row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_row(s->rows[middle], row) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *there = low < s->row_count && compare_row(s->rows[low], row) == 0;
    return low;
}

static struct slice put_text(char **at, struct slice text)
{
    struct slice copy = slice_of(*at, text.n);
    if (text.n)
        memcpy(*at, text.p, text.n);
    *at += text.n;
    return copy;
}

static struct store_object *copy_object(const struct store_op *op)
{
    struct store_object *kept = mem_alloc(sizeof *kept + op->table.n + op->id.n + op->body.n);
    if (!kept)
        return NULL;
    char *at = (char *)(kept + 1);
    kept->table = put_text(&at, op->table);
    kept->id = put_text(&at, op->id);
    kept->body = put_text(&at, op->body);
    kept->version = 0;
    return kept;
}

static const size_t row_texts[] = {
    offsetof(struct usage_row, id),         offsetof(struct usage_row, call_id),
    offsetof(struct usage_row, user),       offsetof(struct usage_row, key_id),
    offsetof(struct usage_row, app),        offsetof(struct usage_row, type),
    offsetof(struct usage_row, ingress),    offsetof(struct usage_row, model),
    offsetof(struct usage_row, requested),  offsetof(struct usage_row, provider),
    offsetof(struct usage_row, credential), offsetof(struct usage_row, status),
    offsetof(struct usage_row, error),      offsetof(struct usage_row, request_id),
    offsetof(struct usage_row, dropped),    offsetof(struct usage_row, account)};
enum { ROW_TEXTS = sizeof row_texts / sizeof *row_texts };

static struct slice *row_text(struct usage_row *row, size_t i)
{
    return (struct slice *)(void *)((char *)row + row_texts[i]);
}

static struct usage_row *copy_row(const struct usage_row *row)
{
    struct usage_row head = *row;
    size_t size = sizeof head;
    for (size_t i = 0; i < ROW_TEXTS; i++)
        size += row_text(&head, i)->n;
    struct usage_row *kept = mem_alloc(size);
    if (!kept)
        return NULL;
    char *at = (char *)(kept + 1);
    *kept = head;
    for (size_t i = 0; i < ROW_TEXTS; i++)
        *row_text(kept, i) = put_text(&at, *row_text(&head, i));
    return kept;
}

/* The pointers with room for `more`, so that the changes themselves cannot fail; NULL: no memory. */
static void *reserve(void *items, size_t *capacity, size_t count, size_t more)
{
    if (items && count + more <= *capacity)
        return items;
    size_t wanted = (count + more + 1) * 2;
    void *grown = mem_resize(items, wanted * sizeof(void *));
    if (grown)
        *capacity = wanted;
    return grown;
}

static bool reserve_both(struct store *s, size_t more)
{
    struct store_object **objects =
        reserve(s->objects, &s->object_capacity, s->object_count, more);
    if (!objects)
        return false;
    s->objects = objects;
    struct usage_row **rows = reserve(s->rows, &s->row_capacity, s->row_count, more);
    if (!rows)
        return false;
    s->rows = rows;
    return true;
}

static void put_object(struct store *s, struct store_object *kept)
{
    bool there = false;
    size_t at = object_place(s, kept->table, kept->id, &there);
    if (there) {
        mem_free(s->objects[at]);
    } else {
        memmove(s->objects + at + 1, s->objects + at, (s->object_count - at) * sizeof(void *));
        s->object_count++;
    }
    kept->version = s->version;
    s->objects[at] = kept;
}

static void drop_object(struct store *s, const struct store_op *op)
{
    bool there = false;
    size_t at = object_place(s, op->table, op->id, &there);
    if (!there)
        return;
    mem_free(s->objects[at]);
    s->object_count--;
    memmove(s->objects + at, s->objects + at + 1, (s->object_count - at) * sizeof(void *));
}

static void add_row(struct store *s, struct usage_row *kept)
{
    bool there = false;
    size_t at = row_place(s, kept, &there);
    if (there) {
        mem_free(kept);
        return;
    }
    memmove(s->rows + at + 1, s->rows + at, (s->row_count - at) * sizeof(void *));
    s->rows[at] = kept;
    s->row_count++;
}

static int check_versions(const struct store *s, const struct store_op *ops, size_t count,
                          struct fault *why)
{
    for (size_t i = 0; i < count; i++) {
        bool there = false;
        if (ops[i].kind == STORE_USAGE || ops[i].expected_version == STORE_ANY_VERSION)
            continue;
        size_t at = object_place(s, ops[i].table, ops[i].id, &there);
        int64_t version = there ? s->objects[at]->version : STORE_ABSENT;
        if (version != ops[i].expected_version)
            return store_conflict(&ops[i], why);
    }
    return AIGNE_OK;
}

static int injected(struct store *s, struct fault *why)
{
    if (s->fail_times == 0 || s->fail_after-- > 1)
        return AIGNE_OK;
    s->fail_after = 1;
    s->fail_times--;
    if (why)
        why->retry_ms = 1;
    return fault_set(why, s->fail_rc, "The store failed because a test told it to.");
}

/* Copies of everything to be kept, in the order of the operations; NULL where nothing is. */
static bool copy_all(const struct store_op *ops, size_t count, void **copies)
{
    for (size_t i = 0; i < count; i++) {
        if (ops[i].kind != STORE_USAGE && ops[i].kind != STORE_PUT)
            continue;
        copies[i] = ops[i].kind == STORE_USAGE ? (void *)copy_row(ops[i].usage)
                                               : (void *)copy_object(&ops[i]);
        if (!copies[i])
            return false;
    }
    return true;
}

static void free_all(void **copies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mem_free(copies[i]);
    mem_free(copies);
}

static void commit(struct store *s, const struct store_op *ops, size_t count, void **copies)
{
    bool raised = false;
    for (size_t i = 0; i < count; i++) {
        if (!raised && (ops[i].kind == STORE_PUT || ops[i].kind == STORE_DROP)) {
            s->version++;
            raised = true;
        }
        if (ops[i].kind == STORE_USAGE)
            add_row(s, copies[i]);
        else if (ops[i].kind == STORE_PUT)
            put_object(s, copies[i]);
        else if (ops[i].kind == STORE_DROP)
            drop_object(s, &ops[i]);
    }
    s->commits++;
    mem_free(copies);
}

static int memory_apply(struct store *s, const struct store_op *ops, size_t count,
                        struct fault *why)
{
    HOLD(s);
    int rc = injected(s, why);
    if (!rc)
        rc = check_versions(s, ops, count, why);
    if (rc)
        return rc;
    void **copies = mem_alloc_zero((count + 1) * sizeof *copies);
    if (!copies)
        return fault_nomem(why);
    if (!copy_all(ops, count, copies) || !reserve_both(s, count)) {
        free_all(copies, count);
        return fault_nomem(why);
    }
    commit(s, ops, count, copies);
    return AIGNE_OK;
}

static int memory_load(struct store *s, struct arena *a, struct store_object **objects,
                       size_t *count, int64_t *version, struct fault *why)
{
    HOLD(s);
    *version = s->version;
    *count = s->object_count;
    *objects = arena_array(a, s->object_count + 1, sizeof **objects);
    for (size_t i = 0; *objects && i < s->object_count; i++) {
        const struct store_object *from = s->objects[i];
        (*objects)[i] =
            (struct store_object){arena_copy(a, from->table), arena_copy(a, from->id),
                                  arena_copy(a, from->body), from->version};
    }
    return a->failed ? fault_nomem(why) : AIGNE_OK;
}

static int memory_version(struct store *s, int64_t *out, struct fault *why)
{
    (void)why;
    HOLD(s);
    *out = s->version;
    return AIGNE_OK;
}

static bool wanted(const struct usage_query *query, const struct usage_row *row)
{
    const struct slice texts[USAGE_MATCHES] = {
        [USAGE_USER] = row->user,         [USAGE_KEY] = row->key_id,
        [USAGE_APP] = row->app,           [USAGE_MODEL] = row->model,
        [USAGE_PROVIDER] = row->provider, [USAGE_TYPE] = row->type,
        [USAGE_STATUS] = row->status,     [USAGE_CALL] = row->call_id};
    const struct slice searched[] = {row->model, row->requested, row->call_id, row->id,
                                     row->user,  row->app,       row->error};
    bool found = !query->search.n;
    if (row->started_ms < query->since_ms || row->started_ms >= query->until_ms)
        return false;
    for (size_t i = 0; i < USAGE_MATCHES; i++)
        if (query->match[i].p && !slice_eq(query->match[i], texts[i]))
            return false;
    for (size_t i = 0; i < sizeof searched / sizeof *searched && !found; i++)
        found = slice_has_nocase(searched[i], query->search.p);
    return found && row->duration_us >= query->at_least_ms * 1000;
}

static int memory_usage_list(struct store *s, struct slice filters, struct buf *json,
                             struct fault *why)
{
    struct arena texts AUTO(arena_free);
    struct usage_query query;
    arena_init(&texts);
    int rc = usage_query_read(filters, &texts, &query, why);
    if (rc)
        return rc;
    HOLD(s);
    struct json_writer w = json_writer(json);
    int64_t skip = (query.page - 1) * query.page_size;
    int64_t count = 0;
    int64_t at = 0;
    for (size_t i = 0; i < s->row_count; i++)
        count += wanted(&query, s->rows[i]);
    json_open_object(&w);
    json_member_int(&w, "count", count);
    json_key(&w, "list");
    json_open_array(&w);
    for (size_t i = 0; i < s->row_count; i++) {
        const struct usage_row *row = s->rows[query.oldest_first ? i : s->row_count - 1 - i];
        if (!wanted(&query, row))
            continue;
        if (at >= skip && at < skip + query.page_size)
            usage_row_write(&w, row);
        at++;
    }
    json_close_array(&w);
    json_close_object(&w);
    return buf_rc(json) ? fault_nomem(why) : AIGNE_OK;
}

static void memory_close(struct store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->object_count; i++)
        mem_free(s->objects[i]);
    for (size_t i = 0; i < s->row_count; i++)
        mem_free(s->rows[i]);
    mem_free(s->objects);
    mem_free(s->rows);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

static int memory_open(struct slice where, bool durable, struct store **out, struct fault *why)
{
    (void)where;
    (void)durable;
    *out = NULL;
    struct store *s = mem_alloc_zero(sizeof *s);
    if (!s)
        return fault_nomem(why);
    if (pthread_mutex_init(&s->lock, NULL) != 0) {
        mem_free(s);
        return fault_nomem(why);
    }
    *out = s;
    return AIGNE_OK;
}

void test_store_fail(struct store *s, size_t nth, size_t times, int rc)
{
    HOLD(s);
    s->fail_after = nth;
    s->fail_times = times;
    s->fail_rc = rc;
}

size_t test_store_commits(struct store *s)
{
    HOLD(s);
    return s->commits;
}

const struct store_type test_store = {.scheme = "test",
                                      .open = memory_open,
                                      .load = memory_load,
                                      .version = memory_version,
                                      .apply = memory_apply,
                                      .usage_list = memory_usage_list,
                                      .close = memory_close};
