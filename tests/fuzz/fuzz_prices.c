/* Knows that a list of prices is read within bounds, and that what is read of it can be written and read again. */
#include "fuzz.h"
#include "hub/price_formats.h"
#include "text/json_write.h"

static void write_again(const struct price_list *costs, struct arena *a)
{
    static const struct price_list none = {.tiers = NULL};
    struct price_list again;
    struct buf out;
    buf_init(&out, 1 << 20);
    struct json_writer w = json_writer(&out);
    json_open_object(&w);
    json_key(&w, "unitCosts");
    json_open_object(&w);
    price_write(&w, &costs->base);
    json_close_object(&w);
    price_tiers_write(&w, &none, costs);
    json_close_object(&w);
    price_list_read(json_of(buf_slice(&out)), PRICE_COSTS, a, &again);
    FUZZ_CHECK(buf_rc(&out) == 0 && again.tier_count == costs->tier_count);
    for (int i = 0; i < PRICE_PARTS; i++)
        FUZZ_CHECK(again.base.part[i] == costs->base.part[i]);
    for (size_t t = 0; t < again.tier_count; t++)
        FUZZ_CHECK(price_tier_same(&again.tiers[t], &costs->tiers[t]));
    buf_free(&out);
}

static int each(void *user, const struct price_listed *m)
{
    for (int i = 0; i < PRICE_PARTS; i++)
        FUZZ_CHECK(m->costs.base.part[i] >= -1);
    FUZZ_CHECK(m->costs.tier_count <= PRICE_TIERS_LARGEST || !m->costs.tiers);
    write_again(&m->costs, user);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    struct json_problem problem;
    struct arena a;
    if (json_check(text, &problem))
        return 0;
    arena_init(&a);
    (void)price_format_detect(json_of(text));
    for (int format = FORMAT_AIGNEHUB; format < PRICE_FORMATS; format++)
        (void)price_formats_read(json_of(text), (enum price_format)format, &a, each, &a);
    arena_free(&a);
    return 0;
}
