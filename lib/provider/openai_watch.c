/* Knows what the hub must learn of a chunk that passes through it; refuses to read the rest. */
#define _GNU_SOURCE /* memmem */
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/openai.h"
#include <aignehub/aignehub.h>

/* Whether `data` has the member `quoted` (its name with both quotes) with a value other than null.
 * Inside a string the quotes would be escaped, so only a string equal to the name can deceive, and it
 * has no colon behind it. */
static bool says(struct slice data, struct slice quoted)
{
    const char *end = data.p + data.n;
    const char *p = data.p;
    while ((p = memmem(p, (size_t)(end - p), quoted.p, quoted.n)) != NULL) {
        p += quoted.n;
        const char *q = p;
        while (q < end && (*q == ' ' || *q == ':' || *q == '\t' || *q == '\n' || *q == '\r'))
            q++;
        bool member = q > p && memchr(p, ':', (size_t)(q - p)) != NULL;
        if (member && q < end && *q != 'n')
            return true;
    }
    return false;
}

/* All of these are absent or null in the chunks between the first and the last. */
static bool worth_reading(struct slice data)
{
    return says(data, SLICE("\"finish_reason\"")) || says(data, SLICE("\"usage\"")) ||
           says(data, SLICE("\"error\""));
}

static int read_chunk(struct decoding *d, struct json object, enum chat_choice usage_wanted,
                      bool *hide)
{
    struct openai_state *s = d->state;
    struct usage usage;
    if (complaint_present(json_get(object, "error")))
        return complaint_in_answer(d, object);
    int rc = AIGNE_OK;
    if (!s->started) {
        s->started = true;
        rc = answer_start(d, json_string(json_get(object, "id"), d->scratch),
                          json_string(json_get(object, "model"), d->scratch));
    }
    if (rc >= 0 && openai_usage(object, &usage)) {
        struct json_walk choices = json_walk(json_get(object, "choices"));
        *hide = usage_wanted != CHAT_YES && !json_next(&choices);
        rc = answer_usage(d, &usage);
    }
    struct json choice = openai_first_choice(object);
    struct json reason = json_get(choice, "finish_reason");
    if (rc < 0 || reason.kind != JSON_STRING)
        return rc;
    if (json_string_is(reason, "error"))
        return complaint_in_answer(d, choice);
    return openai_push_finish(d, openai_finish_reason(reason));
}

int openai_watch(struct decoding *d, const struct sse_event *frame,
                 enum chat_choice usage_wanted, bool *hide)
{
    struct openai_state *s = d->state;
    struct slice data = slice_trim(frame->data);
    *hide = false;
    if (!data.n || s->done)
        return AIGNE_OK;
    if (slice_is(data, "[DONE]")) {
        s->done = true;
        return openai_push_finish(d, FINISH_UNKNOWN);
    }
    if (s->started && !worth_reading(data))
        return AIGNE_OK;
    int rc = answer_check(d, data, JSON_OBJECT);
    return rc < 0 ? rc : answer_settled(d, read_chunk(d, json_of(data), usage_wanted, hide));
}
