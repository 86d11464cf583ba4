/* Prices calls that come as lines of JSON, for a reference in another language to compare: for each line what
 * the call costs and the most it could have, in billionths, or "none". */
#include "base/buf.h"
#include "hub/ceiling.h"
#include "hub/meter.h"
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <string.h>

enum { LINE_LARGEST = 65536 };

static int64_t number_of(struct json object, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    (void)json_int64(json_get(object, name), &value);
    return value;
}

static struct usage usage_of(struct json told)
{
    return (struct usage){.input = number_of(told, "input", -1),
                          .cache_read = number_of(told, "cache_read", -1),
                          .cache_write_5m = number_of(told, "cache_write_5m", -1),
                          .cache_write_1h = number_of(told, "cache_write_1h", -1),
                          .output = number_of(told, "output", -1),
                          .reasoning = number_of(told, "reasoning", -1),
                          .audio_input = number_of(told, "audio_input", -1),
                          .audio_output = number_of(told, "audio_output", -1),
                          .image_input = number_of(told, "image_input", -1),
                          .image_output = number_of(told, "image_output", -1),
                          .images = number_of(told, "images", -1),
                          .milliseconds = number_of(told, "milliseconds", -1),
                          .characters = number_of(told, "characters", -1),
                          .service = number_of(told, "service", -1)};
}

static void print(bool fits, int64_t billionths, const char *end)
{
    if (fits)
        printf("%lld%s", (long long)billionths, end);
    else
        printf("none%s", end);
}

static void price(struct json line, struct arena *a)
{
    struct json size = json_get(line, "size");
    struct catalog_rate rate = {.type = json_string(json_get(line, "type"), a),
                                .answer_limit = number_of(size, "limit", 0)};
    struct usage usage = usage_of(json_get(line, "usage"));
    const struct ceiling c = {.prompt_tokens = number_of(size, "prompt", 0),
                              .answer_tokens = number_of(size, "answer", 0),
                              .answers = number_of(size, "answers", 1),
                              .milliseconds = number_of(size, "milliseconds", 0),
                              .characters = number_of(size, "characters", 0)};
    enum chat_kind kind = KIND_CHAT;
    int64_t cost = 0;
    int64_t most = 0;
    (void)kind_parse(rate.type, &kind);
    price_list_read(json_get(line, "rate"), PRICE_RATES, a, &rate.prices);
    bool fits = meter_charge(&usage, &rate.prices, rate.type, number_of(line, "at", 0), &cost);
    bool bounded = ceiling_charge(&c, kind, &rate, number_of(line, "asked", 0), &most);
    print(fits, cost, " ");
    print(bounded, most, "\n");
}

int main(void)
{
    static char line[LINE_LARGEST];
    while (fgets(line, sizeof line, stdin)) {
        struct arena a;
        arena_init(&a);
        price(json_of(slice_text(line)), &a);
        arena_free(&a);
    }
    return 0;
}
