/* Knows an upper bound of what a request may cost; refuses to know what it will cost. */
#include "hub/ceiling.h"
#include "hub/meter.h"
#include "text/decimal.h"
#include "text/json_scan.h"

/* A number of the caller, if it is one that can be meant. */
static int64_t number_of(struct slice text, int64_t otherwise)
{
    decimal_wide value = 0;
    if (!text.n || !decimal_parse(text, 0, &value) || value < 1)
        return otherwise;
    return value > USAGE_LARGEST ? USAGE_LARGEST : (int64_t)value;
}

static void add_text(struct ceiling *c, struct slice text)
{
    c->text_bytes += (int64_t)text.n;
    c->prompt_tokens += (int64_t)text.n;
}

static void add_file(struct ceiling *c, struct slice mime, struct slice content, bool fetched)
{
    bool picture = slice_starts(mime, "image/") || (!mime.n && fetched);
    if (picture)
        c->images_read++;
    if (picture)
        c->prompt_tokens += CEILING_IMAGE_TOKENS;
    else if (fetched)
        c->prompt_tokens += CEILING_LINK_TOKENS;
    else
        c->prompt_tokens += (int64_t)content.n / 4 * 3 + 3;
}

static void add_part(struct ceiling *c, const struct chat_part *part)
{
    if (part->kind == CHAT_DATA || part->kind == CHAT_URL)
        add_file(c, part->mime, part->text, part->kind == CHAT_URL);
    else
        add_text(c, part->text);
    add_text(c, part->name);
    add_text(c, part->arguments);
    add_text(c, part->context);
}

static void add_chat(struct ceiling *c, const struct chat_request *r)
{
    for (size_t i = 0; i < r->message_count; i++) {
        const struct chat_message *m = &r->messages[i];
        c->prompt_tokens += CEILING_MESSAGE_TOKENS;
        add_text(c, m->name);
        for (size_t k = 0; k < m->part_count; k++)
            add_part(c, &m->parts[k]);
    }
    c->prompt_tokens += r->tool_count ? CEILING_TOOLS_TOKENS : 0;
    for (size_t i = 0; i < r->tool_count; i++) {
        c->prompt_tokens += CEILING_MESSAGE_TOKENS;
        add_text(c, r->tools[i].name);
        add_text(c, r->tools[i].description);
        add_text(c, r->tools[i].parameters);
    }
    add_text(c, r->schema);
    for (size_t i = 0; i < r->extra_count; i++)
        add_text(c, r->extras[i].value);
    for (size_t i = 0; i < r->input_extra_count; i++)
        add_text(c, r->input_extras[i].value);
}

/* The fewest bytes that a second of speech takes are 2,000. */
static int64_t audio_ms(const struct task_file *f)
{
    return f->form == TASK_FILE_URL ? CEILING_AUDIO_MS : (int64_t)f->content.n / 2;
}

static void add_task(struct ceiling *c, const struct chat_request *r)
{
    const struct task *t = r->task;
    for (size_t i = 0; i < t->input_count; i++)
        add_text(c, t->inputs[i]);
    add_text(c, t->prompt);
    add_text(c, t->negative_prompt);
    add_text(c, t->instructions);
    c->characters = (int64_t)t->prompt.n;
    if (r->kind == KIND_VIDEO)
        c->milliseconds = number_of(t->seconds, CEILING_VIDEO_MS / 1000) * 1000;
    for (size_t i = 0; i < t->file_count; i++) {
        if (r->kind == KIND_TRANSCRIPTION)
            c->milliseconds += audio_ms(&t->files[i]);
        else
            add_file(c, SLICE("image/"), t->files[i].content, false);
    }
}

void ceiling_measure(const struct chat_request *r, struct ceiling *out)
{
    *out = (struct ceiling){.answer_tokens = number_of(r->max_tokens, 0),
                            .answers = number_of(r->n, 1)};
    if (r->task)
        add_task(out, r);
    else
        add_chat(out, r);
}

void ceiling_measure_body(size_t bytes, struct ceiling *out)
{
    *out = (struct ceiling){.answers = 1,
                            .prompt_tokens = (int64_t)bytes,
                            .text_bytes = (int64_t)bytes,
                            .characters = (int64_t)bytes,
                            .milliseconds = (int64_t)bytes / 2};
}

/* Nothing in the messages but what is written there. */
static bool all_text(struct json messages, unsigned depth)
{
    enum { BODY_MESSAGES_MESSAGE = 3 };
    struct json_walk walk = json_walk(messages);
    if (messages.kind != JSON_ARRAY)
        return false;
    if (depth && depth <= BODY_MESSAGES_MESSAGE)
        return true;
    while (json_next(&walk))
        if (json_get(walk.value, "content").kind != JSON_STRING)
            return false;
    return true;
}

bool ceiling_measure_text(struct slice body, unsigned depth, struct ceiling *out)
{
    enum { LIMIT, NEW_LIMIT, ANSWERS, MESSAGES, TOOLS, NAMES };
    static const char *const names[NAMES] = {"max_tokens", "max_completion_tokens", "n",
                                             "messages", "tools"};
    struct json values[NAMES];
    json_pick(json_of(body), names, NAMES, values);
    if (json_present(values[TOOLS]) || !all_text(values[MESSAGES], depth))
        return false;
    ceiling_measure_body(body.n, out);
    for (int i = LIMIT; i <= NEW_LIMIT; i++)
        if (json_present(values[i]))
            out->answer_tokens = number_of(values[i].raw, 0);
    if (json_present(values[ANSWERS]))
        out->answers = number_of(values[ANSWERS].raw, 1);
    return true;
}

static int64_t answer_limit(const struct ceiling *c, const struct catalog_rate *rate)
{
    int64_t limit = rate->answer_limit;
    if (!c->answer_tokens)
        return limit > 0 ? limit : CEILING_ANSWER_TOKENS;
    return limit > 0 && limit < c->answer_tokens ? limit : c->answer_tokens;
}

/* Whatever a token of the prompt or of the answer may turn out to be, it is none dearer. */
static struct price dearest(const struct catalog_rate *rate, enum chat_kind kind,
                            int64_t prompt, int64_t at_ms)
{
    static const unsigned char prompts[] = {PRICE_READ, PRICE_WRITE, PRICE_WRITE_1H,
                                            PRICE_AUDIO_INPUT, PRICE_IMAGE_INPUT};
    static const unsigned char answers[] = {PRICE_REASONING, PRICE_AUDIO_OUTPUT,
                                            PRICE_IMAGE_OUTPUT};
    struct price p;
    price_dearest(&rate->prices, kind, prompt, at_ms, &p);
    for (size_t i = 0; i < sizeof prompts; i++)
        if (p.part[prompts[i]] > p.part[PRICE_INPUT])
            p.part[PRICE_INPUT] = p.part[prompts[i]];
    for (size_t i = 0; i < sizeof answers; i++)
        if (p.part[answers[i]] > p.part[PRICE_OUTPUT])
            p.part[PRICE_OUTPUT] = p.part[answers[i]];
    return p;
}

static int64_t bounded(int64_t a, int64_t b)
{
    int64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product) || product > USAGE_LARGEST)
        return USAGE_LARGEST;
    return product;
}

/* What each kind of answer may come to. */
static struct usage tokens_of(const struct ceiling *c, enum chat_kind kind,
                              const struct catalog_rate *rate)
{
    struct usage u;
    usage_init(&u);
    u.input = bounded(c->prompt_tokens, 1);
    if (kind == KIND_CHAT)
        u.output = bounded(answer_limit(c, rate), c->answers);
    if (c->repeated)
        u.input += bounded(answer_limit(c, rate) + CEILING_RESUMED_TOKENS, c->repeated);
    if (kind == KIND_SPEECH) /* a character is spoken in less than two tokens of sound */
        u.output = bounded(c->characters, 2);
    if (kind == KIND_TRANSCRIPTION) {
        int64_t heard = bounded(c->milliseconds / 50 + 1, 1);
        u.input = bounded(c->prompt_tokens + heard, 1);
        u.output = heard;
    }
    if (kind == KIND_IMAGE)
        u.output = bounded(c->answers, CEILING_IMAGE_MADE_TOKENS);
    return u;
}

static struct usage units_of(const struct ceiling *c, enum chat_kind kind)
{
    struct usage u;
    usage_init(&u);
    if (kind == KIND_IMAGE)
        u.images = bounded(c->answers, 1);
    if (kind == KIND_CHAT)
        u.images = bounded(c->answers, CEILING_CHAT_IMAGES);
    u.characters = bounded(c->characters, 1);
    u.milliseconds = bounded(c->milliseconds, 1);
    return u;
}

bool ceiling_charge(const struct ceiling *c, enum chat_kind kind,
                    const struct catalog_rate *rate, int64_t at_ms, int64_t *billionths)
{
    const struct usage tokens = tokens_of(c, kind, rate);
    const struct usage units = units_of(c, kind);
    struct price p = dearest(rate, kind, tokens.input, at_ms);
    decimal_wide by_tokens = 0;
    decimal_wide by_units = 0;
    if (!meter_sum(&tokens, &p, kind, &by_tokens) || !meter_sum(&units, &p, kind, &by_units))
        return false;
    bool sound = kind == KIND_SPEECH || kind == KIND_TRANSCRIPTION;
    decimal_wide sum = by_tokens > by_units ? by_tokens : by_units;
    if (!sound && __builtin_add_overflow(by_tokens, by_units - p.part[PRICE_REQUEST], &sum))
        return false;
    return decimal_round(sum, billionths);
}
