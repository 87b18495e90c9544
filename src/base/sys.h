/* base/sys.h -- results of system calls as -errno. The only reader of errno. */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

/* sys_int(socket(...)): the result, or -errno. */
static inline int sys_int(int r)
{
    return r < 0 ? -errno : r;
}

static inline ssize_t sys_size(ssize_t r)
{
    return r < 0 ? -errno : r;
}

/* sys_ptr(mmap(...), MAP_FAILED): 0, or -errno when p is the call's mark of failure. */
static inline int sys_ptr(const void *p, const void *failed)
{
    return p == failed ? -errno : 0;
}

#endif
