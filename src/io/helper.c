/* io/helper.c -- see helper.h. */
#include "io/helper.h"

#include "io/op.h"

#include <errno.h>
#include <signal.h>

static struct io_work *work_of(struct list *node)
{
    return list_owner(list_owner(node, struct io_op, node), struct io_work, op);
}

void helpers_open(struct helpers *h, struct io *io)
{
    *h = (struct helpers){ .io = io };
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->changed, NULL);
    list_init(&h->waiting);
    list_init(&h->done);
}

void helpers_close(struct helpers *h)
{
    pthread_mutex_lock(&h->lock);
    h->closing = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
    for (unsigned i = 0; i < h->thread_count; i++)
        pthread_join(h->threads[i], NULL);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
}

/* The next work, waiting for it; NULL at the end. With the lock held. */
static struct io_work *next_work(struct helpers *h)
{
    while (list_is_empty(&h->waiting)) {
        if (h->closing)
            return NULL;
        h->idle_count++;
        pthread_cond_wait(&h->changed, &h->lock);
        h->idle_count--;
    }
    h->waiting_count--;
    return work_of(list_pop_front(&h->waiting));
}

static void *helper_main(void *arg)
{
    struct helpers *h = arg;
    pthread_mutex_lock(&h->lock);
    for (struct io_work *work; (work = next_work(h));) {
        pthread_mutex_unlock(&h->lock);
        work->result = work->fn(h->io->sys, work->arg);
        pthread_mutex_lock(&h->lock);
        list_push_back(&h->done, &work->op.node);
        pthread_mutex_unlock(&h->lock);
        io_wake(h->io); /* still there: helpers_close() waits for this thread */
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* With the lock held. returns 0, -EAGAIN. */
static int start_thread(struct helpers *h)
{
    /* The program's signals are for its own threads. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&h->threads[h->thread_count], NULL, helper_main, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0)
        return -EAGAIN; /* whatever was lacking */
    h->thread_count++;
    return 0;
}

int helpers_submit(struct helpers *h, struct io_work *work)
{
    int r = 0;
    pthread_mutex_lock(&h->lock);
    if (h->waiting_count >= h->idle_count && h->thread_count < HELPERS_MAX)
        r = start_thread(h);
    if (h->thread_count > 0) { /* fewer than wished for will do */
        r = 0;
        work->op.state = OP_WORKING;
        list_push_back(&h->waiting, &work->op.node);
        h->waiting_count++;
        pthread_cond_signal(&h->changed);
    }
    pthread_mutex_unlock(&h->lock);
    return r;
}

void helpers_deliver(struct helpers *h)
{
    struct list done;
    list_init(&done);
    pthread_mutex_lock(&h->lock);
    list_move_all(&done, &h->done);
    pthread_mutex_unlock(&h->lock);
    for (struct list *n; (n = list_pop_front(&done));) {
        struct io_work *work = work_of(n);
        op_finish(&work->op, work->result);
    }
}
