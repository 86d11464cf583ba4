/* payment.h - money that comes in: who says so, whether it is believed, and what it does to an account. */
#ifndef AIGNE_HUB_PAYMENT_H
#define AIGNE_HUB_PAYMENT_H

#include "hub/hub.h"

#define PAYMENT_TOLERANCE_S 300 /* how old a signature may be */

/* "t=SECONDS,v1=HEX,..." over "SECONDS.BODY", as Stripe signs and everybody may. */
bool payment_signed(struct slice signature, struct slice body, struct slice secret,
                    int64_t now_s);

/* What "payment.put" keeps of a payment provider. */
struct payment_account {
    struct buf secrets;      /* wiped when it is closed: a JSON object */
    struct slice secret_key; /* in it, as the next */
    struct slice webhook_secret;
    struct slice url;
    struct slice currency;
    struct slice return_url;
    int64_t credit_price;
};
/* Texts besides the secrets are in `a`. AIGNE_E_REQUEST: it was never put. */
int payment_open(struct hub *h, struct slice provider, struct arena *a,
                 struct payment_account *out, struct fault *why);
void payment_close(struct payment_account *p);

/* An event that `provider`, "stripe" or "generic", sent with this signature: carried out once, however often it
 * comes. AIGNE_E_AUTH: it is not signed. */
int payment_event(struct hub *h, struct slice provider, struct slice signature,
                  struct slice body, int64_t now_ms, struct fault *why);

#endif
