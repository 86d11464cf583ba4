/* Knows the verbs about usage rows; refuses to know how they are searched: the store does. */
#include "base/mem.h"
#include "hub/verb.h"
#include <aignehub/aignehub.h>

enum { FILTERS_LARGEST = 2 * 1024 * 1024 };

/* Rows hold a user's id; who asks may know the name only. */
static int with_user_id(struct verb_call *v, struct buf *out)
{
    struct slice id = user_id(v, verb_text(v, "user"));
    struct json_walk member = json_walk(v->arguments);
    const char *before = "{";
    while (json_next(&member)) {
        bool named = id.p && json_key_is(&member, "user");
        buf_put_text(out, before);
        buf_put_text(out, "\"");
        buf_put_slice(out, member.key); /* as written */
        buf_put_text(out, "\":");
        buf_put_slice(out, named ? verb_quote(v, id) : member.value.raw);
        before = ",";
    }
    buf_put_text(out, *before == '{' ? "{}" : "}");
    return buf_rc(out) || v->arena->failed ? fault_nomem(v->why) : AIGNE_OK;
}

static int usage_list(struct verb_call *v)
{
    struct buf filters AUTO(buf_free);
    buf_init(&filters, FILTERS_LARGEST);
    int rc = with_user_id(v, &filters);
    if (rc)
        return rc;
    return v->hub->type->usage_list(v->hub->store, buf_slice(&filters), v->w.out, v->why);
}

static const struct verb verbs[] = {
    {{"usage.list",
      "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" VERB_JOIN(
          VERB_TEXT("user", "id or name of the user"), VERB_TEXT("key", "id of the access key"),
          VERB_TEXT("app", "what the client said it is"),
          VERB_TEXT("model", "the provider's name of the model"),
          VERB_TEXT("provider", "who was asked"),
          VERB_CHOICE("status",
                      "\"success\",\"error\",\"cancelled\",\"interrupted\",\"refused\"",
                      "how it ended"),
          VERB_TEXT(
              "requestId",
              "the id that the caller was told")) "," VERB_JOIN(VERB_TIME("since",
                                                                          "begun at or after this time"),
                                                                VERB_TIME(
                                                                    "until",
                                                                    "begun before this time"),
                                                                VERB_PAGE,
                                                                VERB_NUMBER(
                                                                    "pageSize",
                                                                    "how many on a page, at most 100; 50 when absent"),
                                                                VERB_CHOICE(
                                                                    "order", "\"desc\",\"asc\"",
                                                                    "desc: newest first")) "}}",
      "List what was used, one row for each attempt at a provider."},
     false,
     usage_list}};

const struct verb_table usage_verbs = {verbs, sizeof verbs / sizeof *verbs};
