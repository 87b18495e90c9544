/* task/stack.h -- stacks with a guard below each, kept in a pool, the last used given first (its
 * pages are warm).
 *
 * Knows nothing of what runs on them; called by sched.c and task.c.
 *
 * The guard: pages that cannot be touched, installed with MADV_GUARD_INSTALL (Linux 6.13; splits no mapping, so their number is not bounded by
 * vm.max_map_count), else mprotect. Stacks are cut from large mappings; a page that was once
 * touched is kept, since giving it back and touching it anew costs 2 us. */
#ifndef TASK_STACK_H
#define TASK_STACK_H

#include <stoa/embed.h>

#include <stdbool.h>
#include <stddef.h>

/* Address space only. As wide as gcc for aarch64 expects, whose -fstack-clash-protection touches
 * only every 64 KiB; elsewhere it also stops code that was compiled without. */
enum { STACK_GUARD_BYTES = 64 << 10 };

struct stack_slab;
struct stack_free;

struct stacks {
    size_t bytes;             /* usable, per stack */
    struct stack_free *free;  /* the pool, last in first out */
    struct stack_slab *slabs; /* the mappings, the newest first; only that one has uncut stacks */
    size_t used;              /* handed out now */
    bool by_mprotect;         /* the kernel does not know MADV_GUARD_INSTALL */
    const struct stoa_mem *mem;
};

struct stack {
    char *low;  /* the lowest usable byte: the guard ends here */
    char *high; /* one past the highest */
    void *tsan; /* ThreadSanitizer's fiber that runs on it */
};

/* bytes: rounded up to whole pages; 0 = 64 KiB; less than 16 KiB becomes 16 KiB. */
void stacks_init(struct stacks *p, const struct stoa_mem *mem, size_t bytes);

/* All stacks are back: checked. */
void stacks_done(struct stacks *p);

/* returns 0 and *ret; -ENOMEM. */
int stack_take(struct stacks *p, struct stack *ret);
void stack_give(struct stacks *p, struct stack s);

/* Is addr in the guard of one of p's stacks: has a stack overflowed? Async-signal-safe, for
 * whoever handles SIGSEGV. */
bool stacks_is_guard(const struct stacks *p, const void *addr);

#endif
