/* Knows how two JSON texts are compared member by member; refuses to know what they mean. */
#include "difference.h"
#include "base/mem.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the headers above */
#include <cmocka.h>

enum { NAME_LARGEST = 4096 };

void losses_add(struct losses *l, const char *what, struct slice name)
{
    const struct slice parts[] = {slice_text(what), SLICE(" "), name};
    struct slice text = arena_join(&l->texts, parts, 3);
    size_t at = 0;
    while (at < l->count && !slice_eq(l->items[at].text, text))
        at++;
    assert_true(text.p && at < LOSSES_LARGEST);
    if (at == l->count)
        l->items[l->count++] = (struct loss){.text = text};
    if (l->items[at].seen_in == l->conversation)
        return;
    l->items[at].seen_in = l->conversation;
    l->items[at].count++;
}

static void compare(struct losses *l, struct buf *name, struct json before, struct json after);

static struct json member(struct json object, struct slice key)
{
    struct json_walk w = json_walk(object);
    while (json_next(&w))
        if (slice_eq(w.key, key))
            return w.value;
    return (struct json){JSON_NONE, SLICE_NONE};
}

static void compare_member(struct losses *l, struct buf *name, struct slice key,
                           struct json before, struct json after)
{
    size_t outer = name->n;
    if (outer)
        buf_put_byte(name, '.');
    buf_put_slice(name, key);
    compare(l, name, before, after);
    name->n = outer;
}

static void compare_objects(struct losses *l, struct buf *name, struct json before,
                            struct json after)
{
    struct json_walk w = json_walk(before);
    while (json_next(&w))
        compare_member(l, name, w.key, w.value, member(after, w.key));
    w = json_walk(after);
    while (json_next(&w)) {
        struct json old = member(before, w.key);
        if (old.kind == JSON_NONE)
            compare_member(l, name, w.key, old, w.value);
    }
}

static void compare_arrays(struct losses *l, struct buf *name, struct json before,
                           struct json after)
{
    struct json_walk left = json_walk(before);
    struct json_walk right = json_walk(after);
    size_t outer = name->n;
    bool more_left = json_next(&left);
    bool more_right = json_next(&right);
    buf_put_text(name, "[]");
    while (more_left && more_right) {
        compare(l, name, left.value, right.value);
        more_left = json_next(&left);
        more_right = json_next(&right);
    }
    if (more_left || more_right)
        losses_add(l, more_left ? "fewer" : "more", buf_slice(name));
    name->n = outer;
}

static void compare(struct losses *l, struct buf *name, struct json before, struct json after)
{
    if (after.kind == JSON_NONE)
        losses_add(l, "lost", buf_slice(name));
    else if (before.kind == JSON_NONE)
        losses_add(l, "added", buf_slice(name));
    else if (before.kind == JSON_OBJECT && after.kind == JSON_OBJECT)
        compare_objects(l, name, before, after);
    else if (before.kind == JSON_ARRAY && after.kind == JSON_ARRAY)
        compare_arrays(l, name, before, after);
    else if (!slice_eq(before.raw, after.raw))
        losses_add(l, "changed", buf_slice(name));
}

void losses_compare(struct losses *l, struct slice before, struct slice after)
{
    struct buf name AUTO(buf_free);
    buf_init(&name, NAME_LARGEST);
    compare(l, &name, json_of(before), json_of(after));
    assert_int_equal(buf_rc(&name), AIGNE_OK);
}

static int by_text(const void *a, const void *b)
{
    struct slice left = ((const struct loss *)a)->text;
    struct slice right = ((const struct loss *)b)->text;
    int order = memcmp(left.p, right.p, left.n < right.n ? left.n : right.n);
    return order ? order : (left.n > right.n) - (left.n < right.n);
}

void losses_write(struct losses *l, struct buf *out)
{
    qsort(l->items, l->count, sizeof l->items[0], by_text);
    for (size_t i = 0; i < l->count; i++)
        buf_printf(out, "%.*s (%u)\n", (int)l->items[i].text.n, l->items[i].text.p,
                   l->items[i].count);
}
