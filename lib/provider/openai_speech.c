/* Knows OpenAI's speech, bytes from the first to the last; refuses to know what they sound like. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/openai_task.h"
#include "text/utf8.h"
#include <aignehub/aignehub.h>

#define PATH "audio/speech"

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {{"voice", NULL},
                                             {"outputFormat", NULL},
                                             {"instructions", "instructions"},
                                             {"speed", "speed"}};
    static const char *const taken[] = {"stream_format", NULL};
    const struct task *t = r->task;
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    task_wire_text(&w, "model", to->model);
    task_wire_text(&w, "input", t->prompt);
    task_wire_text(&w, "voice", t->voice.p ? t->voice : SLICE("alloy"));
    task_wire_text(&w, "response_format",
                   t->output_format.p ? t->output_format : t->response_format);
    int rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    if (rc < 0)
        return rc;
    task_wire_extras(&w, taken);
    rc = openai_task_post(&w, PATH, out);
    out->streamed = true; /* as bytes, whoever reads them how */
    return rc;
}

static int relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                 struct http_request *out, struct fault *why)
{
    return openai_task_relay(r, to, PATH, a, out, why);
}

struct speech_state {
    bool started;
};

/* The characters that are spoken: what the provider charges by, and does not tell. */
static int64_t characters(const struct decoding *d)
{
    struct slice text = SLICE("");
    if (d->request && d->request->task)
        text = d->request->task->prompt;
    else if (d->relay)
        text = json_string(json_get(json_of(d->relay->body), "input"), d->scratch);
    int64_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += ((unsigned char)text.p[i] & 0xC0) != 0x80; /* not the rest of one */
    return count;
}

static int start(struct decoding *d)
{
    struct speech_state *s = d->state;
    if (s->started)
        return AIGNE_OK;
    s->started = true;
    return answer_start(d, SLICE_NONE, SLICE_NONE);
}

static int decode(struct decoding *d, const struct sse_event *frame)
{
    struct speech_state *s = d->state;
    struct event e = {.kind = EVENT_BYTES, .text = frame->data};
    if (!frame->data.n)
        return AIGNE_OK;
    if (!s->started)
        e.mime = d->media_type;
    int rc = start(d);
    return rc < 0 ? rc : event_push(d->sink, &e);
}

static int watch(struct decoding *d, const struct sse_event *frame,
                 enum chat_choice usage_wanted, struct slice *shown)
{
    (void)usage_wanted;
    (void)shown;
    return frame->data.n ? start(d) : AIGNE_OK;
}

static int finish(struct decoding *d)
{
    const struct speech_state *s = d->state;
    struct usage usage;
    if (!s->started)
        return answer_cut(d);
    usage_init(&usage);
    usage.characters = characters(d);
    int rc = answer_settled(d, answer_usage(d, &usage));
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

/* JSON where audio should be: an error, or nothing anybody can hear. */
static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    (void)watching;
    int rc = openai_task_open(d, body, NULL, 0, NULL);
    return rc < 0 ? rc
                  : fault_set(d->why, AIGNE_E_PROTOCOL,
                              "The provider sent JSON instead of speech.");
}

const struct adapter adapter_openai_speech = {
    .name = "openai",
    .format = "openai.speech",
    .kind = KIND_SPEECH,
    .framing = FRAMES_RAW,
    .state_size = sizeof(struct speech_state),
    .encode = encode,
    .relay = relay,
    .decode = decode,
    .watch = watch,
    .decode_whole = decode_whole,
    .finish = finish,
    .explain = complaint_explain,
};
