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

#endif
