/* Knows edit distance; refuses to know what the names are for. */
#include "base/nearest.h"

#define NEAREST_LONGEST 63

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

size_t nearest_distance(struct slice text, const char *name)
{
    size_t length = strlen(name);
    if (text.n > NEAREST_LONGEST || length > NEAREST_LONGEST)
        return SIZE_MAX;
    size_t row[NEAREST_LONGEST + 1];
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; i < text.n; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t above = row[j + 1];
            size_t swap = diagonal + (lower(text.p[i]) != lower(name[j]));
            row[j + 1] = smallest(above + 1, row[j] + 1, swap);
            diagonal = above;
        }
    }
    return row[length];
}

static void list(struct nearest *n, const char *name)
{
    static const char more[] = ", ...";
    size_t length = strlen(name);
    const char *comma = n->used ? ", " : "";
    size_t needed = strlen(comma) + length;
    if (n->used + needed + sizeof more > sizeof n->all) {
        if (n->used <= sizeof n->all - sizeof more) /* once, and nothing after it */
            memcpy(n->all + n->used, more, sizeof more);
        n->used = sizeof n->all;
        return;
    }
    memcpy(n->all + n->used, comma, strlen(comma));
    memcpy(n->all + n->used + strlen(comma), name, length + 1);
    n->used += needed;
}

void nearest_offer(struct nearest *n, const char *name)
{
    size_t length = strlen(name);
    size_t distance = nearest_distance(n->text, name);
    list(n, name);
    if (distance >= n->distance || 2 * distance > (n->text.n > length ? n->text.n : length))
        return;
    n->best = name;
    n->distance = distance;
}

struct nearest_advice nearest_advise(const struct nearest *n)
{
    if (n->best)
        return (struct nearest_advice){"the nearest known one is", "\"", n->best};
    return (struct nearest_advice){"there are:", "", n->all};
}
