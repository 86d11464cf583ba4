/* openai.h - what the parts of the OpenAI chat adapter share. */
#ifndef AIGNE_PROVIDER_OPENAI_H
#define AIGNE_PROVIDER_OPENAI_H

#include "provider/adapter.h"
#include "provider/choices.h"
#include "provider/wire.h"
#include "text/json_likeness.h"
#include "text/json_scan.h"

/* How a row's provider departs from OpenAI. */
enum openai_quirk {
    OPENAI_REASONING_RULES = 1 << 0, /* its o-series and gpt-5 refuse what OpenAI's refuse */
    OPENAI_PLAIN_TEXT = 1 << 1,      /* several text parts must be one string */
    OPENAI_NO_SCHEMA = 1 << 2,     /* knows json_object only: the schema goes into the prompt */
    OPENAI_THOUGHTS_BACK = 1 << 3, /* wants reasoning_content of earlier turns back */
    OPENAI_THINKING_SWITCH = 1 << 4, /* thinking {"type":"enabled"|"disabled"} */
    OPENAI_EFFORT_HIGH_MAX = 1 << 5, /* knows the efforts high and max only */
    OPENAI_EFFORT_TO_HIGH = 1 << 6,  /* knows low, medium and high only, none by its own way */
    OPENAI_EFFORT_OBJECT = 1 << 7,   /* reasoning {"effort"|"max_tokens"} */
    OPENAI_GROK_RULES = 1 << 8,      /* grok-4 refuses penalties, stop and effort */
    OPENAI_ONE_TOOL_CALL = 1 << 9,   /* parallel tool calls are switched off */
    OPENAI_TOP_K = 1 << 10,          /* takes top_k */
    OPENAI_BASE_V1 = 1 << 11,        /* the base URL is Ollama's, of which /v1 is meant */
    OPENAI_API_RESPONSES = 1 << 12,  /* is asked by its Responses, whatever the client speaks */
    OPENAI_API_CHAT = 1 << 13,       /* is asked by its chat completions alone */
    OPENAI_ELSEWHERE = 1 << 14,      /* imitates OpenAI: a model of any name may reason */
    OPENAI_REASONS = 1 << 15,    /* every model reasons: names of deployments tell nothing */
    OPENAI_MAX_TOKENS = 1 << 16, /* says max_tokens, whatever the model */
    OPENAI_MAX_COMPLETION = 1 << 17,    /* says max_completion_tokens, whatever the model */
    OPENAI_NO_STREAM_OPTIONS = 1 << 18, /* knows no stream_options */
    OPENAI_NO_PARALLEL = 1 << 19,       /* knows no parallel_tool_calls */
    OPENAI_NO_STRICT = 1 << 20,         /* knows no strict in tools and schemas */
    OPENAI_NO_EFFORT = 1 << 21,         /* knows no reasoning effort */
    OPENAI_NO_USER =
        1 << 22, /* knows neither user nor service_tier, nor what OpenAI added later */
    OPENAI_NO_NAMES = 1 << 23, /* knows no names in messages */
    OPENAI_RANDOM_SEED =
        1 << 24, /* Mistral's words: random_seed, prefix, document_url, output_dimension */
    OPENAI_SHORT_IDS = 1 << 25, /* ids of calls are nine letters and digits */
    OPENAI_REASONING = 1 << 26, /* with THOUGHTS_BACK: calls them reasoning */
    OPENAI_REASONING_DETAILS =
        1 << 27, /* seals reasoning in reasoning_details, wants it back; takes PDFs by links */
    OPENAI_AZURE = 1 << 28,      /* is reached as Azure's deployments are */
    OPENAI_ANSWERS = 1 << 29,    /* gives several answers at once */
    OPENAI_NO_LOGPROBS = 1 << 30 /* knows neither logprobs nor logit_bias */
};

extern const struct name_rule openai_names;
#define OPENAI_CALL_ID_LONGEST 40
#define OPENAI_CALL_ID_SHORT   9
#define OPENAI_USER_LONGEST    64

/* What a model's name says about it. */
bool openai_model_reasons(const struct chat_target *to);
/* It does, and refuses what OpenAI's own then refuse. */
bool openai_refuses_sampling(const struct chat_target *to);
bool openai_model_wants_responses(const struct chat_target *to);
/* The nearest that is known there; NULL: nothing is to be said. */
const char *openai_effort_name(const struct chat_target *to, enum chat_effort effort);
void openai_write_effort(struct wire *w);
void openai_write_switch(struct wire *w, bool on);
/* `user` and `service_tier`. */
void openai_write_user(struct wire *w);

int openai_write_messages(struct wire *w);
/* The members tools, tool_choice and parallel_tool_calls, and those that say a schema for the answer. `key`: where
 * chats put what Responses have beside the type; NULL: those. */
int openai_write_tools(struct wire *w, const char *key);
int openai_write_schema(struct wire *w, const char *key);
/* A message's `content`, a text or parts, and its `images`. */
int openai_push_parts(struct decoding *d, enum event_kind kind, struct json content);
int openai_push_images(struct decoding *d, struct json images);
/* "reasoning_details" of an assistant message: the seals that came from here. */
void openai_write_details(struct wire *w, const struct chat_message *m);
int openai_push_details(struct decoding *d, struct json details);
/* Where an Azure resource serves `path` for the target's deployment. */
struct slice azure_url(const struct chat_target *to, struct slice path, struct arena *a);
struct slice openai_url(const struct chat_target *to, struct slice path, struct arena *a);
int openai_headers(const struct chat_target *to, struct arena *a, struct http_request *out,
                   struct fault *why);
int openai_list_request(struct slice type, const struct chat_target *to, struct arena *a,
                        struct http_request *out, struct fault *why);
int openai_list_answer(struct slice body, struct arena *a, struct buf *json, struct fault *why);

/* For a row's `choose`: the adapter whose bodies have the client's format, if it is not the usual one; of
 * chats also Responses where the operator says so, and where OpenAI has the model nowhere else. */
const struct adapter *openai_choose(enum chat_kind kind, const struct chat_target *to,
                                    const char *format);
/* The same for rows that have chats and Responses alone. */
const struct adapter *responses_choose(enum chat_kind kind, const struct chat_target *to,
                                       const char *format);
/* The same with Ark's own embeddings. */
const struct adapter *ark_choose(enum chat_kind kind, const struct chat_target *to,
                                 const char *format);

int openai_encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why);
/* A body of one of OpenAI's formats to the endpoint at `path`; with `ask_usage` a stream is made to tell
 * its usage. */
int openai_relay_to(const struct chat_relay *r, const struct chat_target *to, struct slice path,
                    bool ask_usage, struct arena *a, struct http_request *out,
                    struct fault *why);
int openai_relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                 struct http_request *out, struct fault *why);
/* The member of an object in `text` that has this value, with the comma that goes with it. */
struct slice openai_member(struct slice text, struct slice value);

/* One tool call of an answer. Providers number them with gaps, or not at all. */
struct openai_call {
    int64_t wire_index;
    struct slice id;
    struct slice waiting; /* arguments that came before the name */
    int index;            /* of the event; -1: the name has not come yet */
};

struct openai_state {
    bool started;
    bool finished; /* FINISH was pushed */
    bool done;     /* [DONE] came */
    bool refused;
    struct slice dull; /* a passing chunk that told nothing; see openai_watch.c */
    size_t dull_text;  /* how much text it has */
    struct json_likeness
        usual; /* a chunk that is one piece of text, and which kind of event it is */
    enum event_kind usual_kind;
    int learned;
    bool usage_told;         /* where clients look for it */
    struct slice usage_late; /* what tells it to those who asked, as it came elsewhere */
    struct choices *choices; /* NULL: one answer was asked for */
    int begun;               /* calls whose TOOL_BEGIN was pushed */
    struct openai_call *calls;
    size_t call_count;
    size_t call_capacity;
};

/* The members of an answer or a chunk, found in one walk. */
struct openai_object {
    struct json whole;
    struct json error;
    struct json id;
    struct json model;
    struct json choices;
    struct json usage;
    struct json groq; /* "x_groq", where usage may be as well */
    int64_t index;
    struct json service;
    struct json choice;  /* the one with index 0, and its members: */
    struct json message; /* "message", or a chunk's "delta" */
    struct json reason;
    struct json choice_usage;
    struct json logprobs;
};
/* AIGNE_E_PROTOCOL when it is no JSON object. */
int openai_object_read(struct decoding *d, struct slice text, struct openai_object *o);

/* The usage itself, absent when there is none; what it says, false: nothing that can be trusted. */
struct json openai_usage_of(const struct openai_object *o);
bool openai_usage(const struct openai_object *o, struct usage *out);
int openai_push_start(struct decoding *d, const struct openai_object *o);
/* The end of a choice; a reason that says the answer broke off is no end. */
int openai_push_reason(struct decoding *d, const struct openai_object *o);
int openai_push_finish(struct decoding *d, enum finish finish);

/* A citation, or all of a list; the probabilities of tokens, as chats have them. */
int openai_push_annotation(struct decoding *d, struct json annotation);
int openai_push_annotations(struct decoding *d, struct json annotations);
int openai_push_logprobs(struct decoding *d, struct json content);

int openai_decode(struct decoding *d, const struct sse_event *frame);
extern const char *const openai_texts[];
int openai_watch(struct decoding *d, const struct sse_event *frame,
                 enum chat_choice usage_wanted, struct slice *shown);
/* The frame without any usage, as who did not ask is shown it; absent when it had nothing else. */
void openai_cut_usage(struct decoding *d, const struct openai_object *o,
                      const struct sse_event *frame, struct slice *shown);
/* Usage that stands where clients do not look is kept, and told before the end. */
void openai_note_usage(struct decoding *d, const struct openai_object *o);
void openai_tell_usage(struct decoding *d, const struct sse_event *end, struct slice *shown);
int openai_decode_whole(struct decoding *d, struct slice body, bool watching);
int openai_finish(struct decoding *d);

#endif
