/* probe/own_addr.h -- the addresses of this machine, as far as our network namespace has them:
 * rtnetlink(7). Used to say which address could have been bound instead. */
#ifndef PROBE_OWN_ADDR_H
#define PROBE_OWN_ADDR_H

#include "probe/netlink.h"

#include <netinet/in.h>

struct own_addr {
    union {
        sa_family_t family;
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6; /* scope_id: the interface, of a link-local one */
    };
    uint32_t ifindex;
    uint8_t prefix_bits;
    bool is_tentative; /* IPv6: still looked for on the network, or found: it cannot be bound */
};

/* returns 0 = go on; > 0 = enough; < 0 = give up. */
typedef int own_addr_visit(void *ctx, const struct own_addr *a);

/* Visits each address, IPv4 first, in the order of the interfaces.
 *   returns  0; what visit returned; -ENOMEM, -EMFILE; -ENOSYS, -EAFNOSUPPORT: no netlink here. */
int own_addr_each(const struct io_sys *sys, const struct stoa_mem *mem, own_addr_visit *visit,
                  void *ctx);

#endif
