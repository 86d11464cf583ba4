/* choices.h - an answer that is several answers to one request: each is read as if it were alone. */
#ifndef AIGNE_PROVIDER_CHOICES_H
#define AIGNE_PROVIDER_CHOICES_H

#include "provider/adapter.h"

#define CHOICES_LARGEST 128

struct choices;

/* NULL: the request asks for one, or is relayed, or there is no memory, which d->keep tells. Each choice has
 * `state_size` zeroed bytes for its state. */
struct choices *choices_new(struct decoding *d, size_t state_size);
/* What is pushed from here to choices_leave is of that choice, and d->state is its own. Its FINISH waits for
 * choices_end. AIGNE_AGAIN: nobody asked for that one. */
int choices_enter(struct choices *c, struct decoding *d, int64_t index);
void choices_leave(struct choices *c, struct decoding *d);
size_t choices_begun(const struct choices *c);
/* Whether all that were asked for have ended. */
bool choices_ended(const struct choices *c);
/* Tell how each ended; `end` is called inside those that did not say it yet. */
int choices_end(struct choices *c, struct decoding *d, int (*end)(struct decoding *d));

#endif
