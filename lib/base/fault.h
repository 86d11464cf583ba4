/* fault.h - why something failed, filled once where the failure is understood.
 *
 * Lives on the stack or inside a call, owns no memory, and never carries a secret or a prompt:
 * texts come from fixed formats whose holes are names, numbers and providers' own words. */
#ifndef AIGNE_BASE_FAULT_H
#define AIGNE_BASE_FAULT_H

#include "base/slice.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct fault {
    int code;         /* enum aigne_rc, negative; 0: nothing failed */
    int http;         /* the status that fits it, upstream's own where there was one; 0: none */
    int64_t retry_ms; /* when trying again makes sense; -1: it does not */
    bool credential_bad; /* the provider refused our key: another credential may do better */
    bool upstream;       /* the provider said it, not we */
    char text[512];      /* one sentence for a person */
    char type[64];       /* the provider's own error type, e.g. "invalid_request_error" */
    char reason[64];     /* the provider's own error code, e.g. "context_length_exceeded" */
    char param[96];      /* the request field at fault, as the caller spelled it */
    char provider[40];
    char model[128];
    char request_id[96]; /* the provider's */
    char call_id[32];    /* ours, for formats whose errors carry it */
    char at[28];         /* when, ISO 8601, for errors that carry it; "": not known */
};

void fault_clear(struct fault *f);
/* Fill code and text, keep the rest, return `code`. `f` may be NULL. */
int fault_set(struct fault *f, int code, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));
/* The same with the request field at fault. */
int fault_field(struct fault *f, int code, const char *param, const char *format, ...)
    __attribute__((cold, format(printf, 4, 5)));
int fault_nomem(struct fault *f) __attribute__((cold));
/* Copy what fits, cut at a character boundary, control bytes replaced by blanks. */
void fault_copy(char *to, size_t capacity, struct slice from);
#define FAULT_COPY(member, from) fault_copy((member), sizeof(member), (from))

/* The HTTP status a gateway answers for this code when fault.http is 0. */
int fault_status(const struct fault *f);

#endif
