/* net/datagram.h -- a UDP socket per core (SO_REUSEPORT), a task per datagram. */
#ifndef NET_DATAGRAM_H
#define NET_DATAGRAM_H

#include "net/listener.h"

struct datagram_port;

/* As listener_open. *a is set to what was bound. */
int datagram_open(struct stoa_rt *rt, struct addr *a, stoa_datagram_handler *handler, void *arg,
                  struct net_failure *failure);

#endif
