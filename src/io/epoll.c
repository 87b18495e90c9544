/* io/epoll.c -- struct io by epoll(7): see epoll.h.
 *
 * Readiness is level-triggered, and the calls are made when it is reported: for one descriptor only
 * so many in one io_wait() that a busy peer starves nobody; what is left is reported again.
 *
 * A descriptor whose operation is under way must not be closed: cancel first. (What the kernel
 * watched would be gone without a word.)
 *
 * Knows nothing of registrations (watch.c), of how bytes are received (chunk.c) or of helper
 * threads (helper.c). */
#include "io/epoll.h"

#include "base/check.h"
#include "base/sys.h"
#include "io/chunk.h"
#include "io/helper.h"
#include "io/kernel.h"
#include "io/op.h"
#include "io/valgrind.h"
#include "io/watch.h"
#include "task/tools.h"

#include <limits.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    ACCEPTS_MAX = 64, /* of one listener in one wait */
    RECEIVES_MAX = 4, /* chunks of one stream in one wait */
    DATAGRAMS_MAX = 16,
    STREAM_CHUNKS = 320,
    DATAGRAM_CHUNKS = 32,
};

/* Marks the events of the wake descriptor; no other event has it. */
static const uint64_t wake_data = UINT64_MAX;

struct epoll {
    struct io io;
    const struct stoa_mem *mem;
    struct watches watches;
    struct list ended;               /* operations whose last completion waits for io_wait() */
    struct list starved[CHUNK_USES]; /* those that had no chunk when bytes came */
    struct chunks chunks[CHUNK_USES];
    struct helpers helpers;
    int wake_fd;
    bool only_ms; /* no epoll_pwait2(2): before Linux 5.11, or under a tool that does not know it */
    struct epoll_event events[EVENTS_MAX];
};

static struct epoll *epoll_of(struct io *io)
{
    return list_owner(io, struct epoll, io);
}

static enum chunk_use use_of(const struct io_op *op)
{
    return op->kind == IO_RECV_FROM ? CHUNK_DATAGRAM : CHUNK_STREAM;
}

/* ---- submit, cancel ---- */

static int epoll_submit(struct io *io, struct io_op *op)
{
    struct epoll *e = epoll_of(io);
    check(op->state == OP_IDLE);
    op->flags = 0;
    if (op->kind == IO_WORK)
        return helpers_submit(&e->helpers, list_owner(op, struct io_work, op));
    /* The large chunks are made when the first datagram socket is. */
    struct chunks *p = &e->chunks[use_of(op)];
    if (!chunks_is_open(p)) {
        int r = chunks_open(p, e->mem, CHUNK_DATAGRAM, DATAGRAM_CHUNKS);
        if (r < 0)
            return r;
    }
    list_init(&op->node);
    return watch_add(&e->watches, op);
}

static void epoll_cancel(struct io *io, struct io_op *op)
{
    struct epoll *e = epoll_of(io);
    if (op->state != OP_ARMED && op->state != OP_STARVED)
        return;
    watch_drop(&e->watches, op);
    list_unlink(&op->node); /* of the starved */
    op_end(&e->ended, op, -ECANCELED);
}

/* ---- what is ready ---- */

/* Whether op is still the one that waits for input on fd: its owner may have cancelled it, and have
 * another operation on the same number. */
static bool is_in(const struct epoll *e, int fd, const struct io_op *op)
{
    return e->watches.table[fd].in == op;
}

static void last(struct epoll *e, struct io_op *op, int res)
{
    watch_drop(&e->watches, op);
    op_finish(op, res);
}

static void accept_ready(struct epoll *e, int fd, struct io_op *op)
{
    for (int i = 0; i < ACCEPTS_MAX && is_in(e, fd, op); i++) {
        int r = kernel_accept(fd);
        if (r == -EAGAIN)
            return;
        if (r < 0) {
            last(e, op, r);
            return;
        }
        op->done(op, r, NULL);
    }
}

static void starve(struct epoll *e, struct io_op *op)
{
    op->state = OP_STARVED;
    list_push_back(&e->starved[use_of(op)], &op->node);
}

/* One receive of op, delivered. returns whether another may find something: not after one that left
 * room in its chunk, unless the stream is known to be at its end. */
static bool receive_once(struct epoll *e, struct io_op *op, bool at_end)
{
    struct chunks *p = &e->chunks[use_of(op)];
    bool is_stream = op->kind == IO_RECV;
    struct io_chunk *c = chunks_take(p);
    if (!c) {
        starve(e, op);
        return false;
    }
    int r = chunk_receive(p, c, op->fd);
    if (r > 0 || (r == 0 && !is_stream)) {
        op->done(op, r, c);
        return !is_stream || at_end || (uint32_t)r == p->payload_bytes;
    }
    chunks_put(p, c);
    if (r != -EAGAIN && r != -EINTR)
        last(e, op, r);
    return false;
}

static void receive_ready(struct epoll *e, int fd, struct io_op *op, uint32_t events)
{
    bool at_end = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    int n = op->kind == IO_RECV ? RECEIVES_MAX : DATAGRAMS_MAX;
    while (n > 0 && receive_once(e, op, at_end) && is_in(e, fd, op))
        n--;
    /* What lies in the error queue is shouted about until somebody fetches it. */
    if ((events & EPOLLERR) && op->kind == IO_RECV && is_in(e, fd, op))
        op->done(op, -EAGAIN, NULL);
}

static void on_event(struct epoll *e, const struct epoll_event *event)
{
    uint32_t events;
    struct watch *entry = watch_event(&e->watches, event, &events);
    if (!entry)
        return;
    int fd = watch_event_fd(event);
    uint32_t failed = events & (EPOLLERR | EPOLLHUP);
    struct io_op *in = entry->in, *out = entry->out;
    if (out && (failed || (events & EPOLLOUT)))
        last(e, out, 0);
    if (!in || !is_in(e, fd, in) || in->state != OP_ARMED)
        return;
    if (in->kind == IO_ACCEPT)
        accept_ready(e, fd, in);
    else if (failed || (events & (EPOLLIN | EPOLLRDHUP)))
        receive_ready(e, fd, in, events);
}

/* ---- wait ---- */

/* Those that starve may try again, as many as there are chunks. Since what they waited for is still
 * there, the wait does not sleep before they have had it. */
static void resume_starved(struct epoll *e, enum chunk_use use)
{
    for (uint32_t n = e->chunks[use].spares; n > 0; n--) {
        struct list *node = list_pop_front(&e->starved[use]);
        if (!node)
            return;
        struct io_op *op = list_owner(node, struct io_op, node);
        int r = watch_resume(&e->watches, op);
        if (r < 0) {
            watch_drop(&e->watches, op);
            op_end(&e->ended, op, r);
        }
    }
}

static int wait_once(struct epoll *e, stoa_time until)
{
    int fd = e->watches.epoll_fd;
    if (until == STOA_NEVER)
        return sys_int(epoll_wait(fd, e->events, EVENTS_MAX, -1));
    stoa_time span = until > 0 ? until - kernel_clock().mono_ns : 0;
    if (span <= 0)
        return sys_int(epoll_wait(fd, e->events, EVENTS_MAX, 0));
    if (!e->only_ms) {
        struct timespec t = { span / STOA_SEC, span % STOA_SEC };
        int r = sys_int(epoll_pwait2(fd, e->events, EVENTS_MAX, &t, NULL));
        if (r != -ENOSYS)
            return r;
        e->only_ms = true;
    }
    stoa_time ms = (span + STOA_MS - 1) / STOA_MS;
    return sys_int(epoll_wait(fd, e->events, EVENTS_MAX, ms < INT_MAX ? (int)ms : INT_MAX));
}

/* Waits for events until `until`; reads the clock. returns how many, or < 0. */
static int wait_events(struct epoll *e, stoa_time until)
{
    for (;;) {
        int n = wait_once(e, until);
        e->io.now = kernel_clock();
        if (n > 0 || (n < 0 && n != -EINTR))
            return n;
        if (e->io.now.mono_ns >= until)
            return 0;
    }
}

static int epoll_wait_io(struct io *io, stoa_time until)
{
    struct epoll *e = epoll_of(io);
    resume_starved(e, CHUNK_STREAM);
    resume_starved(e, CHUNK_DATAGRAM);
    int n = wait_events(e, list_is_empty(&e->ended) ? until : 0);
    if (n < 0)
        return n;
    bool woken = false;
    for (int i = 0; i < n; i++)
        if (e->events[i].data.u64 != wake_data)
            watch_settle(&e->watches, &e->events[i]);
    op_deliver(&e->ended);
    for (int i = 0; i < n; i++) {
        if (e->events[i].data.u64 == wake_data)
            woken = true;
        else
            on_event(e, &e->events[i]);
    }
    if (woken)
        helpers_deliver(&e->helpers);
    return 0;
}

static void epoll_wake(struct io *io)
{
    kernel_wake(epoll_of(io)->wake_fd);
}

/* ---- receiving without an operation ---- */

static int epoll_recv_now(struct io *io, int fd, struct io_chunk **ret)
{
    return chunks_receive_now(&epoll_of(io)->chunks[CHUNK_STREAM], fd, ret);
}

static void epoll_chunk_free(struct io *io, struct io_chunk *chunk)
{
    chunks_put(&epoll_of(io)->chunks[chunk_use(chunk)], chunk);
}

/* ---- open, close ---- */

static void release(struct epoll *e)
{
    for (int i = 0; i < CHUNK_USES; i++)
        chunks_close(&e->chunks[i]);
    watches_close(&e->watches);
    if (e->wake_fd >= 0)
        close(e->wake_fd);
    if (e->watches.epoll_fd >= 0)
        close(e->watches.epoll_fd);
    mem_free(e->mem, e, sizeof *e);
}

static void epoll_close(struct io *io)
{
    struct epoll *e = epoll_of(io);
    helpers_close(&e->helpers);
    release(e);
}

static const struct io_ops epoll_ops = {
    .name = "epoll",
    .submit = epoll_submit,
    .cancel = epoll_cancel,
    .wait = epoll_wait_io,
    .wake = epoll_wake,
    .recv_now = epoll_recv_now,
    .chunk_free = epoll_chunk_free,
    .close = epoll_close,
};

static int open_descriptors(struct epoll *e)
{
    int r = e->watches.epoll_fd = sys_int(epoll_create1(EPOLL_CLOEXEC));
    if (r < 0)
        return r;
    r = e->wake_fd = kernel_wake_open();
    if (r < 0)
        return r;
    struct epoll_event event = { EPOLLIN | EPOLLET, { .u64 = wake_data } };
    return sys_int(epoll_ctl(e->watches.epoll_fd, EPOLL_CTL_ADD, e->wake_fd, &event));
}

int epoll_open(struct io **ret, const struct stoa_mem *mem)
{
    struct epoll *e = mem_zalloc(mem, sizeof *e);
    if (!e)
        return -ENOMEM;
    e->io = (struct io){ .ops = &epoll_ops, .sys = io_sys_kernel(), .now = kernel_clock() };
    e->mem = e->watches.mem = mem;
    e->only_ms = RUNNING_ON_VALGRIND || TOOLS_KNOW_OLD_WAITS;
    e->wake_fd = e->watches.epoll_fd = -1;
    list_init(&e->ended);
    for (int i = 0; i < CHUNK_USES; i++)
        list_init(&e->starved[i]);
    int r = chunks_open(&e->chunks[CHUNK_STREAM], mem, CHUNK_STREAM, STREAM_CHUNKS);
    if (r == 0)
        r = open_descriptors(e);
    if (r < 0) {
        release(e);
        return r;
    }
    helpers_open(&e->helpers, &e->io);
    *ret = &e->io;
    return 0;
}
