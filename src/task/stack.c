/* task/stack.c -- see stack.h.
 *
 * A slab is one mapping: guard, stack, guard, stack ... Guards are installed when a stack
 * is cut, that is, handed out for the first time: no burst of system calls, and a kernel that
 * refuses one more leaves us the stacks that we have. */
#include "task/stack.h"
#include "base/check.h"
#include "base/mem.h"
#include "task/tools.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

enum {
    BYTES_USUAL = 64 << 10,
    BYTES_MIN = 16 << 10,
    SLAB_STACKS_MAX = 64,
    SLAB_BYTES = 64 << 20, /* at most, unless one stack is larger */
};

/* More could not be mapped anyway, and sizes near it do not overflow. */
static const size_t bytes_max = SIZE_MAX / 4;

struct stack_slab {
    struct stack_slab *older;
    char *base;
    unsigned count; /* of stacks */
    unsigned cut;   /* the first of them */
    struct tools_stack tools[SLAB_STACKS_MAX];
};

/* In the topmost bytes of a stack in the pool: that page is touched in any case. */
struct stack_free {
    struct stack_free *next;
    void *tsan;
};

static int slab_add(struct stacks *p);
static void slab_free(struct stacks *p, struct stack_slab *slab);
static int slab_cut(struct stacks *p, struct stack_slab *slab, struct stack *ret);

void stacks_init(struct stacks *p, const struct stoa_mem *mem, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (bytes == 0)
        bytes = BYTES_USUAL;
    if (bytes < BYTES_MIN)
        bytes = BYTES_MIN;
    if (bytes > bytes_max)
        bytes = bytes_max;
    bytes = (bytes + page - 1) / page * page;
    *p = (struct stacks){ .bytes = bytes, .mem = mem };
}

static size_t stride(const struct stacks *p)
{
    return STACK_GUARD_BYTES + p->bytes;
}

void stacks_done(struct stacks *p)
{
    check(p->used == 0);
    p->free = NULL;
    while (p->slabs) {
        struct stack_slab *slab = p->slabs;
        p->slabs = slab->older;
        slab_free(p, slab);
    }
}

int stack_take(struct stacks *p, struct stack *ret)
{
    struct stack_free *f = p->free;
    if (f) {
        p->free = f->next;
        ret->high = (char *)(f + 1);
        ret->low = ret->high - p->bytes;
        ret->tsan = f->tsan;
    } else {
        if (!p->slabs || p->slabs->cut == p->slabs->count)
            if (slab_add(p) < 0)
                return -ENOMEM;
        if (slab_cut(p, p->slabs, ret) < 0)
            return -ENOMEM;
    }
    tools_stack_take(ret->low, ret->high);
    p->used++;
    return 0;
}

void stack_give(struct stacks *p, struct stack s)
{
    struct stack_free *f = (struct stack_free *)(void *)s.high - 1;
    p->used--;
    f->tsan = s.tsan;
    f->next = p->free;
    p->free = f;
    tools_stack_give(s.low, s.high, sizeof *f);
}

bool stacks_is_guard(const struct stacks *p, const void *addr)
{
    for (const struct stack_slab *s = p->slabs; s; s = s->older) {
        uintptr_t at = (uintptr_t)addr - (uintptr_t)s->base;
        if ((uintptr_t)addr >= (uintptr_t)s->base && at < s->cut * stride(p))
            return at % stride(p) < STACK_GUARD_BYTES;
    }
    return false;
}

/* returns 0, -ENOMEM. */
static int slab_add(struct stacks *p)
{
    size_t count = SLAB_BYTES / stride(p);
    if (count > SLAB_STACKS_MAX)
        count = SLAB_STACKS_MAX;
    if (count == 0)
        count = 1;
    struct stack_slab *slab = mem_zalloc(p->mem, sizeof *slab);
    if (!slab)
        return -ENOMEM;
    /* MAP_STACK: no huge pages (Linux 6.7), which one touched stack would fill at once. */
    char *base = mmap(NULL, count * stride(p), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED) {
        mem_free(p->mem, slab, sizeof *slab);
        return -ENOMEM;
    }
    slab->base = base;
    slab->count = (unsigned)count;
    slab->older = p->slabs;
    p->slabs = slab;
    return 0;
}

static void slab_free(struct stacks *p, struct stack_slab *slab)
{
    for (unsigned i = 0; i < slab->cut; i++)
        tools_stack_uncut(slab->tools[i]);
    tools_unmap(slab->base, slab->base + slab->count * stride(p));
    munmap(slab->base, slab->count * stride(p));
    mem_free(p->mem, slab, sizeof *slab);
}

/* returns 0; < 0 the kernel has no room for one more guard. */
static int guard_install(struct stacks *p, char *at)
{
    if (!p->by_mprotect) {
        if (madvise(at, STACK_GUARD_BYTES, MADV_GUARD_INSTALL) == 0)
            return 0;
        p->by_mprotect = true; /* too old a kernel, or memory locked with mlockall(2) */
    }
    return mprotect(at, STACK_GUARD_BYTES, PROT_NONE);
}

/* Cuts the next stack off the newest slab. returns 0; < 0 no guard, no stack. */
static int slab_cut(struct stacks *p, struct stack_slab *slab, struct stack *ret)
{
    char *guard = slab->base + slab->cut * stride(p);
    if (guard_install(p, guard) < 0)
        return -ENOMEM;
    ret->low = guard + STACK_GUARD_BYTES;
    ret->high = ret->low + p->bytes;
    slab->tools[slab->cut] = tools_stack_cut(ret->low, ret->high);
    ret->tsan = slab->tools[slab->cut].tsan;
    slab->cut++;
    return 0;
}
