/* usage.c - knows how reports of consumption combine; refuses to know what anything costs. */
#include "chat/usage.h"

static void take(int64_t *into, int64_t from)
{
    if (from >= 0)
        *into = from;
}

void usage_merge(struct usage *into, const struct usage *from)
{
    take(&into->input, from->input);
    take(&into->cache_read, from->cache_read);
    take(&into->cache_write_5m, from->cache_write_5m);
    take(&into->cache_write_1h, from->cache_write_1h);
    take(&into->output, from->output);
    take(&into->reasoning, from->reasoning);
    take(&into->audio_input, from->audio_input);
    take(&into->audio_output, from->audio_output);
    take(&into->image_input, from->image_input);
    take(&into->image_output, from->image_output);
    take(&into->images, from->images);
    take(&into->milliseconds, from->milliseconds);
    take(&into->characters, from->characters);
    take(&into->service, from->service);
}

static bool sane(int64_t count)
{
    return count >= -1 && count <= USAGE_LARGEST;
}

bool usage_sane(const struct usage *u)
{
    return sane(u->input) && sane(u->cache_read) && sane(u->cache_write_5m) &&
           sane(u->cache_write_1h) && sane(u->output) && sane(u->reasoning) &&
           sane(u->audio_input) && sane(u->audio_output) && sane(u->image_input) &&
           sane(u->image_output) && sane(u->images) && sane(u->milliseconds) &&
           sane(u->characters) && u->service >= -1 && u->service < SERVICES;
}

static const char *const services[SERVICES] = {"default", "batch", "flex", "priority"};

int64_t usage_service_of(struct slice name)
{
    for (int i = 0; i < SERVICES; i++)
        if (slice_is(name, services[i]))
            return i;
    return slice_is(name, "standard") || slice_is(name, "standard_only") ? SERVICE_STANDARD
                                                                         : -1;
}

const char *usage_service_name(int64_t service)
{
    return service > SERVICE_STANDARD && service < SERVICES ? services[service] : NULL;
}
