/* introduce.h - the providers that this library speaks to, as a hub is told of them. */
#ifndef AIGNE_CORE_INTRODUCE_H
#define AIGNE_CORE_INTRODUCE_H

#include "hub/catalog.h"

extern const struct hub_providers core_providers;

#endif
