/* io/kernel.h -- the kernel's calls, as far as uring.c and epoll.c make them themselves. */
#ifndef IO_KERNEL_H
#define IO_KERNEL_H

#include "io/io.h"

/* Both clocks, one right after the other. */
struct io_clock kernel_clock(void);

/* Whether accept's failure `err` (-errno) is of the one connection that was to be accepted, not of
 * the listener or of us: the next one may be fine. */
bool kernel_accept_skips(int err);

/* accept4(2), nonblocking and close-on-exec; skips those connections.
 *   returns  the descriptor; -EAGAIN: the accept queue is empty; < 0. */
int kernel_accept(int fd);

/* What struct io_sys has as keep_stamps. */
int kernel_keep_stamps(void);

/* The eventfd behind io_wake(). It is never read: those who wait hear of each write, not of a level
 * (EPOLLET; a multishot poll), which saves a call per wake, and the counter lasts for centuries.
 *   returns  the descriptor; -EMFILE, -ENFILE, -ENOMEM. */
int kernel_wake_open(void);

/* Async-signal-safe.                                                              [any] */
void kernel_wake(int fd);

#endif
