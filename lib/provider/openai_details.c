/* Knows how OpenRouter seals reasoning and takes it back; refuses to know the rest of a message. */
#include "provider/answer.h"
#include "provider/openai.h"
#include <aignehub/aignehub.h>

#define ORIGIN "openrouter"

/* The words of the reasoning came beside them: of a detail only what seals them is kept, as it came. */
int openai_push_details(struct decoding *d, struct json details)
{
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(details);
    while (rc >= 0 && json_next(&w)) {
        struct json type = json_get(w.value, "type");
        bool hidden = json_string_is(type, "reasoning.encrypted");
        bool sealed =
            json_get(w.value, "signature").raw.n > 2 && json_string_is(type, "reasoning.text");
        struct event e = {.kind = hidden ? EVENT_REDACTED : EVENT_SIGNATURE,
                          .text = w.value.raw,
                          .name = SLICE(ORIGIN)};
        if (hidden || sealed)
            rc = event_push(d->sink, &e);
    }
    return rc;
}

/* The seal is a detail's JSON without its words; they follow it. */
static void write_worded(struct wire *w, struct json seal, struct slice text)
{
    struct json_walk walk = json_walk(seal);
    json_open_object(&w->json);
    while (json_next(&walk)) {
        if (json_key_is(&walk, "text"))
            continue;
        json_key_slice(&w->json, walk.key);
        json_write_raw(&w->json, walk.value.raw);
    }
    json_member_string(&w->json, "text", text);
    json_close_object(&w->json);
}

static bool is_ours(const struct chat_part *p)
{
    bool kind = p->kind == CHAT_REDACTED || (p->kind == CHAT_THINKING && p->signature.n);
    return kind && slice_is(p->origin, ORIGIN);
}

static void write_detail(struct wire *w, const struct chat_part *p)
{
    struct slice seal = p->kind == CHAT_REDACTED ? p->text : p->signature;
    if (!wire_is_object(seal)) /* a client that changes seals is not our fault */
        return;
    if (p->kind == CHAT_REDACTED)
        json_write_raw(&w->json, seal);
    else
        write_worded(w, json_of(seal), p->text);
}

/* What others thought is not taken here. */
static void note_foreign(struct wire *w, const struct chat_part *p)
{
    if (p->kind == CHAT_THINKING)
        dropped_note(w->to->dropped, "thinking");
    else if (p->kind == CHAT_REDACTED)
        dropped_note(w->to->dropped, "redacted_thinking");
}

void openai_write_details(struct wire *w, const struct chat_message *m)
{
    bool open = false;
    for (size_t i = 0; i < m->part_count; i++) {
        if (!is_ours(&m->parts[i])) {
            note_foreign(w, &m->parts[i]);
            continue;
        }
        if (!open) {
            json_member_array(&w->json, "reasoning_details");
        }
        open = true;
        write_detail(w, &m->parts[i]);
    }
    if (open)
        json_close_array(&w->json);
}
