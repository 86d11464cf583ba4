/* Knows what the content blocks of Anthropic's answers mean; refuses to know the message around them. */
#include "base/limits.h"
#include "base/mem.h"
#include "provider/answer.h"
#include "provider/anthropic.h"
#include <aignehub/aignehub.h>

static struct slice text_of(struct decoding *d, struct json object, const char *member)
{
    return json_string(json_get(object, member), d->scratch);
}

static int begin_call(struct decoding *d, int64_t wire_index, struct json block)
{
    struct anthropic_state *s = d->state;
    return blocks_begin(d, &s->blocks, wire_index, &anthropic_names, text_of(d, block, "id"),
                        text_of(d, block, "name"), json_get(block, "input"));
}

static struct block *find_call(struct decoding *d, int64_t wire_index)
{
    struct anthropic_state *s = d->state;
    return blocks_find(&s->blocks, wire_index);
}

static int64_t index_of(struct json event)
{
    int64_t index = -1;
    return json_int64(json_get(event, "index"), &index) ? index : -1;
}

/* ---- text and its citations ---- */

static int push_text(struct decoding *d, struct slice piece)
{
    struct anthropic_state *s = d->state;
    for (size_t i = 0; i < piece.n; i++)
        s->characters += ((unsigned char)piece.p[i] & 0xC0) != 0x80;
    return answer_piece(d, EVENT_TEXT, piece);
}

/* They may come before the text they belong to: that is known when its block ends. */
static int keep_citation(struct decoding *d, struct json citation)
{
    struct anthropic_state *s = d->state;
    if (citation.kind != JSON_OBJECT)
        return AIGNE_OK;
    if (s->citation_count == CITATIONS_LARGEST)
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "A passage of the answer has more than %d citations.",
                         CITATIONS_LARGEST);
    if (!s->citations) {
        s->citations = arena_array(d->keep, CITATIONS_LARGEST, sizeof *s->citations);
        if (!s->citations)
            return fault_nomem(d->why);
    }
    struct slice copy = arena_copy(d->keep, citation.raw);
    if (!copy.p)
        return fault_nomem(d->why);
    s->citations[s->citation_count++] = copy;
    return AIGNE_OK;
}

static int keep_citations(struct decoding *d, struct json list)
{
    struct json_walk w = json_walk(list);
    int rc = AIGNE_OK;
    while (rc >= 0 && list.kind == JSON_ARRAY && json_next(&w))
        rc = keep_citation(d, w.value);
    return rc;
}

static int push_citation(struct decoding *d, struct json citation)
{
    static const struct {
        const char *ours;
        const char *theirs;
    } members[] = {{"url", "url"},
                   {"title", "title"},
                   {"title", "document_title"},
                   {"cited_text", "cited_text"}};
    const struct anthropic_state *s = d->state;
    struct buf text AUTO(buf_free);
    buf_init(&text, LIMIT_REPLY_BODY);
    struct json_writer w = json_writer(&text);
    json_open_object(&w);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct json v = json_get(citation, members[i].theirs);
        if (v.kind == JSON_STRING)
            json_member_raw(&w, members[i].ours, v.raw);
    }
    json_member_int(&w, "start", s->passage);
    json_member_int(&w, "end", s->characters);
    json_member_raw(&w, "anthropic", citation.raw);
    json_close_object(&w);
    if (buf_rc(&text) < 0)
        return fault_nomem(d->why);
    struct event e = {.kind = EVENT_CITATION, .metadata = buf_slice(&text)};
    return event_push(d->sink, &e);
}

static int end_passage(struct decoding *d)
{
    struct anthropic_state *s = d->state;
    int rc = AIGNE_OK;
    for (size_t i = 0; i < s->citation_count && rc >= 0; i++)
        rc = push_citation(d, json_of(s->citations[i]));
    s->citation_count = 0;
    s->passage = s->characters;
    return rc;
}

/* ---- blocks ---- */

static int push_seal(struct decoding *d, enum event_kind kind, struct slice seal)
{
    struct event e = {.kind = kind, .text = seal, .name = SLICE("anthropic")};
    return seal.n ? event_push(d->sink, &e) : AIGNE_OK;
}

/* What a block holds when it begins: mostly nothing, all of it in a whole answer. */
static int begin_block(struct decoding *d, int64_t wire_index, struct json block)
{
    struct json type = json_get(block, "type");
    int rc = end_passage(d);
    if (rc < 0)
        return rc;
    if (json_string_is(type, "text")) {
        rc = push_text(d, text_of(d, block, "text"));
        return rc < 0 ? rc : keep_citations(d, json_get(block, "citations"));
    }
    if (json_string_is(type, "tool_use"))
        return begin_call(d, wire_index, block);
    if (json_string_is(type, "redacted_thinking"))
        return push_seal(d, EVENT_REDACTED, text_of(d, block, "data"));
    if (!json_string_is(type, "thinking"))
        return AIGNE_OK;
    rc = answer_piece(d, EVENT_THOUGHT, text_of(d, block, "thinking"));
    return rc < 0 ? rc : push_seal(d, EVENT_SIGNATURE, text_of(d, block, "signature"));
}

static int end_block(struct decoding *d, int64_t wire_index)
{
    struct block *b = find_call(d, wire_index);
    return b ? blocks_close(d, b) : end_passage(d);
}

int anthropic_push_block(struct decoding *d, int64_t index, struct json block)
{
    int rc = begin_block(d, index, block);
    return rc < 0 ? rc : end_block(d, index);
}

int anthropic_close_blocks(struct decoding *d)
{
    struct anthropic_state *s = d->state;
    int rc = end_passage(d);
    return rc < 0 ? rc : blocks_close_all(d, &s->blocks);
}

/* ---- their events ---- */

int anthropic_on_block_start(struct decoding *d, struct json event)
{
    return begin_block(d, index_of(event), json_get(event, "content_block"));
}

static int on_input(struct decoding *d, struct json event, struct slice piece)
{
    struct block *b = find_call(d, index_of(event));
    return b ? blocks_input(d, b, piece) : AIGNE_OK;
}

int anthropic_on_block_delta(struct decoding *d, struct json event)
{
    struct json delta = json_get(event, "delta");
    struct json type = json_get(delta, "type");
    if (json_string_is(type, "text_delta"))
        return push_text(d, text_of(d, delta, "text"));
    if (json_string_is(type, "input_json_delta"))
        return on_input(d, event, text_of(d, delta, "partial_json"));
    if (json_string_is(type, "thinking_delta"))
        return answer_piece(d, EVENT_THOUGHT, text_of(d, delta, "thinking"));
    if (json_string_is(type, "signature_delta"))
        return push_seal(d, EVENT_SIGNATURE, text_of(d, delta, "signature"));
    if (json_string_is(type, "citations_delta"))
        return keep_citation(d, json_get(delta, "citation"));
    return AIGNE_OK;
}

int anthropic_on_block_stop(struct decoding *d, struct json event)
{
    return end_block(d, index_of(event));
}
