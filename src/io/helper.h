/* io/helper.h -- the helper threads of one struct io: what would block runs there (IO_WORK).
 *
 * Started when needed, ended by helpers_close(). Used by uring.c and epoll.c; knows of them only
 * io_wake(). */
#ifndef IO_HELPER_H
#define IO_HELPER_H

#include "io/io.h"

#include <pthread.h>

enum { HELPERS_MAX = 4 };

struct helpers {
    struct io *io;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    struct list waiting; /* work that no thread has begun */
    struct list done;    /* work that io_wait() is to deliver */
    unsigned waiting_count, idle_count, thread_count;
    bool closing;
    pthread_t threads[HELPERS_MAX];
};

/* io: woken when there is something to deliver. */
void helpers_open(struct helpers *h, struct io *io);

/* No work may be under way. */
void helpers_close(struct helpers *h);

/* returns 0; -EAGAIN: no thread to be had, and none there. */
int helpers_submit(struct helpers *h, struct io_work *work);

/* Delivers what is done. For io_wait(), after a wake. */
void helpers_deliver(struct helpers *h);

#endif
