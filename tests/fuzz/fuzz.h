/* fuzz.h - what every fuzz target is: a function of bytes that must neither crash nor contradict
 * itself. */
#ifndef AIGNE_TESTS_FUZZ_H
#define AIGNE_TESTS_FUZZ_H

#include "base/slice.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Kept in every build, unlike assert. */
#define FUZZ_CHECK(truth)                                                                      \
    do {                                                                                       \
        if (!(truth)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #truth);              \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

static inline struct slice fuzz_input(const uint8_t *data, size_t size)
{
    return slice_of((const char *)data, size);
}

#endif
