/* billing.h - what the hub's settings say about money. */
#ifndef AIGNE_HUB_BILLING_H
#define AIGNE_HUB_BILLING_H

#include "base/arena.h"
#include "base/slice.h"
#include "text/json_scan.h"
#include <stdbool.h>
#include <stdint.h>

/* Amounts are billionths of a credit. */
struct billing {
    bool on;              /* calls are paid from their callers' accounts */
    int64_t starter;      /* what a new user is given */
    int64_t starter_days; /* until it expires; 0: it does not */
    int64_t overdraft;    /* how far below zero holds may go */
    int64_t credit_price; /* billionths of a dollar that a credit costs */
    bool go_on;           /* calls are made also while the store takes no changes */
    bool paused;          /* usage rows wait */
    struct slice purchase_url;
    struct slice credit_prefix;
};

#define BILLING_DOLLAR INT64_C(1000000000)

/* The id of a starter grant: behind it is a hash of the user's name, so that who is removed and made anew is
 * not new. The name itself is forgotten with the user. */
#define BILLING_STARTER_ID "starter-"

/* From the body of the settings object. */
void billing_read(struct json settings, struct arena *a, struct billing *out);
/* A decimal amount of credits; false: it is none, or too large. */
bool billing_amount(struct slice text, int64_t *billionths);

#endif
