/* probe/route.c -- see route.h. */
#include "probe/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* The request: its fixed part, then attributes. */
struct question {
    struct nlmsghdr h;
    struct rtmsg m;
    char attrs[3 * (sizeof(struct nlattr) + sizeof(struct in6_addr))];
};

struct answer {
    struct route route;
    bool is_there;
};

static size_t put_attr(char *at, uint16_t type, const void *data, size_t n)
{
    struct nlattr h = { .nla_type = type, .nla_len = (uint16_t)(sizeof h + n) };
    memcpy(at, &h, sizeof h);
    memcpy(at + sizeof h, data, n);
    return h.nla_len; /* addresses and interfaces: 4 or 16 bytes, so that all stay aligned */
}

static size_t put_addr(char *at, uint16_t type, const struct sockaddr *a)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (a->sa_family == AF_INET) {
        memcpy(&v4, a, sizeof v4);
        return put_attr(at, type, &v4.sin_addr, sizeof v4.sin_addr);
    }
    memcpy(&v6, a, sizeof v6);
    return put_attr(at, type, &v6.sin6_addr, sizeof v6.sin6_addr);
}

/* The interface that a link-local address names; 0 = none. */
static uint32_t scope_of(const struct sockaddr *a)
{
    struct sockaddr_in6 v6;
    if (a->sa_family != AF_INET6)
        return 0;
    memcpy(&v6, a, sizeof v6);
    return IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) ? v6.sin6_scope_id : 0;
}

static void read_gateway(const void *data, size_t n, sa_family_t family, struct route *r)
{
    bool is_v4 = family == AF_INET && n >= sizeof r->gateway.v4.sin_addr;
    if (is_v4)
        memcpy(&r->gateway.v4.sin_addr, data, sizeof r->gateway.v4.sin_addr);
    else if (family == AF_INET6 && n >= sizeof r->gateway.v6.sin6_addr)
        memcpy(&r->gateway.v6.sin6_addr, data, sizeof r->gateway.v6.sin6_addr);
    else
        return;
    r->gateway.family = family;
}

/* A gateway of the other family comes with that family before it. */
static void read_via(const struct netlink_attr *at, struct route *r)
{
    sa_family_t family;
    if (at->len < sizeof family)
        return;
    memcpy(&family, at->data, sizeof family);
    read_gateway((const char *)at->data + sizeof family, at->len - sizeof family, family, r);
}

static int read_route(void *ctx, uint16_t type, const void *body, size_t len)
{
    struct answer *a = ctx;
    struct route *r = &a->route;
    struct rtmsg m;
    if (type != RTM_NEWROUTE)
        return 0;
    if (len < sizeof m)
        return -EPROTO;
    memcpy(&m, body, sizeof m);
    struct netlink_attr at = { .rest = (const char *)body + NLMSG_ALIGN(sizeof m),
                               .rest_n = len - NLMSG_ALIGN(sizeof m) };
    while (netlink_next(&at)) {
        switch (at.type) {
        case RTA_GATEWAY: read_gateway(at.data, at.len, m.rtm_family, r); break;
        case RTA_VIA: read_via(&at, r); break;
        case RTA_OIF: netlink_copy(&at, &r->ifindex, sizeof r->ifindex); break;
        default: break;
        }
    }
    if (r->gateway.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&r->gateway.v6.sin6_addr))
        r->gateway.v6.sin6_scope_id = r->ifindex;
    a->is_there = true;
    return 0;
}

int route_find(const struct io_sys *sys, const struct stoa_mem *mem, const struct sockaddr *to,
               const struct sockaddr *from, struct route *ret)
{
    uint8_t bits = to->sa_family == AF_INET6 ? 128 : 32;
    struct question ask = {
        .h = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST },
        .m = { .rtm_family = (uint8_t)to->sa_family, .rtm_dst_len = bits },
    };
    size_t n = put_addr(ask.attrs, RTA_DST, to);
    uint32_t scope = scope_of(to);
    if (from) {
        ask.m.rtm_src_len = bits;
        n += put_addr(ask.attrs + n, RTA_SRC, from);
    }
    if (scope)
        n += put_attr(ask.attrs + n, RTA_OIF, &scope, sizeof scope);
    struct netlink netlink;
    struct answer answer = { 0 };
    netlink_init(&netlink, NETLINK_ROUTE, sys, mem);
    int r =
        netlink_ask(&netlink, &ask.h, offsetof(struct question, attrs) + n, read_route, &answer);
    netlink_done(&netlink);
    if (r == 0 && !answer.is_there)
        r = -EPROTO;
    if (r == 0)
        *ret = answer.route;
    return r;
}
