/* Knows what OpenAI's formats say about pieces of an answer, sources and probabilities; refuses to know
 * the pieces. */
#include "base/mem.h"
#include "provider/answer.h"
#include "provider/openai.h"
#include <aignehub/aignehub.h>

#define CITATION_LARGEST ((size_t)256 * 1024)

/* Chats wrap a citation under the name of its type, Responses do not. */
int openai_push_annotation(struct decoding *d, struct json annotation)
{
    static const struct {
        const char *theirs;
        const char *ours;
    } members[] = {{"url", "url"},         {"title", "title"},       {"filename", "title"},
                   {"file_id", "file_id"}, {"index", "index"},       {"start_index", "start"},
                   {"end_index", "end"},   {"content", "cited_text"}};
    struct json wrapped = json_get(annotation, "url_citation");
    struct json said = wrapped.kind == JSON_OBJECT ? wrapped : annotation;
    if (said.kind != JSON_OBJECT)
        return AIGNE_OK;
    struct buf text AUTO(buf_free);
    buf_init(&text, CITATION_LARGEST);
    struct json_writer w = json_writer(&text);
    json_open_object(&w);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        struct json v = json_get(said, members[i].theirs);
        if (v.kind == JSON_STRING || v.kind == JSON_NUMBER)
            json_member_raw(&w, members[i].ours, v.raw);
    }
    json_close_object(&w);
    if (buf_rc(&text) < 0)
        return fault_nomem(d->why);
    struct event e = {.kind = EVENT_CITATION, .metadata = buf_slice(&text)};
    return text.n > 2 ? event_push(d->sink, &e) : AIGNE_OK;
}

int openai_push_annotations(struct decoding *d, struct json annotations)
{
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(annotations);
    while (rc >= 0 && json_next(&w))
        rc = openai_push_annotation(d, w.value);
    return rc;
}

int openai_push_logprobs(struct decoding *d, struct json content)
{
    struct json first = json_first(content);
    return content.kind == JSON_ARRAY && json_present(first)
               ? answer_piece(d, EVENT_LOGPROBS, content.raw)
               : AIGNE_OK;
}
