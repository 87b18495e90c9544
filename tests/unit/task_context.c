/* The switch: what survives it, and where a backtrace ends. */
#include "base/list.h"
#include "base/mem.h"
#include "task/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unwind.h>

#include <cmocka.h>

/* A flow, who started it, and what they tell each other. */
struct flow {
    struct context own, other;
    struct stacks stacks;
    struct stack stack;
    int steps;
    uintptr_t misaligned;
    uintptr_t frames[32];
    int depth;
};

static void flow_open(struct flow *f, switch_entry *entry)
{
    *f = (struct flow){ .steps = 0 };
    stacks_init(&f->stacks, &mem_default, 0);
    assert_int_equal(stack_take(&f->stacks, &f->stack), 0);
    context_init_own(&f->own);
    context_init(&f->other, f->stack, entry);
}

static void flow_close(struct flow *f)
{
    stack_give(&f->stacks, f->stack);
    stacks_done(&f->stacks);
}

static struct flow *flow_of(struct switched *from, struct switched *self)
{
    return list_owner(context_begin(from, self), struct flow, other);
}

TOOLS_SWITCHES static _Noreturn void three_steps(struct switched *from, struct switched *self)
{
    struct flow *f = flow_of(from, self);
    f->steps = 1;
    context_switch(&f->other, &f->own);
    f->steps = 2;
    context_switch(&f->other, &f->own);
    f->steps = 3;
    context_leave(&f->other, &f->own);
}

TOOLS_SWITCHES static void goes_on_where_it_was(void **state)
{
    (void)state;
    struct flow f;
    flow_open(&f, three_steps);
    for (int i = 1; i <= 3; i++) {
        context_switch(&f.own, &f.other);
        assert_int_equal(f.steps, i);
    }
    flow_close(&f);
}

/* More values than there are registers, on both sides of the switch. */
TOOLS_SWITCHES __attribute__((noinline)) static long sum_over(long n, struct context *from,
                                                              struct context *to)
{
    long v[20];
    double d[8];
    for (int i = 0; i < 20; i++)
        v[i] = n * (i + 1);
    for (int i = 0; i < 8; i++)
        d[i] = (double)(n + i);
    context_switch(from, to);
    long sum = 0;
    for (int i = 0; i < 20; i++)
        sum += v[i];
    for (int i = 0; i < 8; i++)
        sum += (long)d[i];
    return sum;
}

TOOLS_SWITCHES static _Noreturn void summing(struct switched *from, struct switched *self)
{
    struct flow *f = flow_of(from, self);
    for (;;)
        f->steps = (int)sum_over(1000, &f->other, &f->own);
}

static void values_survive(void **state)
{
    (void)state;
    struct flow f;
    flow_open(&f, summing);
    assert_int_equal(sum_over(3, &f.own, &f.other), 210 * 3 + 8 * 3 + 28);
    assert_int_equal(sum_over(5, &f.own, &f.other), 210 * 5 + 8 * 5 + 28);
    assert_int_equal(f.steps, 210 * 1000 + 8 * 1000 + 28);
    flow_close(&f);
}

/* The stack is as the ABI wants it: code that saves vectors there would crash otherwise. */
__attribute__((noinline)) static uintptr_t misaligned_by(void)
{
    return (uintptr_t)__builtin_frame_address(0) % 16;
}

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *c, void *arg)
{
    struct flow *f = arg;
    if (f->depth < 32)
        f->frames[f->depth++] = _Unwind_GetIP(c);
    return _URC_NO_REASON;
}

__attribute__((noinline)) static void look_back(struct flow *f)
{
    _Unwind_Backtrace(note_frame, f);
    f->misaligned = misaligned_by();
}

TOOLS_SWITCHES static _Noreturn void looking(struct switched *from, struct switched *self)
{
    struct flow *f = flow_of(from, self);
    look_back(f);
    context_leave(&f->other, &f->own);
}

TOOLS_SWITCHES static void backtrace_ends_at_the_bottom(void **state)
{
    (void)state;
    struct flow f;
    flow_open(&f, looking);
    context_switch(&f.own, &f.other);
    /* look_back, looking, the bottom; libgcc adds a frame without address. */
    assert_in_range(f.depth, 3, 4);
    assert_int_equal(f.frames[3], 0);
    uintptr_t past = f.frames[2] - (uintptr_t)switch_bottom;
    assert_true(past > 0 && past <= 4);
    assert_int_equal(f.misaligned, 0);
    flow_close(&f);
}

/* ---- floating-point modes: each flow's own, a new one's from whoever starts it ---- */

#if defined(__x86_64__)
enum { ROUND_UP = 0x4000, ROUND_DOWN = 0x2000 };

static unsigned modes_get(void)
{
    unsigned mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return mxcsr & 0x6000;
}

static void modes_set(unsigned rounding)
{
    unsigned mxcsr = 0x1f80 | rounding;
    __asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
}
#elif defined(__aarch64__)
enum { ROUND_UP = 1 << 22, ROUND_DOWN = 2 << 22 };

static unsigned modes_get(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return (unsigned)fpcr & (3 << 22);
}

static void modes_set(unsigned rounding)
{
    __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)rounding));
}
#endif

TOOLS_SWITCHES static _Noreturn void rounding_down(struct switched *from, struct switched *self)
{
    struct flow *f = flow_of(from, self);
    f->steps = (int)modes_get();
    modes_set(ROUND_DOWN);
    context_switch(&f->other, &f->own);
    f->steps = (int)modes_get();
    context_leave(&f->other, &f->own);
}

TOOLS_SWITCHES static void modes_are_each_flows_own(void **state)
{
    (void)state;
    struct flow f;
    flow_open(&f, rounding_down);
    modes_set(ROUND_UP);
    context_switch(&f.own, &f.other);
    unsigned after_start = modes_get();
    modes_set(0);
    context_switch(&f.own, &f.other);
    unsigned after_end = modes_get();
    assert_int_equal(after_start, ROUND_UP);
    assert_int_equal(after_end, 0);
    assert_int_equal(f.steps, ROUND_DOWN);
    flow_close(&f);

    flow_open(&f, rounding_down);
    modes_set(ROUND_UP);
    context_switch(&f.own, &f.other);
    modes_set(0);
    assert_int_equal(f.steps, ROUND_UP);
    context_switch(&f.own, &f.other);
    flow_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_where_it_was),
        cmocka_unit_test(values_survive),
        cmocka_unit_test(backtrace_ends_at_the_bottom),
        cmocka_unit_test(modes_are_each_flows_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
