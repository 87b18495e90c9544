/* probe/own_addr.c -- see own_addr.h. */
#include "probe/own_addr.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct visitor {
    own_addr_visit *visit;
    void *ctx;
};

/* Of a point-to-point interface IFA_ADDRESS is the other end's, and IFA_LOCAL ours. */
static void read_attrs(struct netlink_attr *at, struct own_addr *a, uint32_t *flags)
{
    bool has_local = false;
    bool is_v4 = a->family == AF_INET;
    void *to = is_v4 ? (void *)&a->v4.sin_addr : (void *)&a->v6.sin6_addr;
    size_t n = is_v4 ? sizeof a->v4.sin_addr : sizeof a->v6.sin6_addr;
    while (netlink_next(at)) {
        if (at->type == IFA_LOCAL || (at->type == IFA_ADDRESS && !has_local))
            netlink_copy(at, to, n);
        has_local = has_local || at->type == IFA_LOCAL;
        if (at->type == IFA_FLAGS)
            netlink_copy(at, flags, sizeof *flags);
    }
}

static int visit_message(void *ctx, uint16_t type, const void *body, size_t len)
{
    struct visitor *v = ctx;
    struct ifaddrmsg m;
    if (type != RTM_NEWADDR)
        return 0;
    if (len < sizeof m)
        return -EPROTO;
    memcpy(&m, body, sizeof m);
    if (m.ifa_family != AF_INET && m.ifa_family != AF_INET6)
        return 0;
    struct own_addr a;
    memset(&a, 0, sizeof a);
    a.family = m.ifa_family;
    a.ifindex = m.ifa_index;
    a.prefix_bits = m.ifa_prefixlen;
    uint32_t flags = m.ifa_flags;
    struct netlink_attr at = { .rest = (const char *)body + NLMSG_ALIGN(sizeof m),
                               .rest_n = len - NLMSG_ALIGN(sizeof m) };
    read_attrs(&at, &a, &flags);
    a.is_tentative = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) && !(flags & IFA_F_OPTIMISTIC);
    if (a.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a.v6.sin6_addr))
        a.v6.sin6_scope_id = m.ifa_index;
    return v->visit(v->ctx, &a);
}

int own_addr_each(const struct io_sys *sys, const struct stoa_mem *mem, own_addr_visit *visit,
                  void *ctx)
{
    static const uint8_t families[] = { AF_INET, AF_INET6 };
    struct netlink n;
    struct visitor v = { visit, ctx };
    int r = 0;
    netlink_init(&n, NETLINK_ROUTE, sys, mem);
    for (size_t i = 0; r == 0 && i < sizeof families; i++) {
        struct {
            struct nlmsghdr h;
            struct ifaddrmsg m;
        } ask = {
            .h = { .nlmsg_type = RTM_GETADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
            .m = { .ifa_family = families[i] },
        };
        r = netlink_ask(&n, &ask.h, sizeof ask, visit_message, &v);
    }
    netlink_done(&n);
    return r;
}
