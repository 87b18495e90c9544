/* stage/histogram.h -- counts of times on a log-linear scale (struct stoa_stage_histogram): which
 * bucket a time belongs to, and what quantiles the counts have. Knows nothing of who counts. */
#ifndef STAGE_HISTOGRAM_H
#define STAGE_HISTOGRAM_H

#include "stage/word.h"

#include <stoa/stage.h>

/* The bucket that holds `ns`: eight for each doubling of microseconds, so that none is wider than an
 * eighth of what it holds; below 8 us each is one microsecond wide. */
static inline int stage_bucket(uint64_t ns)
{
    uint64_t us = ns ? (ns - 1) / 1000 : 0;
    if (us < 8)
        return (int)us;
    int octave = 63 - __builtin_clzll(us);
    int i = (octave - 2) * 8 + (int)((us >> (octave - 3)) & 7);
    return i < STOA_BUCKETS ? i : STOA_BUCKETS - 1;
}

/* Counts one time. By the one thread that writes h. */
static inline void stage_histogram_add(struct stoa_stage_histogram *h, uint64_t ns)
{
    stage_count(&h->count, 1);
    stage_count(&h->sum_ns, ns);
    stage_count(&h->buckets[stage_bucket(ns)], 1);
}

/* Adds the counts of `from`, which its thread may be adding to. */
void stage_histogram_collect(struct stoa_stage_histogram *to,
                             const struct stoa_stage_histogram *from);

/* The time that a share q (0..1) of all counted ones does not exceed, as the upper bound of its
 * bucket; of the last bucket, its lower bound. returns ns; 0 when nothing is counted. */
int64_t stage_quantile(const struct stoa_stage_histogram *h, double q);

#endif
