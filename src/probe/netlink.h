/* probe/netlink.h -- questions to the kernel over netlink, and the walk through its answers. Knows
 * messages and attributes, not what stands in them. Used by diag.c, own_addr.c and route.c. */
#ifndef PROBE_NETLINK_H
#define PROBE_NETLINK_H

#include "base/mem.h"
#include "io/io.h"

#include <linux/netlink.h>

struct netlink {
    const struct io_sys *sys;
    const struct stoa_mem *mem;
    int protocol; /* NETLINK_SOCK_DIAG, NETLINK_ROUTE */
    int fd;       /* -1 = not open: netlink_ask opens it */
    uint32_t seq;
    char *buf; /* for one answer; NULL until the first question */
};

/* Opens nothing yet. */
void netlink_init(struct netlink *n, int protocol, const struct io_sys *sys,
                  const struct stoa_mem *mem);
void netlink_done(struct netlink *n);

/* One message of the answer, borrowed until the return: its body, aligned to 4 bytes.
 *   returns  0 = go on; > 0 = enough; < 0 = give up: both become netlink_ask's result. */
typedef int netlink_visit(void *ctx, uint16_t type, const void *body, size_t len);

/* Asks, and visits each message of the answer. The kernel answers while it is asked: nothing waits.
 *   request  a struct nlmsghdr with what follows it; its length and number are filled in.
 *   returns  0; what visit returned; -ENOENT and the like from the kernel; -ENOMEM, -EMFILE;
 *            -EPROTO (an answer that is none); -ENOSYS, -EAFNOSUPPORT: there is no such netlink. */
int netlink_ask(struct netlink *n, struct nlmsghdr *request, size_t len, netlink_visit *visit,
                void *ctx);

/* The attributes behind a message's fixed part, one after the other:
 *     struct netlink_attr a = { .rest = p, .rest_n = n };
 *     while (netlink_next(&a)) ... */
struct netlink_attr {
    const char *rest;
    size_t rest_n;
    uint16_t type;
    size_t len;
    const void *data; /* aligned to 4 bytes only: copy what is larger */
};
bool netlink_next(struct netlink_attr *a);

/* Copies an attribute's data; what it is shorter than n stays as it was in *to. */
void netlink_copy(const struct netlink_attr *a, void *to, size_t n);

#endif
