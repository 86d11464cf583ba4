/* Knows how objects are written, into the store and into replies; refuses to know any kind of object. */
#include "base/mem.h"
#include "hub/verb.h"
#include "store/moment.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

enum { BODY_LARGEST = 1024 * 1024, PAGE_LARGEST = 1000 };

/* Sealed secrets and hashes never leave the store; an id of the body's own comes first. */
static const char *const hidden[] = {"id", "sealed", "hash"};
/* Kept as milliseconds, shown as ISO 8601. */
static const char *const moments[] = {"createdAt", "updatedAt", "expiresAt", "revokedAt",
                                      "deprecatedAt"};

static bool key_among(const struct json_walk *w, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_key_is(w, names[i]))
            return true;
    return false;
}

struct slice verb_quote(struct verb_call *v, struct slice text)
{
    struct buf json AUTO(buf_wipe_free);
    buf_init(&json, BODY_LARGEST);
    if (!text.p)
        return SLICE_NONE;
    struct json_writer w = json_writer(&json);
    json_write_string(&w, text);
    if (buf_rc(&json)) {
        v->arena->failed = true;
        return SLICE_NONE;
    }
    return arena_copy(v->arena, buf_slice(&json));
}

struct slice verb_hash(struct verb_call *v, struct slice text)
{
    unsigned char hash[VAULT_HASH_SIZE];
    struct buf base64 AUTO(buf_free);
    buf_init(&base64, 256);
    vault_hash(text, hash);
    base64_encode(&base64, slice_of((const char *)hash, sizeof hash));
    if (!buf_rc(&base64))
        return arena_copy(v->arena, buf_slice(&base64));
    v->arena->failed = true;
    return SLICE_NONE;
}

struct slice verb_number(struct verb_call *v, int64_t value)
{
    struct buf json AUTO(buf_free);
    buf_init(&json, 64);
    buf_put_int(&json, value);
    if (buf_rc(&json)) {
        v->arena->failed = true;
        return SLICE_NONE;
    }
    return arena_copy(v->arena, buf_slice(&json));
}

static const struct verb_member *member_of(const struct verb_member *members, size_t count,
                                           const struct json_walk *w)
{
    for (size_t i = 0; i < count; i++)
        if (json_key_is(w, members[i].name))
            return &members[i];
    return NULL;
}

/* Members that the change does not mention stay as they are. */
static void keep_others(struct json_writer *w, const struct store_object *old,
                        const struct verb_member *members, size_t count)
{
    static const char *const own[] = {"createdAt", "updatedAt"};
    struct json_walk walk = json_walk(json_of(old->body));
    while (json_next(&walk)) {
        const struct verb_member *changed = member_of(members, count, &walk);
        if ((changed && changed->value.p) || key_among(&walk, own, 2))
            continue;
        json_key_slice(w, walk.key);
        json_write_raw(w, walk.value.raw);
    }
}

struct slice verb_body(struct verb_call *v, const struct store_object *old,
                       const struct verb_member *members, size_t count)
{
    struct buf body AUTO(buf_free);
    int64_t created = v->now_ms;
    buf_init(&body, BODY_LARGEST);
    struct json_writer w = json_writer(&body);
    json_open_object(&w);
    if (old) {
        if (!json_int64(json_get(json_of(old->body), "createdAt"), &created))
            created = v->now_ms;
        keep_others(&w, old, members, count);
    }
    for (size_t i = 0; i < count; i++)
        if (members[i].value.p && !slice_is(members[i].value, "null"))
            json_member_raw(&w, members[i].name, members[i].value);
    json_member_int(&w, "createdAt", created);
    json_member_int(&w, "updatedAt", v->now_ms);
    json_close_object(&w);
    if (buf_rc(&body) || v->arena->failed) {
        v->arena->failed = true;
        return SLICE_NONE;
    }
    return arena_copy(v->arena, buf_slice(&body));
}

void verb_reply(struct verb_call *v, struct slice id, struct slice body)
{
    char moment[MOMENT_SIZE];
    int64_t ms = 0;
    struct slice own = json_get(json_of(body), "id").raw;
    json_open_object(&v->w);
    if (own.p)
        json_member_raw(&v->w, "id", own);
    else
        json_member_string(&v->w, "id", id);
    struct json_walk walk = json_walk(json_of(body));
    while (json_next(&walk)) {
        if (key_among(&walk, hidden, sizeof hidden / sizeof *hidden))
            continue;
        json_key_slice(&v->w, walk.key);
        if (key_among(&walk, moments, sizeof moments / sizeof *moments) &&
            json_int64(walk.value, &ms)) {
            moment_write(ms, moment);
            json_write_string(&v->w, slice_of(moment, MOMENT_SIZE - 1));
        } else {
            json_write_raw(&v->w, walk.value.raw);
        }
    }
}

/* 0 as the size: all on one page. */
static int read_page(struct verb_call *v, int64_t *first, int64_t *size)
{
    int64_t page = 1;
    struct json page_given = verb_json(v, "page");
    struct json size_given = verb_json(v, "pageSize");
    *size = 0;
    if (size_given.kind != JSON_NONE &&
        (!json_int64(size_given, size) || *size < 1 || *size > PAGE_LARGEST))
        return verb_refuse(v, "pageSize", "Argument \"pageSize\" must be from 1 to %d.",
                           PAGE_LARGEST);
    if (page_given.kind != JSON_NONE &&
        (!json_int64(page_given, &page) || page < 1 || page > INT32_MAX))
        return verb_refuse(v, "page", "Argument \"page\" must be a whole number from 1 up.");
    if (*size == 0 && page > 1)
        *size = 50;
    *first = (page - 1) * *size;
    return AIGNE_OK;
}

int verb_list(struct verb_call *v, const char *table, verb_fits_fn fits, verb_more_fn more)
{
    size_t total = 0;
    int64_t first = 0;
    int64_t size = 0;
    int64_t count = 0;
    int64_t at = 0;
    const struct store_object *objects = catalog_objects(v->catalog, table, &total);
    int rc = read_page(v, &first, &size);
    if (rc)
        return rc;
    for (size_t i = 0; i < total; i++)
        count += !fits || fits(v, json_of(objects[i].body));
    json_open_object(&v->w);
    json_member_int(&v->w, "count", count);
    json_key(&v->w, "list");
    json_open_array(&v->w);
    for (size_t i = 0; i < total; i++) {
        if (fits && !fits(v, json_of(objects[i].body)))
            continue;
        bool shown = at >= first && (size == 0 || at < first + size);
        at++;
        if (!shown)
            continue;
        verb_reply(v, objects[i].id, objects[i].body);
        if (more)
            more(v, &objects[i]);
        json_close_object(&v->w);
    }
    json_close_array(&v->w);
    json_close_object(&v->w);
    return AIGNE_OK;
}
