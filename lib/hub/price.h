/* price.h - what each thing that can be counted costs, and under which circumstances. Pure.
 *
 * A list has a base and tiers. A tier has conditions and prices; of a call's tiers whose conditions all hold,
 * each replaces the prices it names, the later ones last. Prices have 18 digits after the point. */
#ifndef AIGNE_HUB_PRICE_H
#define AIGNE_HUB_PRICE_H

#include "base/arena.h"
#include "chat/kind.h"
#include "chat/usage.h"
#include "text/decimal.h"
#include "text/json_scan.h"
#include "text/json_write.h"
#include <stdbool.h>
#include <stdint.h>

enum price_part {
    PRICE_INPUT, /* a token of the prompt */
    PRICE_OUTPUT,
    PRICE_READ,     /* of a cache; as the prompt when it has no price of its own */
    PRICE_WRITE,    /* to a cache; as the prompt */
    PRICE_WRITE_1H, /* to a cache for an hour; as PRICE_WRITE */
    PRICE_REASONING,
    PRICE_AUDIO_INPUT,
    PRICE_AUDIO_OUTPUT,
    PRICE_IMAGE_INPUT,
    PRICE_IMAGE_OUTPUT,
    PRICE_TOKENS, /* how many parts are tokens */
    PRICE_IMAGE = PRICE_TOKENS,
    PRICE_SECOND,
    PRICE_CHARACTER,
    PRICE_REQUEST,
    PRICE_PARTS
};

struct price {
    decimal_wide part[PRICE_PARTS]; /* -1: none of its own */
};

#define PRICE_TIERS_LARGEST 24
/* In 18 digits; larger ones are none. */
#define PRICE_LARGEST     ((decimal_wide)1000000000 * 1000000000 * 1000000000)
#define PRICE_DAY_MINUTES 1440

struct price_tier {
    int64_t above;    /* prompts of more tokens; -1: any */
    int64_t service;  /* enum usage_service; -1: any */
    int64_t since_ms; /* calls begun in [since, until) */
    int64_t until_ms;
    int from_minute; /* of the day, UTC; `to` may be after midnight. -1: any */
    int to_minute;
    struct price price;
};

struct price_list {
    struct price base;
    struct price_tier *tiers;
    size_t tier_count;
};

/* Which prices of an object: its rates in credits, or its costs in dollars. */
enum price_side { PRICE_RATES, PRICE_COSTS };

void price_clear(struct price *p);
/* "cachedRead": the part's name in costs and tiers. */
const char *price_part_name(int part);
/* An object of parts by their names, replacing those it has; .p NULL: good, else the name of the bad one. */
struct slice price_read(struct json object, struct price *p);
/* The same, text / 10^shift; false: no price, negative or too large. */
bool price_read_one(struct json value, int shift, decimal_wide *out);
/* As members of an object being written, those that it has. */
void price_write(struct json_writer *w, const struct price *p);
/* A tier's conditions; NULL: good, else the name of the bad one. */
const char *price_tier_read(struct json tier, struct arena *a, struct price_tier *out);
/* "16:30" as minutes of a day. */
bool price_minute_read(struct slice text, int *out);
bool price_tier_same(const struct price_tier *a, const struct price_tier *b);
/* Both sides' tiers as the member "tiers"; nothing when there are none. */
void price_tiers_write(struct json_writer *w, const struct price_list *rates,
                       const struct price_list *costs);
/* One side of a rate's body. */
void price_list_read(struct json body, enum price_side side, struct arena *a,
                     struct price_list *out);

/* The circumstances of a call. */
struct price_moment {
    int64_t prompt; /* tokens */
    int64_t service;
    int64_t at_ms;
};
/* What a call of that kind costs then: every part is there. */
void price_at(const struct price_list *list, enum chat_kind kind,
              const struct price_moment *when, struct price *out);
/* The same with each part as dear as it may be for a prompt of at most so many tokens, at any level of
 * service, begun within a day. */
void price_dearest(const struct price_list *list, enum chat_kind kind, int64_t prompt,
                   int64_t at_ms, struct price *out);
/* What costs became, with what a type's usual rates stand for in them. `base`: the costs themselves, or those
 * whose tier it is, as a tier speaks of what its base speaks of. */
void price_canonical(struct price *p, enum chat_kind kind, const struct price *base);

#endif
