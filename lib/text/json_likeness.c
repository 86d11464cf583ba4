/* Knows how to compare texts from both ends; refuses to know what they mean. */
#include "text/json_likeness.h"
#include "text/utf8.h"
#include "text/word.h"

#define SAMPLE_LONGEST 2048

static size_t same_start(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    size_t i = 0;
    for (; n - i >= WORD_SIZE; i += WORD_SIZE) {
        uint64_t difference = word_load(a.p + i) ^ word_load(b.p + i);
        if (difference)
            return i + (size_t)__builtin_ctzll(difference) / 8;
    }
    while (i < n && a.p[i] == b.p[i])
        i++;
    return i;
}

/* At most `most` bytes. */
static size_t same_end(struct slice a, struct slice b, size_t most)
{
    const char *p = a.p + a.n;
    const char *q = b.p + b.n;
    size_t i = 0;
    while (most - i >= WORD_SIZE &&
           word_load(p - i - WORD_SIZE) == word_load(q - i - WORD_SIZE))
        i += WORD_SIZE;
    while (i < most && p[-1 - (ptrdiff_t)i] == q[-1 - (ptrdiff_t)i])
        i++;
    return i;
}

/* What may stand between the quotes of a string as it is. */
static bool is_plain(struct slice s)
{
    unsigned char all = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        all |= c;
        if (c < 0x20 || c == '"' || c == '\\')
            return false;
    }
    return all < 0x80 || utf8_valid(s);
}

void json_likeness_learn(struct json_likeness *l, struct slice text, struct slice inside,
                         struct arena *a)
{
    struct slice copy = text.n <= SAMPLE_LONGEST ? arena_copy(a, text) : SLICE_NONE;
    *l = (struct json_likeness){0};
    if (!copy.p)
        return;
    *l = (struct json_likeness){copy, (size_t)(inside.p - text.p), inside.n};
}

bool json_likeness_see(const struct json_likeness *l, struct slice text, struct slice *content)
{
    if (!l->sample.p)
        return false;
    size_t behind = l->sample.n - l->at - l->size;
    if (text.n < l->at + behind)
        return false;
    *content = slice_of(text.p + l->at, text.n - l->at - behind);
    return memcmp(l->sample.p, text.p, l->at) == 0 &&
           memcmp(l->sample.p + l->at + l->size, content->p + content->n, behind) == 0 &&
           is_plain(*content);
}

static bool continues_character(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

bool json_differ_in_value(struct slice sample, struct slice text)
{
    size_t start = same_start(sample, text);
    size_t shorter = sample.n < text.n ? sample.n : text.n;
    size_t end = same_end(sample, text, shorter - start);
    while (start > 0 && start < text.n && continues_character(text.p[start]))
        start--;
    while (end > 0 && continues_character(text.p[text.n - end]))
        end--;
    return is_plain(slice_of(sample.p + start, sample.n - start - end)) &&
           is_plain(slice_of(text.p + start, text.n - start - end));
}
