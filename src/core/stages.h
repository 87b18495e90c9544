/* core/stages.h -- the stage clock's file of a runtime (stoa/stage.h): made, mapped, and taken down.
 * Knows nothing of what is written into it. */
#ifndef CORE_STAGES_H
#define CORE_STAGES_H

#include "io/io.h"
#include "stage/table.h"

struct stages { /* zeroed = the clock is off */
    struct stage_table table;
    size_t bytes;
    int fd;
    int stamps; /* keeps the kernel stamping; -1 = nothing does */
};

/* path: NULL = a file without one. A file of an earlier server at path is replaced, nothing else is.
 *   returns  0; -EEXIST: something else is there; < 0: nothing is left open, the clock is off. */
int stages_open(struct stages *s, const struct io_sys *sys, const char *path,
                const struct stage_shape *shape);

/* Has the kernel stamp what it receives, until stages_close. Waits some milliseconds the first time
 * (io_sys.keep_stamps), so that the stages of the first request are known, too. Where that cannot be
 * had they are not, nothing else. */
void stages_keep_stamps(struct stages *s, const struct io_sys *sys);

/* The file at a path stays, for whoever wants to know how it ended. */
void stages_close(struct stages *s, const struct io_sys *sys);

#endif
