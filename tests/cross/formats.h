/* formats.h - the formats that clients and providers have in common, each with both its sides. */
#ifndef AIGNE_TESTS_CROSS_FORMATS_H
#define AIGNE_TESTS_CROSS_FORMATS_H

#include "ingress/ingress.h"
#include "provider/adapter.h"
#include "readers.h"

struct format {
    const char *name; /* "anthropic" */
    const struct adapter *adapter;
    const struct ingress *ingress; /* NULL: no client speaks it */
    const char *provider;          /* a row that speaks it */
    const char *model;
    const char *reasoning_model; /* for requests that ask for reasoning */
    void (*reader)(struct json body, struct buf *input); /* for who has no ingress */
    void (*rewrite)(struct json body,
                    struct buf *out); /* the adapter's body as this format has it:
                                                            clients speak it, no provider does */
};

/* NULL past the end. */
const struct format *format_at(size_t index);
/* Write a request in this format: its body, and what stands behind the fixed part of the path where the
 * format has the model there. The code of the adapter. */
int format_write(const struct format *f, const struct chat_request *r, struct arena *a,
                 struct dropped *dropped, struct ingress_request *out, struct fault *why);
/* Read one back. */
int format_read(const struct format *f, const struct ingress_request *in, struct arena *a,
                struct chat_request *out, struct fault *why);
bool asks_for_reasoning(const struct chat_request *r);

#endif
