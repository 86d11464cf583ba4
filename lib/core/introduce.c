/* Knows what a hub is told of the providers there are; refuses to know what it does with it. */
#include "core/introduce.h"
#include "provider/config.h"
#include <aignehub/aignehub.h>

static bool find(struct slice name, struct hub_provider_facts *out)
{
    const struct provider_row *row = provider_find(name);
    if (!row)
        return false;
    *out = (struct hub_provider_facts){.name = slice_text(row->name),
                                       .keyless = row->keyless,
                                       .placeless = row->placeless,
                                       .kinds = provider_kinds(row)};
    return true;
}

/* First the names, then the aliases: an advice that is cut short names the more important ones. */
static const char *name_at(size_t index)
{
    size_t count = 0;
    while (provider_at(count))
        count++;
    if (index < count)
        return provider_at(index)->name;
    size_t at = index - count;
    for (size_t i = 0; i < count; i++)
        if (provider_at(i)->alias && at-- == 0)
            return provider_at(i)->alias;
    return NULL;
}

static int check_config(struct slice type, struct json config, struct fault *why)
{
    return provider_config_check(provider_find(type), config, why);
}

const struct hub_providers core_providers = {find, name_at, check_config};
