/* net/life.c -- the life of a connection: from accept to close, along the arrows in record.h.
 *
 * Everything here runs on the core's own stack: from completions, jobs, timers, and when a task has
 * ended. Does not know what the bytes mean, nor how tasks wait for them (read.c, write.c). */
#include "base/check.h"
#include "base/error.h"
#include "net/conn.h"
#include "net/record.h"
#include "net/stages.h"

#include <errno.h>

enum {
    /* Chunks unread by the user: then no more is taken from the kernel, whose buffer fills up and
     * whose window closes. 64 KiB when they are full, enough for a task that comes back a turn later;
     * chunks and not bytes, since one with a single byte takes as much memory. */
    UNREAD_CHUNKS_MAX = 16,
    /* Dropped of a peer that goes on sending after our end: what a socket's buffers hold between two
     * machines, so that a client which sends its whole request before it reads gets our answer. */
    LINGER_BYTES_MAX = 1024 * 1024,
};

/* Waits of a lingering connection: for the next byte (a few round trips, and a retransmission), and
 * in all (a peer that sends a byte every second). */
static const stoa_time LINGER_SILENCE = 2 * STOA_SEC;
static const stoa_time LINGER_MAX = 10 * STOA_SEC;

/* With read_late: how often it is looked whether bytes have come. */
static const stoa_time LOOK = STOA_MS;

static void start(struct job *j);
static void leave(stoa_conn *c);
static void received(struct io_op *op, int res, struct io_chunk *chunk);

/* ---- records ---- */

static stoa_conn *conn_at(struct line_place *place)
{
    return list_owner(place, stoa_conn, place);
}

void conn_init(stoa_conn *c, struct port *p, int fd)
{
    *c = (stoa_conn){
        .port = p,
        .recv = { .done = received, .fd = fd, .kind = IO_RECV },
        .accepted = core_now(p->core),
        .end = 1,
    };
    list_init(&c->place.node);
    job_init(&c->job, start);
    p->conns++;
}

static stoa_conn *record_new(struct port *p, int fd)
{
    struct list *node = list_pop_front(&p->free);
    stoa_conn *c =
        node ? list_owner(node, stoa_conn, place.node) : mem_alloc(p->core->mem, sizeof *c);
    if (c)
        conn_init(c, p, fd);
    return c;
}

static void release(const struct stoa_mem *mem, struct line_place *place)
{
    mem_free(mem, conn_at(place), sizeof(stoa_conn));
}

/* The receive is not under way: closes the descriptor and frees the record. */
static void finish(stoa_conn *c)
{
    struct port *p = c->port;
    p->core->sys->close(p->core->sys, c->recv.fd);
    list_unlink(&c->place.node);
    stage_conn_drop(&p->core->stage, c->stage);
    if (c->state == CONN_HELD)
        core_live_drop(p->core);
    else
        core_conn_drop(p->core);
    list_push_front(&p->free, &c->place.node);
    port_conn_gone(p);
}

static void cancel_recv(stoa_conn *c)
{
    if (!io_is_under_way(&c->recv) || c->recv_cancelled)
        return;
    c->recv_cancelled = true;
    io_cancel(c->port->core->io, &c->recv);
}

/* Without more ado. A receive under way pins the socket, so it ends first. */
static void close_conn(stoa_conn *c)
{
    conn_drop(c);
    sched_unpost(&c->job);
    list_unlink(&c->place.node);
    if (!io_is_under_way(&c->recv)) {
        finish(c);
        return;
    }
    c->state = CONN_CLOSING;
    list_push_back(&c->port->running, &c->place.node);
    cancel_recv(c);
}

void conn_reset(stoa_conn *c)
{
    const struct io_sys *sys = c->port->core->sys;
    struct linger hard = { .l_onoff = 1, .l_linger = 0 };
    sys->set_option(sys, c->recv.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close_conn(c);
}

/* ---- from accept to a task ---- */

static void ready(stoa_conn *c)
{
    c->state = CONN_READY;
    stage_at(c->stage, STOA_AT_READY, core_now(c->port->core));
    list_unlink(&c->place.node);
    list_push_back(&c->port->running, &c->place.node);
    sched_post(&c->port->core->sched, &c->job);
}

/* It counts as one of the connections now. */
static void begin(stoa_conn *c)
{
    struct core *core = c->port->core;
    core_live_drop(core);
    core_conn_add(core);
    ready(c);
    if (core->conns >= core->conns_max)
        port_pause(c->port, 0);
}

static void begin_held(struct line_place *place)
{
    conn_stages_admitted(conn_at(place));
    begin(conn_at(place));
}

static void take(struct port *p, int fd)
{
    struct core *core = p->core;
    stoa_conn *c = record_new(p, fd);
    if (!c) {
        core->sys->close(core->sys, fd);
        port_pause(p, -ENOMEM);
        return;
    }
    core_live_add(core);
    conn_stages_accepted(c);
    c->state = CONN_HELD;
    if (core->conns < core->conns_max) {
        begin(c);
        return;
    }
    conn_stages_held(c);
    list_push_back(&p->held, &c->place.node);
    port_pause(p, 0);
}

void conn_begin_dialled(stoa_conn *c)
{
    c->dialled = true;
    c->state = CONN_SERVED;
    c->served = 1;
    core_conn_add(c->port->core);
    list_push_back(&c->port->running, &c->place.node);
}

int conn_arm(stoa_conn *c)
{
    if (io_is_under_way(&c->recv))
        return 0;
    return io_submit(c->port->core->io, &c->recv);
}

/* Without an operation: a request is usually there when its connection is accepted, and one that
 * is answered and closed then never needs more. returns what io_recv_now says. */
static int receive_now(stoa_conn *c)
{
    struct io_chunk *chunk;
    int r = io_recv_now(c->port->core->io, c->recv.fd, &chunk);
    if (r > 0)
        conn_queue(c, chunk, true);
    else if (r != -EAGAIN && r != -ENOBUFS)
        c->end = r;
    return r;
}

/* ---- reading late on purpose: only looked at, until it is late enough ---- */

static void look_later(stoa_conn *c)
{
    struct port *p = c->port;
    c->moment = core_in(p->core, p->opt->idle);
    line_join(&p->looking, &c->place, core_in(p->core, LOOK));
}

static void look(struct line_place *place)
{
    stoa_conn *c = conn_at(place);
    struct port *p = c->port;
    const struct io_sys *sys = p->core->sys;
    char byte;
    struct iovec v = { &byte, 1 };
    ssize_t r =
        sys->receive(sys, c->recv.fd, &(struct msghdr){ .msg_iov = &v, .msg_iovlen = 1 }, MSG_PEEK);
    if (r != -EAGAIN)
        line_join(&p->late_reads, &c->place, core_in(p->core, p->opt->read_late));
    else if (core_now(p->core) >= c->moment)
        leave(c);
    else
        line_join(&p->looking, &c->place, core_in(p->core, LOOK));
}

static void read_late(struct line_place *place)
{
    leave(conn_at(place)); /* it is served when there are bytes, and closed when there are none */
}

static void park(stoa_conn *c)
{
    struct port *p = c->port;
    if (c->head) {
        ready(c); /* through the run queue, so that others get their turn */
        return;
    }
    bool is_late = p->opt->read_late && !p->draining;
    if (c->end <= 0 || (!is_late && conn_arm(c) < 0)) {
        close_conn(c);
        return;
    }
    c->state = CONN_PARKED;
    stage_at(c->stage, STOA_AT_IDLE, core_now(p->core));
    conn_rests(c);
    list_unlink(&c->place.node);
    if (is_late)
        look_later(c);
    else if (!p->draining)
        line_join(&p->silent, &c->place, core_in(p->core, p->opt->idle));
    else if (c->served > 0)
        leave(c);
    else /* its first request is on the way, or it is nobody's */
        line_join(&p->lingering, &c->place, core_in(p->core, LINGER_SILENCE));
}

static int serve(stoa_task *t, void *arg)
{
    stoa_conn *c = arg;
    c->task = t;
    return c->port->opt->serve(c, c->port->opt->arg);
}

static void served(void *arg, int result);

/* The job of a connection that is READY. */
static void start(struct job *j)
{
    stoa_conn *c = list_owner(j, stoa_conn, job);
    struct port *p = c->port;
    if (p->cut) {
        close_conn(c);
        return;
    }
    if (c->served == 0 && !c->head && !io_is_under_way(&c->recv) && !p->opt->leaves_bytes &&
        !p->opt->read_late)
        receive_now(c);
    bool greets = p->opt->greet && c->served == 0 && c->end >= 0;
    if (!c->head && !greets) {
        park(c);
        return;
    }
    c->state = CONN_SERVED;
    if (p->opt->greet) /* else it is for whoever reads the request to say */
        stage_at(c->stage, STOA_AT_HANDLER, core_now(p->core));
    c->served++;
    int r = task_start(&p->core->sched, serve, c, served);
    if (r == 0)
        return; /* it may be gone already */
    if (core_may_say(p->core, &p->say_stack))
        core_say(p->core, STOA_ERROR, "a connection was closed unserved: no memory for its stack");
    close_conn(c);
}

/* ---- from a task to the end ---- */

/* Whether the failure is the peer's doing, or the end of the grace, rather than ours. */
static bool is_peers(int err)
{
    static const int theirs[] = { -ECONNRESET, -EPIPE,      -ETIMEDOUT,   -ENOTCONN,
                                  -ECANCELED,  STOA_EPROTO, STOA_ETOOBIG, STOA_EEOF };
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        if (err == theirs[i])
            return true;
    return false;
}

static void say_failed(stoa_conn *c, int err)
{
    static const char *const stages[] = { "the handler", "reading", "writing" };
    const struct core *core = c->port->core;
    if (!core->log)
        return;
    struct addr peer;
    char from[ADDR_TEXT_BYTES], to[ADDR_TEXT_BYTES];
    int stage = c->failed_with == err ? c->failed_at : CONN_AT_HANDLER;
    conn_peer(c, &peer);
    core_say(core, is_peers(err) ? STOA_INFO : STOA_WARNING,
             "connection from %s to %s reset: %s failed: %s (%s)",
             addr_format_peer(&peer, from, sizeof from), addr_format(conn_local(c), to, sizeof to),
             stages[stage], stoa_strerror(err), error_name(err));
}

/* Our end, and with it what the kernel holds back. returns 0, < 0. */
static int send_end(stoa_conn *c)
{
    const struct io_sys *sys = c->port->core->sys;
    if (c->finished)
        return 0;
    return sys->shutdown(sys, c->recv.fd, SHUT_WR);
}

/* The peer has promised that it sends no more: nothing to linger for. Should it send all the same,
 * closing is a reset, and that would drop what is held back instead of sending it. */
static void close_gone(stoa_conn *c)
{
    if (c->held)
        send_end(c); /* where that fails, nobody is there */
    close_conn(c);
}

/* Closing while the peer still sends would reset the connection and destroy what it has not read
 * of our last bytes (RFC 9112 section 9.6): so our end goes out, and its bytes are read and dropped
 * until its own end comes, or patience does. */
static void linger(stoa_conn *c)
{
    struct port *p = c->port;
    bool is_stream = c->recv.kind == IO_RECV;
    conn_drop(c);
    if (c->end <= 0 || p->cut || !is_stream || send_end(c) < 0 || conn_arm(c) < 0) {
        close_conn(c);
        return;
    }
    c->state = CONN_LINGERING;
    stage_at(c->stage, STOA_AT_LINGER, core_now(p->core));
    c->moment = core_in(p->core, LINGER_MAX);
    list_unlink(&c->place.node);
    line_join(&p->lingering, &c->place, core_in(p->core, LINGER_SILENCE));
}

void conn_end_in_order(stoa_conn *c)
{
    linger(c);
}

void conn_end_now(stoa_conn *c)
{
    close_conn(c);
}

/* The task has ended. */
static void served(void *arg, int result)
{
    stoa_conn *c = arg;
    c->task = NULL;
    conn_release(c);
    if (result > 0 && c->port->opt->greet)
        result = CONN_CLOSE; /* a raw handler's number, not one of ours */
    if (result < 0) {
        if (result != CONN_RESET)
            say_failed(c, result);
        conn_reset(c);
    } else if (result == CONN_PARK) {
        park(c);
    } else if (result == CONN_GONE && !c->head) {
        close_gone(c);
    } else {
        linger(c);
    }
}

/* ---- bytes ---- */

static void drop_lingering(stoa_conn *c, struct io_chunk *chunk)
{
    struct port *p = c->port;
    c->unread += chunk->len;
    io_chunk_free(p->core->io, chunk);
    if (c->unread > LINGER_BYTES_MAX || core_now(p->core) >= c->moment) {
        close_conn(c);
        return;
    }
    list_unlink(&c->place.node);
    line_join(&p->lingering, &c->place, core_in(p->core, LINGER_SILENCE));
}

static void bytes_came(stoa_conn *c, struct io_chunk *chunk)
{
    if (c->state == CONN_CLOSING) {
        io_chunk_free(c->port->core->io, chunk);
        return;
    }
    if (c->state == CONN_LINGERING) {
        drop_lingering(c, chunk);
        return;
    }
    conn_queue(c, chunk, false);
    if (conn_stages_awaits_ack(c))
        conn_stages_acked(c);
    if (c->state == CONN_PARKED || c->state == CONN_LEAVING)
        ready(c);
    bool wanted = c->reader && c->unread <= c->reader->have;
    if (c->reader && !wanted)
        task_wake(c->reader->task);
    if (c->watched)
        sched_post(&c->port->core->sched, &c->job);
    if (c->chunks > UNREAD_CHUNKS_MAX && !wanted)
        cancel_recv(c);
}

/* Nothing is received any more from a connection that is LEAVING: one last look. */
static void leave_now(stoa_conn *c)
{
    if (c->end > 0 && receive_now(c) > 0)
        ready(c);
    else
        close_conn(c);
}

static void recv_ended(stoa_conn *c, int res)
{
    if (!(c->recv_cancelled && res == -ECANCELED))
        c->end = res;
    c->recv_cancelled = false;
    if (conn_stages_awaits_ack(c))
        conn_stages_acked(c);
    switch (c->state) {
    case CONN_CLOSING: finish(c); break;
    case CONN_LEAVING: leave_now(c); break;
    case CONN_PARKED:
    case CONN_LINGERING:
        if (c->end <= 0 || conn_arm(c) < 0)
            close_conn(c);
        break;
    case CONN_SERVED: {
        /* Cancelled because of too much unread, which has been read by now. */
        int r = c->reader && c->end > 0 ? conn_arm(c) : 0;
        if (r < 0)
            c->end = r;
        if (c->reader && c->end <= 0)
            task_wake(c->reader->task);
        if (c->watched)
            sched_post(&c->port->core->sched, &c->job);
        break;
    }
    default: break; /* READY: its task will see */
    }
}

static void received(struct io_op *op, int res, struct io_chunk *chunk)
{
    stoa_conn *c = list_owner(op, stoa_conn, recv);
    if (res > 0)
        bytes_came(c, chunk);
    else if (chunk)
        io_chunk_free(c->port->core->io, chunk); /* an empty datagram */
    else if (res != -EAGAIN)
        recv_ended(c, res);
    else if (conn_stages_awaits_ack(c))
        conn_stages_acked(c);
}

/* ---- time, and the end of the listener ---- */

/* Closes a parked connection, unless bytes have come meanwhile: then they are served. */
static void leave(stoa_conn *c)
{
    check(c->state == CONN_PARKED);
    c->state = CONN_LEAVING;
    list_unlink(&c->place.node);
    list_push_back(&c->port->running, &c->place.node);
    if (io_is_under_way(&c->recv))
        cancel_recv(c);
    else
        leave_now(c);
}

void conn_place(stoa_conn *c)
{
    struct port *p = c->port;
    list_unlink(&c->place.node);
    if (c->reader || (c->writers && c->writers->waits))
        line_join(&p->silent, &c->place, core_in(p->core, p->opt->idle));
    else
        list_push_back(&p->running, &c->place.node);
}

static void expire_silent(struct line_place *place)
{
    stoa_conn *c = conn_at(place);
    if (c->state == CONN_PARKED) {
        leave(c);
        return;
    }
    /* A raw handler waits, and so does its peer. */
    list_push_back(&c->port->running, &c->place.node);
    if (c->reader) {
        c->reader->expired = true;
        task_wake(c->reader->task);
    }
    if (c->writers && c->writers->waits) {
        c->writers->expired = true;
        task_wake(c->writers->task);
    }
}

static void expire_lingering(struct line_place *place)
{
    stoa_conn *c = conn_at(place);
    if (c->state == CONN_PARKED)
        leave(c);
    else
        close_conn(c);
}

static void drain(struct line_place *place)
{
    stoa_conn *c = conn_at(place);
    if (c->state != CONN_PARKED)
        return;
    if (c->served > 0) {
        leave(c);
        return;
    }
    list_unlink(&c->place.node);
    line_join(&c->port->lingering, &c->place, core_in(c->port->core, LINGER_SILENCE));
}

static void cut(struct line_place *place)
{
    stoa_conn *c = conn_at(place);
    if (c->state == CONN_SERVED && !c->dialled) /* a dialled one's owner is cancelled by its own */
        task_cancel(c->task);
    else if (c->state != CONN_SERVED && c->state != CONN_CLOSING)
        close_conn(c);
}

const struct port_conns conn_life = { take, begin_held,    drain,
                                      cut,  expire_silent, expire_lingering,
                                      look, read_late,     release };
