/* io/watch.h -- which descriptors epoll watches, and for whom: a table by descriptor.
 *
 * A registration is made wider when an operation needs more, and narrower only when the kernel
 * reports what nobody waits for. So a connection costs one epoll_ctl() in its life, and one that is
 * closed takes its registration with it. What is registered is relied on while an operation is
 * there, which keeps the descriptor open; after the last one it is taken to be unknown, since the
 * number may come back as another file. Each such life of an entry has its own mark, carried by its
 * events, so that an event of the one before is not taken for one of this.
 *
 * Used by epoll.c. One thread. */
#ifndef IO_WATCH_H
#define IO_WATCH_H

#include "io/io.h"

#include <sys/epoll.h>

struct watch {
    struct io_op *in;  /* accepts or receives; NULL = nobody */
    struct io_op *out; /* waits to write */
    uint32_t mask;     /* registered; 0 = nothing, or unknown */
    uint32_t life;
};

struct watches {
    const struct stoa_mem *mem;
    int epoll_fd;
    uint32_t count;
    struct watch *table;
};

/* Registers op, which becomes OP_ARMED. Nobody else waits for the same on op->fd: checked.
 *   returns  0; -ENOMEM, -ENOSPC, -EBADF, -EPERM (a file that cannot be waited for). */
int watch_add(struct watches *w, struct io_op *op);

/* Takes op out. */
void watch_drop(struct watches *w, const struct io_op *op);

/* Arms op again, which was added and has starved since. returns as watch_add(). */
int watch_resume(struct watches *w, struct io_op *op);

/* What event.data carries. */
static inline int watch_event_fd(const struct epoll_event *e)
{
    return (int)(uint32_t)e->data.u64;
}

/* Unregisters what the event reports and nobody waits for. Of all events of a wait before the first is
 * delivered: until then each is of a descriptor that is open. Later its number may be another file's,
 * and another thread's. */
void watch_settle(struct watches *w, const struct epoll_event *e);

/* Whose event it is: the entry, borrowed until the next watch_add(), and in events what its
 * operations wait for; NULL when nobody waits for any of it. */
struct watch *watch_event(struct watches *w, const struct epoll_event *e, uint32_t *events);

void watches_close(struct watches *w);

#endif
