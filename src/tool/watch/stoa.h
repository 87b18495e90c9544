/* tool/watch/stoa.h -- what a stoa server's mapped file says of its stages, and whether the process runs
 * at all: both without its help, so that a server that hangs is seen, too. A process that has no such
 * file may get one (it begins only, or executes another program): it is looked for again, paced by what
 * that costs. */
#ifndef TOOL_WATCH_STOA_H
#define TOOL_WATCH_STOA_H

#include "probe/stage_file.h"
#include "tool/watch/picture.h"

struct watch_stoa {
    const struct io_sys *sys;
    const struct stoa_mem *mem;
    int pid;                /* whose file it is; 0 = nobody's yet */
    int error;              /* why it cannot be read (-EACCES, ...); 0 = it is open */
    stoa_time due;          /* when it may be looked for again */
    struct stage_file file; /* zeroed = not open */
    struct status *status;
    struct trend *trend;
};

void watch_stoa_init(struct watch_stoa *s, const struct io_sys *sys, const struct stoa_mem *mem);
void watch_stoa_done(struct watch_stoa *s);

/* From here on it is process pid's, whose file is open if it has one now; 0 = nobody's. */
void watch_stoa_aim(struct watch_stoa *s, int pid, stoa_time now);

/* Whether it is a server that drains. */
bool watch_stoa_drains(const struct watch_stoa *s);

/* Takes a look and fills in what the picture has of it. */
void watch_stoa_take(struct watch_stoa *s, struct watch_picture *p);

#endif
