/* tool/watch/match.h -- which listener answers at an address, as the kernel decides it: the most specific
 * (inet_lookup_listener() in net/ipv4/inet_hashtables.c). Pure. */
#ifndef TOOL_WATCH_MATCH_H
#define TOOL_WATCH_MATCH_H

#include "tool/watch/picture.h"

/* An IPv4 address in the form of an IPv6 one (::ffff:127.0.0.1) becomes what it is. */
void watch_addr_set(struct addr *to, const union diag_addr *from);

/* By port, then IPv4 before IPv6, then address. < 0, 0, > 0. */
int watch_addr_compare(const struct addr *a, const struct addr *b);

/* How well l fits connections to `local` that come in by the interface ifindex (0 = any), the port
 * aside: 0 = not at all; the more the more specific. */
int watch_host_fit(const struct watch_listener *l, const struct addr *local, uint32_t ifindex);

/* The listener of a connection with this local address. list: sorted by watch_addr_compare.
 * returns its index; -1 = none. */
int watch_listener_of(const struct watch_listener *list, int count, const struct addr *local,
                      uint32_t ifindex);

/* Whether the listener at index i is one that was aimed at; processes aside (WATCH_PID). */
bool watch_is_target(const struct watch_target *t, const struct watch_listener *list, int count,
                     int i);

#endif
