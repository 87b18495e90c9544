/* net/failure.c -- see failure.h. */
#include "net/failure.h"

int net_failed(struct net_failure *failure, enum stoa_stage stage, int err, const struct addr *a,
               const char *why)
{
    *failure = (struct net_failure){
        .stage = stage, .err = err, .cause = cause_of(stage, err), .why = why
    };
    if (a) {
        failure->at = *a;
        addr_format(a, failure->addr, sizeof failure->addr);
    }
    return err;
}
