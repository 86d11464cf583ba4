/* trial.h - the verbs that try something out by really asking a provider. */
#ifndef AIGNE_CORE_TRIAL_H
#define AIGNE_CORE_TRIAL_H

#include "core/hub.h"

bool trial_is(const char *verb); /* provider.test, credential.test, rate.test */
/* One short chat. {"ok":true,...} or the provider's own error. */
int trial_do(struct aigne_hub *h, const char *verb, struct slice arguments, struct buf *json,
             struct fault *why);

#endif
