/* The public face of what concerns the whole process: log, allocator, version. */
#include "base/log.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>

int aigne_set_log(int level, aigne_log_fn fn, void *user)
{
    if (level < 0 || level > LOG_DEBUG)
        return AIGNE_E_USAGE;
    log_set(level, fn, user);
    return AIGNE_OK;
}

int aigne_set_alloc(const aigne_alloc *a)
{
    if (a && (!a->resize || !a->release))
        return AIGNE_E_USAGE;
    if (a)
        mem_set_allocator(a->user, a->resize, a->release);
    else
        mem_set_allocator(NULL, NULL, NULL);
    return AIGNE_OK;
}

const char *aigne_version(void)
{
    return AIGNE_VERSION;
}

uint32_t aigne_version_number(void)
{
    return AIGNE_VERSION_NUMBER;
}
