/* net/ports.c -- see ports.h. ip(7), ip_local_port_range. */
#include "net/ports.h"
#include "probe/diag.h"
#include "probe/proc_file.h"

#include <stdio.h>

struct look {
    const struct attempt *a;
    int64_t low, high; /* of the range; 0 = not known */
    int held, time_wait;
    bool is_counted;
};

static int count(void *ctx, const struct diag_socket *s)
{
    struct look *l = ctx;
    struct addr to = { .len = sizeof(struct sockaddr_in6) };
    if (s->remote.family != l->a->to.family)
        return 0;
    if (s->remote.family == AF_INET6)
        to.v6 = s->remote.v6;
    else
        to.v4 = s->remote.v4;
    if (!addr_is_same_host(&to, &l->a->to))
        return 0;
    l->held++;
    l->time_wait += s->state == DIAG_TIME_WAIT;
    return 0;
}

static void read_range(const struct io_sys *sys, struct look *l)
{
    char text[64];
    if (proc_read(sys, "/proc/sys/net/ipv4/ip_local_port_range", text, sizeof text) < 0)
        return;
    struct stoa_str rest = str_of(text);
    struct stoa_str low = { rest.p, str_find(rest, '\t') };
    if (low.n == rest.n)
        return;
    rest = str_from(rest, low.n + 1);
    struct stoa_str high = { rest.p, str_find(rest, '\n') };
    if (!proc_to_i64(low, &l->low) || !proc_to_i64(high, &l->high))
        l->low = l->high = 0;
}

static int look(const struct io_sys *sys, void *arg)
{
    struct look *l = arg;
    struct diag d;
    struct diag_query q = { .family = l->a->to.family,
                            .protocol = IPPROTO_TCP,
                            .states = DIAG_ALL_STATES,
                            .remote_port = addr_port(&l->a->to) };
    read_range(sys, l);
    diag_init(&d, sys, l->a->core->mem);
    l->is_counted = diag_each(&d, &q, count, l) == 0;
    diag_done(&d);
    return 0;
}

void ports_look(const struct attempt *a, struct stoa_try *t)
{
    struct look l = { .a = a };
    if (t->cause != stoa_cause_find("connect.no_ports") || !attempt_is_tcp(a) ||
        core_offload(a->core, look, &l) < 0 || l.high == 0 || !l.is_counted)
        return;
    snprintf(t->detail, sizeof t->detail,
             "of the %lld ports from %lld to %lld, %d are held by connections to that address and "
             "port, %d of them in TIME_WAIT",
             (long long)(l.high - l.low + 1), (long long)l.low, (long long)l.high, l.held,
             l.time_wait);
}
