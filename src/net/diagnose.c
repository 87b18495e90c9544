/* net/diagnose.c -- see diagnose.h. Each row was measured with namespaces, routers and firewalls. */
#include "net/diagnose.h"
#include "base/cause.h"
#include "probe/own_addr.h"

#include <errno.h>
#include <stdio.h>

static const struct stoa_cause *named(const char *id)
{
    return stoa_cause_find(id);
}

static bool is_loopback(const struct addr *a)
{
    if (a->family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
    return a->family == AF_INET && ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

/* The kernel sends from the target's own address when that is one of this machine's. */
static bool is_local(const struct attempt *a)
{
    return a->to.family == AF_UNIX || is_loopback(&a->to) || addr_is_wildcard(&a->to) ||
           addr_is_same_host(&a->from, &a->to);
}

/* Whether this machine sent the ICMP message itself. */
static bool is_own(const struct attempt *a, const struct icmp *icmp)
{
    return icmp->family && addr_is_same_host(&icmp->by, &a->from);
}

/* ---- causes ---- */

static const struct stoa_cause *cause_unix(const struct attempt *a, char *detail, size_t n)
{
    const struct io_sys *sys = a->core->sys;
    struct stat st;
    if (a->err == -EACCES || a->err == -EPERM)
        return named("connect.unix_permission");
    if (a->err != -ECONNREFUSED)
        return cause_of(STOA_STAGE_CONNECT, a->err);
    if (sys->lstat(sys, a->to.un.sun_path, &st) == 0 && !S_ISSOCK(st.st_mode) &&
        !S_ISLNK(st.st_mode))
        return named("connect.unix_no_socket");
    snprintf(detail, n, "its file is there");
    return named("connect.unix_stale");
}

/* Whether an address of this machine has a network whose broadcast address is the target. */
static int has_as_broadcast(void *ctx, const struct own_addr *own)
{
    const struct addr *to = ctx;
    if (own->family != AF_INET || own->prefix_bits == 0 || own->prefix_bits > 30)
        return 0;
    uint32_t hosts = UINT32_MAX >> own->prefix_bits;
    return ntohl(to->v4.sin_addr.s_addr) == (ntohl(own->v4.sin_addr.s_addr) | hosts);
}

static bool is_broadcast(const struct attempt *a)
{
    const struct core *core = a->core;
    return a->to.family == AF_INET &&
           own_addr_each(core->sys, core->mem, has_as_broadcast, (void *)(uintptr_t)&a->to) > 0;
}

/* connect(2) itself refused: no packet was sent. */
static const struct stoa_cause *cause_at_once(const struct attempt *a)
{
    bool needs_scope = a->to.family == AF_INET6 && !a->to.v6.sin6_scope_id &&
                       IN6_IS_ADDR_LINKLOCAL(&a->to.v6.sin6_addr);
    switch (a->err) {
    case -EINVAL: return named(needs_scope ? "connect.no_scope" : "connect.route_blackhole");
    case -ENETUNREACH:
    case -EHOSTUNREACH:
    case -EACCES:
        if (addr_is_multicast(&a->to) || is_broadcast(a))
            return named("connect.not_unicast");
        return named(a->err == -EACCES        ? "connect.route_prohibited"
                     : a->err == -ENETUNREACH ? "connect.no_route_local"
                                              : "connect.route_unreachable");
    default: return cause_of(STOA_STAGE_CONNECT, a->err);
    }
}

static const struct stoa_cause *cause_icmp(const struct attempt *a, const struct icmp *icmp)
{
    const struct stoa_cause *c = icmp_cause(icmp);
    if (!is_own(a, icmp) || is_local(a))
        return c;
    return named(c == named("connect.host_unreachable") ? "connect.no_neighbour"
                                                        : "connect.own_firewall_rejects");
}

/* No answer, or none that ended it. */
static const struct stoa_cause *cause_silence(const struct attempt *a)
{
    if (a->soft.family)
        return cause_icmp(a, &a->soft);
    /* The timer ran out, yet nothing was sent again: the first SYN still waits in this machine for
     * the link address of its first hop. */
    if (a->unanswered > 0 && a->retransmitted == 0 && !is_local(a))
        return named("connect.no_neighbour");
    return named("connect.timeout");
}

static const struct stoa_cause *cause_inet(const struct attempt *a)
{
    if (a->at_once)
        return cause_at_once(a);
    if (a->to_itself)
        return named("connect.self");
    if (a->icmp.family)
        return cause_icmp(a, &a->icmp);
    if (a->err == -ETIMEDOUT)
        return cause_silence(a);
    if (a->soft.family && a->err == a->soft.err)
        return cause_icmp(a, &a->soft); /* the kernel's own patience is over, and it remembers */
    return cause_of(STOA_STAGE_CONNECT, a->err);
}

static const struct stoa_cause *cause(const struct attempt *a, char *detail, size_t n)
{
    if (a->err == 0)
        return NULL;
    if (a->no_socket)
        return cause_of(STOA_STAGE_SOCKET, a->err);
    if (a->err == -ECANCELED)
        return named("connect.given_up");
    return a->to.family == AF_UNIX ? cause_unix(a, detail, n) : cause_inet(a);
}

/* ---- words ---- */

static int syns(const struct attempt *a, const struct stoa_cause *c)
{
    bool none = !attempt_is_tcp(a) || a->no_socket || a->at_once ||
                c == named("connect.no_neighbour") || c == named("connect.own_firewall_rejects");
    return none ? 0 : 1 + (int)a->retransmitted;
}

static void describe(const struct attempt *a, const struct icmp *icmp, struct stoa_try *t)
{
    char name[40], seconds[24];
    snprintf(seconds, sizeof seconds, "%.1f s", (double)t->took / (double)STOA_SEC);
    if (icmp->family)
        snprintf(t->detail, sizeof t->detail, "ICMP%s %s%s", icmp->family == AF_INET6 ? "v6" : "",
                 icmp_name(icmp, name, sizeof name),
                 is_own(a, icmp) ? " from this machine itself" : "");
    else if (t->cause == named("connect.no_route_local"))
        snprintf(t->detail, sizeof t->detail,
                 "its routing table has none, or the interface is down");
    else if (t->err == -ETIMEDOUT && t->syns > 0)
        snprintf(t->detail, sizeof t->detail, "%d %s in %s", t->syns,
                 str_counted((uint64_t)t->syns, "SYN", "SYNs"), seconds);
    else if (t->err == -ETIMEDOUT)
        snprintf(t->detail, sizeof t->detail, "no SYN left this machine in %s", seconds);
}

void diagnose(const struct attempt *a, struct stoa_try *t)
{
    const struct icmp *icmp = a->icmp.family || a->err == 0 ? &a->icmp : &a->soft;
    *t = (struct stoa_try){ .began = a->began,
                            .took = a->ended > a->began ? a->ended - a->began : 0,
                            .err = a->err,
                            .rtt = a->rtt,
                            .icmp_type = icmp->family ? icmp->type : -1,
                            .icmp_code = icmp->family ? icmp->code : -1,
                            .soft_err = a->soft.err,
                            .is_local = is_local(a),
                            .queue = -1,
                            .queue_max = -1 };
    addr_format(&a->to, t->to, sizeof t->to);
    if (a->from.family == AF_INET || a->from.family == AF_INET6)
        addr_format(&a->from, t->from, sizeof t->from);
    if (icmp->by.family)
        addr_format_host(&icmp->by, t->by, sizeof t->by);
    t->cause = cause(a, t->detail, sizeof t->detail);
    t->syns = syns(a, t->cause);
    if (t->err && !t->detail[0])
        describe(a, icmp, t);
}

int diagnose_weight(const struct stoa_try *t)
{
    switch (t->cause ? t->cause->exit_code : EXIT_FINE) {
    case EXIT_FINE: return 0;
    case EXIT_REFUSED:
    case EXIT_CONNECT_RESET: return 5;
    case EXIT_UNREACHABLE: return 4;
    case EXIT_CONNECT_TIMEOUT: return 3;
    case EXIT_NO_PORTS:
    case EXIT_PERMISSION: return 2;
    default: return 1;
    }
}
