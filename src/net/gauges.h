/* net/gauges.h -- the queues of a runtime's listeners, looked at ten times a second, and what they
 * turned away: written down, and told to the log when it gets bad, with the cause and the remedy.
 *
 * A task on the first core of a runtime: of the listeners' own or, so that it goes on while that one
 * hangs, of another. What takes longer (counters of the network namespace, the SYN queue) is asked
 * once a second on a helper thread, and whenever something was dropped; the SYN queue less often where
 * that takes long. */
#ifndef NET_GAUGES_H
#define NET_GAUGES_H

#include "core/service.h"

/* Adds them to `on`, once. Before stoa_run: all listeners that are open by then are looked at.
 *   of       whose listeners; it must be there until `on` has stopped.
 *   returns  0; -ENOMEM. */
int gauges_add(struct stoa_rt *on, struct stoa_rt *of);

struct listener;

/* For those who open listeners for a program: adds the gauges for them, or else closes all `count` of
 * them again. returns as gauges_add. */
int gauges_add_or_close(struct stoa_rt *rt, struct listener **opened, int count);

#endif
