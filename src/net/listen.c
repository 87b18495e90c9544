/* net/listen.c -- addresses in words become listeners: stoa_listen, stoa_datagram_listen, and what
 * the floors above call in their place. */
#include "net/datagram.h"
#include "net/gauges.h"
#include "net/listener.h"
#include "net/open.h"

#include <errno.h>

/* The longest silence of a raw handler's peer, where the program does not say. */
static const stoa_time IDLE = 60 * STOA_SEC;
enum { ADDRS_MAX = 8 };

/* ---- streams ---- */

struct streams {
    const struct listener_options *opt;
    struct listener **ret;
};

static int open_stream(void *ctx, struct stoa_rt *rt, struct addr *a, int index,
                       struct net_failure *failure)
{
    struct streams *s = ctx;
    return listener_open(rt, a, s->opt, &s->ret[index], failure);
}

int listener_open_all(struct stoa_rt *rt, struct stoa_str text, const struct listener_options *opt,
                      struct listener **ret, int max, struct net_failure *failure)
{
    struct streams s = { opt, ret };
    return open_all(rt, text, &(struct opener){ SOCK_STREAM, max, open_stream, &s }, failure);
}

int stoa_listen(stoa_rt *rt, const struct stoa_listen *l)
{
    struct listener_options opt = {
        .backlog = l->backlog,
        .idle = l->idle ? l->idle : IDLE,
        .serve = l->handler,
        .arg = l->arg,
        .greet = true,
    };
    struct listener *opened[ADDRS_MAX];
    struct net_failure failure;
    if (!l->addr || !l->handler || l->idle < 0 || l->backlog < 0)
        return -EINVAL;
    int r = listener_open_all(rt, str_of(l->addr), &opt, opened, ADDRS_MAX, &failure);
    return r < 0 ? r : gauges_add_or_close(rt, opened, r);
}

/* ---- datagrams ---- */

struct datagrams {
    stoa_datagram_handler *handler;
    void *arg;
    struct addr *ret;
};

static int open_datagram(void *ctx, struct stoa_rt *rt, struct addr *a, int index,
                         struct net_failure *failure)
{
    struct datagrams *d = ctx;
    int r = datagram_open(rt, a, d->handler, d->arg, failure);
    if (r == 0 && d->ret)
        d->ret[index] = *a;
    return r;
}

int datagram_open_all(struct stoa_rt *rt, struct stoa_str text, stoa_datagram_handler *handler,
                      void *arg, struct addr *ret, int max, struct net_failure *failure)
{
    struct datagrams d = { handler, arg, ret };
    return open_all(rt, text, &(struct opener){ SOCK_DGRAM, max, open_datagram, &d }, failure);
}

int stoa_datagram_listen(stoa_rt *rt, const struct stoa_datagram_listen *l)
{
    struct net_failure failure;
    if (!l->addr || !l->handler)
        return -EINVAL;
    int r = datagram_open_all(rt, str_of(l->addr), l->handler, l->arg, NULL, ADDRS_MAX, &failure);
    return r < 0 ? r : 0;
}
