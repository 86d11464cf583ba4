/* gemini_paths.h - which of Google's methods a path names. */
#ifndef AIGNE_INGRESS_GEMINI_PATHS_H
#define AIGNE_INGRESS_GEMINI_PATHS_H

#include "ingress/ingress.h"

/* The format of a POST to what follows the version in the path, "models/NAME:generateContent"; NULL: it
 * names no method that is served. */
const struct ingress *google_ingress(struct slice rest, struct slice query);

#endif
