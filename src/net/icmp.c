/* net/icmp.c -- see icmp.h. RFC 792, RFC 1812 section 5.2.7.1 (ICMP); RFC 4443 (ICMPv6). */
#include "net/icmp.h"
#include "base/cause.h"

#include <linux/errqueue.h>
#include <stdalign.h>
#include <stdio.h>

/* ---- reading ---- */

/* The error of one message, if it is of ICMP. */
static void read_message(struct msghdr *m, struct icmp *ret)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        bool is_v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
        bool is_v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
        struct sock_extended_err e;
        if ((!is_v4 && !is_v6) || c->cmsg_len < CMSG_LEN(sizeof e))
            continue;
        memcpy(&e, CMSG_DATA(c), sizeof e);
        if (e.ee_origin != SO_EE_ORIGIN_ICMP && e.ee_origin != SO_EE_ORIGIN_ICMP6)
            continue;
        *ret = (struct icmp){ .family = e.ee_origin == SO_EE_ORIGIN_ICMP ? AF_INET : AF_INET6,
                              .type = e.ee_type,
                              .code = e.ee_code,
                              .err = -(int)e.ee_errno };
        size_t room = c->cmsg_len - CMSG_LEN(sizeof e);
        struct sockaddr_in6 by;
        memset(&by, 0, sizeof by);
        memcpy(&by, CMSG_DATA(c) + sizeof e, room < sizeof by ? room : sizeof by);
        bool has_by = by.sin6_family == AF_INET || by.sin6_family == AF_INET6;
        socklen_t n = by.sin6_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof by;
        if (has_by)
            addr_set(&ret->by, (const struct sockaddr *)&by, n);
    }
}

void icmp_take(const struct io_sys *sys, int fd, struct icmp *ret)
{
    for (int i = 0; i < 64; i++) { /* whoever sends them all the time does not hold us */
        char bytes[256];
        alignas(struct cmsghdr) char control[256];
        struct iovec v = { bytes, sizeof bytes };
        struct msghdr m = {
            .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
        };
        if (sys->receive(sys, fd, &m, MSG_ERRQUEUE) < 0)
            return;
        read_message(&m, ret);
    }
}

int icmp_listen(const struct io_sys *sys, int fd, int family, bool on)
{
    int value = on;
    if (family == AF_INET6)
        return sys->set_option(sys, fd, IPPROTO_IPV6, IPV6_RECVERR, &value, sizeof value);
    return sys->set_option(sys, fd, IPPROTO_IP, IP_RECVERR, &value, sizeof value);
}

/* ---- meaning ---- */

static const struct {
    int family, type, code; /* code -1 = all others of the type */
    const char *name, *cause;
} meanings[] = {
    { AF_INET, 3, 0, "network unreachable", "connect.net_unreachable" },
    { AF_INET, 3, 1, "host unreachable", "connect.host_unreachable" },
    { AF_INET, 3, 2, "protocol unreachable", "connect.protocol_unreachable" },
    { AF_INET, 3, 3, "port unreachable", "connect.refused_by_firewall" },
    { AF_INET, 3, 5, "source route failed", "connect.net_unreachable" },
    { AF_INET, 3, 6, "network unknown", "connect.net_unreachable" },
    { AF_INET, 3, 7, "host unknown", "connect.host_unreachable" },
    { AF_INET, 3, 8, "host isolated", "connect.host_unreachable" },
    { AF_INET, 3, 9, "network prohibited", "connect.net_prohibited" },
    { AF_INET, 3, 10, "host prohibited", "connect.host_prohibited" },
    { AF_INET, 3, 11, "network unreachable for this service", "connect.net_unreachable" },
    { AF_INET, 3, 12, "host unreachable for this service", "connect.host_unreachable" },
    { AF_INET, 3, 13, "administratively prohibited", "connect.admin_prohibited" },
    { AF_INET, 3, 14, "host precedence violation", "connect.host_prohibited" },
    { AF_INET, 3, 15, "precedence cutoff", "connect.host_prohibited" },
    { AF_INET, 11, 0, "time to live exceeded", "connect.hops_exceeded" },
    { AF_INET6, 1, 0, "no route", "connect.net_unreachable" },
    { AF_INET6, 1, 1, "administratively prohibited", "connect.admin_prohibited" },
    { AF_INET6, 1, 2, "beyond the scope of the source address", "connect.beyond_scope" },
    { AF_INET6, 1, 3, "address unreachable", "connect.host_unreachable" },
    { AF_INET6, 1, 4, "port unreachable", "connect.refused_by_firewall" },
    { AF_INET6, 1, 5, "source address failed a policy", "connect.source_prohibited" },
    { AF_INET6, 1, 6, "route rejected", "connect.net_prohibited" },
    { AF_INET6, 3, 0, "hop limit exceeded", "connect.hops_exceeded" },
    { AF_INET6, 4, 1, "next header unknown", "connect.protocol_unreachable" },
};

const char *icmp_name(const struct icmp *icmp, char *buf, size_t n)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].family == icmp->family && meanings[i].type == icmp->type &&
            meanings[i].code == icmp->code)
            return meanings[i].name;
    snprintf(buf, n, "type %d code %d", icmp->type, icmp->code);
    return buf;
}

const struct stoa_cause *icmp_cause(const struct icmp *icmp)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].family == icmp->family && meanings[i].type == icmp->type &&
            meanings[i].code == icmp->code)
            return stoa_cause_find(meanings[i].cause);
    return cause_of(STOA_STAGE_CONNECT, icmp->err);
}
