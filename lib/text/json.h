/* json.h - the one door to json-c: reading settings that a person wrote.
 *
 * Never used for what providers or clients send (see json_scan.h). */
#ifndef AIGNE_TEXT_JSON_H
#define AIGNE_TEXT_JSON_H

#include "base/fault.h"
#include "base/slice.h"

/* Tell `each` every member of the settings object `text`: value is the string's bytes, or the
 * number, boolean, array or object as JSON text. Comments are allowed, as json-c allows them. A
 * non-zero return of `each` stops and is returned. AIGNE_E_CONFIG with line and column when `text`
 * is not an object. */
typedef int (*json_setting_fn)(void *user, struct slice name, struct slice value,
                               bool is_string, struct fault *why);
int json_settings(struct slice text, json_setting_fn each, void *user, struct fault *why);

#endif
