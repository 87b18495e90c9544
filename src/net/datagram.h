/* net/datagram.h -- a UDP socket per core (SO_REUSEPORT), a task per datagram. */
#ifndef NET_DATAGRAM_H
#define NET_DATAGRAM_H

#include "core/service.h"
#include "net/failure.h"

/* As listener_open. *a is set to what was bound. */
int datagram_open(struct stoa_rt *rt, struct addr *a, stoa_datagram_handler *handler, void *arg,
                  struct net_failure *failure);

/* As listener_open_all.
 *   returns  how many (1..max) and what was bound in ret[] (NULL: not asked); < 0 and *failure. */
int datagram_open_all(struct stoa_rt *rt, struct stoa_str text, stoa_datagram_handler *handler,
                      void *arg, struct addr *ret, int max, struct net_failure *failure);

#endif
