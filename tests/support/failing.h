/* support/failing.h -- an allocator of which one call fails, shared by several threads: for tests of
 * whole servers, which must go on when a single allocation does not succeed. (flaky.h is for a body on
 * one thread: there all calls after the n-th fail.) */
#ifndef SUPPORT_FAILING_H
#define SUPPORT_FAILING_H

#include <stdatomic.h>
#include <stoa/embed.h>

struct failing {
    struct stoa_mem mem; /* to give to what is tested */
    atomic_long calls;
    atomic_long live; /* bytes held now: 0 at the end, or there is a leak */
    long fails_at;    /* this call; 0 = none */
};

void failing_init(struct failing *f);

#endif
