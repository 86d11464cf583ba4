/* gemini_json.c - knows Google's ways of writing JSON: two spellings of each name, enums, numbers in
 * quotes, two alphabets of base64, and schemas of its own; refuses to know what is said in it. */
#include "ingress/gemini.h"

#include "base/limits.h"
#include "base/mem.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

/* ---- names ---- */

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

bool google_key_is(const struct json_walk *w, const char *camel)
{
    if (json_key_is(w, camel))
        return true;
    size_t i = 0;
    for (const char *c = camel; *c; c++) {
        if (is_upper(*c) && (i >= w->key.n || w->key.p[i++] != '_'))
            return false;
        char wanted = (char)(is_upper(*c) ? *c | 0x20 : *c);
        if (i >= w->key.n || w->key.p[i++] != wanted)
            return false;
    }
    return i == w->key.n;
}

void google_pick(struct json object, const char *const *names, size_t count,
                 struct json *values)
{
    memset(values, 0, count * sizeof *values);
    struct json_walk w = json_walk(object);
    while (object.kind == JSON_OBJECT && json_next(&w)) {
        for (size_t i = 0; i < count; i++) {
            if (google_key_is(&w, names[i])) {
                values[i] = w.value;
                break;
            }
        }
    }
}

struct json google_get(struct json object, const char *camel)
{
    struct json v;
    google_pick(object, &camel, 1, &v);
    return v;
}

bool google_enum_is(struct json v, const char *name)
{
    return v.kind == JSON_STRING && slice_is_nocase(slice_of(v.raw.p + 1, v.raw.n - 2), name);
}

struct google_list google_list(struct json list)
{
    if (list.kind == JSON_ARRAY)
        return (struct google_list){.walk = json_walk(list)};
    return (struct google_list){.value = list, .alone = json_present(list)};
}

bool google_next(struct google_list *l)
{
    if (l->alone) {
        l->alone = false;
        return true;
    }
    bool more = json_next(&l->walk);
    l->value = l->walk.value;
    return more;
}

/* ---- values ---- */

int google_read_number(struct reading *r, const char *member, struct json v, struct slice *out)
{
    if (v.kind != JSON_STRING)
        return read_number(r, member, v, out);
    struct slice text = SLICE_NONE;
    int rc = read_string(r, member, v, &text);
    if (rc)
        return rc;
    if (json_check(text, NULL) || json_of(text).kind != JSON_NUMBER)
        return reading_refuse(r, member, "must be a number");
    *out = slice_trim(text);
    return AIGNE_OK;
}

static struct slice usual_base64(struct slice text, struct arena *a)
{
    bool usual = text.n % 4 == 0 && slice_find_byte(text, '-') == text.n &&
                 slice_find_byte(text, '_') == text.n;
    if (usual)
        return text;
    char *copy = arena_bytes(a, text.n + 4);
    if (!copy)
        return SLICE_NONE;
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        copy[n++] = (char)(text.p[i] == '-' ? '+' : text.p[i] == '_' ? '/' : text.p[i]);
    while (n % 4)
        copy[n++] = '=';
    return slice_of(copy, n);
}

int google_read_bytes(struct reading *r, const char *member, struct json v, struct slice *out)
{
    int rc = read_needed_string(r, member, v, out);
    if (rc)
        return rc;
    if (!base64_valid(*out))
        return reading_refuse(r, member, "must be base64");
    *out = usual_base64(*out, r->arena);
    return out->p ? AIGNE_OK : reading_nomem(r);
}

/* ---- seals ---- */

#define SEAL_BYTES "aignesealed:" /* SEAL_MARK is its base64; then kind, vendor, ':' and text */

void google_seal(struct buf *out, enum google_seal kind, struct slice vendor, struct slice text)
{
    struct buf plain AUTO(buf_free);
    buf_init(&plain, vendor.n + text.n + 16);
    BUF_LITERAL(&plain, SEAL_BYTES);
    buf_put_byte(&plain, (char)kind);
    buf_put_slice(&plain, vendor);
    buf_put_byte(&plain, ':');
    buf_put_slice(&plain, text);
    if (buf_rc(&plain) && !out->rc)
        out->rc = buf_rc(&plain);
    base64_encode(out, buf_slice(&plain));
}

enum google_seal google_unseal(struct slice signature, struct arena *a, struct slice *vendor,
                               struct slice *text)
{
    *vendor = *text = SLICE_NONE;
    if (!slice_starts(signature, SEAL_MARK))
        return SEAL_NONE;
    struct buf plain AUTO(buf_free);
    buf_init(&plain, signature.n);
    bool whole = base64_decode(&plain, signature);
    struct slice kept = arena_copy(a, buf_slice(&plain));
    a->failed = a->failed || buf_rc(&plain);
    if (!whole || !kept.p)
        return SEAL_NONE;
    struct slice said = slice_from(kept, sizeof SEAL_BYTES - 1);
    bool known = said.n && (said.p[0] == SEAL_SIGNATURE || said.p[0] == SEAL_REDACTED);
    if (!known || !slice_cut(slice_from(said, 1), ':', vendor, text))
        return SEAL_NONE;
    if (!vendor->n)
        *vendor = SLICE_NONE;
    return (enum google_seal)said.p[0];
}
