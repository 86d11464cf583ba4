/* complaint.h - a provider's error, read from whatever shape it came in and turned into a fault. */
#ifndef AIGNE_PROVIDER_COMPLAINT_H
#define AIGNE_PROVIDER_COMPLAINT_H

#include "base/arena.h"
#include "base/fault.h"
#include "provider/adapter.h"
#include "text/json_scan.h"

/* Absent members: the provider did not say. Texts are borrowed from the body or in the arena. */
struct complaint {
    struct slice message;
    struct slice type;
    struct slice code; /* also a status name such as "INVALID_ARGUMENT" */
    struct slice param;
    struct slice request_id;
    struct json details;
    int64_t number; /* a status said inside the body; 0: none */
};

/* Knows {"error":{...}}, {"error":"text","code":...}, {"message"}, {"detail"} as text or as a list,
 * any of them alone in an array, and provider's words wrapped in metadata.raw. The body need not be
 * checked JSON; anything else leaves all absent. */
void complaint_read(struct json body, struct arena *a, struct complaint *out);

/* Fill `why`: the sentence without anything that looks like a key, the code by what the caller can
 * do (AUTH, CREDIT, RATE, REQUEST or UPSTREAM), and when another try makes sense. */
void complaint_tell(const struct complaint *c, int status, struct slice headers,
                    int64_t wall_ms, struct fault *why);

/* The whole of an adapter's `explain` for a provider without peculiarities. */
void complaint_explain(int status, struct slice headers, struct slice body, int64_t wall_ms,
                       struct fault *why);

/* Whether the value of a member `error` is one: some servers always send the member, empty. */
bool complaint_present(struct json error);
/* An error inside an answer that began well: fills the fault, gives AIGNE_E_UPSTREAM. */
int complaint_in_answer(struct decoding *d, struct json object);
/* The status that the names inside an error stand for; 502 when they say nothing. */
int complaint_status(const struct complaint *c);

#endif
