/* Knows the names of the counts that few calls have; refuses to know the tokens of a chat. */
#include "store/usage_units.h"
#include "text/json_scan.h"
#include <stdio.h>

#define SERVICE "serviceTier"

static const struct {
    const char *name;
    size_t offset;
} units[] = {
    {"audioInputTokens", offsetof(struct usage, audio_input)},
    {"audioOutputTokens", offsetof(struct usage, audio_output)},
    {"imageInputTokens", offsetof(struct usage, image_input)},
    {"imageOutputTokens", offsetof(struct usage, image_output)},
    {"images", offsetof(struct usage, images)},
    {"milliseconds", offsetof(struct usage, milliseconds)},
    {"characters", offsetof(struct usage, characters)},
};
enum { UNITS = sizeof units / sizeof *units };

static int64_t count_at(const struct usage *u, int i)
{
    return *(const int64_t *)(const void *)((const char *)u + units[i].offset);
}

struct slice usage_units_write(const struct usage *u, char room[USAGE_UNITS_ROOM])
{
    size_t n = 0;
    for (int i = 0; i < UNITS; i++) {
        int64_t count = count_at(u, i);
        if (count < 0)
            continue;
        int wrote = snprintf(room + n, USAGE_UNITS_ROOM - n, "%c\"%s\":%lld", n ? ',' : '{',
                             units[i].name, (long long)count);
        n += wrote > 0 ? (size_t)wrote : 0;
    }
    const char *service = usage_service_name(u->service);
    if (service) {
        int wrote = snprintf(room + n, USAGE_UNITS_ROOM - n, "%c\"" SERVICE "\":\"%s\"",
                             n ? ',' : '{', service);
        n += wrote > 0 ? (size_t)wrote : 0;
    }
    if (!n)
        return SLICE_NONE;
    room[n++] = '}';
    return slice_of(room, n);
}

void usage_units_members(struct json_writer *w, const struct usage *u)
{
    for (int i = 0; i < UNITS; i++)
        if (count_at(u, i) >= 0)
            json_member_int(w, units[i].name, count_at(u, i));
    if (usage_service_name(u->service))
        json_member_text(w, SERVICE, usage_service_name(u->service));
}

void usage_units_read(struct slice text, struct usage *u)
{
    struct slice service = text.n ? json_get(json_of(text), SERVICE).raw : SLICE_NONE;
    u->service = service.n > 2 ? usage_service_of(slice_of(service.p + 1, service.n - 2)) : -1;
    for (int i = 0; i < UNITS; i++) {
        int64_t *count = (int64_t *)(void *)((char *)u + units[i].offset);
        *count = -1;
        if (text.n)
            (void)json_int64(json_get(json_of(text), units[i].name), count);
    }
}
