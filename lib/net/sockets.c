/* Knows what epoll was told about each descriptor; refuses to know what flows through it. */
#define _GNU_SOURCE
#include "net/sockets.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

void sockets_init(struct socket_table *t, int epoll_fd)
{
    *t = (struct socket_table){.epoll_fd = epoll_fd};
}

void sockets_free(struct socket_table *t)
{
    mem_free(t->slots);
    *t = (struct socket_table){.epoll_fd = -1};
}

static struct socket_slot *slot_at(struct socket_table *t, int fd)
{
    if (fd < 0)
        return NULL;
    size_t index = (size_t)fd;
    if (index < t->count)
        return &t->slots[index];
    size_t count = t->count ? t->count : 64;
    while (count <= index)
        count *= 2;
    struct socket_slot *slots = mem_resize(t->slots, count * sizeof(*slots));
    if (!slots)
        return NULL;
    memset(slots + t->count, 0, (count - t->count) * sizeof(*slots));
    t->slots = slots;
    t->count = count;
    return &slots[index];
}

static int tell(struct socket_table *t, int operation, int fd, const struct socket_slot *slot)
{
    struct epoll_event event = {0};
    event.events = ((slot->wanted & SOCKET_READ) ? EPOLLIN : 0U) |
                   ((slot->wanted & SOCKET_WRITE) ? EPOLLOUT : 0U);
    event.data.u64 = (uint64_t)slot->generation << 32 | (uint32_t)fd;
    return epoll_ctl(t->epoll_fd, operation, fd, &event);
}

/* Our idea of the kernel's set can be wrong where libcurl closed a socket without a word (it does
 * so with attempts to connect that lost their race), so the other verb is tried as well. */
static int add_or_change(struct socket_table *t, int fd, struct socket_slot *slot)
{
    int operation = slot->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int failed = tell(t, operation, fd, slot);
    if (failed && (errno == ENOENT || errno == EEXIST))
        failed = tell(t, slot->registered ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, slot);
    slot->registered = failed ? 0 : slot->wanted;
    return failed ? AIGNE_E_NETWORK : AIGNE_OK;
}

static void remove_quietly(struct socket_table *t, int fd, struct socket_slot *slot)
{
    if (slot->registered)
        (void)epoll_ctl(t->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    slot->registered = 0;
}

int sockets_opened(struct socket_table *t, int fd)
{
    struct socket_slot *slot = slot_at(t, fd);
    if (!slot)
        return AIGNE_E_NOMEM;
    slot->generation++;
    slot->registered = 0; /* closing took the old socket out of the set */
    /* libcurl may believe that it already waits for this number and not ask again. */
    return slot->wanted ? add_or_change(t, fd, slot) : AIGNE_OK;
}

void sockets_closed(struct socket_table *t, int fd)
{
    struct socket_slot *slot = slot_at(t, fd);
    if (!slot)
        return;
    remove_quietly(t, fd, slot);
    slot->generation++;
    slot->wanted = 0;
    slot->owner = NULL;
}

int sockets_watch(struct socket_table *t, int fd, uint8_t wanted, void *owner, bool kept)
{
    struct socket_slot *slot = slot_at(t, fd);
    if (!slot)
        return AIGNE_E_NOMEM;
    slot->wanted = wanted;
    slot->owner = owner;
    if (kept && (slot->registered == wanted || (!wanted && slot->registered == SOCKET_READ)))
        return AIGNE_OK;
    if (wanted)
        return add_or_change(t, fd, slot);
    remove_quietly(t, fd, slot);
    return AIGNE_OK;
}

struct socket_slot *sockets_event(struct socket_table *t, uint64_t tag, int *fd)
{
    size_t index = (size_t)(uint32_t)tag;
    if (index >= t->count)
        return NULL;
    struct socket_slot *slot = &t->slots[index];
    *fd = (int)index;
    if (slot->generation != (uint32_t)(tag >> 32))
        return NULL;
    if (slot->wanted)
        return slot;
    remove_quietly(t, *fd,
                   slot); /* an idle connection was closed by its peer, or a paused one */
    return NULL;
}
