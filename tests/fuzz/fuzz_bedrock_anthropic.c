/* Knows that the adapter of Claude on Bedrock takes any bytes; see fuzz_adapter.h. */
#include "fuzz_adapter.h"
#include "provider/adapters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_adapter(&adapter_bedrock_anthropic, data, size);
}
