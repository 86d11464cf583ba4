/* Knows the verbs about usage rows; refuses to know how they are searched: the store does. */
#include "hub/verb.h"
#include <aignehub/aignehub.h>

static int usage_list(struct verb_call *v)
{
    return v->hub->type->usage_list(v->hub->store, v->arguments.raw, v->w.out, v->why);
}

static const struct verb verbs[] = {
    {{"usage.list",
      "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" VERB_JOIN(
          VERB_TEXT("user", "id of the user"), VERB_TEXT("key", "id of the access key"),
          VERB_TEXT("app", "what the client said it is"),
          VERB_TEXT("model", "the provider's name of the model"),
          VERB_TEXT("provider", "who was asked"),
          VERB_CHOICE("status", "\"success\",\"error\",\"cancelled\"", "how it ended"),
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
