/* unit.h - what the unit tests share. */
#ifndef AIGNE_TESTS_UNIT_H
#define AIGNE_TESTS_UNIT_H

#include "base/slice.h"
#include "failing_alloc.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* `s` is exactly the bytes of the text; it is present, too. */
#define assert_slice(s, text)                                                                  \
    do {                                                                                       \
        struct slice found = (s);                                                              \
        struct slice wanted = slice_text(text);                                                \
        if (!found.p || !slice_eq(found, wanted))                                              \
            fail_msg("\"%.*s\" instead of \"%s\"", (int)found.n, found.p ? found.p : "(none)", \
                     (const char *)wanted.p);                                                  \
    } while (0)

#endif
