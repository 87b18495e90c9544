/* net/stages.c -- see stages.h. TCP-STAGES: what TCP_INFO tells at accept, and how exactly. */
#include "net/stages.h"
#include "net/addr.h"
#include "net/conn.h"

#include <linux/net_tstamp.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

/* tcpi_rtt is of the last SYN-ACK and the client's ACK; under SYN cookies, which keep no such time,
 * it is nonsense. Whether some are sent is looked at once a second. */
static const stoa_time COOKIES_LAST = 3 * STOA_SEC;

static bool is_by_cookie(struct port *p)
{
    uint64_t sent = stage_read(&p->how.seen->syn_cookies);
    if (sent != p->cookies) {
        p->cookies = sent;
        p->cookies_until = core_in(p->core, COOKIES_LAST);
    }
    return core_now(p->core) < p->cookies_until;
}

/* The question is a fortieth of the CPU time of a connection with one small request. So while all is
 * calm, it is asked of one a millisecond: none was answered twice, and the wait is a short one. Of the
 * others the accept queue's order tells enough: who was accepted later came later, and has waited at
 * most for as long and for what has passed since. */
static const stoa_time CALM_LASTS = STOA_MS;
static const stoa_time CALM_WAIT = 20 * STOA_MS;

static bool is_calm(const struct port *p, stoa_time now)
{
    return p->calm_at && now - p->calm_at < CALM_LASTS;
}

static bool ask_accept(stoa_conn *c, struct stage_accept *ret)
{
    struct port *p = c->port;
    const struct io_sys *sys = p->core->sys;
    struct tcp_info info;
    socklen_t n = offsetof(struct tcp_info, tcpi_pacing_rate);
    if (sys->get_option(sys, c->recv.fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
        return false; /* a Unix socket */
    *ret = (struct stage_accept){ .handshake = is_by_cookie(p) ? 0 : info.tcpi_rtt * (uint64_t)1000,
                                  .queued = info.tcpi_last_data_sent * (uint64_t)1000000,
                                  .tick = (uint64_t)p->tick,
                                  .synack_retries = info.tcpi_total_retrans };
    p->calm_wait = (stoa_time)ret->queued;
    p->calm_at = p->calm_wait > CALM_WAIT || ret->synack_retries ? 0 : c->accepted;
    return true;
}

/* The address as the kernel gives it: whoever reads the file makes a text of it. */
void conn_rests(stoa_conn *c)
{
    struct addr peer;
    if (!c->stage || c->stage->way.has_peer)
        return;
    c->stage->way.has_peer = true;
    conn_peer(c, &peer);
    if (peer.family == AF_INET || peer.family == AF_INET6)
        stage_conn_peer(c->stage, &peer.any, peer.len);
}

void conn_stages_accepted(stoa_conn *c)
{
    struct port *p = c->port;
    if (!p->core->stage.core || !p->how.seen)
        return;
    c->stage = stage_conn_take(&p->core->stage, p->how.seen_index, c->accepted);
    if (!c->stage)
        return;
    struct stage_accept a = { 0 };
    if (is_calm(p, c->accepted))
        a.tick = (uint64_t)(p->tick + p->calm_wait + c->accepted - p->calm_at);
    else if (!ask_accept(c, &a))
        return;
    stage_conn_accepted(c->stage, &a);
    c->stage->way.is_tcp = true;
}

void conn_stages_held(stoa_conn *c)
{
    stage_at(c->stage, STOA_AT_HELD, core_now(c->port->core));
}

void conn_stages_admitted(stoa_conn *c)
{
    stoa_time now = core_now(c->port->core);
    if (!c->stage)
        return;
    stage_conn_held(c->stage, (uint64_t)(now - c->accepted));
    c->accepted = now;
}

void conn_stages_came(stoa_conn *c, struct io_chunk *chunk, bool taken)
{
    struct core *core = c->port->core;
    if (!c->stage)
        return;
    stage_bytes_in(&core->stage, c->stage, chunk->len);
    int64_t read = taken ? core_moment(core) : core_now(core);
    struct stage_came came = { .rx = core_received_at(core, chunk->stamp_ns),
                               .idle = taken ? read : core->stage.idle,
                               .read = read };
    if (c->port->opt->read_late)
        came.idle = 0; /* nobody else was in the way */
    chunk->came = came;
    if (c->served == 0 && came.rx && came.rx < c->accepted)
        stage_conn_waited(c->stage, (uint64_t)(c->accepted - came.rx));
}

/* ---- the client's ACK, of a reply now and then ---- */

/* One at a time, and of a Unix socket there is none. */
void conn_ask_ack(stoa_conn *c)
{
    if (c->stage && c->stage->way.is_tcp && c->stage->way.ack == STAGE_ACK_NONE)
        c->stage->way.ack = STAGE_ACK_WANTED;
}

void conn_stages_ask(stoa_conn *c, struct msghdr *m, union conn_stages_ask *room)
{
    uint32_t flags = SOF_TIMESTAMPING_TX_ACK;
    memset(room, 0, sizeof *room); /* the kernel reads the gaps, too */
    m->msg_control = room;
    m->msg_controllen = sizeof *room;
    room->head.cmsg_level = SOL_SOCKET;
    room->head.cmsg_type = SO_TIMESTAMPING;
    room->head.cmsg_len = CMSG_LEN(sizeof flags);
    memcpy(CMSG_DATA(&room->head), &flags, sizeof flags);
    c->stage->way.ack = STAGE_ACK_ASKED;
    c->stage->way.handed = 0;
}

void conn_handed_over(stoa_conn *c, stoa_time now)
{
    struct stage_way *way = &c->stage->way;
    if (way->ack == STAGE_ACK_ASKED) {
        way->ack = STAGE_ACK_AWAITED;
        way->handed = now;
    } else if (way->ack == STAGE_ACK_WANTED) {
        way->ack = STAGE_ACK_NONE; /* nothing was left to be sent */
    }
}

/* The first of the three times of SCM_TIMESTAMPING; 0 = it says something else. */
static int64_t stamp_in(struct msghdr *m)
{
    struct timespec t;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h))
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPING) {
            memcpy(&t, CMSG_DATA(h), sizeof t);
            return (int64_t)t.tv_sec * STOA_SEC + t.tv_nsec;
        }
    return 0;
}

void conn_stages_acked(stoa_conn *c)
{
    struct core *core = c->port->core;
    struct stage_way *way = &c->stage->way;
    union {
        struct cmsghdr aligned;
        char bytes[256];
    } control;
    struct msghdr m = { .msg_control = &control, .msg_controllen = sizeof control };
    if (core->sys->receive(core->sys, c->recv.fd, &m, MSG_ERRQUEUE) < 0)
        return; /* not yet */
    int64_t at = core_received_at(core, stamp_in(&m));
    if (at && way->handed)
        stage_request_acked(&core->stage, at > way->handed ? (uint64_t)(at - way->handed) : 0);
    way->ack = STAGE_ACK_NONE;
}

/* ---- a client that does not read ---- */

/* What the kernel has to tell makes the socket look as if it took bytes: it must be fetched. And what
 * was sent with the question was not the reply's last. */
static void forget_ack(stoa_conn *c)
{
    if (c->stage->way.ack == STAGE_ACK_WANTED)
        c->stage->way.ack = STAGE_ACK_NONE;
    if (!conn_stages_awaits_ack(c))
        return;
    c->stage->way.handed = 0;
    conn_stages_acked(c);
}

struct conn_stages_wait conn_stages_full(stoa_conn *c)
{
    struct conn_stages_wait was = { 0, 0 };
    if (!c->stage)
        return was;
    forget_ack(c);
    conn_rests(c);
    int64_t now = core_moment(c->port->core);
    was.at = c->stage->seen.at;
    stage_at(c->stage, STOA_AT_SEND, now);
    if (c->times)
        was.span = (uint8_t)stage_request_turn(c->times, STOA_SPAN_SEND, now);
    return was;
}

void conn_stages_room(stoa_conn *c, struct conn_stages_wait was)
{
    if (!c->stage)
        return;
    int64_t now = core_moment(c->port->core);
    stage_at(c->stage, (enum stoa_at)was.at, now);
    if (c->times)
        stage_request_turn(c->times, (enum stoa_span)was.span, now);
}
