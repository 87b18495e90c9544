/* net/why_in_use.h -- EADDRINUSE: which socket is in the way, and who has it. Used by why_bind.c. */
#ifndef NET_WHY_IN_USE_H
#define NET_WHY_IN_USE_H

#include "io/io.h"
#include "net/failure.h"

/* For an address and port. */
void why_port_in_use(struct net_failure *f, int type, const struct io_sys *sys,
                     const struct stoa_mem *mem);

/* For the file of a Unix socket. */
void why_path_in_use(struct net_failure *f, const struct io_sys *sys, const struct stoa_mem *mem);

#endif
