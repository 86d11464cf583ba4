/* Knows what usage rows come to when they are added up, and how that is kept and told; refuses to know
 * which rows are. */
#include "store/usage_sums.h"
#include "store/moment.h"

_Static_assert(SUMS <= 56, "a packed sum says in 56 bits which counts it has");

/* ---- how times spread ---- */

enum { FINEST_US = 128, FINE_BITS = 4, FINE = 1 << FINE_BITS };

static unsigned bucket_of(int64_t us)
{
    uint64_t units = us > 0 ? (uint64_t)us / FINEST_US : 0;
    if (units < FINE)
        return (unsigned)units;
    unsigned power = 63 - (unsigned)__builtin_clzll(units) - FINE_BITS;
    unsigned bucket = ((power + 1) << FINE_BITS) + (unsigned)(units >> power & (FINE - 1));
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The middle of a bucket. */
static int64_t bucket_us(unsigned bucket)
{
    unsigned power = bucket >> FINE_BITS;
    if (power < 1)
        return bucket * FINEST_US + FINEST_US / 2;
    int64_t units = FINE + (bucket & (FINE - 1));
    return (2 * units + 1) * ((int64_t)FINEST_US << (power - 1)) / 2;
}

static void count_in(struct histogram *h, unsigned bucket, uint64_t more)
{
    uint64_t sum = h->counts[bucket] + more;
    h->counts[bucket] = sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
    if (bucket >= h->end)
        h->end = bucket + 1;
}

static int64_t percentile(const struct histogram *h, unsigned percent)
{
    uint64_t all = 0;
    uint64_t below = 0;
    unsigned i = 0;
    for (unsigned k = 0; k < h->end; k++)
        all += h->counts[k];
    uint64_t rank = (all * percent + 99) / 100;
    while (i < h->end && (below += h->counts[i]) < rank)
        i++;
    return bucket_us(i);
}

static void empty(struct histogram *h)
{
    memset(h->counts, 0, h->end * sizeof *h->counts);
    h->end = 0;
}

/* ---- sums ---- */

void usage_sums_clear(struct usage_sums *s)
{
    memset(s->counts, 0, sizeof s->counts);
    if (!s->spread)
        return;
    empty(&s->spread->duration);
    empty(&s->spread->first_byte);
}

static void add(struct usage_sums *s, int which, int64_t more)
{
    int64_t *count = &s->counts[which];
    if (which == SUM_LAST_MS)
        *count = more > *count ? more : *count;
    else if (__builtin_add_overflow(*count, more, count))
        *count = INT64_MAX;
}

void usage_sums_add_row(struct usage_sums *s, const struct usage_row *row)
{
    const int64_t *usage = (const int64_t *)(const void *)&row->usage;
    add(s, SUM_CALLS, 1);
    add(s, SUM_SUCCEEDED, slice_is(row->status, "success"));
    add(s, SUM_RETRIES, row->attempt > 1);
    add(s, SUM_ESTIMATED, row->estimated);
    add(s, SUM_CREDITS, row->charged ? usage_known(row->credits) : 0);
    add(s, SUM_COST, row->costed ? usage_known(row->cost) : 0);
    add(s, SUM_DURATION_US, usage_known(row->duration_us));
    add(s, SUM_LAST_MS, row->started_ms);
    for (int i = 0; SUM_USAGE + i < SUM_SERVICE; i++)
        add(s, SUM_USAGE + i, usage_known(usage[i]));
    if (row->first_byte_us >= 0) {
        add(s, SUM_FIRST_BYTES, 1);
        add(s, SUM_FIRST_BYTE_US, row->first_byte_us);
    }
    if (!s->spread)
        return;
    count_in(&s->spread->duration, bucket_of(row->duration_us), 1);
    if (row->first_byte_us >= 0)
        count_in(&s->spread->first_byte, bucket_of(row->first_byte_us), 1);
}

/* ---- packed ---- */

static char *put_number(char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (char)(value | 0x80);
    *at++ = (char)value;
    return at;
}

static bool take_number(struct slice *rest, uint64_t *out)
{
    uint64_t value = 0;
    size_t most = rest->n < 9 ? rest->n : 9;
    for (size_t i = 0; i < most; i++) {
        unsigned char byte = (unsigned char)rest->p[i];
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *out = value;
            *rest = slice_of(rest->p + i + 1, rest->n - i - 1);
            return true;
        }
    }
    return false;
}

/* Pairs of how many empty buckets come before one, and its count; then a pair without a count. */
static char *put_histogram(char *at, const struct histogram *h)
{
    unsigned next = 0;
    for (unsigned i = 0; i < h->end; i++) {
        if (!h->counts[i])
            continue;
        at = put_number(at, h->counts[i]);
        at = put_number(at, i - next);
        next = i + 1;
    }
    return put_number(at, 0);
}

static bool take_histogram(struct slice *rest, struct histogram *h)
{
    uint64_t count = 0;
    uint64_t gap = 0;
    uint64_t next = 0;
    while (take_number(rest, &count) && count > 0) {
        if (!take_number(rest, &gap) || gap >= HISTOGRAM_BUCKETS ||
            next + gap >= HISTOGRAM_BUCKETS)
            return false;
        count_in(h, (unsigned)(next + gap), count);
        next += gap + 1;
    }
    return count == 0;
}

/* With its spread. */
size_t usage_sums_pack(const struct usage_sums *s, char *room)
{
    uint64_t there = 0;
    for (int i = 0; i < SUMS; i++)
        there |= (uint64_t)(s->counts[i] != 0) << i;
    char *at = put_number(room, there);
    for (int i = 0; i < SUMS; i++)
        if (s->counts[i])
            at = put_number(at, (uint64_t)s->counts[i]);
    at = put_histogram(at, &s->spread->duration);
    return (size_t)(put_histogram(at, &s->spread->first_byte) - room);
}

bool usage_sums_add(struct usage_sums *s, struct slice packed)
{
    struct slice rest = packed;
    uint64_t there = 0;
    uint64_t count = 0;
    if (!take_number(&rest, &there) || there >> SUMS)
        return false;
    for (; there; there &= there - 1) {
        if (!take_number(&rest, &count))
            return false;
        add(s, __builtin_ctzll(there), (int64_t)count);
    }
    if (!s->spread)
        return true;
    return take_histogram(&rest, &s->spread->duration) &&
           take_histogram(&rest, &s->spread->first_byte) && rest.n == 0;
}

int64_t usage_sums_calls(struct slice packed)
{
    uint64_t there = 0;
    uint64_t calls = 0;
    (void)take_number(&packed, &there);
    return there & 1 << SUM_CALLS && take_number(&packed, &calls) ? (int64_t)calls : 0;
}

/* ---- told ---- */

#define USAGE_SUM(field) (SUM_USAGE + (int)(offsetof(struct usage, field) / sizeof(int64_t)))

/* In the order they are told; those that few calls have are left out when nothing is there. */
static const struct {
    const char *name;
    int which;
    int also; /* added to it */
    enum { ALWAYS, SOMETIMES } told;
} counts[] = {
    {"calls", SUM_CALLS, -1, ALWAYS},
    {"succeeded", SUM_SUCCEEDED, -1, ALWAYS},
    {"retries", SUM_RETRIES, -1, ALWAYS},
    {"estimated", SUM_ESTIMATED, -1, ALWAYS},
    {"inputTokens", USAGE_SUM(input), -1, ALWAYS},
    {"outputTokens", USAGE_SUM(output), -1, ALWAYS},
    {"cacheReadInputTokens", USAGE_SUM(cache_read), -1, ALWAYS},
    {"cacheCreationInputTokens", USAGE_SUM(cache_write_5m), USAGE_SUM(cache_write_1h), ALWAYS},
    {"reasoningTokens", USAGE_SUM(reasoning), -1, ALWAYS},
    {"audioInputTokens", USAGE_SUM(audio_input), -1, SOMETIMES},
    {"audioOutputTokens", USAGE_SUM(audio_output), -1, SOMETIMES},
    {"imageInputTokens", USAGE_SUM(image_input), -1, SOMETIMES},
    {"imageOutputTokens", USAGE_SUM(image_output), -1, SOMETIMES},
    {"images", USAGE_SUM(images), -1, SOMETIMES},
    {"milliseconds", USAGE_SUM(milliseconds), -1, SOMETIMES},
    {"characters", USAGE_SUM(characters), -1, SOMETIMES},
};

static int64_t tokens(const struct usage_sums *s)
{
    int64_t sum = 0;
    for (int i = SUM_USAGE; i < USAGE_SUM(images); i++)
        if (__builtin_add_overflow(sum, s->counts[i], &sum))
            return INT64_MAX;
    return sum;
}

static void write_times(struct json_writer *w, const char *name, const struct histogram *h,
                        int64_t sum_us, int64_t count)
{
    static const unsigned percents[] = {50, 90, 95, 99};
    char member[8] = "p00";
    if (count <= 0)
        return;
    json_key(w, name);
    json_open_object(w);
    json_member_int(w, "average", (sum_us / count + 500) / 1000);
    for (size_t i = 0; h && i < sizeof percents / sizeof *percents; i++) {
        member[1] = (char)('0' + percents[i] / 10);
        member[2] = (char)('0' + percents[i] % 10);
        json_member_int(w, member, (percentile(h, percents[i]) + 500) / 1000);
    }
    json_close_object(w);
}

void usage_sums_write(struct json_writer *w, const struct usage_sums *s)
{
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t also = counts[i].also < 0 ? 0 : s->counts[counts[i].also];
        int64_t count = 0;
        if (__builtin_add_overflow(s->counts[counts[i].which], also, &count))
            count = INT64_MAX;
        if (count || counts[i].told == ALWAYS)
            json_member_int(w, counts[i].name, count);
    }
    json_member_int(w, "totalTokens", tokens(s));
    json_member_amount(w, "credits", s->counts[SUM_CREDITS]);
    json_member_amount(w, "cost", s->counts[SUM_COST]);
    write_times(w, "durationMs", s->spread ? &s->spread->duration : NULL,
                s->counts[SUM_DURATION_US], s->counts[SUM_CALLS]);
    write_times(w, "firstByteMs", s->spread ? &s->spread->first_byte : NULL,
                s->counts[SUM_FIRST_BYTE_US], s->counts[SUM_FIRST_BYTES]);
    if (s->counts[SUM_LAST_MS]) {
        moment_member(w, "lastCallAt", s->counts[SUM_LAST_MS]);
    }
}

int64_t usage_sums_rank(const struct usage_sums *s, struct slice metric)
{
    return slice_is(metric, "credits")    ? s->counts[SUM_CREDITS]
           : slice_is(metric, "cost")     ? s->counts[SUM_COST]
           : slice_is(metric, "tokens")   ? tokens(s)
           : slice_is(metric, "failed")   ? s->counts[SUM_CALLS] - s->counts[SUM_SUCCEEDED]
           : slice_is(metric, "duration") ? s->counts[SUM_DURATION_US]
                                          : s->counts[SUM_CALLS];
}
