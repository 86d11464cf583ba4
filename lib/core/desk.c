/* Knows how to run blocking jobs one after the other on a thread of its own; refuses to know what
 * they do. */
#define _POSIX_C_SOURCE 200809L
#include "core/desk.h"
#include <aignehub/aignehub.h>
#include <signal.h>

void desk_init(struct desk *d)
{
    *d = (struct desk){.last = &d->first};
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->work_came, NULL);
}

/* The next job, or NULL when the desk closes. */
static struct desk_job *take(struct desk *d)
{
    pthread_mutex_lock(&d->lock);
    while (!d->first && !d->closing)
        pthread_cond_wait(&d->work_came, &d->lock);
    struct desk_job *job = d->first;
    if (job) {
        d->first = job->next;
        if (!d->first)
            d->last = &d->first;
    }
    pthread_mutex_unlock(&d->lock);
    return job;
}

static void *work(void *desk)
{
    struct desk *d = desk;
    for (struct desk_job *job = take(d); job; job = take(d))
        job->run(job);
    return NULL;
}

/* The host's signals are for the host's threads. */
static bool start_thread(struct desk *d)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&d->thread, NULL, work, d) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

int desk_submit(struct desk *d, struct desk_job *job, struct fault *why)
{
    pthread_mutex_lock(&d->lock);
    if (!d->started)
        d->started = start_thread(d);
    bool taken = d->started;
    if (taken) {
        job->next = NULL;
        *d->last = job;
        d->last = &job->next;
        pthread_cond_signal(&d->work_came);
    }
    pthread_mutex_unlock(&d->lock);
    return taken ? AIGNE_OK
                 : fault_set(why, AIGNE_E_NOMEM, "The system has no room for another thread.");
}

void desk_close(struct desk *d)
{
    pthread_mutex_lock(&d->lock);
    d->closing = true;
    pthread_cond_signal(&d->work_came);
    pthread_mutex_unlock(&d->lock);
    if (d->started)
        pthread_join(d->thread, NULL);
    pthread_cond_destroy(&d->work_came);
    pthread_mutex_destroy(&d->lock);
}
