/* tool/watch/pace.h -- what time it is; what an expensive look costs, and when the next may be: so that all of them
 * together take less than one percent of a CPU, however many sockets there are. */
#ifndef TOOL_WATCH_PACE_H
#define TOOL_WATCH_PACE_H

#include "io/io.h"

enum { WATCH_PACE = 150 };

/* CLOCK_MONOTONIC. */
static inline stoa_time watch_moment(void)
{
    const struct io_sys *sys = io_sys_kernel();
    return sys->moment(sys);
}

/* CPU time of the calling thread. */
static inline stoa_time watch_cpu_time(void)
{
    const struct io_sys *sys = io_sys_kernel();
    return sys->cpu_time(sys);
}

#endif
