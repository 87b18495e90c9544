/* net/race.h -- several addresses tried at once until one connects: Happy Eyeballs, RFC 8305 section
 * 5. Used by net/dial.c. */
#ifndef NET_RACE_H
#define NET_RACE_H

#include "net/attempt.h"
#include "net/silence.h"

/* Puts addresses into the order in which they are tried: families in turn, beginning with that of
 * the first; within a family as they are (RFC 8305 section 4). */
void race_order(struct addr *list, int count);

/* Tries attempts[0..count-1], whose `to` and `socktype` are set: one after the other, 250 ms apart, or
 * at once when another has failed.                                                [waits]
 *   returns  the index of the one that connected; < 0: none did. All have ended, the others are
 *            closed: with -ECANCELED when one has won, else with what ended t's wait. Some at the end
 *            may not have been tried.
 *            -ETIMEDOUT, -ECANCELED: t's wait ended. -ENOENT: all have failed.
 *   silence  zeroed; begun when it takes long. */
int race_run(stoa_task *t, struct attempt *attempts, int count, struct silence *silence);

#endif
