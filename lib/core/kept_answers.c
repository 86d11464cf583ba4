/* Knows which answers are kept and who waits for one; refuses to know what is in them or why they are kept. */
#include "core/kept_answers.h"
#include "base/mem.h"
#include "text/json_scan.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>
#include <string.h>

enum { HEAD_ROOM = 4096, TEXTS = 5 };

struct kept_entry {
    struct kept_entry *next;
    struct sha256 key;
    struct kept_answer *answer; /* NULL: in the making */
    struct list by_use;         /* linked once there is an answer */
    struct list waiters;
};

/* ---- one answer ---- */

static struct slice *text_of(struct kept_answer *k, size_t i)
{
    struct slice *const texts[TEXTS] = {&k->type, &k->call_id, &k->provider, &k->model,
                                        &k->body};
    return texts[i];
}

struct kept_answer *kept_answer_new(const struct kept_answer *of)
{
    struct kept_answer copy = *of;
    size_t size = sizeof copy;
    for (size_t i = 0; i < TEXTS; i++)
        size += text_of(&copy, i)->n;
    struct kept_answer *k = mem_alloc(size);
    if (!k)
        return NULL;
    *k = copy;
    k->size = size;
    ref_init(&k->ref);
    char *to = (char *)(k + 1);
    for (size_t i = 0; i < TEXTS; i++) {
        struct slice *text = text_of(k, i);
        if (text->n)
            memcpy(to, text->p, text->n);
        text->p = to;
        to += text->n;
    }
    return k;
}

void kept_answer_drop(struct kept_answer *k)
{
    if (!k || !ref_drop(&k->ref))
        return;
    mem_wipe(k, k->size);
    mem_free(k);
}

void kept_answer_write(const struct kept_answer *k, struct buf *out)
{
    char hex[SHA256_HEX_SIZE];
    struct json_writer w = json_writer(out);
    sha256_hex(&k->request, hex);
    json_open_object(&w);
    json_member_int(&w, "made", k->made_ms);
    json_member_int(&w, "until", k->until_ms);
    json_member_string(&w, "request", slice_of(hex, sizeof hex));
    json_member_string(&w, "type", k->type);
    json_member_string(&w, "id", k->call_id);
    json_member_string(&w, "provider", k->provider);
    json_member_string(&w, "model", k->model);
    json_close_object(&w);
    buf_put_byte(out, '\n');
    buf_put_slice(out, k->body);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hash(struct slice hex, struct sha256 *out)
{
    if (hex.n != SHA256_HEX_SIZE)
        return false;
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        int high = hex_digit(hex.p[2 * i]);
        int low = hex_digit(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out->bytes[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

struct kept_answer *kept_answer_read(struct slice bytes)
{
    enum { MADE, UNTIL, REQUEST, TYPE, ID, PROVIDER, MODEL, MEMBERS };
    static const char *const names[] = {"made", "until",    "request", "type",
                                        "id",   "provider", "model"};
    struct json values[MEMBERS];
    struct slice head = bytes;
    struct kept_answer k = {.made_ms = 0};
    struct arena arena AUTO(arena_free);
    arena_init(&arena);
    if (!slice_cut(bytes, '\n', &head, &k.body) || json_check(head, NULL) != AIGNE_OK)
        return NULL;
    json_pick(json_of(head), names, MEMBERS, values);
    k.type = json_string(values[TYPE], &arena);
    k.call_id = json_string(values[ID], &arena);
    k.provider = json_string(values[PROVIDER], &arena);
    k.model = json_string(values[MODEL], &arena);
    bool whole = json_int64(values[MADE], &k.made_ms) &&
                 json_int64(values[UNTIL], &k.until_ms) &&
                 read_hash(json_string(values[REQUEST], &arena), &k.request) && k.type.p &&
                 k.call_id.p && k.provider.p && k.model.p;
    return whole ? kept_answer_new(&k) : NULL;
}

/* ---- all of them ---- */

void kept_answers_init(struct kept_answers *a, size_t most)
{
    memset(a, 0, sizeof *a);
    a->most = most;
    pthread_mutex_init(&a->lock, NULL);
    list_init(&a->by_use);
}

static struct kept_entry **place_of(struct kept_answers *a, const struct sha256 *key)
{
    unsigned bucket = (unsigned)key->bytes[0] | (unsigned)key->bytes[1] << 8;
    struct kept_entry **at = &a->buckets[bucket % KEPT_BUCKETS];
    while (*at && memcmp(&(*at)->key, key, sizeof *key) != 0)
        at = &(*at)->next;
    return at;
}

static void forget(struct kept_answers *a, struct kept_entry **at)
{
    struct kept_entry *e = *at;
    *at = e->next;
    list_remove(&e->by_use);
    if (e->answer)
        a->bytes -= e->answer->size;
    kept_answer_drop(e->answer);
    mem_free(e);
}

void kept_answers_free(struct kept_answers *a)
{
    for (size_t i = 0; i < KEPT_BUCKETS; i++)
        while (a->buckets[i])
            forget(a, &a->buckets[i]);
    pthread_mutex_destroy(&a->lock);
}

static enum kept_state begin(struct kept_entry **at, const struct sha256 *key)
{
    struct kept_entry *e = mem_alloc_zero(sizeof *e);
    if (!e)
        return KEPT_FAILED;
    e->key = *key;
    list_init(&e->by_use);
    list_init(&e->waiters);
    e->next = *at;
    *at = e;
    return KEPT_NONE;
}

enum kept_state kept_answers_ask(struct kept_answers *a, const struct sha256 *key,
                                 int64_t now_ms, struct kept_waiter *waiter,
                                 struct kept_answer **out)
{
    enum kept_state state = KEPT_THERE;
    pthread_mutex_lock(&a->lock);
    struct kept_entry **at = place_of(a, key);
    if (*at && (*at)->answer && (*at)->answer->until_ms <= now_ms)
        forget(a, at);
    struct kept_entry *e = *at;
    if (!e) {
        state = begin(at, key);
    } else if (!e->answer) {
        list_append(&e->waiters, &waiter->link);
        state = KEPT_MAKING;
    } else {
        list_remove(&e->by_use);
        list_append(&a->by_use, &e->by_use);
        ref_hold(&e->answer->ref);
        *out = e->answer;
    }
    pthread_mutex_unlock(&a->lock);
    return state;
}

/* One as large as half of everything would push out too many others. */
static bool keep(struct kept_answers *a, struct kept_entry *e, struct kept_answer *made)
{
    if (!made || made->size > a->most / 2)
        return false;
    ref_hold(&made->ref);
    e->answer = made;
    a->bytes += made->size;
    list_append(&a->by_use, &e->by_use);
    while (a->bytes > a->most) {
        struct kept_entry *oldest =
            LIST_OWNER(list_first(&a->by_use), struct kept_entry, by_use);
        forget(a, place_of(a, &oldest->key));
    }
    return true;
}

void kept_answers_settle(struct kept_answers *a, const struct sha256 *key,
                         struct kept_answer *made)
{
    pthread_mutex_lock(&a->lock);
    struct kept_entry **at = place_of(a, key);
    struct kept_entry *e = *at;
    while (e && !list_empty(&e->waiters)) {
        struct kept_waiter *w = LIST_OWNER(list_first(&e->waiters), struct kept_waiter, link);
        list_remove(&w->link);
        w->answer = made;
        if (made)
            ref_hold(&made->ref);
        w->wake(w);
    }
    if (e && !keep(a, e, made))
        forget(a, at);
    pthread_mutex_unlock(&a->lock);
}

bool kept_answers_leave(struct kept_answers *a, struct kept_waiter *waiter)
{
    pthread_mutex_lock(&a->lock);
    bool waits = !list_empty(&waiter->link);
    list_remove(&waiter->link);
    pthread_mutex_unlock(&a->lock);
    return waits;
}
