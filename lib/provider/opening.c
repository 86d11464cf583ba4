/* Knows which frames of a stream come before its answer, in each format whose frames are passed on; refuses
 * to know what is done with them. */
#include "provider/opening.h"
#include "text/json_scan.h"

/* `content`: what must be empty for it to be none of the answer; NULL: it never is one. */
static const struct {
    const char *type;
    const char *content;
} openings[] = {
    {"message_start", NULL},
    {"ping", NULL},
    {"content_block_start", "content_block.text"},
    {"content_block_start", "content_block.thinking"},
    {"response.created", NULL},
    {"response.queued", NULL},
    {"response.in_progress", NULL},
    {"response.output_item.added", "item.content"},
    {"response.output_item.added", "item.summary"},
    {"response.content_part.added", "part.text"},
};

static bool is_empty(struct json v)
{
    return v.kind == JSON_NULL || (v.kind >= JSON_STRING && v.raw.n == 2);
}

enum member { TYPE, CHOICES, USAGE, MEMBERS };
static const char *const members[MEMBERS] = {"type", "choices", "usage"};

/* OpenAI's first chunk has the role alone, Azure's has no choice at all. */
static bool is_first_chunk(const struct json *v)
{
    struct json_walk each = json_walk(v[CHOICES]);
    if (v[CHOICES].kind != JSON_ARRAY || json_present(v[USAGE]))
        return false;
    while (json_next(&each)) {
        struct json_walk delta = json_walk(json_get(each.value, "delta"));
        while (json_next(&delta))
            if (!json_key_is(&delta, "role") && !is_empty(delta.value))
                return false;
        if (json_present(json_get(each.value, "finish_reason")))
            return false;
    }
    return true;
}

bool opening_is(struct slice data)
{
    struct json frame = json_of(data);
    struct json v[MEMBERS];
    json_pick(frame, members, MEMBERS, v);
    for (size_t i = 0; v[TYPE].kind == JSON_STRING && i < sizeof openings / sizeof *openings;
         i++)
        if (json_string_is(v[TYPE], openings[i].type) &&
            (!openings[i].content || is_empty(json_path(frame, openings[i].content))))
            return true;
    return is_first_chunk(v);
}
