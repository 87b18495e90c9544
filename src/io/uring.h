/* io/uring.h -- struct io by io_uring(7). */
#ifndef IO_URING_H
#define IO_URING_H

#include "io/io.h"

/* returns 0 and *ret; -ENOSYS, -EPERM (not on this machine); -ENOMEM, -EMFILE, -ENFILE. */
int uring_open(struct io **ret, const struct stoa_mem *mem);

#endif
