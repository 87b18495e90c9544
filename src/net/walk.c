/* net/walk.c -- stoa_walk: SYNs that may pass one router more each, until somebody answers for good.
 *
 * Hops are asked a few at a time, so that silent ones cost little, and not all at once: each SYN that
 * reaches the peer opens a connection there. */
#include "net/attempt.h"

#include <stoa/dial.h>

#include <errno.h>

enum {
    AT_ONCE = 4,
    SILENT_MAX = 8, /* so many silent hops in a row: nothing more will come */
};

struct walk {
    stoa_task *task;
    struct core *core;
    struct addr to;
    stoa_time within;
    int max, begun;
    struct attempt hops[STOA_HOPS_MAX];
};

static int read_target(const char *text, struct addr *ret)
{
    struct addr_parts parts;
    struct addr_query numeric = { .socktype = SOCK_STREAM, .numeric = true };
    const char *why;
    int r = addr_split(str_of(text), &parts, &why);
    if (r < 0 || parts.is_unix || !parts.host[0])
        return -EINVAL;
    r = addr_look_up(&parts, &numeric, ret, 1, &why);
    return r < 0 ? -EINVAL : 0;
}

/* ---- one hop ---- */

static const struct icmp *icmp_of(const struct attempt *a)
{
    return a->icmp.family ? &a->icmp : &a->soft;
}

/* Also by an ICMP message that came while the socket was locked, so that SYNs go on. */
static bool is_answered(const struct attempt *a)
{
    return a->state == ATTEMPT_CONNECTED || a->state == ATTEMPT_FAILED || a->soft.family;
}

static bool is_time_exceeded(const struct icmp *i)
{
    return i->type == (i->family == AF_INET6 ? 3 : 11);
}

static bool is_silent(const struct attempt *a)
{
    return a->err == -ETIMEDOUT && !icmp_of(a)->family;
}

/* Whether nobody beyond it is to be asked. */
static bool is_last(const struct attempt *a)
{
    if (!is_answered(a) || is_silent(a))
        return false;
    return !icmp_of(a)->family || !is_time_exceeded(icmp_of(a));
}

static void tell(const struct attempt *a, struct stoa_hop *ret)
{
    const struct icmp *icmp = icmp_of(a);
    *ret = (struct stoa_hop){ .err = a->err };
    if (is_silent(a))
        return;
    if (icmp->family) {
        ret->err = -EHOSTUNREACH;
        if (icmp->by.family)
            addr_format_host(&icmp->by, ret->by, sizeof ret->by);
    } else if (a->err == 0 || a->err == -ECONNREFUSED || a->err == -ECONNRESET) {
        addr_format_host(&a->to, ret->by, sizeof ret->by); /* or whoever speaks in its name */
    }
    ret->rtt = (icmp == &a->soft && icmp->family ? a->soft_at : a->ended) - a->began;
}

/* ---- a few of them ---- */

/* Whether all up to the first one that is the last, or all that were begun, have ended. */
static bool is_decided(const struct walk *w)
{
    for (int i = 0; i < w->begun; i++) {
        if (!is_answered(&w->hops[i]))
            return false;
        if (is_last(&w->hops[i]))
            return true;
    }
    return true;
}

static int ask_some(struct walk *w)
{
    stoa_time end = core_in(w->core, w->within), now;
    int first = w->begun, r = 0;
    while (w->begun < w->max && w->begun < first + AT_ONCE) {
        struct attempt *a = &w->hops[w->begun++];
        a->to = w->to;
        a->socktype = SOCK_STREAM;
        a->ttl = w->begun;
        attempt_begin(a, w->core, w->task);
    }
    while (r == 0) {
        for (int i = first; i < w->begun; i++)
            attempt_look(&w->hops[i]);
        now = core_now(w->core);
        if (is_decided(w) || now >= end)
            break;
        r = stoa_sleep(w->task, end - now);
    }
    for (int i = first; i < w->begun; i++)
        attempt_end(&w->hops[i], r < 0 ? r : -ETIMEDOUT);
    return r;
}

/* How many hops are worth telling: up to the last one, or to the first of the silence at the end. */
static int count_told(const struct walk *w)
{
    int told = 0;
    for (int i = 0; i < w->begun; i++) {
        if (is_last(&w->hops[i]))
            return i + 1;
        if (!is_silent(&w->hops[i]))
            told = i + 1;
    }
    return told < w->begun ? told + 1 : told;
}

static int walk(struct walk *w)
{
    int r = 0, told = 0;
    do {
        r = ask_some(w);
        told = count_told(w);
    } while (r == 0 && w->begun < w->max && !is_last(&w->hops[told - 1]) &&
             w->begun - told < SILENT_MAX);
    return r < 0 ? r : told;
}

/* ---- who sent the reset ---- */

/* Ports that traceroute(8) sends to: nobody is there. */
enum { NOBODYS_PORT = 33434 };

struct ping {
    struct io_op op;
    struct io *io;
    stoa_task *task;
    bool waits;
};

static void ping_answered(struct io_op *op, int res, struct io_chunk *chunk)
{
    struct ping *p = list_owner(op, struct ping, op);
    if (chunk)
        io_chunk_free(p->io, chunk);
    if (chunk || res >= 0)
        return;
    p->waits = false;
    task_wake(p->task);
}

/* Sends a datagram from fd, and waits for an ICMP message about it.               [waits] */
static void ping(struct walk *w, int fd, struct icmp *ret)
{
    const struct io_sys *sys = w->core->sys;
    struct ping p = { .op = { .done = ping_answered, .fd = fd, .kind = IO_RECV_FROM },
                      .io = w->core->io,
                      .task = w->task };
    struct iovec v = { "stoa", 4 };
    stoa_time end = core_in(w->core, w->within);
    if (io_submit(w->core->io, &p.op) < 0)
        return;
    p.waits = true;
    int r = (int)sys->send(sys, fd, &(struct msghdr){ .msg_iov = &v, .msg_iovlen = 1 }, 0);
    while (r >= 0 && p.waits && core_now(w->core) < end)
        r = stoa_sleep(w->task, end - core_now(w->core));
    if (p.waits)
        io_cancel(w->core->io, &p.op);
    while (p.waits)
        task_park_deaf(&w->core->sched);
    icmp_take(sys, fd, ret);
}

/* Whether a datagram with that TTL does not get as far as the host. */
static bool is_before_host(struct walk *w, int ttl)
{
    const struct io_sys *sys = w->core->sys;
    struct icmp icmp = { 0 };
    struct addr to = w->to;
    bool v6 = to.family == AF_INET6;
    addr_set_port(&to, (uint16_t)(NOBODYS_PORT + ttl));
    int fd = sys->socket(sys, to.family, SOCK_DGRAM, 0);
    if (fd < 0)
        return false;
    int r = sys->set_option(sys, fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                            v6 ? IPV6_UNICAST_HOPS : IP_TTL, &ttl, sizeof ttl);
    if (r == 0)
        r = icmp_listen(sys, fd, to.family, true);
    if (r == 0)
        r = sys->connect(sys, fd, &to.any, to.len);
    if (r == 0)
        ping(w, fd, &icmp);
    sys->close(sys, fd);
    return icmp.by.family && !addr_is_same_host(&icmp.by, &to);
}

static void tell_all(struct walk *w, struct stoa_hop *hops, int count)
{
    for (int i = 0; i < count; i++)
        tell(&w->hops[i], &hops[i]);
    if (count > 0 && hops[count - 1].err == -ECONNREFUSED)
        hops[count - 1].forged = is_before_host(w, count);
}

int stoa_walk(stoa_task *t, const char *addr, stoa_time within, struct stoa_hop *hops, int max)
{
    struct addr to;
    int r = max > 0 && max <= STOA_HOPS_MAX && within > 0 ? read_target(addr, &to) : -EINVAL;
    if (r < 0)
        return r;
    struct core *core = core_of(t);
    struct walk *w = mem_zalloc(core->mem, sizeof *w);
    if (!w)
        return -ENOMEM;
    w->task = t;
    w->core = core;
    w->to = to;
    w->within = within;
    w->max = max;
    r = walk(w);
    if (r > 0)
        tell_all(w, hops, r);
    mem_free(core->mem, w, sizeof *w);
    return r;
}
