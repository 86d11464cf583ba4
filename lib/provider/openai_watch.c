/* Knows what the hub must learn of a chunk that passes through it; refuses to read the rest. */
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/openai.h"
#include "text/json_likeness.h"
#include <aignehub/aignehub.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether the key that ends before `colon` is one whose value can matter. Inside a string its quotes
 * would be escaped, so what looks like a key is one. */
static bool is_telling_key(const char *start, const char *colon)
{
    static const struct slice keys[] = {
        {"\"finish_reason\"", 15}, {"\"usage\"", 7}, {"\"error\"", 7}};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t n = keys[i].n;
        if ((size_t)(colon - start) > n && colon[-2] == keys[i].p[n - 2] &&
            memcmp(colon - n, keys[i].p, n) == 0)
            return true;
    }
    return false;
}

/* finish_reason, usage and error are absent or null in the chunks between the first and the last. A
 * blank before a colon is so rare that the chunk is read rather than looked at twice. */
static bool worth_reading(struct slice data)
{
    const char *end = data.p + data.n;
    const char *p = data.p;
    while ((p = memchr(p, ':', (size_t)(end - p))) != NULL) {
        const char *colon = p++;
        if (colon == data.p || is_blank(colon[-1]))
            return true;
        if (colon[-1] != '"' || !is_telling_key(data.p, colon))
            continue;
        while (p < end && is_blank(*p))
            p++;
        if (p < end && *p != 'n')
            return true;
    }
    return false;
}

const char *const openai_texts[] = {"content", "reasoning_content", "reasoning",
                                    "refusal", "arguments",         NULL};

#define DULL_LONGEST 2048

/* Chunks differ from one another in one piece of text only: what looks like one that told nothing tells
 * nothing either. */
static bool looks_dull(struct decoding *d, struct slice data)
{
    const struct openai_state *s = d->state;
    if (!s->dull.p || !json_differ_in_value(s->dull, data))
        return false;
    d->text_seen = answer_text_like(s->dull, s->dull_text, data);
    return true;
}

static bool is_dull(struct decoding *d, struct slice data)
{
    struct openai_state *s = d->state;
    d->text_seen = json_texts(data, openai_texts);
    if (!s->started || worth_reading(data))
        return false;
    if (!s->dull.p && data.n <= DULL_LONGEST) {
        s->dull = arena_copy(d->keep, data);
        s->dull_text = d->text_seen;
    }
    return true;
}

static int read_chunk(struct decoding *d, const struct openai_object *o)
{
    struct usage usage;
    if (complaint_present(o->error))
        return complaint_in_answer(d, o->whole);
    int rc = openai_push_start(d, o);
    if (rc >= 0 && openai_usage(o, &usage))
        rc = answer_usage(d, &usage);
    return rc < 0 ? rc : openai_push_reason(d, o);
}

int openai_watch(struct decoding *d, const struct sse_event *frame,
                 enum chat_choice usage_wanted, struct slice *shown)
{
    struct openai_state *s = d->state;
    struct slice data = slice_trim(frame->data);
    if (!data.n || s->done)
        return AIGNE_OK;
    if (slice_is(data, "[DONE]")) {
        s->done = true;
        if (usage_wanted == CHAT_YES)
            openai_tell_usage(d, frame, shown);
        return answer_settled(d, openai_push_finish(d, FINISH_UNKNOWN));
    }
    if (looks_dull(d, data))
        return AIGNE_OK;
    if (is_dull(d, data))
        return answer_check(d, data, JSON_OBJECT);
    struct openai_object o;
    int rc = openai_object_read(d, data, &o);
    if (rc < 0)
        return rc;
    rc = read_chunk(d, &o);
    if (usage_wanted == CHAT_YES)
        openai_note_usage(d, &o);
    else if (rc >= 0)
        openai_cut_usage(d, &o, frame, shown);
    return answer_settled(d, rc);
}
