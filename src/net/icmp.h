/* net/icmp.h -- what a socket's error queue says: who answered instead of the peer, and what.
 * ip(7) and ipv6(7), IP_RECVERR. */
#ifndef NET_ICMP_H
#define NET_ICMP_H

#include "io/io.h"
#include "net/addr.h"

struct icmp {
    int family; /* AF_INET, AF_INET6; 0 = nothing came */
    int type, code;
    int err;        /* what the kernel makes of it, -errno */
    struct addr by; /* AF_UNSPEC when it is not known */
};

/* Takes all there is from the error queue of fd; the last ICMP message is kept in *ret, which stays
 * as it was when none came. Drain it after SO_ERROR was read: draining clears that. */
void icmp_take(const struct io_sys *sys, int fd, struct icmp *ret);

/* Has errors of that family's socket queued, or not any more. returns 0, < 0. */
int icmp_listen(const struct io_sys *sys, int fd, int family, bool on);

/* "port unreachable"; "type 3 code 77" in buf where there is no name. */
const char *icmp_name(const struct icmp *icmp, char *buf, size_t n);

/* The cause of a connection attempt that this ended; never NULL. */
const struct stoa_cause *icmp_cause(const struct icmp *icmp);

#endif
