/* probe/route.h -- which way this machine's routing table sends what goes to an address: rtnetlink(7),
 * RTM_GETROUTE. Used to tell an absent host from an absent gateway. */
#ifndef PROBE_ROUTE_H
#define PROBE_ROUTE_H

#include "probe/netlink.h"

#include <netinet/in.h>

struct route {
    union {
        sa_family_t family; /* AF_UNSPEC = no gateway: the address is on the link itself */
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6; /* also for an IPv4 target (RFC 5549); scope_id: the interface, of a
                                   link-local one */
    } gateway;
    uint32_t ifindex;
};

/* Asks what `ip route get TO from FROM` does. One look-up, about 10 us: nothing waits.
 *   to    an IPv4 or IPv6 address; of a link-local one scope_id counts, too.
 *   from  of the same family; NULL = the kernel chooses.
 *   returns  0 and *ret; -ENETUNREACH, -EHOSTUNREACH, -EACCES, -EINVAL: there is no way; -ENOMEM,
 *            -EMFILE; -ENOSYS, -EAFNOSUPPORT: no netlink here; -EPROTO (an answer that is none). */
int route_find(const struct io_sys *sys, const struct stoa_mem *mem, const struct sockaddr *to,
               const struct sockaddr *from, struct route *ret);

#endif
