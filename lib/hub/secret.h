/* secret.h - a provider's secret as an administrator enters it. */
#ifndef AIGNE_HUB_SECRET_H
#define AIGNE_HUB_SECRET_H

#include "hub/verb.h"

struct secret {
    struct slice type;   /* "api_key" or "access_key_pair"; .p NULL: none was given */
    struct slice text;   /* what is sealed: the key, or both parts as a JSON object */
    struct slice masked; /* what is shown of it */
};

/* The argument "value": a string, {"api_key"} or {"access_key_id","secret_access_key","session_token"?}. Refuses masks
 * and what could not be sent in a header. Everything lives in the call's arena. */
int secret_read(struct verb_call *v, struct secret *out);
/* The envelope as JSON; .p NULL with the fault set. */
struct slice secret_seal(struct verb_call *v, const struct vault_key *key,
                         struct slice provider, struct slice id, struct slice secret);
/* What is sealed now is for the key that the store's secrets are sealed under. */
int secret_same_key(struct verb_call *v);

/* Payment providers' secrets are credentials of nobody's. */
#define PAYMENT_PROVIDER "payment"
#define PAYMENT_ID       "payment-"

#endif
