/* task/context.h -- a suspended flow of control: where it continues, and what the sanitizers and
 * valgrind must know of its stack. The switch itself is in switch_x86_64.S and switch_aarch64.S. */
#ifndef TASK_CONTEXT_H
#define TASK_CONTEXT_H

#include "task/stack.h"

struct context {
    void *sp;           /* saved stack pointer, while suspended */
    struct stack stack; /* its bounds (of a thread's own stack: learnt at the first switch) */
    void *fake;         /* AddressSanitizer's fake stack */
    void *tsan;         /* ThreadSanitizer's fiber */
    unsigned valgrind;  /* valgrind's stack id */
};

/* The flow of control that is running now, on a thread's own stack. */
void context_init_own(struct context *c);

/* A flow that will call entry(arg) on `stack` when first switched to. entry never returns: it
 * switches away with context_leave. */
void context_init(struct context *c, struct stack stack, void (*entry)(void *arg), void *arg);

/* Frees what the tools hold of a flow that has left for good. Not from itself. */
void context_done(struct context *c);

/* Suspends `from`, the running flow, and continues `to`. Returns when somebody switches back. */
void context_switch(struct context *from, struct context *to);

/* The same, for the last time: `from` never continues. */
_Noreturn void context_leave(struct context *from, struct context *to);

#endif
