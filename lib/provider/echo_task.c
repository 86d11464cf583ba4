/* Knows how the echo provider answers calls that are not chats, piece by piece; refuses to know anything
 * about pictures, voices or meanings: what it gives is real, but it is always the same. */
#include "base/mem.h"
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/echo.h"
#include "provider/task_answer.h"
#include "provider/task_wire.h"
#include "provider/wire.h"
#include "text/base64.h"
#include "text/utf8.h"
#include <aignehub/aignehub.h>

#define IMAGES_LARGEST     10
#define DIMENSIONS         8
#define DIMENSIONS_LARGEST 4096
#define SECONDS            "4"
#define SOUND_PIECE        4096

/* A grey pixel. */
#define PICTURE                                                                                \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg=="
/* An MP4 container with nothing in it. */
#define FILM "AAAAGGZ0eXBpc29tAAACAGlzb21tcDQxAAAACGZyZWU="

struct task_state {
    struct echo_script script;
    bool planned;
    bool started;
    int64_t pieces;    /* told so far */
    int64_t count;     /* of images, or of numbers in a vector */
    struct slice text; /* to be spoken, or what is left to be told of what was heard */
    size_t sample;     /* the next one */
    struct usage used;
};

/* One kind of call. `left` says whether there is more to tell than the end. */
struct echo_kind {
    int (*plan)(struct decoding *d, struct task_state *s, const struct chat_request *r);
    bool (*left)(const struct task_state *s, const struct chat_request *r);
    int (*tell)(struct decoding *d, struct task_state *s, const struct chat_request *r);
};

static int64_t words_in(struct slice text)
{
    int64_t words = 0;
    while (slice_trim(text).n) {
        text = slice_from(text, echo_word_size(text));
        words++;
    }
    return words;
}

static int read_count(struct decoding *d, struct slice number, const char *member,
                      int64_t largest, int64_t *out)
{
    if (!number.p)
        return AIGNE_OK;
    if (wire_int(number, out) && *out >= 1 && *out <= largest)
        return AIGNE_OK;
    return fault_field(d->why, AIGNE_E_REQUEST, member, "%s must be from 1 to %lld.", member,
                       (long long)largest);
}

/* ---- embeddings ---- */

struct slice echo_vector(struct slice text, int64_t count, struct arena *a)
{
    struct buf json AUTO(buf_free);
    uint64_t state = 14695981039346656037u;
    buf_init(&json, (size_t)count * 12 + 16);
    for (size_t i = 0; i < text.n; i++)
        state = (state ^ (unsigned char)text.p[i]) * 1099511628211u;
    for (int64_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        buf_printf(&json, "%c%s0.%06llu", i ? ',' : '[', state >> 63 ? "-" : "",
                   (unsigned long long)((state >> 20) % 1000000));
    }
    buf_put_byte(&json, ']');
    if (buf_rc(&json) < 0)
        a->failed = true;
    return buf_rc(&json) < 0 ? SLICE_NONE : arena_copy(a, buf_slice(&json));
}

static int plan_embedding(struct decoding *d, struct task_state *s,
                          const struct chat_request *r)
{
    const struct task *t = r->task;
    s->count = DIMENSIONS;
    s->used.input = 0;
    for (size_t i = 0; i < t->input_count; i++)
        s->used.input += t->inputs_are_tokens ? (int64_t)json_count(json_of(t->inputs[i]))
                                              : words_in(t->inputs[i]);
    return read_count(d, t->dimensions, "dimensions", DIMENSIONS_LARGEST, &s->count);
}

static bool embedding_left(const struct task_state *s, const struct chat_request *r)
{
    return (size_t)s->pieces < r->task->input_count;
}

static int tell_embedding(struct decoding *d, struct task_state *s,
                          const struct chat_request *r)
{
    struct slice vector = echo_vector(r->task->inputs[s->pieces], s->count, d->scratch);
    struct event e = {.kind = EVENT_EMBEDDING, .index = (int)s->pieces, .text = vector};
    return vector.p ? event_push(d->sink, &e) : fault_nomem(d->why);
}

/* ---- images ---- */

static int plan_image(struct decoding *d, struct task_state *s, const struct chat_request *r)
{
    s->count = 1;
    s->used.input = words_in(r->task->prompt);
    int rc = read_count(d, r->n, "n", IMAGES_LARGEST, &s->count);
    s->used.images = s->count;
    return rc;
}

static bool image_left(const struct task_state *s, const struct chat_request *r)
{
    (void)r;
    return s->pieces < s->count;
}

/* An image to be edited comes back as it is. */
static int tell_image(struct decoding *d, struct task_state *s, const struct chat_request *r)
{
    const struct task_file *given = task_file_of(r->task, "image", 0);
    (void)s;
    if (!given)
        return answer_file(d, SLICE("image/png"), SLICE(PICTURE), false);
    struct slice mime = task_file_mime(given, d->scratch);
    if (given->form == TASK_FILE_BYTES)
        return task_push_bytes(d, mime, given->content);
    return answer_file(d, mime, given->content, given->form == TASK_FILE_URL);
}

/* ---- videos: a job that makes progress ---- */

#define QUARTERS 4

static int plan_video(struct decoding *d, struct task_state *s, const struct chat_request *r)
{
    struct slice seconds = r->task->seconds.p ? r->task->seconds : SLICE(SECONDS);
    s->used.input = words_in(r->task->prompt);
    s->used.milliseconds = task_milliseconds(json_of(seconds));
    return s->used.milliseconds > 0 ? AIGNE_OK
                                    : fault_field(d->why, AIGNE_E_REQUEST, "seconds",
                                                  "seconds must be a number above 0.");
}

static bool video_left(const struct task_state *s, const struct chat_request *r)
{
    (void)r;
    return s->pieces <= QUARTERS + 1;
}

static int tell_video(struct decoding *d, struct task_state *s, const struct chat_request *r)
{
    static const char *const progress[] = {"0", "25", "50", "75", "100"};
    (void)r;
    if (s->pieces > QUARTERS)
        return answer_file(d, SLICE("video/mp4"), SLICE(FILM), false);
    struct slice status = s->pieces == 0          ? SLICE("\"queued\"")
                          : s->pieces == QUARTERS ? SLICE("\"completed\"")
                                                  : SLICE("\"in_progress\"");
    return task_push_progress(d, json_of(slice_text(progress[s->pieces])), json_of(status));
}

/* ---- speech ---- */

static int plan_speech(struct decoding *d, struct task_state *s, const struct chat_request *r)
{
    (void)d;
    s->text = r->task->prompt;
    s->used.characters = 0;
    for (struct slice rest = s->text; rest.n; s->used.characters++) {
        uint32_t character = 0;
        size_t n = utf8_take(rest, &character);
        rest = slice_from(rest, n ? n : 1);
    }
    return AIGNE_OK;
}

static bool speech_left(const struct task_state *s, const struct chat_request *r)
{
    (void)r;
    return s->pieces == 0 || s->sample < echo_sound_size(s->text);
}

static int tell_speech(struct decoding *d, struct task_state *s, const struct chat_request *r)
{
    char room[SOUND_PIECE];
    struct event e = {.kind = EVENT_BYTES};
    (void)r;
    if (s->pieces == 0) {
        e.mime = SLICE("audio/wav");
        e.text = echo_sound_head(s->text, d->scratch);
        return e.text.p ? event_push(d->sink, &e) : fault_nomem(d->why);
    }
    size_t n = echo_sound_samples(s->text, s->sample, room, sizeof room);
    s->sample += n;
    e.text = slice_of(room, n);
    return event_push(d->sink, &e);
}

/* ---- transcriptions ---- */

static int bytes_of(struct decoding *d, const struct task_file *file, struct slice *out)
{
    *out = file->content;
    if (file->form == TASK_FILE_BYTES)
        return AIGNE_OK;
    if (file->form == TASK_FILE_BASE64)
        *out = base64_bytes(d->keep, file->content);
    if (out->p && file->form == TASK_FILE_BASE64)
        return AIGNE_OK;
    return d->keep->failed ? fault_nomem(d->why)
                           : fault_field(d->why, AIGNE_E_REQUEST, "audio",
                                         "audio: echo fetches nothing: send the file itself.");
}

/* What echo said can be heard again; of other sounds only the size is known. */
static int plan_transcription(struct decoding *d, struct task_state *s,
                              const struct chat_request *r)
{
    struct slice file = SLICE_NONE;
    struct buf words AUTO(buf_free);
    buf_init(&words, 128);
    int rc = bytes_of(d, &r->task->files[0], &file);
    if (rc < 0)
        return rc;
    s->text = echo_sound_text(file, &s->used.milliseconds);
    if (s->script.text.p)
        s->text = s->script.text;
    else if (!s->text.p || !utf8_valid(s->text)) {
        buf_printf(&words, "A sound of %zu bytes.", file.n);
        s->text = buf_rc(&words) < 0 ? SLICE_NONE : arena_copy(d->keep, buf_slice(&words));
    }
    s->used.output = words_in(s->text.p ? s->text : SLICE(""));
    return s->text.p ? AIGNE_OK : fault_nomem(d->why);
}

static bool transcription_left(const struct task_state *s, const struct chat_request *r)
{
    (void)r;
    return s->text.n > 0;
}

static int tell_transcription(struct decoding *d, struct task_state *s,
                              const struct chat_request *r)
{
    struct slice piece = slice_of(s->text.p, echo_word_size(s->text));
    (void)r;
    s->text = slice_from(s->text, piece.n);
    return answer_piece(d, EVENT_TEXT, piece);
}

/* ---- all of them ---- */

static const struct echo_kind kinds[KINDS] = {
    [KIND_EMBEDDING] = {plan_embedding, embedding_left, tell_embedding},
    [KIND_IMAGE] = {plan_image, image_left, tell_image},
    [KIND_VIDEO] = {plan_video, video_left, tell_video},
    [KIND_SPEECH] = {plan_speech, speech_left, tell_speech},
    [KIND_TRANSCRIPTION] = {plan_transcription, transcription_left, tell_transcription},
};

static int plan(struct decoding *d, struct task_state *s, const struct chat_request *r)
{
    int rc = echo_script_read(r, d->keep, &s->script, d->why);
    usage_init(&s->used);
    if (!rc)
        rc = kinds[r->kind].plan(d, s, r);
    s->planned = true;
    return rc;
}

static int tell(struct decoding *d, struct task_state *s, const struct chat_request *r)
{
    int rc = kinds[r->kind].tell(d, s, r);
    s->pieces++;
    return rc;
}

static int tell_end(struct decoding *d, const struct task_state *s)
{
    int rc = answer_usage(d, &s->used);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

static int step(struct decoding *d, const struct chat_request *r, int64_t *delay_ms)
{
    struct task_state *s = d->state;
    *delay_ms = 0;
    if (!s->planned) {
        int rc = plan(d, s, r);
        *delay_ms = s->script.delay_ms;
        if (rc < 0 || *delay_ms > 0)
            return rc < 0 ? rc : AIGNE_AGAIN;
    }
    bool left = kinds[r->kind].left(s, r);
    int rc = echo_trouble(d, &s->script, s->pieces, !left);
    if (rc >= 0 && !s->started)
        rc = answer_start(d, SLICE_NONE, echo_model_name(r));
    s->started = true;
    if (rc >= 0)
        rc = left ? tell(d, s, r) : tell_end(d, s);
    rc = answer_settled(d, rc);
    if (rc < 0 || !left)
        return rc < 0 ? rc : AIGNE_OK;
    *delay_ms = s->script.pace_ms;
    return AIGNE_AGAIN;
}

#define ECHO_TASK(name_of, kind_of)                                                            \
    const struct adapter adapter_echo_##name_of = {                                            \
        .name = "echo",                                                                        \
        .kind = (kind_of),                                                                     \
        .state_size = sizeof(struct task_state),                                               \
        .step = step,                                                                          \
    }

ECHO_TASK(embedding, KIND_EMBEDDING);
ECHO_TASK(image, KIND_IMAGE);
ECHO_TASK(video, KIND_VIDEO);
ECHO_TASK(speech, KIND_SPEECH);
ECHO_TASK(transcription, KIND_TRANSCRIPTION);
