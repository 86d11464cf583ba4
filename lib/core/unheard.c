/* Knows how an answer is taken that nobody hears; refuses to know why nobody does. */
#include "core/unheard.h"

int unheard_step(struct aigne_call *call)
{
    (void)call;
    return AIGNE_OK;
}

int unheard_event(struct aigne_call *call, const struct event *e)
{
    (void)call;
    (void)e;
    return AIGNE_OK;
}

int unheard_frame(struct aigne_call *call, struct slice raw)
{
    (void)call;
    (void)raw;
    return AIGNE_OK;
}

bool unheard_full(const struct aigne_call *call)
{
    (void)call;
    return false;
}

void unheard_end(struct aigne_call *call)
{
    (void)call;
}
