/* dropped.c - knows how names are gathered; refuses to know why they were dropped. */
#include "chat/dropped.h"

#include <stdbool.h>
#include <string.h>

static const char more[] = ", ...";

static bool is_noted(const struct dropped *d, const char *name)
{
    struct slice rest = dropped_names(d);
    struct slice one;
    while (rest.n) {
        if (!slice_cut(rest, ',', &one, &rest)) {
            one = rest;
            rest = SLICE("");
        }
        if (slice_is(slice_trim(one), name))
            return true;
    }
    return false;
}

void dropped_note(struct dropped *d, const char *name)
{
    size_t length = strlen(name);
    if (!d || is_noted(d, name) || is_noted(d, "..."))
        return;
    if (d->n + 2 + length + sizeof(more) > DROPPED_ROOM) {
        memcpy(d->names + d->n, more, sizeof(more) - 1);
        d->n += sizeof(more) - 1;
        return;
    }
    if (d->n) {
        memcpy(d->names + d->n, ", ", 2);
        d->n += 2;
    }
    memcpy(d->names + d->n, name, length);
    d->n += length;
}

#define WORD_LARGEST 40

void dropped_note_stranger(struct dropped *d, struct slice name)
{
    char word[WORD_LARGEST + 1] = "others";
    bool plain = name.n > 0 && name.n <= WORD_LARGEST;
    for (size_t i = 0; plain && i < name.n; i++) {
        char c = name.p[i];
        plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '_' || c == '-' || c == '.';
    }
    if (plain) {
        memcpy(word, name.p, name.n);
        word[name.n] = '\0';
    }
    dropped_note(d, word);
}
