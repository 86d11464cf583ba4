/* payment.h - how buyers are led to a payment provider, and how its events come in. */
#ifndef AIGNE_CORE_PAYMENT_H
#define AIGNE_CORE_PAYMENT_H

#include "core/call.h"

#define PAYMENT_BODY_LARGEST ((size_t)1024 * 1024)

void payment_webhook(struct aigne_call *call); /* POST /api/payment/webhook/NAME */

/* The caller's account has less left than it should: have credits bought, when nobody did lately. */
void payment_top_up(struct aigne_call *call, struct slice account, int64_t left);

bool payment_is(const char *verb); /* payment.checkout */
int payment_do(struct aigne_hub *h, struct slice arguments, struct buf *json,
               struct fault *why);

#endif
