/* price_formats.h - public lists of models and prices, in the formats they come in. Pure. */
#ifndef AIGNE_HUB_PRICE_FORMATS_H
#define AIGNE_HUB_PRICE_FORMATS_H

#include "hub/price.h"

enum price_format {
    FORMAT_UNKNOWN,
    FORMAT_AIGNEHUB, /* the project's own */
    FORMAT_LITELLM,
    FORMAT_OPENROUTER,
    FORMAT_MODELS_DEV,
    FORMAT_GENAI_PRICES,
    FORMAT_AIGNE, /* the array that AIGNE's bulk-rate-update takes */
    PRICE_FORMATS
};

/* One model of a list. */
struct price_listed {
    struct slice
        provider; /* as the list calls it, or as it is called here where that differs */
    struct slice model;
    enum chat_kind kind;
    struct price_list costs; /* dollars */
    int64_t answer_limit;    /* 0: not told, as the next */
    int64_t context;
    bool priced;     /* false: the list has no price for what its kind counts */
    bool free;       /* all its prices are zero */
    bool only_known; /* no rate is made of it where there is none yet */
};

const char *price_format_name(enum price_format format);
enum price_format price_format_of(struct slice name);
enum price_format price_format_detect(struct json list);
/* Each model of the list that can be asked for here, until `each` gives an error. */
int price_formats_read(struct json list, enum price_format format, struct arena *a,
                       int (*each)(void *user, const struct price_listed *model), void *user);

#endif
