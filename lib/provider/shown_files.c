/* Knows how files that the model gave in earlier turns are shown to one that takes the user's alone: by a user
 * behind the turn; refuses to know how a file is written. */
#include "provider/wire.h"
#include <aignehub/aignehub.h>

static bool is_file(const struct chat_part *p)
{
    return p->kind == CHAT_DATA || p->kind == CHAT_URL;
}

static size_t files_of(const struct chat_message *m)
{
    size_t count = 0;
    for (size_t i = 0; m->role == CHAT_ASSISTANT && i < m->part_count; i++)
        count += is_file(&m->parts[i]);
    return count;
}

/* The assistant's message without its files at `to`, unless nothing is left of it, and behind it the user's with
 * them; how many that makes. 0: no memory. */
static size_t part_message(const struct chat_message *m, size_t files, struct arena *a,
                           struct chat_message *to)
{
    size_t left = 0;
    size_t shown = 1;
    struct chat_part *said = arena_array(a, m->part_count, sizeof *said);
    struct chat_part *by_user = arena_array(a, files + 1, sizeof *by_user);
    if (!said || !by_user)
        return 0;
    by_user[0] =
        (struct chat_part){.kind = CHAT_TEXT, .text = SLICE("Files from the assistant:")};
    for (size_t i = 0; i < m->part_count; i++)
        *(is_file(&m->parts[i]) ? &by_user[shown++] : &said[left++]) = m->parts[i];
    to[0] = *m;
    to[0].parts = said;
    to[0].part_count = left;
    to[left ? 1 : 0] =
        (struct chat_message){.role = CHAT_USER, .parts = by_user, .part_count = shown};
    return left ? 2 : 1;
}

int wire_show_files(struct wire *w)
{
    const struct chat_request *r = w->request;
    size_t extra = 0;
    for (size_t i = 0; i < r->message_count; i++)
        extra += files_of(&r->messages[i]) > 0;
    if (!extra)
        return AIGNE_OK;
    struct chat_request *out = arena_alloc(w->arena, sizeof *out);
    struct chat_message *to = arena_array(w->arena, r->message_count + extra, sizeof *to);
    if (!out || !to)
        return fault_nomem(w->why);
    *out = *r;
    out->messages = to;
    out->message_count = 0;
    for (size_t i = 0; i < r->message_count; i++) {
        size_t files = files_of(&r->messages[i]);
        size_t made = 1;
        if (files)
            made = part_message(&r->messages[i], files, w->arena, to + out->message_count);
        else
            to[out->message_count] = r->messages[i];
        if (!made)
            return fault_nomem(w->why);
        out->message_count += made;
    }
    w->request = out;
    return AIGNE_OK;
}
