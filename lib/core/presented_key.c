/* Knows where clients put the access key; refuses to know whose it is. */
#include "core/presented_key.h"
#include "base/mem.h"

bool presented_key_take(struct presented_key *k, const struct http_header *h)
{
    struct slice *to = slice_is_nocase(h->name, "authorization")    ? &k->authorization
                       : slice_is_nocase(h->name, "x-api-key")      ? &k->anthropic
                       : slice_is_nocase(h->name, "x-goog-api-key") ? &k->google
                                                                    : NULL;
    if (to && !to->p)
        *to = h->value;
    return to != NULL;
}

/* Keys are letters, digits, '-' and '_': what would need decoding is none. */
void presented_key_take_query(struct presented_key *k, struct slice query)
{
    struct slice rest = query;
    struct slice one;
    while (rest.n && !k->in_query.p) {
        if (!slice_cut(rest, '&', &one, &rest)) {
            one = rest;
            rest = SLICE("");
        }
        if (slice_starts(one, "key="))
            k->in_query = slice_from(one, 4);
    }
}

struct slice presented_key(const struct presented_key *k)
{
    struct slice bearer = http_bearer(k->authorization);
    const struct slice in_order[] = {bearer, slice_trim(k->anthropic), slice_trim(k->google),
                                     k->in_query};
    for (size_t i = 0; i < sizeof(in_order) / sizeof(in_order[0]); i++)
        if (in_order[i].n)
            return in_order[i];
    return SLICE("");
}

void presented_key_forget(struct presented_key *k)
{
    /* The query lies in memory of the call's own. */
    char *in_query = (char *)(uintptr_t)k->in_query.p;
    if (in_query) {
        mem_wipe(in_query, k->in_query.n);
        memset(in_query, '*', k->in_query.n);
    }
    *k = (struct presented_key){0};
}
