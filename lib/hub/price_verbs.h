/* price_verbs.h - the verbs about many rates at once, and about past ones. */
#ifndef AIGNE_HUB_PRICE_VERBS_H
#define AIGNE_HUB_PRICE_VERBS_H

#include "hub/rate_change.h"

/* The store keeps a history; AIGNE_E_REQUEST: it does not. */
int price_history_here(struct verb_call *v);
/* Whose rates are meant: "provider", "model" and "type", each optional. */
struct rate_choice {
    struct slice provider;
    struct slice model;
    struct slice type;
};
int rate_choice_read(struct verb_call *v, struct rate_choice *out);
bool rate_chosen(const struct rate_choice *c, const struct catalog_rate *rate);

/* An item of "summary": what the two usual rates were and become; `change` NULL: it goes without saying. */
void price_write_change(struct json_writer *w, const struct rate_change *c,
                        const struct price *old, const char *change);

int rate_rerate(struct verb_call *v);
int catalog_import(struct verb_call *v);
int catalog_drift(struct verb_call *v);

#endif
