/* presented_key.h - the access key that a client shows, in any of the manners clients have. */
#ifndef AIGNE_CORE_PRESENTED_KEY_H
#define AIGNE_CORE_PRESENTED_KEY_H

#include "text/http.h"

struct presented_key {
    struct slice authorization; /* .p NULL: not sent; so the next two */
    struct slice anthropic;
    struct slice google;
    struct slice in_query; /* inside the query as it came: wiped with the headers */
};

/* Take the header if it is one that shows a key; the first of a name counts. False: it is another. */
bool presented_key_take(struct presented_key *k, const struct http_header *h);
/* Take "key=" of a query: only where Google's clients are expected, for addresses are written down in many
 * places. */
void presented_key_take_query(struct presented_key *k, struct slice query);
/* The key: "Authorization: Bearer" goes before "x-api-key", that before "x-goog-api-key", the query comes
 * last. .n 0: none was shown. */
struct slice presented_key(const struct presented_key *k);
/* Nothing is left of it, not in the query either. */
void presented_key_forget(struct presented_key *k);

#endif
