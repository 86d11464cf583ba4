/* Knows which messages make one turn and which calls and results belong together; refuses to know how
 * a turn is written. */
#include "provider/turns.h"
#include "base/map.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>
#include <stdio.h>

bool turn_has(const struct chat_request *r, turn_says_fn says, size_t i)
{
    return r->messages[i].role != CHAT_SYSTEM && says(&r->messages[i]);
}

bool turn_next(const struct chat_request *r, turn_says_fn says, struct turn *t)
{
    size_t i = t->end;
    while (i < r->message_count && !turn_has(r, says, i))
        i++;
    if (i == r->message_count)
        return false;
    t->assistant = r->messages[i].role == CHAT_ASSISTANT;
    t->first = i;
    while (i < r->message_count &&
           (!turn_has(r, says, i) || (r->messages[i].role == CHAT_ASSISTANT) == t->assistant))
        i++;
    t->end = i;
    return true;
}

static int refuse(struct fault *why, size_t message, const char *sentence)
{
    char place[40];
    (void)snprintf(place, sizeof place, "messages[%zu]", message);
    return fault_field(why, AIGNE_E_REQUEST, place, "%s %s", place, sentence);
}

static size_t count_calls(const struct chat_request *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->message_count; i++) {
        for (size_t k = 0; k < r->messages[i].part_count; k++)
            count += r->messages[i].parts[k].kind == CHAT_TOOL_CALL;
    }
    return count;
}

/* One turn's calls being answered: calls[first..count-1] are those of the turn before. */
struct pairing {
    const struct chat_request *r;
    struct call_pairs *pairs;
    struct map newest; /* by id */
    size_t first;
    struct fault *why;
};

static void pairing_free(struct pairing *p)
{
    map_free(&p->newest);
}

static int take_call(struct pairing *p, size_t message, const struct chat_part *part)
{
    struct call_pair *call = &p->pairs->calls[p->pairs->count++];
    const struct call_pair *before = map_get(&p->newest, part->id);
    *call = (struct call_pair){.part = part, .message = message, .result = SIZE_MAX};
    if (before && before >= &p->pairs->calls[p->first])
        return refuse(p->why, message,
                      "calls two tools by one id: give each call an id of its own.");
    call->earlier = before ? before->earlier + 1 : 0;
    return map_put(&p->newest, part->id, call) ? fault_nomem(p->why) : AIGNE_OK;
}

static int take_calls(struct pairing *p, const struct turn *t)
{
    int rc = AIGNE_OK;
    p->first = p->pairs->count;
    for (size_t i = t->first; i < t->end; i++) {
        const struct chat_message *m = &p->r->messages[i];
        for (size_t k = 0; k < m->part_count && rc == AIGNE_OK; k++) {
            if (m->parts[k].kind == CHAT_TOOL_CALL)
                rc = take_call(p, i, &m->parts[k]);
        }
    }
    return rc;
}

static int take_results(struct pairing *p, const struct turn *t)
{
    for (size_t i = t->first; i < t->end; i++) {
        if (p->r->messages[i].role != CHAT_TOOL)
            continue;
        struct call_pair *call = map_get(&p->newest, p->r->messages[i].tool_call_id);
        if (!call || call < &p->pairs->calls[p->first])
            return refuse(p->why, i,
                          "is the result of a call that is not in the assistant's turn before "
                          "it: this provider needs the call as well.");
        if (call->result != SIZE_MAX)
            return refuse(p->why, i, "is a second result of one call: send one for each call.");
        call->result = i;
        p->pairs->call_of[i] = (size_t)(call - p->pairs->calls) + 1;
    }
    return AIGNE_OK;
}

/* The calls of the turn that is over. */
static int all_answered(struct pairing *p)
{
    for (size_t i = p->first; i < p->pairs->count; i++) {
        if (p->pairs->calls[i].result == SIZE_MAX)
            return refuse(p->why, p->pairs->calls[i].message,
                          "calls a tool whose result does not follow: send a tool message for "
                          "each call.");
    }
    p->first = p->pairs->count;
    return AIGNE_OK;
}

int turn_pairs(const struct chat_request *r, turn_says_fn says, struct arena *a,
               struct call_pairs *out, struct fault *why)
{
    size_t calls = count_calls(r);
    struct turn t = {0};
    int rc = AIGNE_OK;
    *out = (struct call_pairs){.calls = arena_array(a, calls + 1, sizeof *out->calls),
                               .call_of =
                                   arena_array(a, r->message_count + 1, sizeof *out->call_of)};
    if (!out->calls || !out->call_of)
        return fault_nomem(why);
    struct pairing p AUTO(pairing_free);
    p = (struct pairing){.r = r, .pairs = out, .why = why};
    while (rc == AIGNE_OK && turn_next(r, says, &t)) {
        if (t.assistant) {
            rc = all_answered(&p);
            rc = rc ? rc : take_calls(&p, &t);
        } else {
            rc = take_results(&p, &t);
            rc = rc ? rc : all_answered(&p);
        }
    }
    return rc ? rc : all_answered(&p);
}
