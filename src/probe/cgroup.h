/* probe/cgroup.h -- from the number of a control group to its path, which names a service or a
 * container: the number is the inode of a folder below /sys/fs/cgroup. cgroups(7). */
#ifndef PROBE_CGROUP_H
#define PROBE_CGROUP_H

#include "base/str.h"
#include "io/io.h"

enum { CGROUP_PATH_BYTES = 300 };

/* Looks through all folders below `root` (NULL = where the second version of cgroups is mounted):
 * milliseconds where there are many, and 16 KiB of stack.
 *   returns  0 and "system.slice/nginx.service" in buf, as the kernel has it ("" = the root's own
 *            number); -ENOENT: no such group is to be seen; -ENAMETOOLONG; -ENOSYS. */
int cgroup_find_path(const struct io_sys *sys, const char *root, uint64_t id, char *buf, size_t n);

/* The path of a process's group. returns as above. */
int cgroup_of_process(const struct io_sys *sys, int pid, char *buf, size_t n);

/* What the path is called by: the innermost name that is a unit of systemd's ("nginx.service",
 * "docker-1f2e.scope"); empty = none is. */
struct stoa_str cgroup_unit(struct stoa_str path);

#endif
