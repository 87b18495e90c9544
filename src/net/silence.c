/* net/silence.c -- see silence.h. Measured on Linux 6.18: a SYN that an OUTPUT rule drops fails to be
 * sent again (TCPRetransFail); a packet that an INPUT rule drops has been received (InReceives) and
 * is counted nowhere else. */
#include "net/silence.h"

#include <stdio.h>

/* The first is added, those after it are what became of it. */
static const char *const names[SILENCE_COUNTERS] = {
    "TcpExtTCPRetransFail", "IpInReceives",    "IpInDelivers",  "IpForwDatagrams",
    "IpInHdrErrors",        "IpInAddrErrors",  "IpInDiscards",  "IpInUnknownProtos",
    "IpExtInNoRoutes",      "Ip6InReceives",   "Ip6InDelivers", "Ip6OutForwDatagrams",
    "Ip6InHdrErrors",       "Ip6InAddrErrors", "Ip6InDiscards", "Ip6InUnknownProtos",
    "Ip6InNoRoutes",        "Ip6InMcastPkts",
};
enum { RETRANS_FAIL = 0, OF_V4 = 1, OF_V4_COUNT = 8, OF_V6 = 9, OF_V6_COUNT = 9 };

void silence_begin(struct silence *s, const struct io_sys *sys)
{
    if (s->begun)
        return;
    for (int i = 0; i < SILENCE_COUNTERS; i++)
        s->all[i] = (struct counter){ .name = names[i] };
    counters_read(sys, s->all, SILENCE_COUNTERS); /* what cannot be read is not known */
    s->begun = true;
}

void silence_end(struct silence *s, const struct io_sys *sys)
{
    if (s->begun)
        counters_read(sys, s->all, SILENCE_COUNTERS);
}

static bool is_silent(const struct stoa_try *t)
{
    return t->cause == stoa_cause_find("connect.timeout");
}

/* Whether no SYN that was sent again has left this machine. */
static bool is_own_out(const struct silence *s, const struct attempt *attempts,
                       const struct stoa_try *tries, int count)
{
    int64_t again = 0;
    for (int i = 0; i < count; i++)
        again += is_silent(&tries[i]) ? attempts[i].retransmitted : 0;
    const struct counter *fail = &s->all[RETRANS_FAIL];
    return fail->is_known && again > 0 && counter_growth(fail) >= again;
}

/* How many packets came for that family, and were neither delivered nor passed on nor found wrong.
 * Of IPv6 multicast (routers and neighbours speak by it) many are for groups of others, and those are
 * counted nowhere else, either. */
static int64_t dropped_in(const struct silence *s, int family)
{
    const struct counter *of = &s->all[family == AF_INET6 ? OF_V6 : OF_V4];
    int count = family == AF_INET6 ? OF_V6_COUNT : OF_V4_COUNT;
    if (!of[0].is_known || !of[1].is_known)
        return 0;
    int64_t n = counter_growth(&of[0]);
    for (int i = 1; i < count; i++)
        n -= of[i].is_known ? counter_growth(&of[i]) : 0;
    return n;
}

static void explain_in(const struct silence *s, const struct attempt *a, struct stoa_try *t)
{
    int64_t n = dropped_in(s, a->to.family), again = a->retransmitted;
    /* One answer for each SYN, or a few when the peer sends its own again, too. Far more than that
     * are somebody else's, and tell nothing. */
    if (n < 1 || n < again || n > 4 * (again + 1))
        return;
    t->cause = stoa_cause_find("connect.timeout_own_firewall_in");
    snprintf(t->detail, sizeof t->detail, "%d %s; %lld %s dropped on this machine", t->syns,
             str_counted((uint64_t)t->syns, "SYN", "SYNs"), (long long)n,
             str_counted((uint64_t)n, "packet that came meanwhile was",
                         "packets that came meanwhile were"));
}

static void tell_of_none(struct stoa_try *t, unsigned syns)
{
    if (syns == 1)
        snprintf(t->detail, sizeof t->detail, "its SYN did not leave this machine");
    else
        snprintf(t->detail, sizeof t->detail, "none of %u SYNs left this machine", syns);
}

void silence_explain(const struct silence *s, const struct attempt *attempts,
                     struct stoa_try *tries, int count)
{
    if (!s->begun)
        return;
    bool own_out = is_own_out(s, attempts, tries, count);
    for (int i = 0; i < count; i++) {
        if (!is_silent(&tries[i]) || !attempt_is_tcp(&attempts[i]))
            continue;
        if (!own_out) {
            explain_in(s, &attempts[i], &tries[i]);
            continue;
        }
        tries[i].cause = stoa_cause_find("connect.timeout_own_firewall_out");
        tries[i].syns = 0;
        tell_of_none(&tries[i], 1 + attempts[i].retransmitted);
    }
}
