/* Knows which API root each hub origin was found to have; refuses to know how it was asked for. */
#include "core/endpoint.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>

struct endpoint {
    struct endpoint *next;
    struct slice base_url;
    struct slice root;
    char text[];
};

void endpoints_init(struct endpoints *e)
{
    e->first = NULL;
    pthread_mutex_init(&e->lock, NULL);
}

void endpoints_free(struct endpoints *e)
{
    while (e->first) {
        struct endpoint *gone = e->first;
        e->first = gone->next;
        mem_free(gone);
    }
    pthread_mutex_destroy(&e->lock);
}

static struct endpoint *find(const struct endpoints *e, struct slice base_url)
{
    struct endpoint *found = e->first;
    while (found && !slice_eq(found->base_url, base_url))
        found = found->next;
    return found;
}

struct slice endpoints_get(struct endpoints *e, struct slice base_url)
{
    pthread_mutex_lock(&e->lock);
    const struct endpoint *found = find(e, base_url);
    pthread_mutex_unlock(&e->lock);
    return found ? found->root : SLICE_NONE;
}

static struct endpoint *endpoint_new(struct slice base_url, struct slice root)
{
    struct endpoint *made = mem_alloc(sizeof(*made) + base_url.n + root.n);
    if (!made)
        return NULL;
    memcpy(made->text, base_url.p, base_url.n);
    memcpy(made->text + base_url.n, root.p, root.n);
    made->base_url = slice_of(made->text, base_url.n);
    made->root = slice_of(made->text + base_url.n, root.n);
    return made;
}

int endpoints_put(struct endpoints *e, struct slice base_url, struct slice root)
{
    struct endpoint *made = endpoint_new(base_url, root);
    if (!made)
        return AIGNE_E_NOMEM;
    pthread_mutex_lock(&e->lock);
    bool known = find(e, base_url) != NULL;
    if (!known) {
        made->next = e->first;
        e->first = made;
    }
    pthread_mutex_unlock(&e->lock);
    if (known)
        mem_free(made);
    return AIGNE_OK;
}
