/* Knows when a list of prices is taken over again; refuses to know what is in it: the hub tells how it went. */
#define _GNU_SOURCE
#include "prices.h"
#include "console.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

enum { AGAIN_S = 900 }; /* after a failure, unless the usual time is shorter */

struct prices {
    aigne_hub *hub;
    const char *arguments;
    int64_t interval_s;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stopping;
};

static bool do_verb(const struct prices *p, const char *verb, const char *arguments)
{
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;
    int rc = aigne_hub_do(p->hub, verb, arguments, AIGNE_Z, &reply, &err);
    if (rc < 0)
        (void)console_fail(rc, err);
    aigne_reply_free(reply);
    return rc == AIGNE_OK;
}

/* With the costs of today, the log says what is sold below them. */
static bool import(const struct prices *p)
{
    return do_verb(p, "catalog.import", p->arguments) && do_verb(p, "catalog.drift", "{}");
}

/* False: it is over. */
static bool rest(struct prices *p, int64_t seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&p->lock);
    int rc = 0;
    while (!p->stopping && rc == 0)
        rc = pthread_cond_timedwait(&p->stopped, &p->lock, &until);
    bool on = !p->stopping;
    pthread_mutex_unlock(&p->lock);
    return on;
}

static void *keep_importing(void *prices)
{
    struct prices *p = prices;
    int64_t again_s = p->interval_s < AGAIN_S ? p->interval_s : AGAIN_S;
    while (rest(p, import(p) ? p->interval_s : again_s))
        continue;
    return NULL;
}

struct prices *prices_start(aigne_hub *hub, const char *arguments, int64_t interval_s)
{
    pthread_condattr_t by_clock;
    struct prices *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    *p = (struct prices){.hub = hub, .arguments = arguments, .interval_s = interval_s};
    pthread_condattr_init(&by_clock);
    pthread_condattr_setclock(&by_clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->stopped, &by_clock);
    pthread_condattr_destroy(&by_clock);
    if (pthread_create(&p->thread, NULL, keep_importing, p) == 0)
        return p;
    free(p);
    return NULL;
}

void prices_stop(struct prices *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_signal(&p->stopped);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->stopped);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
