/* probe/diag.c -- see diag.h. sock_diag(7); docs of the fields: linux/inet_diag.h, linux/unix_diag.h. */
#include "probe/diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <string.h>

const char *diag_state_name(int state)
{
    static const char *const names[] = {
        [DIAG_ESTABLISHED] = "ESTABLISHED",
        [DIAG_SYN_SENT] = "SYN_SENT",
        [DIAG_SYN_RECV] = "SYN_RECV",
        [DIAG_FIN_WAIT1] = "FIN_WAIT1",
        [DIAG_FIN_WAIT2] = "FIN_WAIT2",
        [DIAG_TIME_WAIT] = "TIME_WAIT",
        [DIAG_CLOSE] = "CLOSED",
        [DIAG_CLOSE_WAIT] = "CLOSE_WAIT",
        [DIAG_LAST_ACK] = "LAST_ACK",
        [DIAG_LISTEN] = "LISTEN",
        [DIAG_CLOSING] = "CLOSING",
        [DIAG_BOUND] = "BOUND",
    };
    bool is_known = state > 0 && state < (int)(sizeof names / sizeof *names) && names[state];
    return is_known ? names[state] : "?";
}

void diag_init(struct diag *d, const struct io_sys *sys, const struct stoa_mem *mem)
{
    netlink_init(&d->netlink, NETLINK_SOCK_DIAG, sys, mem);
}

void diag_done(struct diag *d)
{
    netlink_done(&d->netlink);
}

/* ---- TCP and UDP ---- */

/* The newest fields may be missing, or zero, on an old kernel. */
static void read_tcp(const struct netlink_attr *a, struct diag_socket *s)
{
    struct tcp_info i = { 0 };
    netlink_copy(a, &i, sizeof i);
    s->has_tcp = true;
    s->tcp = (struct diag_tcp){
        .rtt_us = i.tcpi_rtt,
        .rttvar_us = i.tcpi_rttvar,
        .min_rtt_us = i.tcpi_min_rtt,
        .rto_us = i.tcpi_rto,
        .snd_mss = i.tcpi_snd_mss,
        .snd_cwnd = i.tcpi_snd_cwnd,
        .total_retrans = i.tcpi_total_retrans,
        .unacked = i.tcpi_unacked,
        .last_data_sent_ms = i.tcpi_last_data_sent,
        .last_data_received_ms = i.tcpi_last_data_recv,
        .notsent_bytes = i.tcpi_notsent_bytes,
        .bytes_acked = i.tcpi_bytes_acked,
        .bytes_received = i.tcpi_bytes_received,
        .busy_us = i.tcpi_busy_time,
        .rwnd_limited_us = i.tcpi_rwnd_limited,
        .sndbuf_limited_us = i.tcpi_sndbuf_limited,
    };
}

static void read_drops(const struct netlink_attr *a, struct diag_socket *s)
{
    uint32_t memory[SK_MEMINFO_VARS] = { 0 };
    netlink_copy(a, memory, sizeof memory);
    s->drops = memory[SK_MEMINFO_DROPS];
}

static socklen_t read_addr(union diag_addr *to, uint8_t family, const __be32 *addr, __be16 port,
                           uint32_t ifindex)
{
    memset(to, 0, sizeof *to);
    to->family = family;
    if (family == AF_INET) {
        to->v4.sin_port = port;
        to->v4.sin_addr.s_addr = addr[0];
        return sizeof to->v4;
    }
    to->v6.sin6_port = port;
    memcpy(&to->v6.sin6_addr, addr, sizeof to->v6.sin6_addr);
    if (IN6_IS_ADDR_LINKLOCAL(&to->v6.sin6_addr))
        to->v6.sin6_scope_id = ifindex;
    return sizeof to->v6;
}

static void read_inet_attrs(struct netlink_attr *a, struct diag_socket *s)
{
    uint8_t flag = 0;
    while (netlink_next(a)) {
        switch (a->type) {
        case INET_DIAG_INFO: read_tcp(a, s); break;
        case INET_DIAG_SKMEMINFO: read_drops(a, s); break;
        case INET_DIAG_CGROUP_ID: netlink_copy(a, &s->cgroup, sizeof s->cgroup); break;
        case INET_DIAG_SKV6ONLY:
            netlink_copy(a, &flag, sizeof flag);
            s->v6_only = flag;
            break;
        default: break;
        }
    }
}

static bool read_inet(const void *body, size_t len, uint8_t protocol, struct diag_socket *s)
{
    struct inet_diag_msg m;
    if (len < sizeof m)
        return false;
    memcpy(&m, body, sizeof m);
    if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
        return false;
    memset(s, 0, sizeof *s);
    const struct inet_diag_sockid *id = &m.id;
    s->local_len =
        read_addr(&s->local, m.idiag_family, id->idiag_src, id->idiag_sport, id->idiag_if);
    read_addr(&s->remote, m.idiag_family, id->idiag_dst, id->idiag_dport, id->idiag_if);
    s->type = protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
    /* A TCP socket is told of as closed only where it has a port at least. */
    bool is_bound = protocol == IPPROTO_TCP && m.idiag_state == DIAG_CLOSE;
    s->state = is_bound ? DIAG_BOUND : m.idiag_state;
    s->timer = m.idiag_timer;
    s->retrans = m.idiag_retrans;
    s->expires_ms = m.idiag_expires;
    s->rqueue = m.idiag_rqueue;
    s->wqueue = m.idiag_wqueue;
    s->uid = m.idiag_uid;
    s->inode = m.idiag_inode;
    s->ifindex = id->idiag_if;
    s->cookie = (uint64_t)id->idiag_cookie[1] << 32 | id->idiag_cookie[0];
    struct netlink_attr a = { .rest = (const char *)body + sizeof m, .rest_n = len - sizeof m };
    read_inet_attrs(&a, s);
    return true;
}

/* ---- Unix sockets ---- */

/* The kernel gives the name without its end where it is a path, with its leading 0 where it is
 * abstract. */
static void read_name(const struct netlink_attr *a, struct diag_socket *s)
{
    size_t n = a->len < sizeof s->local.un.sun_path ? a->len : sizeof s->local.un.sun_path;
    memcpy(s->local.un.sun_path, a->data, n);
    s->local_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

static void read_file(const struct netlink_attr *a, struct diag_socket *s)
{
    struct unix_diag_vfs file = { 0 };
    netlink_copy(a, &file, sizeof file);
    s->file_dev = file.udiag_vfs_dev;
    s->file_ino = file.udiag_vfs_ino;
}

static void read_queues(const struct netlink_attr *a, struct diag_socket *s)
{
    struct unix_diag_rqlen queues = { 0 };
    netlink_copy(a, &queues, sizeof queues);
    s->rqueue = queues.udiag_rqueue;
    s->wqueue = queues.udiag_wqueue;
}

static bool read_unix(const void *body, size_t len, struct diag_socket *s)
{
    struct unix_diag_msg m;
    if (len < sizeof m)
        return false;
    memcpy(&m, body, sizeof m);
    memset(s, 0, sizeof *s);
    s->local.family = AF_UNIX;
    s->local_len = sizeof s->local.family;
    s->state = m.udiag_state;
    s->type = m.udiag_type;
    s->inode = m.udiag_ino;
    s->uid = UINT32_MAX;
    s->cookie = (uint64_t)m.udiag_cookie[1] << 32 | m.udiag_cookie[0];
    struct netlink_attr a = { .rest = (const char *)body + sizeof m, .rest_n = len - sizeof m };
    while (netlink_next(&a)) {
        switch (a.type) {
        case UNIX_DIAG_NAME: read_name(&a, s); break;
        case UNIX_DIAG_VFS: read_file(&a, s); break;
        case UNIX_DIAG_PEER: netlink_copy(&a, &s->peer_inode, sizeof s->peer_inode); break;
        case UNIX_DIAG_RQLEN: read_queues(&a, s); break;
        case UNIX_DIAG_UID: netlink_copy(&a, &s->uid, sizeof s->uid); break;
        case UNIX_DIAG_MEMINFO: read_drops(&a, s); break;
        default: break;
        }
    }
    return true;
}

/* st_dev as the C library has it, against the kernel's own (20 bits of minor number). */
bool diag_is_file(const struct diag_socket *s, const struct stat *st)
{
    uint64_t dev = st->st_dev;
    uint64_t major = (dev >> 8 & 0xfff) | (dev >> 32 & ~(uint64_t)0xfff);
    uint64_t minor = (dev & 0xff) | (dev >> 12 & 0xffffff00);
    return s->file_ino != 0 && s->file_ino == (uint32_t)st->st_ino &&
           s->file_dev == (uint32_t)(major << 20 | minor);
}

/* ---- questions ---- */

struct visitor {
    diag_visit *visit;
    void *ctx;
    uint8_t family, protocol;
    uint16_t local_port, remote_port; /* network order; 0 = any */
};

/* The kernel compares the ports; but not those of sockets that are only bound (6.18), so we do, too. */
static bool is_wanted(const struct visitor *v, const struct diag_socket *s)
{
    bool is_v4 = s->local.family == AF_INET;
    in_port_t local = is_v4 ? s->local.v4.sin_port : s->local.v6.sin6_port;
    in_port_t remote = is_v4 ? s->remote.v4.sin_port : s->remote.v6.sin6_port;
    return (!v->local_port || v->local_port == local) &&
           (!v->remote_port || v->remote_port == remote);
}

static int visit_message(void *ctx, uint16_t type, const void *body, size_t len)
{
    struct visitor *v = ctx;
    struct diag_socket s;
    if (type != SOCK_DIAG_BY_FAMILY && type != TCPDIAG_GETSOCK)
        return 0;
    if (v->family == AF_UNIX)
        return read_unix(body, len, &s) ? v->visit(v->ctx, &s) : -EPROTO;
    if (!read_inet(body, len, v->protocol, &s))
        return -EPROTO;
    return is_wanted(v, &s) ? v->visit(v->ctx, &s) : 0;
}

static uint8_t extensions(bool tcp)
{
    return (uint8_t)(1 << (INET_DIAG_SKMEMINFO - 1) | (tcp ? 1 << (INET_DIAG_INFO - 1) : 0));
}

static int ask_inet(struct diag *d, const struct diag_query *q, struct visitor *v)
{
    struct {
        struct nlmsghdr h;
        struct inet_diag_req_v2 r;
    } ask = {
        .h = { .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
        .r = { .sdiag_family = (uint8_t)q->family,
               .sdiag_protocol = q->protocol,
               .idiag_ext = extensions(q->tcp),
               .idiag_states = (uint32_t)q->states,
               .id = { .idiag_sport = htons(q->local_port),
                       .idiag_dport = htons(q->remote_port) } },
    };
    return netlink_ask(&d->netlink, &ask.h, sizeof ask, visit_message, v);
}

/* Both families in one walk: the older form of the question names no family that the kernel heeds
 * (inet_diag_dump_compat() in net/ipv4/inet_diag.c). */
static int ask_tcp(struct diag *d, const struct diag_query *q, struct visitor *v)
{
    struct {
        struct nlmsghdr h;
        struct inet_diag_req r;
    } ask = {
        .h = { .nlmsg_type = TCPDIAG_GETSOCK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
        .r = { .idiag_ext = extensions(q->tcp),
               .idiag_states = (uint32_t)q->states,
               .id = { .idiag_sport = htons(q->local_port),
                       .idiag_dport = htons(q->remote_port) } },
    };
    return netlink_ask(&d->netlink, &ask.h, sizeof ask, visit_message, v);
}

static int ask_unix(struct diag *d, const struct diag_query *q, struct visitor *v)
{
    struct {
        struct nlmsghdr h;
        struct unix_diag_req r;
    } ask = {
        .h = { .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
        .r = { .sdiag_family = AF_UNIX,
               .udiag_states = (uint32_t)q->states,
               .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN |
                             UDIAG_SHOW_MEMINFO | UDIAG_SHOW_UID },
    };
    return netlink_ask(&d->netlink, &ask.h, sizeof ask, visit_message, v);
}

int diag_each(struct diag *d, const struct diag_query *q, diag_visit *visit, void *ctx)
{
    struct visitor v = {
        visit, ctx, (uint8_t)q->family, q->protocol, htons(q->local_port), htons(q->remote_port)
    };
    switch (q->family) {
    case AF_UNIX: return ask_unix(d, q, &v);
    case AF_UNSPEC: return q->protocol == IPPROTO_TCP ? ask_tcp(d, q, &v) : -EPROTONOSUPPORT;
    default: return ask_inet(d, q, &v);
    }
}

static int keep(void *ctx, const struct diag_socket *s)
{
    *(struct diag_socket *)ctx = *s;
    return 0;
}

static void put_addr(const union diag_addr *a, __be32 *addr, __be16 *port)
{
    if (a->family == AF_INET) {
        *port = a->v4.sin_port;
        addr[0] = a->v4.sin_addr.s_addr;
    } else {
        *port = a->v6.sin6_port;
        memcpy(addr, &a->v6.sin6_addr, sizeof a->v6.sin6_addr);
    }
}

int diag_find(struct diag *d, const union diag_addr *local, const union diag_addr *remote,
              struct diag_socket *ret)
{
    struct {
        struct nlmsghdr h;
        struct inet_diag_req_v2 r;
    } ask = {
        .h = { .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST },
        .r = { .sdiag_family = (uint8_t)local->family,
               .sdiag_protocol = IPPROTO_TCP,
               .idiag_ext = extensions(true),
               .idiag_states = (uint32_t)DIAG_ALL_STATES,
               .id = { .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } } },
    };
    struct inet_diag_sockid *id = &ask.r.id;
    put_addr(local, id->idiag_src, &id->idiag_sport);
    put_addr(remote, id->idiag_dst, &id->idiag_dport);
    if (local->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&local->v6.sin6_addr))
        id->idiag_if = local->v6.sin6_scope_id;
    struct visitor v = { keep, ret, (uint8_t)local->family, IPPROTO_TCP, 0, 0 };
    return netlink_ask(&d->netlink, &ask.h, sizeof ask, visit_message, &v);
}
