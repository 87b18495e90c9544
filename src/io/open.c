/* io/open.c -- the implementations by their names. */
#include "base/str.h"
#include "io/epoll.h"
#include "io/uring.h"

#include <errno.h>

static int open_best(struct io **ret, const struct stoa_mem *mem)
{
    int r = uring_open(ret, mem);
    /* -ENOMEM too: what io_uring locks in memory is limited apart (RLIMIT_MEMLOCK). */
    return r == -ENOSYS || r == -EPERM || r == -ENOMEM ? epoll_open(ret, mem) : r;
}

int io_open(struct io **ret, const char *name, const struct stoa_mem *mem)
{
    if (!name)
        return open_best(ret, mem);
    if (str_eq(str_of(name), STR("uring")))
        return uring_open(ret, mem);
    if (str_eq(str_of(name), STR("epoll")))
        return epoll_open(ret, mem);
    return -EINVAL;
}

int io_probe(const char *name)
{
    struct io *io;
    int r = io_open(&io, name, &mem_default);
    if (r < 0)
        return r;
    io_close(io);
    return 0;
}
