/* surrogates.h - halves of characters in others' JSON, which no provider takes. */
#ifndef AIGNE_CHAT_SURROGATES_H
#define AIGNE_CHAT_SURROGATES_H

#include "base/arena.h"
#include "base/slice.h"

/* Checked JSON with each lone surrogate escape ("\ud83d") as "\ufffd": the text itself when it has
 * none, else a copy of the same length. .p NULL: no memory. */
struct slice surrogates_replaced(struct slice json, struct arena *a);

#endif
