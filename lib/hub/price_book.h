/* price_book.h - a public list of prices, as far as it is about providers that are known here. */
#ifndef AIGNE_HUB_PRICE_BOOK_H
#define AIGNE_HUB_PRICE_BOOK_H

#include "hub/price_formats.h"
#include "hub/price_verbs.h"

struct price_book {
    struct verb_call *v;
    struct slice provider; /* only this one's; .p NULL: all */
    bool free;             /* what costs nothing is a price, too */
    enum price_format format;
    struct slice source; /* JSON: where the list is from */
    struct price_listed **models;
    size_t count;
    size_t capacity;
    struct map by_name; /* provider/model/type */
    int64_t unknown;    /* of providers that nobody knows */
    int64_t unpriced;
    int64_t given_away;
};

/* From the verb's "body", "format", "provider" and "free". Nothing but .count 0 when there is no body. */
int price_book_read(struct verb_call *v, struct price_book *out);
void price_book_free(struct price_book *b);
const struct price_listed *price_book_exact(const struct price_book *b, struct slice provider,
                                            struct slice model, struct slice type);
/* The same, or what it is another name of: with a date behind it, or at the vendor. */
const struct price_listed *price_book_find(const struct price_book *b,
                                           const struct catalog_rate *rate);

#endif
