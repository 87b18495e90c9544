/* app/disk.c -- see disk.h. */
#include "app/disk.h"

#include <errno.h>
#include <fcntl.h>

struct errand {
    disk_job *job;
    void *arg;
    int root;
};

static int on_helper(const struct io_sys *sys, void *arg)
{
    const struct errand *e = arg;
    struct disk d = { sys, e->root, false };
    return e->job(&d, e->arg);
}

int disk_do_apart(struct core *core, int root, disk_job *job, void *arg)
{
    struct errand e = { job, arg, root };
    return core_offload(core, on_helper, &e);
}

int disk_do(struct core *core, int root, disk_job *job, void *arg)
{
    struct disk d = { core->sys, root, true };
    int r = job(&d, arg);
    return r == -EAGAIN ? disk_do_apart(core, root, job, arg) : r;
}

/* returns the descriptor, its stat in *ret. */
static int open_and_stat(const struct disk *d, const char *path, int flags, struct stat *ret)
{
    int fd = d->sys->open_beneath(d->sys, d->root, path, flags, d->no_wait);
    if (fd < 0)
        return fd;
    int r = d->sys->stat(d->sys, fd, ret);
    if (r == 0)
        return fd;
    d->sys->close(d->sys, fd);
    return r;
}

int disk_stat(const struct disk *d, const char *path, struct stat *ret)
{
    int fd = open_and_stat(d, path, O_PATH, ret);
    if (fd < 0)
        return fd;
    d->sys->close(d->sys, fd);
    return 0;
}

int disk_open(const struct disk *d, const char *path, struct stat *ret)
{
    return open_and_stat(d, path, O_RDONLY, ret);
}

void disk_close(const struct disk *d, int fd)
{
    d->sys->close(d->sys, fd);
}

ssize_t disk_read(const struct disk *d, int fd, void *buf, size_t n)
{
    size_t at = 0;
    while (at < n) {
        ssize_t r = d->sys->read_at(d->sys, fd, (char *)buf + at, n - at, (off_t)at, d->no_wait);
        if (r < 0)
            return r;
        if (r == 0)
            break;
        at += (size_t)r;
    }
    return (ssize_t)at;
}
