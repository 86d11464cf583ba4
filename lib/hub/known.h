/* known.h - vendors by name: who makes which models, and who else serves them. */
#ifndef AIGNE_HUB_KNOWN_H
#define AIGNE_HUB_KNOWN_H

#include "base/slice.h"
#include <stdbool.h>

/* Works without having been set up. */
#define KNOWN_BUILTIN "echo"
/* Another AIGNE hub as a provider. */
#define KNOWN_HUB "aignehub"

/* The longest name of an operator's own for a provider. */
#define OWN_NAME_LARGEST 32

#define VENDOR_CANDIDATES 4
struct vendor {
    const char *starts[4]; /* a lower-cased model name begins with one */
    const char *name;      /* the maker: openrouter's and bedrock's prefix */
    const char
        *providers[VENDOR_CANDIDATES]; /* by rank: direct, bedrock, openrouter or poe, ollama */
};
/* The vendor whose pattern fits the model name; NULL: none. */
const struct vendor *vendor_of(struct slice model);

/* 1: direct, 2: bedrock, 3: openrouter and poe, 4: ollama. */
int provider_rank(struct slice type);

#endif
