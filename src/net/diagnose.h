/* net/diagnose.h -- from what the kernel told of an attempt (attempt.h) to a cause of the catalogue
 * and words. Makes no call that waits. Used by net/dial.c. */
#ifndef NET_DIAGNOSE_H
#define NET_DIAGNOSE_H

#include "net/attempt.h"

#include <stoa/dial.h>

/* Fills *ret. a: has ended. */
void diagnose(const struct attempt *a, struct stoa_try *ret);

/* How much a failed attempt tells about the target, among several of one name: the more the better.
 * A refusal beats a silence, which beats what this machine did itself. */
int diagnose_weight(const struct stoa_try *t);

#endif
