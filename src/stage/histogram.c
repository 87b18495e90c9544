/* stage/histogram.c -- see histogram.h. */
#include "stage/histogram.h"

static int64_t bound_ns(int i)
{
    if (i < 8)
        return (i + 1) * (int64_t)1000;
    int octave = i / 8 + 2;
    return (int64_t)(i % 8 + 9) * ((int64_t)1 << (octave - 3)) * 1000;
}

int64_t stoa_bucket_le(int i)
{
    return i < STOA_BUCKETS - 1 ? bound_ns(i) : INT64_MAX;
}

void stage_histogram_collect(struct stoa_stage_histogram *to,
                             const struct stoa_stage_histogram *from)
{
    to->count += stage_read(&from->count);
    to->sum_ns += stage_read(&from->sum_ns);
    for (int i = 0; i < STOA_BUCKETS; i++)
        to->buckets[i] += stage_read(&from->buckets[i]);
}

int64_t stage_quantile(const struct stoa_stage_histogram *h, double q)
{
    /* By the buckets and not by `count`: those of a histogram that is being written may differ. */
    uint64_t all = 0, seen = 0;
    for (int i = 0; i < STOA_BUCKETS; i++)
        all += h->buckets[i];
    if (all == 0)
        return 0;
    uint64_t wanted = (uint64_t)(q * (double)all);
    wanted = wanted < 1 ? 1 : wanted > all ? all : wanted;
    if ((double)wanted < q * (double)all)
        wanted++;
    int i = 0;
    while ((seen += h->buckets[i]) < wanted)
        i++;
    return i < STOA_BUCKETS - 1 ? bound_ns(i) : bound_ns(i - 1);
}
