/* json_value.h - what json_scan.c and json_value.c share; inside text/ only. */
#ifndef AIGNE_TEXT_JSON_VALUE_H
#define AIGNE_TEXT_JSON_VALUE_H

#include "base/slice.h"
#include <stdbool.h>

/* Whether the text between quotes, its escapes resolved, is `want`. */
bool json_escaped_equals(struct slice escaped, struct slice want);

#endif
