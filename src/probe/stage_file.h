/* probe/stage_file.h -- the mapped file of a stoa server's stages, found and opened from another
 * process, which needs no help of the server's: it may hang. proc(5). */
#ifndef PROBE_STAGE_FILE_H
#define PROBE_STAGE_FILE_H

#include "io/io.h"
#include "stage/view.h"

struct stage_file { /* zeroed = not open */
    struct stage_view view;
    void *memory;
    size_t bytes;
    uint64_t device, inode;
    int number; /* of its descriptor in the process that it was found in; -1 = found by its path */
};

/* Opens that of process pid: the file among its descriptors that has the form, named or not.
 *   returns  0 and *ret, for stage_file_close; -ENOENT: it has none, or is no stoa server; -ESRCH;
 *            -EACCES: it is another user's; -EPROTONOSUPPORT, see stage_view_init. */
int stage_file_open_pid(struct stage_file *ret, const struct io_sys *sys, int pid);

/* Whether process pid, where it was found, still has it open under the same number: else the process has
 * ended, or another has its pid, or it has executed another program. 3 us. */
bool stage_file_is_of_pid(const struct stage_file *f, const struct io_sys *sys, int pid);

/* A file that --stages gave a name. returns 0; -EINVAL: it is none; ... */
int stage_file_open_path(struct stage_file *ret, const struct io_sys *sys, const char *path);

void stage_file_close(struct stage_file *f, const struct io_sys *sys);

#endif
