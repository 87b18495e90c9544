/* io/epoll.h -- struct io by epoll(7) and nonblocking calls: for kernels without io_uring, and for
 * containers that forbid it. */
#ifndef IO_EPOLL_H
#define IO_EPOLL_H

#include "io/io.h"

/* returns 0 and *ret; -ENOMEM, -EMFILE, -ENFILE. */
int epoll_open(struct io **ret, const struct stoa_mem *mem);

#endif
