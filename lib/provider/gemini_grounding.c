/* Knows how Google tells where an answer comes from and how likely its tokens were; refuses to know the
 * answer. */
#include "base/limits.h"
#include "base/mem.h"
#include "provider/answer.h"
#include "provider/gemini.h"
#include <aignehub/aignehub.h>

/* More than any answer rests on. */
#define CHUNKS_LARGEST   256
#define SUPPORTS_LARGEST 1024

int gemini_keep_sources(struct decoding *d, struct json candidate)
{
    struct gemini_state *s = d->state;
    struct json grounding = json_get(candidate, "groundingMetadata");
    struct json citations = json_path(candidate, "citationMetadata.citationSources");
    if (grounding.kind == JSON_OBJECT)
        s->grounding = arena_copy(d->keep, grounding.raw);
    if (citations.kind == JSON_ARRAY)
        s->citations = arena_copy(d->keep, citations.raw);
    return d->keep->failed ? fault_nomem(d->why) : AIGNE_OK;
}

static int push_source(struct decoding *d, struct json url, struct json title, struct json text)
{
    if (url.kind != JSON_STRING)
        return AIGNE_OK;
    struct buf out AUTO(buf_free);
    buf_init(&out, LIMIT_REPLY_BODY);
    struct json_writer w = json_writer(&out);
    json_open_object(&w);
    json_member_raw(&w, "url", url.raw);
    if (title.kind == JSON_STRING)
        json_member_raw(&w, "title", title.raw);
    if (text.kind == JSON_STRING)
        json_member_raw(&w, "cited_text", text.raw);
    json_close_object(&w);
    struct event e = {.kind = EVENT_CITATION, .metadata = buf_slice(&out)};
    return buf_rc(&out) ? fault_nomem(d->why) : event_push(d->sink, &e);
}

static bool rests_on(struct json support, int64_t chunk)
{
    struct json_walk w = json_walk(json_get(support, "groundingChunkIndices"));
    int64_t index = -1;
    while (json_next(&w)) {
        if (json_int64(w.value, &index) && index == chunk)
            return true;
    }
    return false;
}

/* Each passage that rests on the chunk, or the chunk alone. Where in the answer a passage stands is told in
 * bytes of one part of it, which nobody else counts by. */
static int push_chunk(struct decoding *d, struct json chunk, struct json supports,
                      int64_t index)
{
    struct json web = json_get(chunk, "web");
    struct json place = json_present(web) ? web : json_get(chunk, "retrievedContext");
    struct json source = json_present(place) ? place : json_get(chunk, "maps");
    struct json url = json_get(source, "uri");
    struct json title = json_get(source, "title");
    struct json_walk w = json_walk(supports);
    bool told = false;
    int rc = AIGNE_OK;
    for (int i = 0; rc >= 0 && i < SUPPORTS_LARGEST && json_next(&w); i++) {
        if (!rests_on(w.value, index))
            continue;
        told = true;
        rc = push_source(d, url, title, json_path(w.value, "segment.text"));
    }
    return rc < 0 || told ? rc : push_source(d, url, title, (struct json){0});
}

int gemini_push_sources(struct decoding *d)
{
    const struct gemini_state *s = d->state;
    struct json grounding = json_of(s->grounding.p ? s->grounding : SLICE("{}"));
    struct json supports = json_get(grounding, "groundingSupports");
    struct json_walk w = json_walk(json_get(grounding, "groundingChunks"));
    int rc = AIGNE_OK;
    for (int64_t i = 0; rc >= 0 && i < CHUNKS_LARGEST && json_next(&w); i++)
        rc = push_chunk(d, w.value, supports, i);
    w = json_walk(json_of(s->citations.p ? s->citations : SLICE("[]")));
    for (int i = 0; rc >= 0 && i < CHUNKS_LARGEST && json_next(&w); i++)
        rc = push_source(d, json_get(w.value, "uri"), json_get(w.value, "title"),
                         (struct json){0});
    return rc;
}

/* ---- likelihoods ---- */

static void write_token(struct json_writer *w, struct json token)
{
    struct json text = json_get(token, "token");
    struct json likelihood = json_get(token, "logProbability");
    json_member_raw(w, "token", text.kind == JSON_STRING ? text.raw : SLICE("\"\""));
    json_member_raw(w, "logprob", likelihood.kind == JSON_NUMBER ? likelihood.raw : SLICE("0"));
    json_member_raw(w, "bytes", SLICE("null"));
}

static void write_top(struct json_writer *w, struct json top)
{
    struct json_walk walk = json_walk(json_get(top, "candidates"));
    json_member_array(w, "top_logprobs");
    while (json_next(&walk)) {
        json_open_object(w);
        write_token(w, walk.value);
        json_close_object(w);
    }
    json_close_array(w);
}

int gemini_push_logprobs(struct decoding *d, struct json result)
{
    struct json_walk chosen = json_walk(json_get(result, "chosenCandidates"));
    struct json_walk top = json_walk(json_get(result, "topCandidates"));
    struct buf out AUTO(buf_free);
    buf_init(&out, LIMIT_REPLY_BODY);
    struct json_writer w = json_writer(&out);
    json_open_array(&w);
    size_t count = 0;
    for (; json_next(&chosen); count++) {
        (void)json_next(&top);
        json_open_object(&w);
        write_token(&w, chosen.value);
        write_top(&w, top.value);
        json_close_object(&w);
    }
    json_close_array(&w);
    struct event e = {.kind = EVENT_LOGPROBS, .text = buf_slice(&out)};
    if (buf_rc(&out))
        return fault_nomem(d->why);
    return count ? event_push(d->sink, &e) : AIGNE_OK;
}
