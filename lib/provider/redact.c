/* Knows what keys look like in a sentence; refuses to know why the sentence was said. */
#include "provider/redact.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/mem.h"

/* What is longer than this is cut before it is searched. */
#define WORDS_LONGEST 2048
/* A shorter word that begins like a key is a word: "key-value". */
#define KEY_SHORTEST 16

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-' || c == '*' || c == '.' || c == '+' || c == '/' || c == '=';
}

/* "api_key=abc" is a name and a word; the "=" at the end of base64 belongs to the word. */
static bool divides(struct slice all, size_t i)
{
    return all.p[i] == '=' && i + 1 < all.n && all.p[i + 1] != '=' && in_word(all.p[i + 1]);
}

static bool begins_as_keys_do(struct slice word)
{
    static const char *const beginnings[] = {"sk_",  "pk-",  "rk-",  "xai-",  "AIza",
                                             "AQ.",  "gsk_", "key-", "ya29.", "blocklet-",
                                             "AKIA", "ASIA", "ABSK"};
    if (slice_starts(word, "sk-"))
        return word.n > 3;
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (slice_starts(word, beginnings[i]))
            return word.n >= KEY_SHORTEST;
    }
    return false;
}

static bool names_a_key(struct slice s)
{
    static const char *const names[] = {"api key", "api_key", "api-key", "apikey",
                                        "access key"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (slice_starts_nocase(s, names[i]))
            return true;
    }
    return false;
}

/* "Incorrect API key provided: abc", "api_key='abc'", "the API key 'abc'": what stands before the word
 * ends in a colon, an equals sign or an opening quote, and names a key shortly before that in the same
 * sentence. */
static bool key_announced(struct slice before)
{
    struct slice said = before;
    bool quoted = slice_ends(said, "'") || slice_ends(said, "\"") || slice_ends(said, "`");
    said.n -= quoted;
    said = slice_trim(said);
    bool colon = slice_ends(said, ":") || slice_ends(said, "=");
    size_t near = colon ? 40 : 10;
    for (size_t i = said.n; (colon || quoted) && i-- > 0 && said.n - i < near;) {
        if (said.p[i] == '.' && i + 1 < said.n && said.p[i + 1] == ' ')
            return false;
        if (names_a_key(slice_from(said, i)))
            return true;
    }
    return false;
}

static bool is_key(struct slice before, struct slice word)
{
    struct slice stars = SLICE("***");
    if (slice_find(word, stars) < word.n || begins_as_keys_do(word))
        return true;
    return word.p[0] != '/' && key_announced(before);
}

void redact_into(char *to, size_t capacity, struct slice words)
{
    struct slice all = slice_of(words.p, words.n < WORDS_LONGEST ? words.n : WORDS_LONGEST);
    struct buf clean AUTO(buf_free);
    buf_init(&clean, (size_t)2 * WORDS_LONGEST);
    size_t i = 0;
    while (i < all.n) {
        size_t start = i;
        while (i < all.n && in_word(all.p[i]) && !divides(all, i))
            i++;
        struct slice word = slice_of(all.p + start, i - start);
        bool key = word.n > 1 && is_key(slice_of(all.p, start), word);
        if (key)
            BUF_LITERAL(&clean, "[key]");
        else
            buf_put_slice(&clean, word);
        if (key && slice_ends(word, "."))
            buf_put_byte(&clean, '.');
        if (i < all.n)
            buf_put_byte(&clean, all.p[i++]);
    }
    /* Without memory nothing of the sentence is told: it may hold a key. */
    fault_copy(to, capacity,
               buf_rc(&clean) < 0 ? SLICE("The provider refused the request.")
                                  : buf_slice(&clean));
}
