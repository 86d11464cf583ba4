/* Knows by which words a provider refuses what another vendor sealed, and how a conversation goes on without its
 * seals; refuses to know who sealed what: a body that was passed through does not tell. */
#include "core/unseal.h"
#include "core/call.h"
#include <aignehub/aignehub.h>

static bool refuses_seal(const struct fault *f)
{
    static const char *const words[] = {"encrypted content",
                                        "encrypted_content",
                                        "thought signature",
                                        "thought_signature",
                                        "in `thinking` block",
                                        "`redacted_thinking` block",
                                        "invalid signature in thinking"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_has_nocase(slice_text(f->text), words[i]))
            return true;
    }
    return false;
}

bool unseal_helps(struct aigne_call *call, int rc)
{
    const struct fault *f = &call->fault;
    if (rc != AIGNE_E_REQUEST || !f->upstream || f->http != 400 || call->refusal ||
        call->delivered ||
        (call->request.kind != KIND_CHAT && call->request.kind != KIND_COUNT_TOKENS) ||
        !refuses_seal(f))
        return false;
    call->refusal = arena_alloc(&call->arena, sizeof *call->refusal);
    if (!call->refusal)
        return false;
    *call->refusal = *f;
    call->relay_format = NULL;
    return true;
}

void unseal_request(struct aigne_call *call)
{
    struct chat_request *r = &call->request;
    for (size_t i = 0; call->refusal && i < r->message_count; i++) {
        struct chat_message *m = &r->messages[i];
        for (size_t k = 0; k < m->part_count; k++) {
            struct chat_part *p = &m->parts[k];
            if (p->kind == CHAT_THINKING || p->kind == CHAT_REDACTED)
                p->origin = SLICE("another"); /* no provider's name: nobody sends it on */
            else
                p->signature = SLICE_NONE;
        }
    }
}

void unseal_explain(struct aigne_call *call, int rc)
{
    if (rc == AIGNE_E_REQUEST && call->refusal && !call->fault.upstream)
        call->fault = *call->refusal;
}
