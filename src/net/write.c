/* net/write.c -- writing to a connection, in tasks: at once where the socket takes it, else waiting.
 *
 * Several tasks may write to one connection: one after the other, each of them all it has. */
#include "base/check.h"
#include "net/conn.h"
#include "net/record.h"
#include "net/stages.h"

#include <errno.h>
#include <limits.h>

/* Sent in one turn of the core by one connection whose peer reads as fast as we write: then the
 * others get theirs. About a quarter of a millisecond. */
enum { BURST_MAX = 1024 * 1024 };

/* ---- the turn ---- */

int conn_turn_begin(stoa_conn *c, struct conn_writer *w)
{
    struct sched *sched = &c->port->core->sched;
    *w = (struct conn_writer){ .task = task_running(sched) };
    struct conn_writer **last = &c->writers;
    while (*last)
        last = &(*last)->next;
    *last = w;
    int r = 0;
    while (r == 0 && c->writers != w)
        r = task_park(sched);
    if (r < 0)
        conn_turn_end(c, w);
    return r;
}

void conn_turn_end(stoa_conn *c, struct conn_writer *w)
{
    struct conn_writer **at = &c->writers;
    bool had_turn = *at == w;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (had_turn && c->writers)
        task_wake(c->writers->task);
}

/* ---- waiting ---- */

static void writable(struct io_op *op, int res, struct io_chunk *chunk)
{
    (void)res; /* the next send tells */
    (void)chunk;
    struct conn_writer *w = list_owner(op, struct conn_writer, op);
    w->waits = false;
    task_wake(w->task);
}

static bool is_heard(const stoa_conn *c)
{
    return c->unread > 0 || c->end <= 0;
}

int conn_wait_writable(stoa_conn *c, struct conn_writer *w)
{
    struct core *core = c->port->core;
    w->op = (struct io_op){ .done = writable, .fd = c->recv.fd, .kind = IO_WRITABLE };
    w->expired = false;
    int r = io_submit(core->io, &w->op);
    if (r < 0)
        return r;
    w->waits = true;
    struct conn_stages_wait was = conn_stages_full(c);
    if (c->port->opt->greet)
        conn_place(c);
    while (r == 0 && w->waits && !w->expired && !(w->hears && is_heard(c)))
        r = task_park(&core->sched);
    if (r == 0 && w->expired)
        r = -ETIMEDOUT;
    if (w->waits)
        io_cancel(core->io, &w->op);
    while (w->waits)
        task_park_deaf(&core->sched);
    if (c->port->opt->greet)
        conn_place(c);
    conn_stages_room(c, was);
    return r;
}

void conn_count_burst(stoa_conn *c, size_t n)
{
    stoa_time now = core_now(c->port->core);
    c->sent = true;
    stage_bytes_out(&c->port->core->stage, c->stage, n);
    if (c->moment != now)
        c->burst = 0;
    c->moment = now;
    c->burst = n > BURST_MAX - c->burst ? BURST_MAX : c->burst + (uint32_t)n;
}

int conn_pause_burst(stoa_conn *c)
{
    struct core *core = c->port->core;
    if (c->burst < BURST_MAX || c->moment != core_now(core))
        return 0;
    c->burst = 0;
    return stoa_sleep(task_running(&core->sched), 0);
}

/* ---- bytes ---- */

/* Takes n sent bytes off the front of v; empty pieces go too. */
static void advance(struct iovec **v, int *count, size_t n)
{
    while (*count > 0 && n >= (*v)->iov_len) {
        n -= (*v)->iov_len;
        (*v)++;
        (*count)--;
    }
    if (*count > 0) {
        (*v)->iov_base = (char *)(*v)->iov_base + n;
        (*v)->iov_len -= n;
    }
}

/* Sends what the socket takes. returns 0, or -EAGAIN when there is more; < 0. */
static int send_some(stoa_conn *c, struct iovec **v, int *count, int flags)
{
    const struct io_sys *sys = c->port->core->sys;
    while (*count > 0) {
        struct msghdr m = { .msg_iov = *v,
                            .msg_iovlen = (size_t)(*count < IOV_MAX ? *count : IOV_MAX) };
        union conn_stages_ask room;
        if (conn_stages_wants_ack(c))
            conn_stages_ask(c, &m, &room);
        ssize_t n = sys->send(sys, c->recv.fd, &m, flags);
        if (n < 0)
            return (int)n;
        conn_count_burst(c, (size_t)n);
        advance(v, count, (size_t)n);
    }
    return 0;
}

/* The slow way: the socket is full, or somebody else writes. */
static int send_in_turn(stoa_conn *c, struct iovec **v, int *count, int flags)
{
    struct conn_writer w;
    int r = conn_turn_begin(c, &w);
    if (r < 0)
        return r;
    while ((r = send_some(c, v, count, flags)) == -EAGAIN) {
        r = conn_wait_writable(c, &w);
        if (r < 0)
            break;
    }
    conn_turn_end(c, &w);
    return r;
}

int conn_write(stoa_conn *c, struct iovec *v, int count, bool more)
{
    int flags = more ? MSG_MORE : 0;
    c->held = more;
    advance(&v, &count, 0);
    int r = conn_pause_burst(c);
    if (r == 0)
        r = c->writers ? -EAGAIN : send_some(c, &v, &count, flags);
    if (r == -EAGAIN)
        r = send_in_turn(c, &v, &count, flags);
    return r < 0 ? conn_failed(c, CONN_AT_WRITE, r) : 0;
}

/* Waits until the socket takes bytes, or those of the peer have come. */
static int wait_or_hear(stoa_conn *c, struct conn_writer *w)
{
    struct conn_reader reader = { .task = w->task };
    c->reader = &reader;
    w->hears = true;
    int r = conn_wait_writable(c, w);
    c->reader = NULL;
    if (c->port->opt->greet)
        conn_place(c);
    return r;
}

/* Sends some of v in turn, unless the peer is heard. */
static int send_unless_heard(stoa_conn *c, struct iovec *v)
{
    struct conn_writer w;
    size_t n = v->iov_len;
    int count = 1, r = conn_turn_begin(c, &w);
    if (r < 0)
        return r;
    struct iovec *at = v;
    while (!is_heard(c)) {
        r = send_some(c, &at, &count, 0);
        if (r != -EAGAIN || v->iov_len < n)
            break;
        r = wait_or_hear(c, &w);
        if (r < 0)
            break;
    }
    conn_turn_end(c, &w);
    if (count == 0)
        v->iov_len = 0;
    return r == -EAGAIN ? 0 : r;
}

ssize_t conn_write_until_heard(stoa_conn *c, const void *buf, size_t n)
{
    struct iovec v = { (void *)(uintptr_t)buf, n };
    c->held = false;
    int r = conn_pause_burst(c);
    if (r == 0 && !is_heard(c))
        r = c->reader ? -EBUSY : conn_arm(c);
    if (r == 0)
        r = send_unless_heard(c, &v);
    return r < 0 ? conn_failed(c, CONN_AT_WRITE, r) : (ssize_t)(n - v.iov_len);
}

ssize_t conn_write_now(stoa_conn *c, const void *buf, size_t n)
{
    const struct io_sys *sys = c->port->core->sys;
    struct iovec v = { (void *)(uintptr_t)buf, n };
    if (c->writers)
        return -EAGAIN;
    ssize_t sent =
        sys->send(sys, c->recv.fd, &(struct msghdr){ .msg_iov = &v, .msg_iovlen = 1 }, 0);
    if (sent > 0) {
        conn_count_burst(c, (size_t)sent);
        c->held = false;
    }
    return sent;
}

int stoa_write(stoa_conn *c, const void *buf, size_t len)
{
    struct iovec v = { (void *)buf, len };
    return conn_write(c, &v, 1, false);
}

int stoa_finish(stoa_conn *c)
{
    const struct io_sys *sys = c->port->core->sys;
    int r = sys->shutdown(sys, c->recv.fd, SHUT_WR);
    if (r < 0)
        return r;
    c->finished = true;
    return 0;
}
