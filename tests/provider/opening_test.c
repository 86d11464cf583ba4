/* What a stream says before it says anything, and what is more than that. */
#include "provider/opening.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_beginning_tells_nothing(void **state)
{
    static const char *const openings[] = {
        "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\","
        "\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}",
        "{\"choices\":[{\"delta\":{\"role\":\"assistant\"}},{\"delta\":{\"tool_calls\":[]}}]}",
        "{\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}]}",
        "{\"type\":\"message_start\",\"message\":{\"content\":[]}}",
        "{\"type\": \"ping\"}",
        "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\",\"text\":\"\"}}",
        "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"thinking\",\"thinking\":"
        "\"\",\"signature\":\"\"}}",
        "{\"type\":\"response.created\",\"response\":{}}",
        "{\"type\":\"response.in_progress\",\"response\":{}}",
        "{\"type\":\"response.output_item.added\",\"item\":{\"type\":\"message\",\"content\":[]}}",
        "{\"type\":\"response.output_item.added\",\"item\":{\"type\":\"reasoning\",\"summary\":[]}}",
        "{\"type\":\"response.content_part.added\",\"part\":{\"text\":\"\"}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        if (!opening_is(slice_text(openings[i])))
            fail_msg("%s", openings[i]);
}

static void anything_else_is_told(void **state)
{
    static const char *const told[] = {
        "",
        "[DONE]",
        "{}",
        "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"H\"}}]}",
        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}",
        "{\"choices\":[{\"delta\":{\"reasoning\":\"H\"}}]}",
        "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}",
        "{\"choices\":[{\"delta\":{}},{\"delta\":{\"content\":\"H\"}}]}",
        "{\"choices\":[],\"usage\":{\"prompt_tokens\":1}}",
        "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\"}}",
        "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\",\"text\":\"H\"}}",
        "{\"type\":\"content_block_delta\",\"delta\":{\"text\":\"\"}}",
        "{\"type\":\"response.output_item.added\",\"item\":{\"type\":\"function_call\"}}",
        "{\"type\":\"response.output_text.delta\",\"delta\":\"H\"}",
        "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"H\"}]}}]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (opening_is(slice_text(told[i])))
            fail_msg("%s", told[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beginning_tells_nothing),
        cmocka_unit_test(anything_else_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
