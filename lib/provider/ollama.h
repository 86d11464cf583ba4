/* ollama.h - what the parts of the Ollama adapter share. */
#ifndef AIGNE_PROVIDER_OLLAMA_H
#define AIGNE_PROVIDER_OLLAMA_H

#include "provider/adapter.h"
#include "provider/wire.h"

/* Beside OpenAI's quirks in one set: its /v1 is a server of OpenAI's formats. */
enum ollama_quirk {
    OLLAMA_API_NATIVE = 1 << 30 /* is asked in its own format, whoever asks */
};

/* The base URL without the /v1 or /api that it may name. */
struct slice ollama_root(struct slice base_url);
/* ROOT/PATH, whether the base URL is the root or names its /v1 or /api. */
struct slice ollama_url(const struct chat_target *to, struct slice path, struct arena *a);
/* "options" and "keep_alive": what the request says, then what the operator set for all. */
void ollama_write_options(struct wire *w);
int ollama_write_messages(struct wire *w);
int ollama_encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why);

struct ollama_state {
    bool started;
    bool finished; /* the line with done:true came */
    int call_count;
};
int ollama_decode(struct decoding *d, const struct sse_event *frame);
int ollama_decode_whole(struct decoding *d, struct slice body, bool watching);
int ollama_finish(struct decoding *d);

/* The native format, unless the client's own body can go to /v1, or the operator decided. */
const struct adapter *ollama_choose(enum chat_kind kind, const struct chat_target *to,
                                    const char *format);

#endif
