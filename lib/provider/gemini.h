/* gemini.h - what the parts of the Gemini adapter share. */
#ifndef AIGNE_PROVIDER_GEMINI_H
#define AIGNE_PROVIDER_GEMINI_H

#include "provider/adapter.h"
#include "provider/choices.h"
#include "provider/names.h"
#include "provider/turns.h"
#include "provider/wire.h"
#include "text/json_scan.h"

extern const struct name_rule gemini_names;

#define GEMINI_CANDIDATES 8 /* at most */

/* Who seals in this format. */
#define GEMINI_VENDOR "google"

/* What a model's name tells. */
struct gemini_model {
    int version;         /* 205 for 2.5; 205 too when the name has none */
    bool thinks;         /* takes thinkingConfig */
    bool levels;         /* by thinkingLevel rather than by thinkingBudget */
    bool pro;            /* cannot be kept from thinking */
    bool json_and_tools; /* takes responseMimeType beside function tools */
    bool call_ids;       /* gives ids to calls, and takes them back */
    bool signatures;     /* refuses calls of its own whose signature is missing */
    int64_t budget_smallest;
    int64_t budget_largest;
};
struct gemini_model gemini_model_of(struct slice name);
const char *gemini_level(const struct gemini_model *m, enum chat_effort effort);

/* One request being written. */
struct gemini {
    struct wire w;
    struct gemini_model model;
    bool json_tool; /* the structured answer is asked for as a function call */
    bool counting;  /* the request is written inside one that asks for its length */
    bool no_tools;  /* the caller's tools are left out: none may be called */
    struct call_pairs pairs;
    size_t answered; /* calls whose results are written */
};
int gemini_write_system(struct gemini *x);
int gemini_write_contents(struct gemini *x);
int gemini_write_config(struct gemini *x);
int gemini_encode_count(const struct chat_request *r, const struct chat_target *to,
                        struct arena *a, struct http_request *out, struct fault *why);
int gemini_encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why);
/* "streamGenerateContent?alt=sse" */
const char *gemini_chat_method(bool stream);
/* The model as bodies name it: "models/NAME". */
void gemini_put_model(struct buf *out, struct slice model);
/* The key as Google takes it; nothing when there is none. */
int gemini_key(const struct chat_target *to, struct http_request *out, struct fault *why);
/* The URL of "models/NAME:METHOD". */
struct slice gemini_method_url(const struct chat_target *to, const char *method,
                               struct arena *a);
/* A body of this format, untouched but for the model's name where it stands in it. */
/* The same for a call that is no chat, with the names of models deeper in it. */
int gemini_relay_task(const struct chat_relay *r, const struct chat_target *to,
                      const char *method, struct arena *a, struct http_request *out,
                      struct fault *why);
int gemini_relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                 struct http_request *out, struct fault *why);
/* Whether earlier turns hold reasoning that others sealed, or that nobody did. */
bool gemini_thoughts_of_others(const struct chat_request *r);
/* BASE/v1beta/PATH; a base that names a version keeps it. */
struct slice gemini_url(struct slice base, struct slice path, struct arena *a);

struct gemini_state {
    bool started;
    bool ended;    /* a finishReason or a blocked prompt was seen */
    bool finished; /* FINISH was pushed */
    bool json_called;
    int call_count;
    enum finish finish;
    struct slice grounding; /* the newest groundingMetadata and citationSources, as JSON */
    struct slice citations;
    struct choices *choices; /* NULL: one answer was asked for */
};
/* Keep what a candidate says of its sources; they are told once, at the end. */
int gemini_keep_sources(struct decoding *d, struct json candidate);
int gemini_push_sources(struct decoding *d);
int gemini_push_logprobs(struct decoding *d, struct json result);
/* AIGNE_E_UPSTREAM when an answer holds an error. */
int gemini_complaint(struct decoding *d, struct slice checked);
/* usageMetadata as counts; false: there is none. */
bool gemini_usage(struct json usage, struct usage *out);
int gemini_decode(struct decoding *d, const struct sse_event *frame);
extern const char *const gemini_texts[];
int gemini_watch(struct decoding *d, const struct sse_event *frame,
                 enum chat_choice usage_wanted, struct slice *shown);
int gemini_decode_whole(struct decoding *d, struct slice body, bool watching);
int gemini_finish(struct decoding *d);

/* Which adapter where there are two for one kind. */
const struct adapter *gemini_choose(enum chat_kind kind, const struct chat_target *to,
                                    const char *format);
void gemini_explain(int status, struct slice headers, struct slice body, int64_t wall_ms,
                    struct fault *why);

#endif
