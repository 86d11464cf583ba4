/* policy.h - how a call is carried out, as far as it can be chosen. The rows are in policy.def. Pure.
 *
 * The hub's settings, a route, an access key and the call itself each may say some of it; the later of
 * them wins. */
#ifndef AIGNE_HUB_POLICY_H
#define AIGNE_HUB_POLICY_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "text/http.h"
#include "text/json_scan.h"
#include "text/json_write.h"
#include <stdbool.h>
#include <stdint.h>

#define POLICY_UNSET INT64_MIN /* nobody said it */

struct policy {
#define POLICY(member, ...) int64_t member;
#include "hub/policy.def"
};

/* The values of pays_for. */
enum { PAYS_FOR_ANSWER, PAYS_FOR_ATTEMPTS };
/* The values of on_cut, and what hold_bytes is where nobody says. */
enum { CUT_ERROR, CUT_HOLD, CUT_RESUME };
#define CUT_KEPT_USUAL ((int64_t)1024 * 1024)

#define POLICY_HEADER_PREFIX "x-aigne-hub-"

/* Everything unset. */
void policy_init(struct policy *p);
/* What a JSON object says, and nothing else; null members say nothing. AIGNE_E_REQUEST (http 400) names
 * what is unknown, and the nearest known name, or what a value must be. */
int policy_read(struct json object, struct policy *out, struct fault *why);
/* What a request's header says, if it is a row's: true. `rc` is then AIGNE_OK or AIGNE_E_REQUEST. */
bool policy_header(struct slice name, struct slice value, struct policy *p, int *rc,
                   struct fault *why);
/* What is said, as a request's headers: the texts of numbers are in `a`. AIGNE_E_REQUEST (http 400) names what no
 * caller may say in one. */
int policy_send(const struct policy *p, struct arena *a, struct http_request *out,
                struct fault *why);
/* What `more` says replaces what `onto` has. */
void policy_merge(struct policy *onto, const struct policy *more);
/* The value of one row for who has a usual one. `p` may be NULL. */
#define POLICY_OR(p, member, usual) ((p) && (p)->member != POLICY_UNSET ? (p)->member : (usual))
/* The table as a JSON array, for help and reference pages. */
void policy_describe(struct json_writer *w);

#endif
