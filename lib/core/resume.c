/* Knows how an answer that broke off is gone on with; refuses to know who is asked next, or how a format
 * writes it. */
#include "core/resume.h"
#include "core/exchange.h"
#include "hub/policy.h"

struct resume {
    struct buf text; /* what the caller was told and nobody took back */
    bool fixed;      /* there is more to it than text: it cannot be gone on with */
    bool going_on;   /* the current attempt goes on with the text */
    bool prefilled;  /* it was asked by the assistant's own words */
    bool refused;    /* such words were not taken: they are asked for in others */
    bool told;       /* the current attempt told something */
    unsigned cuts;
    unsigned kept; /* a bit for each row */
    struct fault cause;
    struct usage usage; /* of the answers that broke off, and their price */
    int64_t credits;
    struct chat_request request;
};

#define INSTRUCTION                                                                            \
    "Your answer was interrupted. Go on exactly where it ends: repeat nothing of it, and do "  \
    "not speak of the interruption."

#define BIT(kind) (1u << (kind))
/* What a continuation has of its own, and belongs before or beside a text that was begun by another. */
#define BEGINNING                                                                              \
    (BIT(EVENT_START) | BIT(EVENT_THOUGHT) | BIT(EVENT_SIGNATURE) | BIT(EVENT_REDACTED) |      \
     BIT(EVENT_CITATION))
#define NO_TEXT                                                                                \
    (BIT(EVENT_REFUSAL) | BIT(EVENT_TOOL_BEGIN) | BIT(EVENT_FILE) | BIT(EVENT_JSON) |          \
     BIT(EVENT_BYTES) | BIT(EVENT_EXTRA))

int resume_plan(struct aigne_call *call)
{
    if (POLICY_OR(call->policy, on_cut, CUT_ERROR) != CUT_RESUME || !call->streamed ||
        call->resume || call->request.kind != KIND_CHAT)
        return AIGNE_OK;
    struct resume *r = arena_alloc(&call->arena, sizeof *r);
    if (!r)
        return fault_nomem(&call->fault);
    *r = (struct resume){0};
    buf_init(&r->text, (size_t)POLICY_OR(call->policy, hold_bytes, CUT_KEPT_USUAL));
    usage_init(&r->usage);
    call->resume = r;
    call->relay_format = NULL;
    return AIGNE_OK;
}

void resume_free(struct resume *r)
{
    if (r)
        buf_free(&r->text);
}

bool resume_under_way(const struct resume *r)
{
    return r && r->cuts > 0;
}

bool resume_kept(const struct resume *r, size_t index)
{
    return r && (r->kept & BIT(index));
}

/* ---- what is told ---- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static bool ends_blank(const struct buf *text)
{
    return text->n && is_blank(text->p[text->n - 1]);
}

/* A continuation begins with the blank that was told already. */
static struct slice without_blanks(const struct resume *r, struct slice text)
{
    bool first = r->going_on && !r->told && ends_blank(&r->text);
    while (first && text.n && is_blank(*text.p))
        text = slice_from(text, 1);
    return text;
}

int resume_pass(struct aigne_call *call, const struct event *e)
{
    struct resume *r = call->resume;
    struct event told = *e;
    if (r->going_on && (BEGINNING & BIT(e->kind)))
        return AIGNE_OK;
    if (e->kind == EVENT_TEXT) {
        told.text = without_blanks(r, e->text);
        if (e->text.n && !told.text.n)
            return AIGNE_OK;
        buf_put_slice(&r->text, told.text);
    }
    r->fixed = r->fixed || e->index || (NO_TEXT & BIT(e->kind)) || buf_rc(&r->text) < 0;
    r->told = r->told || e->kind != EVENT_START;
    return call->outlet->event(call, &told);
}

/* ---- what is asked ---- */

static bool takes_back(const struct aigne_call *call)
{
    return exchange_is(call) && exchange_of(call)->ingress->takes_back;
}

static bool takes_prefill(const struct aigne_call *call)
{
    const struct route_attempt *target = call_target(call);
    const struct catalog_rate *rate =
        catalog_rate(call->catalog, target->provider->name, target->model,
                     slice_text(kind_rate_type(KIND_CHAT)));
    return rate && rate->prefill;
}

static bool say(struct aigne_call *call, struct chat_message *to, enum chat_role role,
                struct slice text)
{
    struct chat_part *part = arena_array(&call->arena, 1, sizeof *part);
    struct slice kept = arena_copy(&call->arena, text);
    if (!part || !kept.p)
        return false;
    *part = (struct chat_part){.kind = CHAT_TEXT, .text = kept};
    *to = (struct chat_message){.role = role, .parts = part, .part_count = 1};
    return true;
}

/* Anthropic takes no blanks at the end of words put into the assistant's mouth. */
static struct slice words_of(const struct resume *r)
{
    struct slice text = buf_slice(&r->text);
    while (r->prefilled && text.n && is_blank(text.p[text.n - 1]))
        text.n--;
    return text;
}

/* NULL: no memory. */
static const struct chat_request *request_of(struct aigne_call *call)
{
    struct resume *r = call->resume;
    r->told = false;
    r->going_on = r->cuts && !takes_back(call);
    r->prefilled = r->going_on && !r->refused && takes_prefill(call);
    struct slice words = words_of(r);
    if (!r->going_on || !words.n)
        return &call->request;
    size_t count = call->request.message_count;
    struct chat_message *all = arena_array(&call->arena, count + 2, sizeof *all);
    if (!all)
        return NULL;
    memcpy(all, call->request.messages, count * sizeof *all);
    if (!say(call, &all[count], CHAT_ASSISTANT, words) ||
        !say(call, &all[count + 1], CHAT_USER, SLICE(INSTRUCTION)))
        return NULL;
    r->request = call->request;
    r->request.messages = all;
    r->request.message_count = count + (r->prefilled ? 1 : 2);
    return &r->request;
}

int resume_open(struct aigne_call *call)
{
    const struct chat_request *request = call->resume ? request_of(call) : &call->request;
    return request ? attempt_open(&call->attempt, request, &call->relay, &call->arena)
                   : fault_nomem(&call->fault);
}

/* ---- what comes after an attempt ---- */

/* A tool's arguments and JSON have no seam: they are told from their beginning, or not at all. */
static bool can_go_on(const struct aigne_call *call, int rc)
{
    const struct resume *r = call->resume;
    if (!call->delivered || call->drain || call->finish_seen || r->cuts >= RESUMES_LARGEST ||
        rc == AIGNE_E_CANCELLED || rc == AIGNE_E_NOMEM)
        return false;
    return takes_back(call) || (!r->fixed && call->request.format <= CHAT_FORMAT_TEXT);
}

static void add(int64_t *sum, int64_t more)
{
    if (more >= 0)
        *sum = usage_known(*sum) + more;
}

static void add_row(struct resume *r, const struct usage_row *row)
{
    int64_t *sum = (int64_t *)&r->usage;
    const int64_t *more = (const int64_t *)&row->usage;
    for (size_t i = 0; i < sizeof r->usage / sizeof *sum; i++)
        add(&sum[i], more[i]);
    r->credits += row->charged ? row->credits : 0;
}

static void note_cut(struct aigne_call *call)
{
    struct resume *r = call->resume;
    if (r->cuts++ == 0)
        r->cause = call->fault;
    r->kept |= BIT(call->row_count - 1);
    add_row(r, &call->rows[call->row_count - 1]);
    call->delivered = false;
}

static bool prefill_refused(const struct aigne_call *call)
{
    const struct resume *r = call->resume;
    return r->prefilled && !r->told && call->fault.upstream && call->attempt.status / 100 == 4;
}

static int take_back(struct aigne_call *call)
{
    const struct event reset = {.kind = EVENT_RESET};
    struct resume *r = call->resume;
    buf_clear(&r->text);
    r->fixed = false;
    int rc = call->outlet->event(call, &reset);
    call->delivered = false;
    return rc;
}

/* The answer is whole: what it took is what all that was delivered took. */
static void total(struct aigne_call *call)
{
    struct resume *r = call->resume;
    add_row(r, &call->rows[call->row_count - 1]);
    call->usage = r->usage;
    call->credits = r->credits;
}

static struct again decide(struct aigne_call *call, int rc, bool sent)
{
    struct resume *r = call->resume;
    bool cut = can_go_on(call, rc);
    if (cut)
        note_cut(call);
    struct again again = again_decide(call, rc, sent && !r->cuts);
    if (!cut && prefill_refused(call) && !r->refused) {
        r->refused = true;
        if (call->attempt_number < LIMIT_ATTEMPTS)
            again = (struct again){AGAIN_SAME, call->target, 0};
    }
    if (cut && again.step != AGAIN_SETTLE && takes_back(call) && take_back(call) < 0)
        again.step = AGAIN_SETTLE;
    if (again.step == AGAIN_SETTLE && r->cuts) {
        call->delivered = true;
        call->fault = r->cause;
        call->rc = r->cause.code;
    }
    return again;
}

struct again resume_decide(struct aigne_call *call, int rc, bool sent)
{
    const struct again settle = {.step = AGAIN_SETTLE};
    if (rc >= 0 && resume_under_way(call->resume))
        total(call);
    if (rc >= 0)
        return settle;
    return call->resume ? decide(call, rc, sent) : again_decide(call, rc, sent);
}
