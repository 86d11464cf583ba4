/* body.h - what all ingress formats do alike with a request's body and with an answer's bytes. */
#ifndef AIGNE_INGRESS_BODY_H
#define AIGNE_INGRESS_BODY_H

#include "base/buf.h"
#include "base/fault.h"
#include "chat/reading.h"
#include "ingress/ingress.h"
#include "text/json_scan.h"

/* AIGNE_E_REQUEST unless the body is a JSON object, saying where it is not. */
int body_check(struct slice body, struct json *out, struct fault *why);
/* Begin to read it: checked, and without lone surrogates. AIGNE_E_NOMEM, or as above. */
int body_open(struct slice body, struct reading *r, struct arena *a, struct chat_request *out,
              struct json *whole, struct fault *why);
/* Check it, and pick members of it on the way; see json_check_pick. */
int body_check_pick(struct slice body, const char *const *names, size_t count,
                    struct json *values, struct json_seen *seen, struct fault *why);
/* The look at a request in JSON whose first names are "model" and "stream": relay's body without lone surrogates,
 * its members picked from that, none of them given twice, the model and whether it streams. */
enum { BODY_MODEL, BODY_STREAM };
int body_peek(const struct ingress_request *in, const char *const *names, size_t count,
              struct json *values, struct arena *a, struct slice *model,
              struct chat_relay *relay, struct fault *why);
/* The first half of it, of `relay->body`. */
int body_pick(const char *const *names, size_t count, struct json *values, struct arena *a,
              struct chat_relay *relay, struct fault *why);
/* One member that must be true, false, null or absent. */
int body_flag(struct json v, const char *path, bool *out, struct fault *why);
/* A name of a model that must be a string, null or absent. */
int body_model(struct json v, const char *path, struct arena *a, struct slice *out,
               struct fault *why);

#endif
