/* anthropic_waiting.h - blocks of an answer that came while a call was still being told: Anthropic's
 * blocks do not overlap, so they wait until it has ended. */
#ifndef AIGNE_INGRESS_ANTHROPIC_WAITING_H
#define AIGNE_INGRESS_ANTHROPIC_WAITING_H

#include "base/arena.h"
#include "base/buf.h"
#include <stdbool.h>

enum waiting_kind { WAITING_TEXT, WAITING_THOUGHT, WAITING_REDACTED, WAITING_CALL };

struct waiting_block {
    struct waiting_block *next;
    enum waiting_kind kind;
    int index; /* of a call */
    bool ended;
    struct slice id;
    struct slice name;
    struct slice vendor;
    struct slice seal;
    struct buf text; /* or a call's arguments */
};

struct waiting {
    struct waiting_block *first;
    struct waiting_block *last;
};

/* Each AIGNE_OK, AIGNE_E_NOMEM, or AIGNE_E_PROTOCOL when no such call waits. */
int waiting_text(struct waiting *q, enum waiting_kind kind, struct slice piece);
int waiting_seal(struct waiting *q, enum waiting_kind kind, struct slice vendor,
                 struct slice seal, struct arena *a);
/* A copy of `call`, its names in `a`. */
int waiting_call(struct waiting *q, const struct waiting_block *call, struct arena *a);
int waiting_arguments(struct waiting *q, int index, struct slice piece);
void waiting_end(struct waiting *q, int index);

/* The first of them, which the caller frees; NULL: none. */
struct waiting_block *waiting_take(struct waiting *q);
void waiting_free_block(struct waiting_block *b);
void waiting_free(struct waiting *q);

#endif
