/* net/conn.c -- what a connection's users may ask about it; see conn.h. */
#include "net/conn.h"
#include "net/dialled.h"
#include "net/record.h"

#include <linux/tcp.h>
#include <string.h>

struct core *conn_core(const stoa_conn *c)
{
    return c->port->core;
}

stoa_task *stoa_conn_task(stoa_conn *c)
{
    return c->task;
}

void conn_look_at_sent(const stoa_conn *c, struct conn_sent *ret)
{
    const struct io_sys *sys = c->port->core->sys;
    struct tcp_info info = { 0 };
    socklen_t n = sizeof info;
    *ret = (struct conn_sent){ 0 };
    if (sys->get_option(sys, c->recv.fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
        return;
    uint64_t sent = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
    uint64_t acked =
        info.tcpi_bytes_acked - (c->dialled && info.tcpi_bytes_acked > 0); /* the SYN */
    ret->in_flight = sent > acked ? sent - acked : 0;
    ret->waiting = info.tcpi_notsent_bytes;
}

const struct addr *conn_local(const stoa_conn *c)
{
    return c->dialled ? dialled_local(c) : c->port->how.addr;
}

/* Asks the kernel. A peer of a Unix socket is somebody without a name. */
static void learn_peer(stoa_conn *c)
{
    const struct io_sys *sys = c->port->core->sys;
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    if (sys->peer_name(sys, c->recv.fd, &a, &n) < 0)
        return;
    c->peer.family = a.ss_family;
    if (a.ss_family == AF_INET6)
        memcpy(&c->peer.v6, &a, sizeof c->peer.v6);
    else if (a.ss_family == AF_INET)
        memcpy(&c->peer.v4, &a, sizeof c->peer.v4);
    c->peer_known = true;
}

void conn_peer(stoa_conn *c, struct addr *ret)
{
    if (c->dialled) {
        *ret = *dialled_peer(c);
        return;
    }
    if (!c->peer_known)
        learn_peer(c);
    *ret = (struct addr){ .len = sizeof c->peer.family };
    ret->family = c->peer.family;
    if (c->peer.family == AF_INET6) {
        ret->v6 = c->peer.v6;
        ret->len = sizeof ret->v6;
    } else if (c->peer.family == AF_INET) {
        ret->v4 = c->peer.v4;
        ret->len = sizeof ret->v4;
    }
}

struct stage_conn *conn_stage(const stoa_conn *c)
{
    return c->stage;
}

void conn_measure(stoa_conn *c, struct stage_request *r)
{
    c->times = r;
}

stoa_time conn_accepted(const stoa_conn *c)
{
    return c->accepted;
}

uint32_t conn_served(const stoa_conn *c)
{
    return c->served;
}

uint32_t *conn_count(stoa_conn *c)
{
    return &c->count;
}

bool conn_is_draining(const stoa_conn *c)
{
    return c->port->draining;
}
