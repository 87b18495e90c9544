/* net/failure.h -- why a listener could not be opened, for the message. */
#ifndef NET_FAILURE_H
#define NET_FAILURE_H

#include "base/cause.h"
#include "net/addr.h"

struct net_failure {
    enum stoa_stage stage;          /* RESOLVE, SOCKET, BIND or LISTEN */
    int err;                        /* -errno */
    const struct stoa_cause *cause; /* of stage and err; why_bind.h looks closer */
    struct addr at;                 /* what was to be opened; at.len = 0: not known */
    char addr[ADDR_TEXT_BYTES];
    const char *why;  /* what happened, in place of the cause's sentence; static; NULL = nothing */
    char detail[440]; /* who or what is in the way, a clause or two; or empty */
};

/* Fills *failure, without detail. a: NULL = no address is known. why: static; NULL = the cause's
 * sentence will do. returns err. */
int net_failed(struct net_failure *failure, enum stoa_stage stage, int err, const struct addr *a,
               const char *why);

#endif
