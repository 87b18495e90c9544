/* io/uring.c -- struct io by io_uring(7): see uring.h.
 *
 * One turn of io_wait(): what was submitted and cancelled since the last goes to the kernel, and
 * the kernel is asked for completions, in one call; then they are delivered. The kernel works on
 * our operations inside that call only (IORING_SETUP_DEFER_TASKRUN): while this thread is busy
 * elsewhere nothing is accepted or received behind its back.
 *
 * An operation has at most one request in the kernel, and at most one cancellation of that request;
 * its last completion is delivered when both are over. So no completion can meet an operation that
 * its owner has freed, and no cancellation a request that it was not meant for.
 *
 * Knows nothing of how buffers go round (bufring.c) or of helper threads (helper.c). */
#include "io/uring.h"

#include "base/check.h"
#include "io/bufring.h"
#include "io/helper.h"
#include "io/kernel.h"
#include "io/op.h"
#include "io/valgrind.h"
#include "task/tools.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

enum {
    SUBMISSIONS = 512,  /* told in one turn; more wait for the next */
    COMPLETIONS = 4096, /* kept by the kernel in the ring; more are kept elsewhere, and cost more */
    STREAM_BUFFERS = 256,
    STREAM_SPARES = 64, /* for io_recv_now() */
    DATAGRAM_BUFFERS = 32,
};

/* The low bits of user_data: what completed; the rest is the operation. */
enum tag { TAG_OP = 0, TAG_CANCEL = 1, TAG_WAKE = 2, TAG_BITS = 3 };

/* io_op.flags, above OP_RESULT. */
enum {
    OP_CANCEL = 0x1000,     /* cancellation was asked for */
    OP_CANCEL_OUT = 0x2000, /* and the kernel has not answered it yet */
};

struct uring {
    struct io io;
    const struct stoa_mem *mem;
    struct io_uring ring;
    struct list queue;   /* operations to tell the kernel of */
    struct list cancels; /* those to cancel there */
    struct list ended;   /* those whose last completion needs no kernel */
    struct bufring bufs[CHUNK_USES];
    struct helpers helpers;
    int wake_fd;
    bool wake_armed;
    bool woken;
};

/* Stands for the memory of all rings, which liburing maps by calls of its own. */
static const char ring_memory;

static struct uring *uring_of(struct io *io)
{
    return list_owner(io, struct uring, io);
}

static struct bufring *bufs_of(struct uring *u, const struct io_op *op)
{
    return &u->bufs[op->kind == IO_RECV_FROM ? CHUNK_DATAGRAM : CHUNK_STREAM];
}

/* ---- submit, cancel ---- */

/* The large buffers are made when the first datagram socket is. returns 0, -ENOMEM. */
static int have_datagram_buffers(struct uring *u)
{
    struct bufring *b = &u->bufs[CHUNK_DATAGRAM];
    if (chunks_is_open(&b->chunks))
        return 0;
    return bufring_open(b, &u->ring, u->mem, CHUNK_DATAGRAM, DATAGRAM_BUFFERS, 0);
}

static void enqueue(struct uring *u, struct io_op *op)
{
    op->state = OP_QUEUED;
    list_push_back(&u->queue, &op->node);
}

static int uring_submit(struct io *io, struct io_op *op)
{
    struct uring *u = uring_of(io);
    check(op->state == OP_IDLE);
    op->flags = 0;
    if (op->kind == IO_WORK)
        return helpers_submit(&u->helpers, list_owner(op, struct io_work, op));
    if (op->kind == IO_RECV_FROM) {
        int r = have_datagram_buffers(u);
        if (r < 0)
            return r;
    }
    enqueue(u, op);
    return 0;
}

static void uring_cancel(struct io *io, struct io_op *op)
{
    struct uring *u = uring_of(io);
    switch ((enum op_phase)op->state) {
    case OP_QUEUED:
    case OP_STARVED:
        list_unlink(&op->node);
        op_end(&u->ended, op, -ECANCELED);
        break;
    case OP_ARMED:
        if (!(op->flags & OP_CANCEL))
            list_push_back(&u->cancels, &op->node);
        op->flags |= OP_CANCEL;
        break;
    case OP_PAUSED: op->flags |= OP_CANCEL; break;
    case OP_IDLE:
    case OP_LEFT:
    case OP_ENDED:
    case OP_WORKING: break;
    }
}

/* ---- to the kernel ---- */

static void prepare_receive(struct io_uring_sqe *sqe, struct io_op *op, struct bufring *b)
{
    io_uring_prep_recvmsg_multishot(sqe, op->fd, &b->message, MSG_CMSG_CLOEXEC);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = (uint16_t)b->chunks.use;
}

/* Each of these returns false when no more can be told in this turn. */

static bool tell_op(struct uring *u, struct io_op *op)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
    if (!sqe)
        return false;
    switch ((enum io_kind)op->kind) {
    case IO_ACCEPT:
        io_uring_prep_multishot_accept(sqe, op->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        break;
    case IO_RECV:
    case IO_RECV_FROM: prepare_receive(sqe, op, bufs_of(u, op)); break;
    case IO_WRITABLE: io_uring_prep_poll_add(sqe, op->fd, POLLOUT); break;
    case IO_WORK: break; /* never queued */
    }
    sqe->user_data = (uintptr_t)op | TAG_OP;
    list_unlink(&op->node);
    op->state = OP_ARMED;
    return true;
}

static bool tell_cancel(struct uring *u, struct io_op *op)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
    if (!sqe)
        return false;
    io_uring_prep_cancel64(sqe, (uintptr_t)op | TAG_OP, 0);
    sqe->user_data = (uintptr_t)op | TAG_CANCEL;
    list_unlink(&op->node);
    op->flags |= OP_CANCEL_OUT;
    return true;
}

static bool tell_wake(struct uring *u)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
    if (!sqe)
        return false;
    io_uring_prep_poll_multishot(sqe, u->wake_fd, POLLIN);
    sqe->user_data = TAG_WAKE;
    u->wake_armed = true;
    return true;
}

static bool tell_all(struct uring *u, struct list *l, bool (*tell)(struct uring *, struct io_op *))
{
    while (!list_is_empty(l))
        if (!tell(u, list_owner(l->next, struct io_op, node)))
            return false;
    return true;
}

/* Operations that starve try again, as many as there are buffers. returns whether others are left
 * for which there are buffers, unless these take them. */
static bool requeue_starved(struct uring *u, struct bufring *b)
{
    for (uint32_t n = bufring_feed(b); n > 0; n--) {
        struct list *node = list_pop_front(&b->starved);
        if (!node)
            return false;
        enqueue(u, list_owner(node, struct io_op, node));
    }
    return b->in_ring > 0 && !list_is_empty(&b->starved);
}

/* Prepares what is to be told. returns whether the wait may sleep: nothing is there to be delivered
 * or told that no completion will remind us of. */
static bool prepare(struct uring *u)
{
    bool more = false;
    for (int i = 0; i < CHUNK_USES; i++)
        more |= requeue_starved(u, &u->bufs[i]);
    more |= !u->wake_armed && !tell_wake(u);
    more |= !tell_all(u, &u->cancels, tell_cancel);
    more |= !tell_all(u, &u->queue, tell_op);
    return !more && list_is_empty(&u->ended);
}

/* ---- from the kernel ---- */

/* The request of op is over, and so is op, as soon as its cancellation is. */
static void let_go(struct io_op *op, int res)
{
    if (op->flags & OP_CANCEL_OUT) {
        op->state = OP_LEFT;
        op_set_result(op, res);
        return;
    }
    if (op->flags & OP_CANCEL)
        list_unlink(&op->node); /* of the cancellations not told yet */
    op_finish(op, res);
}

/* The request of op is over, but op is not. */
static void go_on(struct uring *u, struct io_op *op)
{
    if (op->flags & OP_CANCEL)
        let_go(op, -ECANCELED);
    else
        enqueue(u, op);
}

/* A completion which is not the last of op. `over`: but of its request. */
static void pass_on(struct uring *u, struct io_op *op, bool over, int res, struct io_chunk *chunk)
{
    if (over)
        op->state = OP_PAUSED;
    op->done(op, res, chunk);
    if (over)
        go_on(u, op);
}

static void on_accept(struct uring *u, struct io_op *op, const struct io_uring_cqe *cqe)
{
    bool over = !(cqe->flags & IORING_CQE_F_MORE);
    if (cqe->res >= 0)
        pass_on(u, op, over, cqe->res, NULL);
    else if (!over)
        return;
    else if (cqe->res == -EAGAIN || kernel_accept_skips(cqe->res))
        go_on(u, op);
    else
        let_go(op, cqe->res);
}

static void starve(struct uring *u, struct io_op *op)
{
    if (op->flags & OP_CANCEL) {
        let_go(op, -ECANCELED);
        return;
    }
    op->state = OP_STARVED;
    list_push_back(&bufs_of(u, op)->starved, &op->node);
}

static void on_receive(struct uring *u, struct io_op *op, const struct io_uring_cqe *cqe)
{
    bool over = !(cqe->flags & IORING_CQE_F_MORE);
    struct bufring *b = bufs_of(u, op);
    struct io_chunk *c = NULL;
    if (cqe->flags & IORING_CQE_F_BUFFER)
        c = bufring_take(b, cqe->flags, cqe->res);
    if (c && cqe->res >= 0 && (c->len > 0 || op->kind == IO_RECV_FROM)) {
        /* An empty datagram ends the request as if it were the end of a stream; it is none. */
        pass_on(u, op, over, (int)c->len, c);
        return;
    }
    if (c)
        bufring_put(b, c);
    if (!over)
        return;
    if (cqe->res == -ENOBUFS)
        starve(u, op);
    else if (cqe->res == -EAGAIN || cqe->res == -EINTR)
        go_on(u, op);
    else
        let_go(op, cqe->res < 0 ? cqe->res : 0);
}

static void on_op(struct uring *u, struct io_op *op, const struct io_uring_cqe *cqe)
{
    switch ((enum io_kind)op->kind) {
    case IO_RECV:
    case IO_RECV_FROM: on_receive(u, op, cqe); break;
    case IO_ACCEPT: on_accept(u, op, cqe); break;
    case IO_WRITABLE: let_go(op, cqe->res < 0 ? cqe->res : 0); break;
    case IO_WORK: break; /* never told */
    }
}

static void on_cancel(struct uring *u, struct io_op *op, const struct io_uring_cqe *cqe)
{
    op->flags &= (uint16_t)~OP_CANCEL_OUT;
    if (op->state == OP_LEFT)
        op_finish(op, -(op->flags & OP_RESULT));
    else if (cqe->res == -ENOENT)
        /* The request was neither over nor armed, but on its way from one to the other. */
        list_push_back(&u->cancels, &op->node);
}

static void on_completion(struct uring *u, const struct io_uring_cqe *cqe)
{
    struct io_op *op = (struct io_op *)(uintptr_t)(cqe->user_data & ~(uint64_t)TAG_BITS);
    switch ((enum tag)(cqe->user_data & TAG_BITS)) {
    case TAG_OP: on_op(u, op, cqe); break;
    case TAG_CANCEL: on_cancel(u, op, cqe); break;
    case TAG_WAKE:
        u->woken = true;
        u->wake_armed = cqe->flags & IORING_CQE_F_MORE;
        break;
    case TAG_BITS: break;
    }
}

static void deliver(struct uring *u)
{
    const struct io_uring_cq *cq = &u->ring.cq;
    unsigned head = *cq->khead, n = io_uring_cq_ready(&u->ring);
    op_deliver(&u->ended);
    for (unsigned i = 0; i < n; i++)
        on_completion(u, &cq->cqes[(head + i) & cq->ring_mask]);
    io_uring_cq_advance(&u->ring, n);
    if (u->woken) {
        u->woken = false;
        helpers_deliver(&u->helpers);
    }
}

/* ---- wait ---- */

/* valgrind 3.19 lets no other thread run while one waits in io_uring_enter(2): under it we look once
 * a millisecond. (Waiting in poll(2) does not do: it is not told of deferred work.) */
static int enter_under_valgrind(struct uring *u, stoa_time span)
{
    int r = io_uring_submit_and_get_events(&u->ring);
    if (r >= 0 && io_uring_cq_ready(&u->ring) == 0)
        nanosleep(&(struct timespec){ 0, span < STOA_MS ? span : STOA_MS }, NULL);
    return r;
}

/* The longest wait: under a tool that would sleep over a signal in it, a short one. */
static const stoa_time WAIT_MAX = TOOLS_KNOW_OLD_WAITS ? 50 * STOA_MS : STOA_NEVER;

static int enter_once(struct uring *u, stoa_time until)
{
    stoa_time span = until > 0 && until < STOA_NEVER ? until - kernel_clock().mono_ns : until;
    span = span < WAIT_MAX ? span : WAIT_MAX;
    if (span <= 0)
        return io_uring_submit_and_get_events(&u->ring);
    if (RUNNING_ON_VALGRIND)
        return enter_under_valgrind(u, span);
    if (span == STOA_NEVER)
        return io_uring_submit_and_wait(&u->ring, 1);
    struct __kernel_timespec t = { span / STOA_SEC, span % STOA_SEC };
    struct io_uring_cqe *cqe;
    return io_uring_submit_and_wait_timeout(&u->ring, &cqe, 1, &t, NULL);
}

/* Tells the kernel, and waits for a completion until `until`; reads the clock. */
static int enter(struct uring *u, stoa_time until)
{
    for (;;) {
        int r = enter_once(u, until);
        u->io.now = kernel_clock();
        /* No memory for requests, or completions are to be fetched first: what could not be told
         * stays prepared. */
        if (r == -EAGAIN || r == -EBUSY) {
            io_uring_get_events(&u->ring);
            return 0;
        }
        if (r < 0 && r != -EINTR && r != -ETIME)
            return r;
        if (io_uring_cq_ready(&u->ring) > 0 || u->io.now.mono_ns >= until)
            return 0;
    }
}

static int uring_wait(struct io *io, stoa_time until)
{
    struct uring *u = uring_of(io);
    bool may_sleep = prepare(u);
    int r = enter(u, may_sleep ? until : 0);
    if (r == 0)
        deliver(u);
    return r;
}

static void uring_wake(struct io *io)
{
    kernel_wake(uring_of(io)->wake_fd);
}

/* ---- receiving without an operation ---- */

static int uring_recv_now(struct io *io, int fd, struct io_chunk **ret)
{
    return chunks_receive_now(&uring_of(io)->bufs[CHUNK_STREAM].chunks, fd, ret);
}

static void uring_chunk_free(struct io *io, struct io_chunk *chunk)
{
    bufring_put(&uring_of(io)->bufs[chunk_use(chunk)], chunk);
}

/* ---- open, close ---- */

static void close_ring(struct uring *u)
{
    tools_unmap_follows(&ring_memory);
    io_uring_queue_exit(&u->ring);
}

static void uring_close(struct io *io)
{
    struct uring *u = uring_of(io);
    helpers_close(&u->helpers);
    for (int i = 0; i < CHUNK_USES; i++)
        bufring_close(&u->bufs[i], &u->ring);
    close_ring(u);
    close(u->wake_fd);
    mem_free(u->mem, u, sizeof *u);
}

static const struct io_ops uring_ops = {
    .name = "uring",
    .submit = uring_submit,
    .cancel = uring_cancel,
    .wait = uring_wait,
    .wake = uring_wake,
    .recv_now = uring_recv_now,
    .chunk_free = uring_chunk_free,
    .close = uring_close,
};

static int open_ring(struct uring *u)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | /* Linux 6.1 */
                 IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL,
        .cq_entries = COMPLETIONS,
    };
    int r = io_uring_queue_init_params(SUBMISSIONS, &u->ring, &params);
    if (r < 0)
        return r == -EINVAL || r == -EOPNOTSUPP ? -ENOSYS : r == -EACCES ? -EPERM : r;
    tools_mapped(&ring_memory);
    io_uring_register_ring_fd(&u->ring); /* spares the kernel a look-up; fine without */
    r = bufring_open(&u->bufs[CHUNK_STREAM], &u->ring, u->mem, CHUNK_STREAM, STREAM_BUFFERS,
                     STREAM_SPARES);
    if (r < 0)
        close_ring(u);
    return r == -EINVAL ? -ENOSYS : r;
}

int uring_open(struct io **ret, const struct stoa_mem *mem)
{
    struct uring *u = mem_zalloc(mem, sizeof *u);
    if (!u)
        return -ENOMEM;
    *u = (struct uring){ .io = { .ops = &uring_ops, .sys = io_sys_kernel() }, .mem = mem };
    list_init(&u->queue);
    list_init(&u->cancels);
    list_init(&u->ended);
    list_init(&u->bufs[CHUNK_DATAGRAM].starved);
    int r = u->wake_fd = kernel_wake_open();
    if (r >= 0) {
        r = open_ring(u);
        if (r < 0)
            close(u->wake_fd);
    }
    if (r < 0) {
        mem_free(mem, u, sizeof *u);
        return r;
    }
    helpers_open(&u->helpers, &u->io);
    u->io.now = kernel_clock();
    *ret = &u->io;
    return 0;
}
