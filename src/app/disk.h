/* app/disk.h -- what lies at a path beneath a folder, and its bytes. The way of app/ to the disk.
 *
 * A core must not wait for the disk: what it needs is written as a job, which runs on the core as
 * long as all of it is in memory, else on a helper thread. Knows no HTTP and keeps nothing.
 *
 * Paths are relative to the folder, terminated, without empty, "." and ".." segments; the folder
 * itself is ".". No path leads outside of it, by links neither: -EXDEV. */
#ifndef APP_DISK_H
#define APP_DISK_H

#include "core/core.h"

struct disk {
    const struct io_sys *sys;
    int root;
    bool no_wait; /* on a core: -EAGAIN instead of waiting */
};

typedef int disk_job(const struct disk *d, void *arg);

/* Runs job(d, arg) here; when that gives -EAGAIN, again from its start on a helper thread. [waits]
 *   job      on failure leaves nothing open; calls only disk_* and what is [any].
 *   returns  what it returned; -ENOMEM, -EAGAIN: no helper thread to be had. */
int disk_do(struct core *core, int root, disk_job *job, void *arg);

/* The same on a helper thread at once: for jobs that are long even when all is in memory. [waits] */
int disk_do_apart(struct core *core, int root, disk_job *job, void *arg);

/* What is at path, links followed. Opens nothing: a FIFO's or a device's open can wait, rewind a
 * tape, wake a writer; and what must not be read can still be said to be there.
 *   returns  0; -ENOENT, -ENOTDIR, -EACCES, -EXDEV, -ELOOP, -ENAMETOOLONG, -EMFILE, -EAGAIN... */
int disk_stat(const struct disk *d, const char *path, struct stat *ret);

/* Opens path for reading, after disk_stat told that it is a regular file or a folder.
 *   ret      of what was opened: it may be something else by now.
 *   returns  a descriptor, for disk_close; < 0. */
int disk_open(const struct disk *d, const char *path, struct stat *ret);
void disk_close(const struct disk *d, int fd);

/* Reads n bytes from the file's start.
 *   returns  how many there were; < 0. */
ssize_t disk_read(const struct disk *d, int fd, void *buf, size_t n);

#endif
