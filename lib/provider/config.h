/* config.h - what an operator may say in a provider's `config`: how it differs from its type. */
#ifndef AIGNE_PROVIDER_CONFIG_H
#define AIGNE_PROVIDER_CONFIG_H

#include "provider/adapter.h"
#include "text/json_scan.h"

enum config_kind { CONFIG_FLAG, CONFIG_CHOICE, CONFIG_TEXT, CONFIG_COUNT };

/* One thing that may be said. A CHOICE has a row for each of its values. */
struct config_member {
    const char *name; /* NULL ends a table */
    enum config_kind kind;
    const char *value; /* of a CHOICE */
    unsigned set;      /* quirks that it means; a FLAG that is false takes them back */
    unsigned clear;    /* quirks that it excludes */
    unsigned only;     /* said of rows with one of these quirks alone; 0: of all */
};

/* The tables of those who share one. */
extern const struct config_member config_openai[];
extern const struct config_member config_ollama[];
extern const struct config_member config_bedrock[];

/* AIGNE_E_REQUEST naming the member that this row does not know, and the nearest it does, or that has
 * a value it cannot have. Where a row has no table its adapters read what they like. */
int provider_config_check(const struct provider_row *row, struct json config,
                          struct fault *why);
/* The row's quirks, for the provider that `to` names and as its config changes them. */
unsigned provider_quirks(const struct provider_row *row, const struct chat_target *to);
/* The headers that `config` adds to a request. */
int provider_headers(const struct chat_target *to, struct arena *a, struct http_request *out,
                     struct fault *why);
/* A text of `config`; .p NULL: it is not there. */
struct slice provider_config_text(const struct chat_target *to, const char *name,
                                  struct arena *a);

#endif
