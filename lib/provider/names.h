/* names.h - tool names and call ids, cut to what a provider takes and mapped back. */
#ifndef AIGNE_PROVIDER_NAMES_H
#define AIGNE_PROVIDER_NAMES_H

#include "base/arena.h"
#include "base/fault.h"
#include "chat/request.h"

struct name_rule {
    size_t longest;
    const char *also;  /* bytes allowed besides ASCII letters, digits and '_' */
    bool letter_first; /* begins with a letter or '_' */
};

/* The name as this provider takes it: itself when it fits. .p NULL: no memory. */
struct slice name_to_wire(const struct name_rule *rule, struct slice name, struct arena *a);
/* The caller's name for a tool that the provider calls `wire`; `wire` itself when none fits. */
struct slice name_from_wire(const struct name_rule *rule, const struct chat_request *r,
                            struct slice wire);
/* AIGNE_E_REQUEST when two tools would go by one name. */
int name_check_tools(const struct name_rule *rule, const struct chat_request *r,
                     struct arena *a, struct fault *why);

/* A call id as letters, digits, '_' and '-', at most `longest` bytes; the same id gives the same
 * text in a call and in its result. `earlier` other than 0 makes it differ from those calls by the same
 * id that came before. .p NULL: no memory. */
struct slice call_id_to_wire(struct slice id, size_t earlier, size_t longest, struct arena *a);
/* A call id as exactly `length` letters and digits, 16 at most; the same id gives the same text. */
struct slice call_id_short(struct slice id, size_t length, struct arena *a);
/* An id for the call `index` of this answer, which no earlier call of the conversation has when they
 * were named here too. */
struct slice call_id_made(const struct chat_request *r, int index, struct arena *a);

#endif
