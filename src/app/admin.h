/* app/admin.h -- what a server shows of itself over HTTP, on an address of its own: the live page, its
 * numbers, and whether it is alive and ready.
 *
 * On a runtime and a thread of its own, beside those that serve: it answers while all of these hang,
 * while they drain, and costs their requests nothing. It reads the stage table, as another process
 * would, and takes over the listeners' gauges (net/gauges.h). The pages: admin_pages.h.
 *
 *     admin_open      before stoa_run of the server's runtime, after its listeners
 *     admin_start     the thread
 *     admin_free      when stoa_run has returned */
#ifndef APP_ADMIN_H
#define APP_ADMIN_H

#include "net/listener.h"

enum { ADMIN_ADDRS_MAX = 8 };

struct admin;

/* Binds and listens.
 *   of       whose pages; it must be there until admin_free.
 *   addr     "host:port", ":port" (of this machine's loopback only), "unix:path".
 *   returns  0 and *ret, yours; < 0 and *failure. */
int admin_open(struct admin **ret, struct stoa_rt *of, const char *addr,
               struct net_failure *failure);

/* Where it listens: the i-th address, NULL after the last. */
const struct addr *admin_addr(const struct admin *a, int i);

/* returns 0; -EAGAIN: no thread. */
int admin_start(struct admin *a);

/* Ends the thread: whoever follows the events sees their end. NULL is fine. */
void admin_free(struct admin *a);

#endif
