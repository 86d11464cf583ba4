/* desk.h - one helper thread for work that blocks, so that no loop has to. */
#ifndef AIGNE_CORE_DESK_H
#define AIGNE_CORE_DESK_H

#include "base/fault.h"
#include <pthread.h>
#include <stdbool.h>

/* The memory is the caller's and must live until `run` has returned. */
struct desk_job {
    struct desk_job *next;
    void (*run)(struct desk_job *self); /* on the desk's thread */
};

struct desk {
    pthread_mutex_t lock;
    pthread_cond_t work_came;
    pthread_t thread;
    struct desk_job *first;
    struct desk_job **last;
    bool started; /* the thread is made with the first job */
    bool closing;
};

void desk_init(struct desk *d);
int desk_submit(struct desk *d, struct desk_job *job, struct fault *why);
void desk_close(struct desk *d); /* after the jobs already submitted */

#endif
