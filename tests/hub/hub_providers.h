/* hub_providers.h - providers as tests introduce them to a hub: AIGNE's names, two without keys, one
 * without a place. */
#ifndef AIGNE_TESTS_HUB_PROVIDERS_H
#define AIGNE_TESTS_HUB_PROVIDERS_H

#include "hub/catalog.h"
#include <aignehub/aignehub.h>

static const struct {
    const char *name;
    const char *alias;
} test_names[] = {{"openai", NULL},     {"anthropic", NULL},  {"bedrock", NULL},
                  {"deepseek", NULL},   {"google", "gemini"}, {"ollama", NULL},
                  {"openrouter", NULL}, {"xai", NULL},        {"doubao", NULL},
                  {"poe", NULL},        {"ideogram", NULL},   {"aignehub", NULL},
                  {"azure", NULL},      {"echo", NULL}};
enum { TEST_NAMES = sizeof test_names / sizeof *test_names };

static inline bool test_find(struct slice name, struct hub_provider_facts *out)
{
    for (size_t i = 0; i < TEST_NAMES; i++) {
        const char *alias = test_names[i].alias;
        if (!slice_is_nocase(name, test_names[i].name) &&
            !(alias && slice_is_nocase(name, alias)))
            continue;
        struct slice known = slice_text(test_names[i].name);
        *out = (struct hub_provider_facts){.name = known,
                                           .keyless = slice_is(known, "ollama") ||
                                                      slice_is(known, "echo"),
                                           .placeless = slice_is(known, "azure"),
                                           .kinds = ~0u};
        return true;
    }
    return false;
}

static inline const char *test_name_at(size_t index)
{
    return index < TEST_NAMES ? test_names[index].name : NULL;
}

/* "odd" is what no provider takes. */
static inline int test_check_config(struct slice type, struct json config, struct fault *why)
{
    (void)type;
    return json_present(json_get(config, "odd"))
               ? fault_field(why, AIGNE_E_REQUEST, "config", "config has no \"odd\".")
               : AIGNE_OK;
}

static const struct hub_providers test_known = {test_find, test_name_at, test_check_config};

#endif
