/* net/failure.h -- why a listener could not be opened, for the message. */
#ifndef NET_FAILURE_H
#define NET_FAILURE_H

#include "base/cause.h"
#include "net/addr.h"

struct net_failure {
    enum stoa_stage stage; /* RESOLVE, SOCKET, BIND or LISTEN */
    int err;               /* -errno */
    char addr[ADDR_TEXT_BYTES];
    char why[160]; /* more words, or empty */
};

/* Fills *failure. a: NULL = no address is known. why: NULL = nothing to add. returns err. */
int net_failed(struct net_failure *failure, enum stoa_stage stage, int err, const struct addr *a,
               const char *why);

#endif
