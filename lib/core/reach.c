/* Knows which settings concern the network; refuses to know what is sent over it. */
#include "core/reach.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>

int reach_init(struct reach *r, const struct aigne_config *c, struct fault *why)
{
    struct slice proxy = settings_text(c, SETTING_PROXY);
    struct slice ca_file = settings_text(c, SETTING_CA_FILE);
    *r = (struct reach){0};
    r->limits = (struct transfer_limits){
        .connect_ms = settings_int(c, SETTING_CONNECT_TIMEOUT),
        .first_byte_ms = settings_int(c, SETTING_FIRST_BYTE_TIMEOUT),
        .idle_ms = settings_int(c, SETTING_IDLE_TIMEOUT),
        .total_ms = settings_int(c, SETTING_TOTAL_TIMEOUT),
    };
    r->route.insecure = settings_bool(c, SETTING_INSECURE);
    r->memory = mem_alloc_zero(proxy.n + ca_file.n + 2);
    if (!r->memory)
        return fault_nomem(why);
    if (proxy.p) {
        memcpy(r->memory, proxy.p, proxy.n);
        r->route.proxy = slice_of(r->memory, proxy.n);
    }
    if (ca_file.p) {
        memcpy(r->memory + proxy.n + 1, ca_file.p, ca_file.n);
        r->route.ca_file = slice_of(r->memory + proxy.n + 1, ca_file.n);
    }
    return AIGNE_OK;
}

void reach_free(struct reach *r)
{
    mem_free(r->memory);
    *r = (struct reach){0};
}
