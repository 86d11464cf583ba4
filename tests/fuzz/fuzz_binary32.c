/* Knows that any text becomes the binary32 that the C library finds, when it is a number of JSON's. */
#include "fuzz.h"
#include "text/binary32.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>
#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    uint32_t bits;
    bool fits = binary32_parse(text, &bits);
    bool number = json_check(text, NULL) == AIGNE_OK && json_of(text).kind == JSON_NUMBER &&
                  json_of(text).raw.n == text.n;
    FUZZ_CHECK(number || !fits);
    if (!number)
        return 0;
    char *copy = malloc(size + 1);
    FUZZ_CHECK(copy != NULL);
    memcpy(copy, data, size);
    copy[size] = '\0';
    float wanted = strtof(copy, NULL);
    uint32_t wanted_bits;
    memcpy(&wanted_bits, &wanted, sizeof wanted);
    FUZZ_CHECK(fits == (isfinite(wanted) != 0));
    FUZZ_CHECK(!fits || bits == wanted_bits);
    free(copy);
    return 0;
}
