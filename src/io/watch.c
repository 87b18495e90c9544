/* io/watch.c -- see watch.h. */
#include "io/watch.h"

#include "base/check.h"
#include "base/sys.h"
#include "io/op.h"

#include <string.h>

static const uint32_t in_events = EPOLLIN | EPOLLRDHUP;
/* Of several that watch one listener one is woken. EPOLLRDHUP does not go with it. */
static const uint32_t accept_events = EPOLLIN | EPOLLEXCLUSIVE;
static const uint32_t failure_events = EPOLLERR | EPOLLHUP; /* always reported */

static uint64_t event_data(int fd, uint32_t life)
{
    return (uint64_t)life << 32 | (uint32_t)fd;
}

static bool is_armed(const struct io_op *op)
{
    return op && op->state == OP_ARMED;
}

static uint32_t wanted(const struct watch *entry)
{
    uint32_t mask = is_armed(entry->out) ? EPOLLOUT : 0;
    if (is_armed(entry->in))
        mask |= entry->in->kind == IO_ACCEPT ? accept_events : in_events;
    return mask;
}

static int make_room(struct watches *w, int fd)
{
    if (fd < 0)
        return -EBADF;
    if ((uint32_t)fd < w->count)
        return 0;
    uint32_t count = w->count ? w->count : 64;
    while (count <= (uint32_t)fd)
        count *= 2;
    struct watch *table = mem_zalloc(w->mem, count * sizeof *table);
    if (!table)
        return -ENOMEM;
    if (w->count)
        memcpy(table, w->table, w->count * sizeof *table);
    mem_free(w->mem, w->table, w->count * sizeof *table);
    w->table = table;
    w->count = count;
    return 0;
}

static int control(struct watches *w, int call, int fd, uint32_t mask)
{
    struct epoll_event e = { mask, { .u64 = event_data(fd, w->table[fd].life) } };
    return sys_int(epoll_ctl(w->epoll_fd, call, fd, &e));
}

/* Makes the registration as wide as is wanted. */
static int widen(struct watches *w, int fd)
{
    struct watch *entry = &w->table[fd];
    uint32_t mask = entry->mask | wanted(entry);
    if (mask == entry->mask)
        return 0;
    int r = control(w, entry->mask ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, mask);
    if (r == -EEXIST) { /* left from an earlier life of the same file */
        control(w, EPOLL_CTL_DEL, fd, 0);
        r = control(w, EPOLL_CTL_ADD, fd, mask);
    }
    if (r == 0)
        entry->mask = mask;
    return r;
}

static struct io_op **place_of(struct watches *w, const struct io_op *op)
{
    struct watch *entry = &w->table[op->fd];
    return op->kind == IO_WRITABLE ? &entry->out : &entry->in;
}

int watch_add(struct watches *w, struct io_op *op)
{
    int r = make_room(w, op->fd);
    if (r < 0)
        return r;
    check(*place_of(w, op) == NULL);
    *place_of(w, op) = op;
    op->state = OP_ARMED;
    r = widen(w, op->fd);
    if (r < 0) {
        op->state = OP_IDLE;
        watch_drop(w, op);
    }
    return r;
}

int watch_resume(struct watches *w, struct io_op *op)
{
    op->state = OP_ARMED;
    return widen(w, op->fd);
}

void watch_drop(struct watches *w, const struct io_op *op)
{
    struct watch *entry = &w->table[op->fd];
    *place_of(w, op) = NULL;
    if (entry->in || entry->out)
        return;
    entry->mask = 0;
    entry->life++;
}

static void narrow(struct watches *w, int fd, uint32_t mask)
{
    /* Fails where only the number was closed, and the file is still open under another: then there is
     * no way to it. */
    control(w, mask ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, fd, mask);
    w->table[fd].mask = mask;
}

/* NULL: the event is of an earlier life, and others are there now. */
static struct watch *entry_of(struct watches *w, const struct epoll_event *e)
{
    int fd = watch_event_fd(e);
    struct watch *entry = &w->table[fd];
    bool is_old = e->data.u64 != event_data(fd, entry->life);
    return is_old && (entry->in || entry->out) ? NULL : entry;
}

void watch_settle(struct watches *w, const struct epoll_event *e)
{
    const struct watch *entry = entry_of(w, e);
    if (!entry)
        return;
    uint32_t mask = wanted(entry);
    if (mask == 0 || (e->events & ~(mask | failure_events)) != 0)
        narrow(w, watch_event_fd(e), mask);
}

struct watch *watch_event(struct watches *w, const struct epoll_event *e, uint32_t *events)
{
    struct watch *entry = entry_of(w, e);
    uint32_t mask = entry ? wanted(entry) : 0;
    *events = e->events & (mask | failure_events);
    return mask ? entry : NULL;
}

void watches_close(struct watches *w)
{
    mem_free(w->mem, w->table, w->count * sizeof *w->table);
    w->table = NULL;
    w->count = 0;
}
