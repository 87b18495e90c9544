/* support/flaky.h -- an allocator that fails at the n-th call and counts what is held, for tests
 * that fail the 1st, 2nd, 3rd ... allocation until the body passes. */
#ifndef SUPPORT_FLAKY_H
#define SUPPORT_FLAKY_H

#include <stoa/embed.h>

struct flaky {
    struct stoa_mem mem; /* to give to what is tested */
    long left;           /* calls that succeed before all fail; < 0 = all succeed */
    long failed;         /* calls that failed */
    size_t bytes;        /* held now: 0 at the end, or there is a leak */
};

void flaky_init(struct flaky *f, long left);

#endif
