/* net/local.h -- when the target of a failed attempt is on this machine: its listener, seen from the
 * kernel's side. Used by net/dial.c. */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include "net/attempt.h"

#include <stoa/dial.h>

/* Looks who listens where a was to connect to, and makes *t, which diagnose() has filled in, say it: the
 * queue's length, a better cause, a detail. Asks on a helper thread, some milliseconds; where nothing
 * can be learned *t stays as it was.                                              [waits] */
void local_look(const struct attempt *a, struct stoa_try *t);

#endif
