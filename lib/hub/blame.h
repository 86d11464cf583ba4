/* blame.h - what the end of an attempt says about whom. Pure. */
#ifndef AIGNE_HUB_BLAME_H
#define AIGNE_HUB_BLAME_H

#include "base/fault.h"

enum blame {
    BLAME_NONE,       /* it went well */
    BLAME_NOBODY,     /* it says nothing: the caller's own mistake, cancelled, or our doing */
    BLAME_TARGET,     /* the provider, or this model there, does not work */
    BLAME_CREDENTIAL, /* the provider refuses the key */
    BLAME_PACE        /* too much was asked with this key, or it is not paid for */
};

enum blame blame_of(int rc, const struct fault *why);

#endif
