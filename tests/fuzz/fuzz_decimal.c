/* Knows that an accepted amount, written and read again, is the same amount. */
#include "fuzz.h"
#include "text/decimal.h"

static void check(struct slice text, int digits)
{
    decimal_wide value;
    decimal_wide again;
    struct buf out;
    if (!decimal_parse(text, digits, &value))
        return;
    FUZZ_CHECK(value >= 0);
    buf_init(&out, 4096);
    decimal_write(&out, value, digits);
    FUZZ_CHECK(decimal_parse(buf_slice(&out), digits, &again) && again == value);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(fuzz_input(data, size), DECIMAL_RATE_DIGITS);
    check(fuzz_input(data, size), DECIMAL_AMOUNT_DIGITS);
    return 0;
}
