/* io/op.h -- the phases of an operation, and how those end that the kernel has nothing more to say
 * about: they wait in a list for the next io_wait(), since nothing completes anywhere else.
 *
 * Used by uring.c and epoll.c. Knows nothing of the kernel. */
#ifndef IO_OP_H
#define IO_OP_H

#include "io/io.h"

/* io_op.state. The node is in a list in the phases that say so, else it stands alone. */
enum op_phase {
    OP_IDLE = 0, /* not submitted, or its last completion is being delivered */
    OP_QUEUED,   /* the next io_wait() tells the kernel (uring); in a list */
    OP_ARMED,    /* the kernel watches for it. Listed while its cancellation waits (uring) */
    OP_PAUSED,   /* the kernel has let go; queued again after the present completion (uring) */
    OP_STARVED,  /* waits for a free buffer; in a list */
    OP_LEFT,     /* the kernel has let go, but not yet of its cancellation (uring) */
    OP_ENDED,    /* the next io_wait() delivers its last completion; in a list */
    OP_WORKING,  /* a helper thread's, until io_wait() collects it; in a list or running */
};

/* io_op.flags: a result <= 0, negated, in the low bits; above them the implementation's own. */
enum { OP_RESULT = 0x0fff };

static inline void op_set_result(struct io_op *op, int res)
{
    op->flags = (uint16_t)((op->flags & ~OP_RESULT) | (-res & OP_RESULT));
}

/* The last completion: op is the owner's again before it hears of it. */
static inline void op_finish(struct io_op *op, int res)
{
    op->state = OP_IDLE;
    op->done(op, res, NULL);
}

/* Puts op, which is in no list, among the ended; res <= 0. */
static inline void op_end(struct list *ended, struct io_op *op, int res)
{
    op->state = OP_ENDED;
    op_set_result(op, res);
    list_push_back(ended, &op->node);
}

/* Delivers those that had ended before the call; what ends meanwhile stays for the next. */
static inline void op_deliver(struct list *ended)
{
    struct list now;
    list_init(&now);
    list_move_all(&now, ended);
    for (struct list *n; (n = list_pop_front(&now));) {
        struct io_op *op = list_owner(n, struct io_op, node);
        op_finish(op, -(op->flags & OP_RESULT));
    }
}

#endif
