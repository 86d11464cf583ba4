/* gemini_grounding.c - knows how Gemini tells where an answer comes from and how likely its tokens were;
 * refuses to know the answer. */
#include "ingress/gemini_grounding.h"

#include "base/limits.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

void grounding_init(struct grounding *g)
{
    buf_init(&g->chunks, LIMIT_REPLY_BODY);
    buf_init(&g->supports, LIMIT_REPLY_BODY);
    g->count = 0;
}

void grounding_free(struct grounding *g)
{
    buf_free(&g->chunks);
    buf_free(&g->supports);
}

enum member { URL, TITLE, TEXT, MEMBERS };
static const char *const members[MEMBERS] = {"url", "title", "cited_text"};

/* Places are counted in bytes there and in characters here, so that only the words are told. */
static void write_support(struct buf *out, struct json text, int64_t chunk)
{
    struct json_writer w = json_writer(out);
    json_open_object(&w);
    json_member_object(&w, "segment");
    json_member_raw(&w, "text", text.raw);
    json_close_object(&w);
    json_member_array(&w, "groundingChunkIndices");
    json_write_int(&w, chunk);
    json_close_array(&w);
    json_close_object(&w);
}

int grounding_add(struct grounding *g, struct slice citation)
{
    struct json v[MEMBERS];
    json_pick(json_of(citation), members, MEMBERS, v);
    if (v[URL].kind != JSON_STRING)
        return AIGNE_OK;
    if (g->chunks.n)
        buf_put_byte(&g->chunks, ',');
    BUF_LITERAL(&g->chunks, "{\"web\":");
    struct json_writer w = json_writer(&g->chunks);
    json_open_object(&w);
    json_member_raw(&w, "uri", v[URL].raw);
    if (v[TITLE].kind == JSON_STRING)
        json_member_raw(&w, "title", v[TITLE].raw);
    json_close_object(&w);
    buf_put_byte(&g->chunks, '}');
    if (v[TEXT].kind == JSON_STRING) {
        if (g->supports.n)
            buf_put_byte(&g->supports, ',');
        write_support(&g->supports, v[TEXT], g->count);
    }
    g->count++;
    return buf_rc(&g->chunks) ? buf_rc(&g->chunks) : buf_rc(&g->supports);
}

static void write_list(struct json_writer *w, const char *name, const struct buf *items)
{
    if (!items->n)
        return;
    json_key(w, name);
    buf_put_byte(w->out, '[');
    buf_put_slice(w->out, buf_slice(items));
    buf_put_byte(w->out, ']');
    w->comma = true;
}

void grounding_write(const struct grounding *g, struct json_writer *w)
{
    if (!g->count)
        return;
    json_member_object(w, "groundingMetadata");
    write_list(w, "groundingChunks", &g->chunks);
    write_list(w, "groundingSupports", &g->supports);
    json_close_object(w);
}

/* ---- likelihoods ---- */

static void write_token(struct json_writer *w, struct json token)
{
    static const char *const names[] = {"token", "logprob"};
    struct json v[2];
    json_pick(token, names, 2, v);
    json_open_object(w);
    if (v[0].kind == JSON_STRING)
        json_member_raw(w, "token", v[0].raw);
    if (v[1].kind == JSON_NUMBER)
        json_member_raw(w, "logProbability", v[1].raw);
    json_close_object(w);
}

static void write_top(struct json_writer *w, struct json token)
{
    struct json_walk walk = json_walk(json_get(token, "top_logprobs"));
    json_open_object(w);
    json_member_array(w, "candidates");
    while (json_next(&walk))
        write_token(w, walk.value);
    json_close_array(w);
    json_close_object(w);
}

void google_write_logprobs(struct json_writer *w, struct slice content)
{
    struct json list = json_of(content);
    struct json_walk walk = json_walk(list);
    json_member_object(w, "logprobsResult");
    json_member_array(w, "topCandidates");
    while (json_next(&walk))
        write_top(w, walk.value);
    json_close_array(w);
    json_member_array(w, "chosenCandidates");
    walk = json_walk(list);
    while (json_next(&walk))
        write_token(w, walk.value);
    json_close_array(w);
    json_close_object(w);
}
