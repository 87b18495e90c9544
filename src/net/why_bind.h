/* net/why_bind.h -- a listener could not be opened: a closer look at the reason, for the message. What
 * errno says in a word, the kernel knows exactly: who has the port, which limit it is, which addresses
 * there are. Used by the command; a program that opens listeners pays nothing for it. */
#ifndef NET_WHY_BIND_H
#define NET_WHY_BIND_H

#include "io/io.h"
#include "net/failure.h"

/* Looks for the cause of *f, which listener_open_all or datagram_open_all has filled in, and sets
 * f->cause and f->detail; where nothing more can be found out, both stay as they are. Milliseconds, and
 * 24 KiB of stack: before stoa_run, or on a helper thread.
 *   type  SOCK_STREAM, SOCK_DGRAM. */
void why_bind(struct net_failure *f, int type, const struct io_sys *sys,
              const struct stoa_mem *mem);

#endif
