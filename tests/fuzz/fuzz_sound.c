/* Knows that the length of any file is found or not, never absurd, and found again. */
#include "fuzz.h"
#include "text/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice file = fuzz_input(data, size);
    int64_t length = sound_milliseconds(file);
    FUZZ_CHECK(length >= -1 && length == sound_milliseconds(file));
    return 0;
}
