/* aigne.h - what AIGNE's formats share: the envelope around an input, and errors. */
#ifndef AIGNE_INGRESS_AIGNE_H
#define AIGNE_INGRESS_AIGNE_H

#include "ingress/body.h"
#include "ingress/ingress.h"

struct aigne_envelope {
    struct json input;
    struct slice model;
    bool stream;
};

int aigne_open_envelope(struct slice body, struct arena *a, struct aigne_envelope *out,
                        struct fault *why);
void aigne_keep_alive(struct encoding *e);
void aigne_write_error(const struct fault *why, bool in_stream, struct buf *out);

/* What the formats of tasks share with the one that can be streamed. */
int aigne_peek_video(const struct ingress_request *in, struct arena *a, struct slice *model,
                     struct chat_relay *relay, struct fault *why);
int aigne_decode_video(const struct ingress_request *in, struct arena *a,
                       struct chat_request *out, struct fault *why);
int aigne_whole_task(struct encoding *e, const struct reply *r,
                     const struct reply_notes *notes);

#endif
