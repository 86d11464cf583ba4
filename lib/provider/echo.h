/* echo.h - the built-in provider that answers without a network, and the script that steers it.
 *
 * Without a script the answer is the text of the last user message, word by word. Always the same for
 * the same request:
 *
 *   - after tool messages the answer is their text;
 *   - "call NAME {json}" from the user calls the tool NAME if it is declared; with toolChoice required
 *     or a named tool it is called with the least arguments its schema allows;
 *   - a JSON format is answered with the user's text if that is an object, else with the least object
 *     the schema allows;
 *   - a reasoning effort other than none is answered with a thought first;
 *   - maxTokens and stop end the answer as they would elsewhere;
 *   - usage counts words (runs of bytes other than blanks) as tokens, and each file as one.
 *
 * The script is the member `echo` of modelOptions, or of an OpenAI body, every member optional:
 *
 *   delayMs       milliseconds before the first piece
 *   paceMs        milliseconds between pieces
 *   text          the answer, instead of the user's words
 *   chunks        how it is cut: a number of pieces, or the pieces themselves as strings
 *   thoughts      the reasoning
 *   toolCalls     [{"name", "arguments": {...}, "id"}]: the calls of the answer
 *   finish        "stop", "length", "tool_calls", "content_filter" or "refusal"
 *   usage         {"inputTokens", "outputTokens", "reasoningTokens", "cacheReadInputTokens",
 *                 "cacheCreationInputTokens"}
 *   status        fail with this HTTP status, 400 to 599
 *   message       what the error says
 *   retryAfterMs  when trying again makes sense
 *   failAfter     the error comes after so many pieces, at the latest before the end
 *   cutAfter      the answer breaks off after so many pieces, at the latest before the end
 *
 * A model's name may say the same where a request cannot: "echo/fail-429", "echo/delay-500",
 * "echo/pace-20", "echo/break-2" (fails after 2 pieces), "echo/cut-2", and several of them in a row,
 * "echo/pace-20-cut-3". What the script says comes before the name. */
#ifndef AIGNE_PROVIDER_ECHO_H
#define AIGNE_PROVIDER_ECHO_H

#include "chat/event.h"
#include "chat/request.h"
#include "provider/adapter.h"
#include "text/json_scan.h"

/* Longer waits are cut to this. */
#define ECHO_WAIT_LONGEST ((int64_t)10 * 60 * 1000)

struct echo_script {
    int64_t delay_ms;
    int64_t pace_ms;
    int64_t status; /* 0: do not fail */
    int64_t retry_ms;
    int64_t fail_after; /* -1: never, here and below */
    int64_t cut_after;
    int64_t chunk_count; /* 0: by words */
    struct slice message;
    struct slice text; /* absent: as the request has it, here and below */
    struct slice thoughts;
    struct json chunks; /* an array of strings */
    struct json tool_calls;
    enum finish finish;
    struct usage usage;
};

/* The model's name without what stands before its last slash; "echo" when there is none. */
struct slice echo_model_name(const struct chat_request *r);
int echo_script_read(const struct chat_request *r, struct arena *a, struct echo_script *out,
                     struct fault *why);

struct echo_call {
    struct slice id;
    struct slice name;
    struct slice arguments;
};

/* What is going to be said. */
struct echo_answer {
    struct slice text;
    struct slice thoughts;
    struct echo_call *calls;
    size_t call_count;
    enum finish finish;
    struct usage usage;
};

int echo_answer_make(const struct chat_request *r, const struct echo_script *script,
                     struct arena *a, struct echo_answer *out, struct fault *why);

/* The least JSON object that satisfies a simple schema: required members only, from const, default,
 * enum or the type's least value. .p NULL: no memory. */
struct slice echo_least_object(struct slice schema, struct arena *a);

/* AIGNE_OK unless the script says that the answer ends badly here, `pieces` having been told. */
int echo_trouble(struct decoding *d, const struct echo_script *script, int64_t pieces,
                 bool last);
/* A word and the blanks around it. */
size_t echo_word_size(struct slice s);

/* ---- what calls other than chats are answered with ---- */

/* `count` numbers from -1 to 1, the same for the same text. .p NULL: no memory. */
struct slice echo_vector(struct slice text, int64_t count, struct arena *a);

/* A WAV file that beeps once for each byte of a text, which it also carries as a comment. */
struct slice echo_sound_head(struct slice text, struct arena *a); /* .p NULL: no memory */
size_t echo_sound_size(struct slice text); /* of the samples behind the head */
/* The samples from `at` on, as many as fit; how many they are. */
size_t echo_sound_samples(struct slice text, size_t at, char *room, size_t size);
/* The comment of such a file, and how long it plays; .p NULL: it is none. */
struct slice echo_sound_text(struct slice file, int64_t *milliseconds);

#endif
