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
};

/* path: NULL = a file without one. A file of an earlier server at path is replaced, nothing else is.
 *   returns  0; -EEXIST: something else is there; < 0: nothing is left open, the clock is off. */
int stages_open(struct stages *s, const struct io_sys *sys, const char *path,
                const struct stage_shape *shape);

/* The file at a path stays, for whoever wants to know how it ended. */
void stages_close(struct stages *s, const struct io_sys *sys);

#endif
