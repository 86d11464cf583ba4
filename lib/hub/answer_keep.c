/* Knows how an answer is sealed for the store and found there again; refuses to know what it says. */
#include "base/mem.h"
#include "hub/hub_state.h"
#include <aignehub/aignehub.h>

#define IDENTITY "answer/"
enum { IDENTITY_ROOM = 64 };

/* An envelope opens under its own key only. */
static struct slice identity_of(char room[IDENTITY_ROOM], struct slice key)
{
    size_t n = sizeof IDENTITY - 1;
    memcpy(room, IDENTITY, n);
    if (key.n > IDENTITY_ROOM - n)
        key.n = IDENTITY_ROOM - n;
    memcpy(room + n, key.p, key.n);
    return slice_of(room, n + key.n);
}

bool hub_keeps_answers(const struct hub *h)
{
    return h->type->answer_get != NULL;
}

int hub_seal_answer(struct hub *h, struct slice key, struct slice answer, struct buf *out,
                    struct fault *why)
{
    char room[IDENTITY_ROOM];
    return vault_seal(hub_key(h), identity_of(room, key), answer, out, why);
}

int hub_find_answer(struct hub *h, struct slice key, int64_t now_ms, struct buf *out,
                    struct fault *why)
{
    char room[IDENTITY_ROOM];
    struct buf sealed AUTO(buf_free);
    buf_init(&sealed, out->ceiling + 1024);
    int rc = h->type->answer_get(h->store, key, now_ms, &sealed, why);
    if (rc < 0 || !sealed.n)
        return rc;
    rc = hub_open_envelope(h, identity_of(room, key), buf_slice(&sealed), out, why);
    if (rc < 0)
        buf_clear(out);
    return rc;
}
