/* The public face of settings: checks, then core. */
#include "api/guard.h"
#include "base/mem.h"
#include "core/settings.h"

int aigne_config_new(aigne_config **out)
{
    if (!out)
        return AIGNE_E_USAGE;
    *out = NULL;
    struct aigne_config *c = mem_alloc(sizeof(*c));
    if (!c)
        return AIGNE_E_NOMEM;
    settings_init(c);
    c->magic = HANDLE_CONFIG;
    *out = c;
    return AIGNE_OK;
}

int aigne_config_set(aigne_config *c, const char *name, const char *value, size_t len,
                     aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_handle(c, HANDLE_CONFIG, __func__, &why);
    if (rc >= 0)
        rc = guard_pointer(name, __func__, "name", &why);
    if (rc >= 0)
        rc = guard_pointer(value, __func__, "value", &why);
    if (rc >= 0)
        rc = settings_set(c, slice_text(name), guard_text(value, len), &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

int aigne_config_set_int(aigne_config *c, const char *name, int64_t value, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_handle(c, HANDLE_CONFIG, __func__, &why);
    if (rc >= 0)
        rc = guard_pointer(name, __func__, "name", &why);
    if (rc >= 0)
        rc = settings_set_int(c, slice_text(name), value, &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

int aigne_config_json(aigne_config *c, const char *json, size_t len, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_handle(c, HANDLE_CONFIG, __func__, &why);
    if (rc >= 0)
        rc = guard_pointer(json, __func__, "json", &why);
    if (rc >= 0)
        rc = settings_set_json(c, guard_text(json, len), &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

const char *aigne_config_schema(size_t *len)
{
    if (len)
        *len = settings_schema_size;
    return settings_schema;
}

void aigne_config_free(aigne_config *c)
{
    struct fault why;
    if (!c || guard_handle(c, HANDLE_CONFIG, __func__, &why) < 0)
        return;
    settings_free(c);
    c->magic = HANDLE_DEAD;
    mem_free(c);
}
