/* task/context.h -- a suspended flow of control: where it continues, and what the sanitizers must
 * know of its stack.
 *
 * Knows nothing of tasks; called by task/ only. */
#ifndef TASK_CONTEXT_H
#define TASK_CONTEXT_H

#include "task/stack.h"
#include "task/switch.h"
#include "task/tools.h"

struct context {
    struct switched at; /* first, so that a pointer to it is one to its context */
    struct stack stack; /* its bounds (of a thread's own stack: learnt at each switch) */
    void *fake;         /* AddressSanitizer's fake stack */
};

/* The flow of control that is running now, on a thread's own stack. */
static inline void context_init_own(struct context *c)
{
    *c = (struct context){ .fake = NULL };
}

/* A flow that will run entry on `stack` when first switched to, with the floating-point modes that
 * it finds, as a new thread would. stack.high is a multiple of 16. */
static inline void context_init(struct context *c, struct stack stack, switch_entry *entry)
{
    c->stack = stack;
    c->fake = NULL;
    switch_prepare(&c->at, stack.high, entry);
}

/* First thing in an entry, with what it was called with. returns the flow that begins. */
TOOLS_SWITCHES __attribute__((always_inline)) static inline struct context *
context_begin(struct switched *from, struct switched *self)
{
    struct context *by = (struct context *)from, *c = (struct context *)self;
    tools_flow_arrive(c->fake, &by->stack.low, &by->stack.high);
    return c;
}

/* Suspends `from`, the running flow, and continues `to`. Returns when somebody switches back. */
TOOLS_SWITCHES __attribute__((always_inline)) static inline void
context_switch(struct context *from, struct context *to)
{
    from->stack.tsan = tools_flow_running();
    tools_flow_leave(&from->fake, to->stack.low, to->stack.high, to->stack.tsan);
    struct context *by = (struct context *)switch_to(&from->at, &to->at);
    tools_flow_arrive(from->fake, &by->stack.low, &by->stack.high);
}

/* The same, for the last time: `from` never continues. */
TOOLS_SWITCHES __attribute__((always_inline)) static inline _Noreturn void
context_leave(struct context *from, struct context *to)
{
    tools_flow_leave(NULL, to->stack.low, to->stack.high, to->stack.tsan);
    switch_for_good(&from->at, &to->at);
}

#endif
