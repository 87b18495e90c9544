/* probe/drops.c -- see drops.h. tcp_conn_request() in net/ipv4/tcp_input.c says what is counted when;
 * measured on Linux 6.18. */
#include "probe/drops.h"

const char *const drops_counter_names[DROPS_COUNTERS] = {
    [DROPS_OVERFLOWS] = "TcpExtListenOverflows",
    [DROPS_SYN_FULL] = "TcpExtTCPReqQFullDrop",
    [DROPS_COOKIES] = "TcpExtSyncookiesSent",
    [DROPS_LISTEN_ALL] = "TcpExtListenDrops",
};

/* What dropped them. A full accept queue comes first: final ACKs that it turns away leave their
 * handshakes in the SYN queue, which then fills, too. */
static enum drops_verdict judge_drops(const struct drops_look *l)
{
    if (l->counted[DROPS_OVERFLOWS] > 0)
        return DROPS_BY_QUEUE;
    if (l->counted[DROPS_SYN_FULL] > 0)
        return DROPS_BY_SYN_QUEUE;
    return DROPS_OF_SYNS;
}

enum drops_verdict drops_judge(const struct drops_look *l)
{
    bool syn_is_full = l->syn_queue > 0 && l->syn_queue >= l->queue_max;
    if (l->dropped)
        return judge_drops(l);
    if (l->counted[DROPS_COOKIES] > 0 && syn_is_full)
        return DROPS_BY_COOKIES;
    if (drops_fills(l->queue, l->queue_max))
        return DROPS_QUEUE_FILLS;
    if (drops_fills(l->syn_queue, l->queue_max))
        return DROPS_SYN_QUEUE_FILLS;
    return DROPS_FINE;
}

const char *drops_cause(enum drops_verdict v)
{
    static const char *const ids[DROPS_VERDICTS] = {
        [DROPS_QUEUE_FILLS] = "accept.queue_filling",
        [DROPS_SYN_QUEUE_FILLS] = "accept.syn_queue_filling",
        [DROPS_BY_COOKIES] = "accept.syn_cookies",
        [DROPS_OF_SYNS] = "accept.syn_dropped",
        [DROPS_BY_SYN_QUEUE] = "accept.syn_queue_full",
        [DROPS_BY_QUEUE] = "accept.queue_full",
    };
    return ids[v];
}
