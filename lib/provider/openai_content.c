/* Knows how the content of a message is told in parts, text, reasoning and pictures, by whichever of
 * OpenAI's imitators; refuses to know where a message stands. */
#include "provider/answer.h"
#include "provider/openai.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

/* Mistral's reasoning is a part whose text comes in parts. */
static int push_thinking(struct decoding *d, struct json thinking)
{
    int rc = answer_piece(d, EVENT_THOUGHT, json_string(thinking, d->scratch));
    struct json_walk w = json_walk(thinking);
    while (thinking.kind == JSON_ARRAY && rc >= 0 && json_next(&w))
        rc = answer_piece(d, EVENT_THOUGHT, json_string(json_get(w.value, "text"), d->scratch));
    return rc;
}

int openai_push_parts(struct decoding *d, enum event_kind kind, struct json content)
{
    if (content.kind != JSON_ARRAY)
        return answer_piece(d, kind, json_string(content, d->scratch));
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(content);
    while (rc >= 0 && json_next(&w)) {
        struct json type = json_get(w.value, "type");
        if (json_string_is(type, "text"))
            rc = answer_piece(d, kind, json_string(json_get(w.value, "text"), d->scratch));
        else if (json_string_is(type, "thinking"))
            rc = push_thinking(d, json_get(w.value, "thinking"));
    }
    return rc;
}

int openai_push_images(struct decoding *d, struct json images)
{
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(images);
    while (rc >= 0 && json_next(&w)) {
        struct slice mime = SLICE_NONE;
        struct slice base64;
        struct slice url = json_string(json_path(w.value, "image_url.url"), d->scratch);
        if (url.n && data_url_parse(url, &mime, &base64))
            rc = answer_file(d, mime, base64, false);
        else
            rc = answer_file(d, mime, url, true);
    }
    return rc;
}
