/* net/ports.h -- when no ephemeral port was left for a connection: how many there are, and what holds
 * them. Used by net/dial.c. */
#ifndef NET_PORTS_H
#define NET_PORTS_H

#include "net/attempt.h"

#include <stoa/dial.h>

/* Makes *t say it, if that is its cause. Asks on a helper thread.                 [waits] */
void ports_look(const struct attempt *a, struct stoa_try *t);

#endif
