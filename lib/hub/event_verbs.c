/* Knows how administrators ask what changed lately; refuses to know how it came about. */
#include "hub/events.h"
#include "hub/verb.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

static void write_event(struct verb_call *v, const struct hub_event *e)
{
    json_open_object(&v->w);
    json_member_int(&v->w, "id", e->id);
    moment_member(&v->w, "at", e->at_ms);
    if (e->provider[0])
        json_member_text(&v->w, "provider", e->provider);
    json_member_text(&v->w, e->kind, e->name);
    json_member_text(&v->w, "state", e->state);
    if (e->wait_ms >= 0)
        moment_member(&v->w, "until", e->at_ms + e->wait_ms);
    if (e->reason[0])
        json_member_text(&v->w, "reason", e->reason);
    json_close_object(&v->w);
}

static int event_list(struct verb_call *v)
{
    struct events *e = v->hub->events;
    int64_t since = -1;
    if (json_present(verb_json(v, "since")) && !json_int64(verb_json(v, "since"), &since))
        return verb_refuse(v, "since", "\"since\" must be the \"last\" of an earlier answer.");
    json_open_object(&v->w);
    json_key(&v->w, "list");
    json_open_array(&v->w);
    pthread_mutex_lock(&e->lock);
    int64_t last = e->next - 1;
    int64_t oldest = e->next - EVENTS_KEPT > e->first ? e->next - EVENTS_KEPT : e->first;
    for (int64_t id = since < oldest ? oldest : since + 1; id <= last; id++)
        write_event(v, &e->kept[id % EVENTS_KEPT]);
    pthread_mutex_unlock(&e->lock);
    json_close_array(&v->w);
    json_member_int(&v->w, "last", last);
    json_member_bool(&v->w, "missed", since >= 0 && since < oldest - 1);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static const struct verb verbs[] = {
    {{"event.list",
      VERB_OPTIONAL(
          VERB_NUMBER("since", "only later ones than this, the last of an answer before")),
      "List what changed by itself in this process: models that opened or closed, credentials that were "
      "disabled, cool or work again, budgets that are used up, lists of prices; the newest 256. With missed there "
      "were more."},
     false,
     event_list}};

const struct verb_table event_verbs = {verbs, sizeof verbs / sizeof *verbs};
