/* Knows that the adapter of remote hubs takes any bytes; 'd' before them: where a hub says it is. See
 * fuzz_adapter.h for the others. */
#include "fuzz_adapter.h"
#include "provider/adapters.h"

static void discover(struct slice text)
{
    struct arena a;
    struct fault why = {0};
    struct slice root = SLICE_NONE;
    arena_init(&a);
    int rc = adapter_hub.discovered(SLICE("https://h"), text, &a, &root, &why);
    FUZZ_CHECK(rc == AIGNE_OK ? slice_starts(root, "https://h") : why.code == rc);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size && data[0] == 'd')
        discover(slice_from(fuzz_input(data, size), 1));
    return fuzz_adapter(&adapter_hub, data, size);
}
