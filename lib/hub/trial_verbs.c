/* Knows the verbs that ask a provider something; refuses to ask: who can carry calls does that. */
#include "hub/verb.h"

#define PROVIDER VERB_TEXT("provider", "the provider")
#define MODEL    VERB_TEXT("model", "the model to ask; a cheap one when absent")

static const struct verb verbs[] = {
    {{"provider.test",
      VERB_OPTIONAL(VERB_TEXT("name", "the provider"), VERB_TEXT("provider", "the same"),
                    MODEL),
      "Ask a provider one short question, with its next credential."},
     false,
     NULL},
    {{"credential.test",
      VERB_SCHEMA("\"provider\"", PROVIDER, VERB_TEXT("name", "the credential's name"),
                  VERB_TEXT("id", "or its id"), MODEL),
      "Ask a provider one short question with this credential."},
     false,
     NULL},
    {{"rate.test",
      VERB_SCHEMA("\"provider\",\"model\"", PROVIDER,
                  VERB_TEXT("model", "the provider's name of the model")),
      "Ask the model of a rate one short question."},
     false,
     NULL}};

const struct verb_table trial_verbs = {verbs, sizeof verbs / sizeof *verbs};
