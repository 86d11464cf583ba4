/* fit.h - whether a model can do what a request needs, as far as both are known. Pure. */
#ifndef AIGNE_HUB_FIT_H
#define AIGNE_HUB_FIT_H

#include "base/arena.h"
#include "base/fault.h"
#include "chat/request.h"
#include "text/json_scan.h"
#include <stdbool.h>
#include <stdint.h>

struct catalog_rate;

/* What a model may not be able to do. */
enum fit_feature {
    FIT_TOOLS,
    FIT_VISION,
    FIT_REASONING,
    FIT_AUDIO,
    FIT_VIDEO,
    FIT_FILES,
    FIT_STRUCTURED,
    FIT_PREFILL, /* goes on with words put into its mouth; no request needs it */
    FIT_FEATURES
};
#define FIT_BIT(feature) (1u << (feature))

/* What a request needs. */
struct fit {
    unsigned features;     /* bits */
    int64_t prompt_tokens; /* estimated */
    int64_t answer_tokens; /* the caller's limit; 0: none */
};

void fit_measure(const struct chat_request *r, struct fit *out);
/* The same at a glance, for a chat of nothing but text as OpenAI's and Anthropic's formats write it; false:
 * it must be read to know. */
bool fit_look(const struct chat_relay *relay, struct fit *out);

/* Of a rate's metadata: the bits of what its model is known not to have. A list of features that keeps to
 * the three words of AIGNE's (tools, vision, thinking) says nothing of the others. */
unsigned fit_lacks(struct json metadata);
/* The bits of what it is known to have. */
unsigned fit_has(struct json metadata);
/* AIGNE_E_REQUEST (http 400) about a feature that nobody knows. */
int fit_check(struct json metadata, struct fault *why);
/* "tools": for lists. NULL past the end. */
const char *fit_name(unsigned feature);

/* Why a model of this rate (NULL: nothing is known) cannot do it, such as "cannot take tools"; .p NULL: it
 * may. */
struct slice fit_problem(const struct fit *f, const struct catalog_rate *rate, struct arena *a);

/* Whether the provider refused a request because it is too long for the model. */
bool fit_too_long(const struct fault *why);
/* Whether what it refused (403) was what was asked for, rather than who asked. */
bool fit_unseemly(const struct fault *why);

#endif
