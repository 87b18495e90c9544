/* net/failure.c -- see failure.h. */
#include "net/failure.h"

#include <stdio.h>

int net_failed(struct net_failure *failure, enum stoa_stage stage, int err, const struct addr *a,
               const char *why)
{
    *failure = (struct net_failure){ .stage = stage, .err = err };
    if (a)
        addr_format(a, failure->addr, sizeof failure->addr);
    if (why)
        snprintf(failure->why, sizeof failure->why, "%s", why);
    return err;
}
