/* probe/stage_file.c -- see stage_file.h. */
#include "probe/stage_file.h"

#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

enum { PATH_BYTES = 48 }; /* "/proc/PID/fd/NUMBER" */

static int open_fd(struct stage_file *ret, const struct io_sys *sys, int fd)
{
    struct stat st;
    int r = sys->stat(sys, fd, &st);
    if (r < 0)
        return r;
    if (!S_ISREG(st.st_mode) || (size_t)st.st_size < sizeof(struct stoa_stage_head))
        return -EINVAL;
    struct stage_file f = {
        .bytes = (size_t)st.st_size, .device = st.st_dev, .inode = st.st_ino, .number = -1
    };
    r = sys->map(sys, fd, f.bytes, false, &f.memory);
    if (r < 0)
        return r;
    r = stage_view_init(&f.view, f.memory, f.bytes);
    if (r < 0)
        sys->unmap(sys, f.memory, f.bytes);
    else
        *ret = f;
    return r;
}

/* Opened as a mere place first: what a device or a pipe does when it is opened is not wanted. */
int stage_file_open_path(struct stage_file *ret, const struct io_sys *sys, const char *path)
{
    struct stat st;
    int fd = sys->open_path(sys, path, O_PATH);
    if (fd < 0)
        return fd;
    int r = sys->stat(sys, fd, &st);
    sys->close(sys, fd);
    if (r < 0 || !S_ISREG(st.st_mode))
        return r < 0 ? r : -EINVAL;
    fd = sys->open_path(sys, path, O_RDONLY);
    if (fd < 0)
        return fd;
    r = open_fd(ret, sys, fd);
    sys->close(sys, fd);
    return r;
}

/* Whether a descriptor may be it, by what its link says: sockets, pipes and the like are not asked
 * for more. */
static bool may_be(const struct io_sys *sys, int dir, const char *name)
{
    char link[8];
    ssize_t n = sys->read_link(sys, dir, name, link, sizeof link);
    return n > 1 && link[0] == '/' && !(n >= 5 && memcmp(link, "/dev/", 5) == 0);
}

static const char *path_of(char buf[PATH_BYTES], int pid, int number)
{
    snprintf(buf, PATH_BYTES, "/proc/%d/fd/%d", pid, number);
    return buf;
}

static int try_descriptor(struct stage_file *ret, const struct io_sys *sys, int pid, int dir,
                          const char *name)
{
    char path[PATH_BYTES];
    uint64_t number;
    if (!may_be(sys, dir, name) || !str_to_u64(str_of(name), &number) || number > INT_MAX)
        return -EINVAL;
    int r = stage_file_open_path(ret, sys, path_of(path, pid, (int)number));
    if (r == 0)
        ret->number = (int)number;
    return r;
}

int stage_file_open_pid(struct stage_file *ret, const struct io_sys *sys, int pid)
{
    union {
        struct dirent64 first;
        char bytes[1024];
    } buf;
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    int dir = sys->open_path(sys, path, O_RDONLY | O_DIRECTORY);
    if (dir < 0)
        return dir == -ENOENT ? -ESRCH : dir;
    int r = -ENOENT;
    ssize_t n;
    while (r == -ENOENT && (n = sys->read_dir(sys, dir, &buf, sizeof buf)) > 0) {
        for (ssize_t at = 0; r == -ENOENT && at < n;) {
            const struct dirent64 *e = (const void *)(buf.bytes + at);
            int one = try_descriptor(ret, sys, pid, dir, e->d_name);
            if (one == 0 || one == -EPROTONOSUPPORT)
                r = one;
            at += e->d_reclen;
        }
    }
    sys->close(sys, dir);
    return r;
}

/* What is mapped has no other file's number, as long as it is. */
bool stage_file_is_of_pid(const struct stage_file *f, const struct io_sys *sys, int pid)
{
    char path[PATH_BYTES];
    struct stat st;
    int fd = sys->open_path(sys, path_of(path, pid, f->number), O_PATH);
    if (fd < 0)
        return false;
    int r = sys->stat(sys, fd, &st);
    sys->close(sys, fd);
    return r == 0 && st.st_dev == f->device && st.st_ino == f->inode;
}

void stage_file_close(struct stage_file *f, const struct io_sys *sys)
{
    if (f->memory)
        sys->unmap(sys, f->memory, f->bytes);
    *f = (struct stage_file){ 0 };
}
