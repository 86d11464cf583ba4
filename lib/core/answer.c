/* Knows how a reply is kept for its owner; refuses to know what is in it. */
#include "core/answer.h"
#include "base/mem.h"
#include "core/handle.h"

struct aigne_reply *answer_new(struct fault *why)
{
    struct aigne_reply *r = mem_alloc_zero(sizeof(*r));
    if (!r) {
        fault_nomem(why);
        return NULL;
    }
    r->magic = HANDLE_REPLY;
    buf_init(&r->text, SIZE_MAX / 2);
    buf_init(&r->json, SIZE_MAX / 2);
    return r;
}

void answer_free(struct aigne_reply *r)
{
    if (!r)
        return;
    buf_wipe_free(&r->text);
    buf_wipe_free(&r->json);
    r->magic = HANDLE_DEAD;
    mem_free(r);
}
