/* rate_change.h - how a rate is changed by whichever verb: its body, and the record of it in the history. */
#ifndef AIGNE_HUB_RATE_CHANGE_H
#define AIGNE_HUB_RATE_CHANGE_H

#include "hub/price.h"
#include "hub/verb.h"

struct rate_change {
    struct slice provider;
    struct slice model;
    struct slice type;
    const struct store_object *old; /* NULL: there is none */
    struct price_list rates;
    struct price_list costs;
    struct slice display; /* JSON; .p NULL keeps what was there, as the next three */
    struct slice description;
    struct slice metadata;
    struct slice source; /* where its costs come from */
    struct slice
        deprecated;   /* JSON: true with the note as the reason, or null: it is offered again */
    const char *kind; /* of the history: "manual_update" */
    struct slice who;
    struct slice note;
    int64_t since_ms; /* since when it should have counted; 0: from now on */
};

/* By (provider, model, type), with what is there already. */
void rate_change_begin(struct verb_call *v, struct rate_change *c, struct slice provider,
                       struct slice model, struct slice type, const char *kind);
/* Write it and its history; false in `changed`: nothing is different, so nothing is written. */
int rate_change_put(struct verb_call *v, const struct rate_change *c, bool *changed);
/* The same, and the reply that shows the rate. */
int rate_change_reply(struct verb_call *v, const struct rate_change *c);
/* Only a record that something was found about the rate as it is. */
int rate_change_note(struct verb_call *v, const struct catalog_rate *rate, const char *kind);
int rate_change_drop(struct verb_call *v, const struct store_object *old);

/* cost * (1 + margin) / credit price, rounded half up; false: too large. */
struct rate_margin {
    int64_t margin; /* millionths */
    int64_t price;  /* billionths of a dollar that a credit costs */
};
/* From "margin" (0.2), or "profitMargin" in percent (20), and "creditPrice", or the hub's own. */
int rate_margin_read(struct verb_call *v, struct rate_margin *out);
bool rate_margin_apply(const struct rate_margin *m, decimal_wide cost, decimal_wide *rate);
/* The rates of all costs, in canonical form. */
bool rate_margin_list(const struct rate_margin *m, const struct price_list *costs,
                      enum chat_kind kind, struct arena *a, struct price_list *rates);

#endif
