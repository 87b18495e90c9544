/* net/attempt.c -- see attempt.h. What Linux does, measured on 6.18:
 *
 * - An ICMP error for a SYN ends the attempt at once, unless it came while the socket was locked
 *   (mostly those of the own firewall): then SYNs go on, and poll says POLLERR meanwhile.
 * - Draining the error queue clears SO_ERROR, which then looks like success: SO_ERROR first, and in
 *   the end only the state in TCP_INFO is believed.
 * - IP_RECVERR left on would let later ICMP errors break the live connection.
 * - After a failure the socket knows no address of its own: it is asked right after connect(2). */
#include "net/attempt.h"

#include <errno.h>
#include <netinet/tcp.h>

static stoa_time clock_now(const struct attempt *a)
{
    return a->core->sys->clock(a->core->sys).mono_ns;
}

static void close_socket(struct attempt *a)
{
    if (a->fd >= 0)
        a->core->sys->close(a->core->sys, a->fd);
    a->fd = -1;
}

static void fail(struct attempt *a, int err)
{
    a->state = ATTEMPT_FAILED;
    a->err = err;
    a->ended = clock_now(a);
    close_socket(a);
}

/* returns the connection's state; 0 when it cannot be had. */
static int learn_tcp(struct attempt *a)
{
    const struct io_sys *sys = a->core->sys;
    struct tcp_info info;
    memset(&info, 0, sizeof info);
    socklen_t n = sizeof info;
    if (sys->get_option(sys, a->fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
        return 0;
    a->unanswered = info.tcpi_retransmits;
    a->retransmitted = info.tcpi_total_retrans;
    if (info.tcpi_state != TCP_SYN_SENT && info.tcpi_state != TCP_CLOSE)
        a->rtt = (stoa_time)info.tcpi_rtt * STOA_US;
    return info.tcpi_state;
}

static void learn_from(struct attempt *a)
{
    const struct io_sys *sys = a->core->sys;
    struct sockaddr_storage from;
    socklen_t n = sizeof from;
    if (sys->local_name(sys, a->fd, &from, &n) == 0)
        addr_set(&a->from, (const struct sockaddr *)&from, n);
}

/* With a port of its own range on this machine as target the kernel may pick that very port for our
 * end, and both open at once (RFC 9293 section 3.5). */
static bool is_to_itself(const struct attempt *a)
{
    const struct io_sys *sys = a->core->sys;
    struct sockaddr_storage peer;
    socklen_t n = sizeof peer;
    struct addr to;
    if (sys->peer_name(sys, a->fd, &peer, &n) < 0)
        return false;
    addr_set(&to, (const struct sockaddr *)&peer, n);
    return addr_is_same_host(&a->from, &to) && addr_port(&a->from) == addr_port(&to);
}

static void succeed(struct attempt *a)
{
    if (attempt_is_tcp(a) && is_to_itself(a)) {
        a->to_itself = true;
        fail(a, -ECONNREFUSED);
        return;
    }
    a->state = ATTEMPT_CONNECTED;
    a->ended = clock_now(a);
    if (attempt_is_tcp(a))
        icmp_listen(a->core->sys, a->fd, a->to.family, false);
}

/* ---- waiting ---- */

static void told(struct io_op *op, int res, struct io_chunk *chunk)
{
    (void)res; /* the socket is asked */
    (void)chunk;
    struct attempt *a = list_owner(op, struct attempt, op);
    a->waits = false;
    task_wake(a->task);
}

static void wait_on(struct attempt *a)
{
    a->op = (struct io_op){ .done = told, .fd = a->fd, .kind = IO_WRITABLE };
    int r = io_submit(a->core->io, &a->op);
    if (r < 0)
        fail(a, r);
    else
        a->waits = true;
}

static int set_up(struct attempt *a)
{
    const struct io_sys *sys = a->core->sys;
    bool v6 = a->to.family == AF_INET6;
    if (!attempt_is_tcp(a))
        return 0;
    if (a->ttl > 0) {
        int r = sys->set_option(sys, a->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                v6 ? IPV6_UNICAST_HOPS : IP_TTL, &a->ttl, sizeof a->ttl);
        if (r < 0)
            return r;
    }
    return icmp_listen(sys, a->fd, a->to.family, true);
}

void attempt_begin(struct attempt *a, struct core *core, stoa_task *t)
{
    const struct io_sys *sys = core->sys;
    a->core = core;
    a->task = t;
    a->began = clock_now(a);
    a->state = ATTEMPT_WAITS;
    a->fd = sys->socket(sys, a->to.family, a->socktype, 0);
    int r = a->fd < 0 ? a->fd : set_up(a);
    if (r < 0) {
        a->no_socket = true;
        fail(a, r);
        return;
    }
    r = sys->connect(sys, a->fd, &a->to.any, a->to.len);
    if (r == 0 || r == -EINPROGRESS)
        learn_from(a);
    if (r == -EINPROGRESS) {
        wait_on(a);
    } else if (r == 0) {
        if (attempt_is_tcp(a))
            learn_tcp(a);
        succeed(a);
    } else {
        a->at_once = true;
        fail(a, r);
    }
}

/* ---- looking ---- */

static int take_error(struct attempt *a)
{
    const struct io_sys *sys = a->core->sys;
    int err = 0;
    socklen_t n = sizeof err;
    int r = sys->get_option(sys, a->fd, SOL_SOCKET, SO_ERROR, &err, &n);
    return r < 0 ? r : -err;
}

static void note_soft(struct attempt *a, const struct icmp *icmp)
{
    if (!icmp->family)
        return;
    a->soft = *icmp;
    a->soft_at = clock_now(a);
}

static bool is_in_handshake(int state)
{
    return state == TCP_SYN_SENT || state == TCP_SYN_RECV;
}

static void look_tcp(struct attempt *a)
{
    int state = learn_tcp(a);
    int err = take_error(a);
    struct icmp icmp = { 0 };
    icmp_take(a->core->sys, a->fd, &icmp);
    /* It may have ended since we asked for its state: then this is why, and is told only once. */
    if (is_in_handshake(state) && (err || icmp.family))
        state = learn_tcp(a);
    if (is_in_handshake(state)) {
        note_soft(a, &icmp);
        wait_on(a);
    } else if (state != TCP_CLOSE && state != 0) {
        note_soft(a, &icmp);
        succeed(a);
    } else {
        a->icmp = icmp;
        fail(a, err ? err : icmp.err ? icmp.err : -ECONNABORTED);
    }
}

void attempt_look(struct attempt *a)
{
    if (a->state != ATTEMPT_WAITS || a->waits)
        return;
    if (attempt_is_tcp(a)) {
        look_tcp(a);
        return;
    }
    int err = take_error(a);
    if (err)
        fail(a, err);
    else
        succeed(a);
}

/* ---- the end ---- */

void attempt_end(struct attempt *a, int err)
{
    if (a->state == ATTEMPT_WAITS && !a->waits)
        attempt_look(a); /* it ended just now */
    if (a->waits) {
        io_cancel(a->core->io, &a->op);
        while (a->waits)
            task_park_deaf(&a->core->sched);
    }
    if (a->state != ATTEMPT_WAITS) {
        if (a->state != ATTEMPT_UNTRIED)
            close_socket(a);
        return;
    }
    if (attempt_is_tcp(a))
        learn_tcp(a);
    fail(a, err);
}

int attempt_take(struct attempt *a)
{
    int fd = a->fd;
    a->fd = -1;
    return fd;
}
