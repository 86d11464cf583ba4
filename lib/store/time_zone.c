/* Knows how a place counts hours, days and months, from the system's zone files; refuses to know what is
 * counted, and never asks for the process's own zone. */
#define _GNU_SOURCE
#include "store/time_zone.h"
#include "base/mem.h"
#include "store/calendar.h"
#include <aignehub/aignehub.h>
#include <fcntl.h>
#include <unistd.h>

#define ZONE_FOLDER "/usr/share/zoneinfo/"

enum {
    DAY_S = 86400,
    HOUR_S = 3600,
    FILE_LARGEST = 64 * 1024,
    NAME_LARGEST = 64,
    HEADER = 44,
    OFFSET_LARGEST = 26 * HOUR_S
};

/* ---- the file ---- */

static int64_t number_at(const char *p, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | (unsigned char)p[i];
    unsigned unused = (unsigned)(64 - 8 * bytes);
    return (int64_t)(value << unused) >> unused;
}

static bool take_bytes(struct slice *rest, int64_t count, size_t size, struct slice *out)
{
    if (count < 0 || (size_t)count > rest->n / size)
        return false;
    *out = slice_of(rest->p, (size_t)count * size);
    *rest = slice_from(*rest, out->n);
    return true;
}

/* One of the file's two parts, the second of which has times of 8 bytes. */
static bool take_part(struct slice *rest, size_t time_size, struct time_zone *out)
{
    int64_t counts[6]; /* UT marks, standard marks, leap seconds, times, types, characters */
    struct slice skipped;
    if (rest->n < HEADER || memcmp(rest->p, "TZif", 4) != 0)
        return false;
    for (size_t i = 0; i < 6; i++)
        counts[i] = number_at(rest->p + 20 + 4 * i, 4);
    *rest = slice_from(*rest, HEADER);
    if (!take_bytes(rest, counts[3], time_size, &out->times) ||
        !take_bytes(rest, counts[3], 1, &out->types) ||
        !take_bytes(rest, counts[4], 6, &out->offsets) ||
        !take_bytes(rest, counts[5], 1, &skipped) ||
        !take_bytes(rest, counts[2], time_size + 4, &skipped) ||
        !take_bytes(rest, counts[1], 1, &skipped) || !take_bytes(rest, counts[0], 1, &skipped))
        return false;
    for (size_t i = 0; i < out->types.n; i++)
        if ((unsigned char)out->types.p[i] >= counts[4])
            return false;
    return counts[4] > 0;
}

bool time_zone_read(struct slice file, struct time_zone *out)
{
    struct slice rest = file;
    struct slice rule;
    *out = (struct time_zone){.times = SLICE("")};
    if (!take_part(&rest, 4, out) || file.p[4] < '2' || !take_part(&rest, 8, out))
        return false;
    if (rest.n > 1 && rest.p[0] == '\n' && slice_cut(slice_from(rest, 1), '\n', &rule, &rest))
        out->rule = rule;
    return true;
}

/* ---- which zone ---- */

/* "+05:30", or minutes. */
static bool read_offset(struct slice name, int64_t *out)
{
    int64_t minutes = 0;
    struct slice hours;
    struct slice rest;
    bool signed_time = name.n && (name.p[0] == '+' || name.p[0] == '-');
    if (signed_time && slice_cut(slice_from(name, 1), ':', &hours, &rest)) {
        int64_t whole = 0;
        if (hours.n != 2 || rest.n != 2 || !slice_int64(hours, &whole) ||
            !slice_int64(rest, &minutes) || whole < 0 || minutes < 0 || minutes > 59)
            return false;
        minutes = (name.p[0] == '-' ? -1 : 1) * (whole * 60 + minutes);
    } else if (!slice_int64(name, &minutes)) {
        return false;
    }
    *out = minutes * 60;
    return *out % 900 == 0 && *out <= OFFSET_LARGEST && *out >= -OFFSET_LARGEST;
}

/* "America/Argentina/Buenos_Aires": nothing that leaves the folder. */
static bool is_zone_name(struct slice name)
{
    static const char others[] = "/_+-";
    if (!name.n || name.n > NAME_LARGEST || name.p[0] == '/')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !memchr(others, c, sizeof others - 1))
            return false;
    }
    return true;
}

static struct slice read_file(struct slice name, struct arena *a)
{
    const struct slice parts[] = {SLICE(ZONE_FOLDER), name};
    struct slice path = arena_join(a, parts, 2);
    int file = path.p ? open(path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (file < 0)
        return SLICE_NONE;
    char *bytes = arena_bytes(a, FILE_LARGEST);
    ssize_t n = bytes ? read(file, bytes, FILE_LARGEST) : -1;
    close(file);
    return n > 0 ? slice_of(bytes, (size_t)n) : SLICE_NONE;
}

int time_zone_open(struct slice name, struct arena *a, struct time_zone *out, struct fault *why)
{
    *out = (struct time_zone){.times = SLICE("")};
    if (!name.p || slice_is_nocase(name, "UTC") || slice_is(name, "Z") ||
        read_offset(name, &out->fixed))
        return AIGNE_OK;
    struct slice file = is_zone_name(name) ? read_file(name, a) : SLICE_NONE;
    if (a->failed)
        return fault_nomem(why);
    if (file.p && time_zone_read(file, out))
        return AIGNE_OK;
    why->http = 400;
    return fault_field(
        why, AIGNE_E_REQUEST, "timeZone",
        "Argument \"timeZone\" must be a zone that this machine's tzdata has, such"
        " as \"Europe/Berlin\", or an offset in quarter hours, such as \"+05:30\".");
}

/* ---- what the clock shows there ---- */

int64_t time_zone_offset(const struct time_zone *z, int64_t at)
{
    size_t count = z->times.n / 8;
    size_t low = 0;
    size_t high = count;
    int64_t offset = z->fixed;
    if (!z->offsets.n)
        return offset;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number_at(z->times.p + middle * 8, 8) <= at)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count && z->rule.n && time_rule_offset(z->rule, at, &offset))
        return offset;
    size_t type = low > 0 ? (unsigned char)z->types.p[low - 1] : 0;
    return number_at(z->offsets.p + type * 6, 4);
}

/* When the clock first shows `local`, or, where it skips that, when it skips it. */
static int64_t moment_of(const struct time_zone *z, int64_t local)
{
    int64_t before = local - time_zone_offset(z, local - DAY_S);
    int64_t after = local - time_zone_offset(z, local + DAY_S);
    bool before_fits = before + time_zone_offset(z, before) == local;
    bool after_fits = after + time_zone_offset(z, after) == local;
    if (before_fits && after_fits)
        return before < after ? before : after;
    return after_fits ? after : before;
}

/* Day or month `further` after the one that the moment is in. */
static int64_t date_start(const struct time_zone *z, enum time_unit unit, int64_t at,
                          int64_t further)
{
    int64_t date[3];
    int64_t days = (at + time_zone_offset(z, at)) / DAY_S;
    if (unit == TIME_DAY)
        return moment_of(z, (days + further) * DAY_S);
    calendar_date(days, date);
    int64_t month = date[1] - 1 + further;
    return moment_of(z, calendar_days(date[0] + month / 12, month % 12 + 1, 1) * DAY_S);
}

int64_t time_zone_start(const struct time_zone *z, enum time_unit unit, int64_t at)
{
    if (unit != TIME_HOUR)
        return date_start(z, unit, at, 0);
    return at - (at + time_zone_offset(z, at)) % HOUR_S;
}

int64_t time_zone_next(const struct time_zone *z, enum time_unit unit, int64_t at)
{
    if (unit != TIME_HOUR)
        return date_start(z, unit, at, 1);
    return time_zone_start(z, unit, at) + HOUR_S;
}
