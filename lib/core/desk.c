/* Knows how to run blocking jobs one after the other on a thread of its own; refuses to know what
 * they do. */
#include "core/desk.h"
#include <aignehub/aignehub.h>

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

int desk_submit(struct desk *d, struct desk_job *job, struct fault *why)
{
    pthread_mutex_lock(&d->lock);
    if (!d->started)
        d->started = pthread_create(&d->thread, NULL, work, d) == 0;
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
