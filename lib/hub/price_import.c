/* Knows how a list's costs become rates here; refuses to know formats. */
#include "base/mem.h"
#include "hub/known.h"
#include "hub/price_book.h"
#include <aignehub/aignehub.h>

enum { TOLD_LARGEST = 100 };

/* What becomes of a rate, or of a model of the list. */
enum outcome { UPDATED, UNCHANGED, CREATED, UNMATCHED, DEPRECATED, OUTCOMES };
static const char *const outcomes[OUTCOMES] = {"updated", "unchanged", "created", "unmatched",
                                               "deprecated"};

struct import {
    struct verb_call *v;
    struct price_book book;
    struct rate_margin margin;
    bool create;
    bool apply;     /* to rates that are there already, too */
    bool deprecate; /* what the list does not have any more */
    struct slice note;
    int64_t counts[OUTCOMES];
};

static void import_free(struct import *in)
{
    price_book_free(&in->book);
}

/* What a new rate knows of its model. */
static struct slice metadata_of(struct verb_call *v, const struct price_listed *m)
{
    struct buf json AUTO(buf_free);
    buf_init(&json, 256);
    struct json_writer w = json_writer(&json);
    json_open_object(&w);
    if (m->answer_limit)
        json_member_int(&w, "maxTokens", m->answer_limit);
    if (m->context)
        json_member_int(&w, "contextWindow", m->context);
    json_close_object(&w);
    return m->answer_limit || m->context ? arena_copy(v->arena, buf_slice(&json)) : SLICE_NONE;
}

static void count(struct import *in, enum outcome outcome, const struct rate_change *c,
                  const struct price *old)
{
    if (in->counts[outcome]++ < TOLD_LARGEST)
        price_write_change(&in->v->w, c, old, outcomes[outcome]);
}

static int put(struct import *in, struct rate_change *c, const struct price *old,
               enum outcome outcome)
{
    bool changed = false;
    int rc = rate_change_put(in->v, c, &changed);
    count(in, changed ? outcome : UNCHANGED, c, old);
    return rc;
}

static int take_over(struct import *in, struct rate_change *c, const struct price_listed *m)
{
    struct verb_call *v = in->v;
    const struct price old = c->rates.base;
    c->costs = m->costs;
    c->source = in->book.source;
    c->note = in->note;
    c->deprecated = VERB_NULL;
    if (!c->old)
        c->metadata = metadata_of(v, m);
    if ((!c->old || in->apply) &&
        !rate_margin_list(&in->margin, &c->costs, m->kind, v->arena, &c->rates))
        return v->arena->failed ? fault_nomem(v->why)
                                : verb_refuse(v, "body", "The price of \"%.*s\" is too large.",
                                              (int)m->model.n, m->model.p);
    return put(in, c, &old, c->old ? UPDATED : CREATED);
}

static int import_new(struct import *in, const struct price_listed *m)
{
    struct rate_change c;
    struct slice type = slice_text(kind_name(m->kind));
    if (!in->create || catalog_rate(in->v->catalog, m->provider, m->model, type))
        return AIGNE_OK;
    rate_change_begin(in->v, &c, m->provider, m->model, type, "bulk_create");
    if (c.old) /* a deprecated one: it was looked at */
        return AIGNE_OK;
    if (!m->only_known)
        return take_over(in, &c, m);
    count(in, UNMATCHED, &c, &c.rates.base);
    return AIGNE_OK;
}

/* A chat model that its own vendor's list does not have; a list without any of the vendor's says nothing. */
static bool is_gone(const struct import *in, const struct catalog_rate *rate)
{
    const struct catalog_provider *p = catalog_provider(in->v->catalog, rate->provider);
    size_t i = 0;
    while (i < in->book.count && !slice_eq(in->book.models[i]->provider, rate->provider))
        i++;
    return in->deprecate && i < in->book.count && p && provider_rank(p->type) == 1 &&
           slice_is(rate->type, "chat");
}

static int import_known(struct import *in, const struct catalog_rate *rate)
{
    struct rate_change c;
    const struct price_listed *m = price_book_find(&in->book, rate);
    if ((in->book.provider.p && !slice_eq(in->book.provider, rate->provider)) ||
        (rate->deprecated && !m))
        return AIGNE_OK;
    rate_change_begin(in->v, &c, rate->provider, rate->model, rate->type, "bulk_sync");
    if (m)
        return take_over(in, &c, m);
    const struct price old = c.rates.base;
    count(in, UNMATCHED, &c, &old);
    if (!is_gone(in, rate))
        return AIGNE_OK;
    c.deprecated = SLICE("true");
    c.note = in->note.n ? in->note : SLICE("Not in the list of prices");
    return put(in, &c, &old, DEPRECATED);
}

static int read_options(struct import *in)
{
    struct verb_call *v = in->v;
    struct slice note = SLICE_NONE;
    int rc = price_book_read(v, &in->book);
    if (!rc && !in->book.source.p)
        rc = verb_refuse(v, "body",
                         "Say which list: \"body\", \"file\", \"url\" or \"source\".");
    if (!rc)
        rc = rate_margin_read(v, &in->margin);
    if (!rc)
        rc = verb_name(v, "note", &note);
    in->note = note.p ? note : SLICE("");
    in->create = verb_flag(v, "create", true);
    in->apply = verb_flag(v, "applyRates", false);
    in->deprecate = verb_flag(v, "deprecateUnmatched", false);
    return rc;
}

static void reply(struct import *in, bool dry)
{
    struct json_writer *w = &in->v->w;
    json_member_bool(w, "dryRun", dry);
    for (int i = 0; i < OUTCOMES; i++)
        json_member_int(w, outcomes[i], in->counts[i]);
    json_member_int(w, "unknownProvider", in->book.unknown);
    json_member_int(w, "unpriced", in->book.unpriced);
    json_member_int(w, "free", in->book.given_away);
    json_member_raw(w, "source", in->book.source);
    json_close_object(w);
}

int catalog_import(struct verb_call *v)
{
    struct import in AUTO(import_free) = {.v = v};
    bool dry = verb_flag(v, "dryRun", false);
    int rc = read_options(&in);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_key(&v->w, "summary");
    json_open_array(&v->w);
    const struct catalog_rate *rate = v->catalog->rates - v->catalog->deprecated_count;
    for (; rate < v->catalog->rates + v->catalog->rate_count && !rc; rate++)
        rc = import_known(&in, rate);
    for (size_t i = 0; i < in.book.count && !rc; i++)
        rc = import_new(&in, in.book.models[i]);
    json_close_array(&v->w);
    if (rc)
        return rc;
    reply(&in, dry);
    if (dry)
        v->op_count = 0;
    return AIGNE_OK;
}
