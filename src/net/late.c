/* net/late.c -- see late.h. The length of the accept queue is the listener's tcpi_unacked. */
#include "net/late.h"
#include "base/check.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

static const stoa_time LOOK = STOA_MS;

/* Whether somebody waits; a Unix socket does not tell: somebody may. */
static bool is_awaited(const struct late_accept *l)
{
    const struct io_sys *sys = l->core->sys;
    struct tcp_info info = { .tcpi_unacked = 0 };
    socklen_t n = sizeof info;
    int r = sys->get_option(sys, l->fd, IPPROTO_TCP, TCP_INFO, &info, &n);
    return r < 0 || info.tcpi_unacked > 0;
}

/* Moving the timer cannot fail: it is always set. */
static void aim(struct late_accept *l, stoa_time when)
{
    check(timer_set(&l->core->sched, &l->timer, when) == 0);
}

static void look(struct timer *t)
{
    struct late_accept *l = list_owner(t, struct late_accept, timer);
    if (l->due == 0 && is_awaited(l))
        l->due = core_in(l->core, l->span);
    bool is_due = l->due && l->due <= core_now(l->core);
    aim(l, l->due && !is_due ? l->due : core_in(l->core, LOOK));
    if (!is_due)
        return;
    l->due = 0;
    l->take_all(l);
}

int late_accept_open(struct late_accept *l)
{
    timer_init(&l->timer, look);
    return timer_set(&l->core->sched, &l->timer, core_in(l->core, LOOK));
}

void late_accept_close(struct late_accept *l)
{
    if (l->core)
        timer_clear(&l->core->sched, &l->timer);
}
