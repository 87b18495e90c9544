/* net/next_hop.h -- when nobody answered for the link address of the first hop: who that would have
 * been, the host itself or the gateway to it. Used by net/race.c and net/dial.c. */
#ifndef NET_NEXT_HOP_H
#define NET_NEXT_HOP_H

#include "net/attempt.h"

#include <stoa/dial.h>

/* Asks the routing table, for an attempt that waits in silence. Better then than at its end: of IPv6
 * the kernel passes over a gateway as soon as it has found it absent, if there is another route. */
void next_hop_find(struct attempt *a);

/* Makes *t say it, if connect.no_neighbour is its cause. Does not wait. */
void next_hop_look(struct attempt *a, struct stoa_try *t);

#endif
