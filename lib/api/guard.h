/* guard.h - the checks every public function begins with. */
#ifndef AIGNE_API_GUARD_H
#define AIGNE_API_GUARD_H

#include "base/fault.h"
#include "base/slice.h"
#include "core/handle.h"
#include <aignehub/aignehub.h>
#include <stdbool.h>

/* AIGNE_OK, or AIGNE_E_USAGE: `object` is NULL or is not a live object of that kind. Every public object
 * begins with its magic word. `function` names the caller in the sentence. */
int guard_handle(const void *object, enum handle_magic magic, const char *function,
                 struct fault *why);
/* AIGNE_OK, or AIGNE_E_USAGE: a required pointer is NULL. */
int guard_pointer(const void *pointer, const char *function, const char *parameter,
                  struct fault *why);
/* (pointer, length) with AIGNE_Z resolved; a NULL pointer is absent. */
struct slice guard_text(const char *text, size_t len);

/* Give the caller the fault as an owned error, if he wants one; returns fault->code. */
int error_give(const struct fault *why, aigne_error **err);

#endif
