/* Knows how many connections each address has; refuses to know what they do. */
#include "addresses.h"
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };

struct counted {
    struct counted *next;
    struct address address;
    unsigned count;
};

struct addresses {
    pthread_mutex_t lock;
    unsigned most;
    struct counted *bucket[BUCKETS];
};

struct addresses *addresses_new(unsigned most)
{
    struct addresses *a = calloc(1, sizeof(*a));
    if (!a)
        return NULL;
    pthread_mutex_init(&a->lock, NULL);
    a->most = most;
    return a;
}

void addresses_free(struct addresses *a)
{
    if (!a)
        return;
    for (int i = 0; i < BUCKETS; i++)
        while (a->bucket[i]) {
            struct counted *c = a->bucket[i];
            a->bucket[i] = c->next;
            free(c);
        }
    pthread_mutex_destroy(&a->lock);
    free(a);
}

struct address address_of(const struct sockaddr *from)
{
    struct address out = {{0}};
    if (from->sa_family == AF_INET6) {
        memcpy(out.bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
    } else if (from->sa_family == AF_INET) {
        out.bytes[10] = out.bytes[11] = 0xFF;
        memcpy(out.bytes + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    }
    return out;
}

static struct counted **find(struct addresses *a, const struct address *who)
{
    unsigned hash = 0;
    for (int i = 0; i < 16; i++)
        hash = hash * 31 + who->bytes[i];
    struct counted **at = &a->bucket[(hash ^ hash >> 12) % BUCKETS];
    while (*at && memcmp(&(*at)->address, who, sizeof(*who)) != 0)
        at = &(*at)->next;
    return at;
}

bool addresses_enter(struct addresses *a, const struct address *who)
{
    pthread_mutex_lock(&a->lock);
    struct counted **at = find(a, who);
    if (!*at && (*at = calloc(1, sizeof(**at))))
        (*at)->address = *who;
    bool allowed = *at && (*at)->count < a->most;
    if (allowed)
        (*at)->count++;
    pthread_mutex_unlock(&a->lock);
    return allowed;
}

void addresses_leave(struct addresses *a, const struct address *who)
{
    pthread_mutex_lock(&a->lock);
    struct counted **at = find(a, who);
    struct counted *c = *at;
    if (c && --c->count == 0) {
        *at = c->next;
        free(c);
    }
    pthread_mutex_unlock(&a->lock);
}
