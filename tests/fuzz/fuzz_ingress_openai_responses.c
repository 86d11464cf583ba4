/* Knows that OpenAI's ingress format takes any bytes; see fuzz_ingress.h. */
#include "fuzz_ingress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_ingress(&ingress_openai_responses, data, size);
}
