/* task/switch.h -- the stack switch, for x86-64 and aarch64, compiled into its callers.
 *
 * Knows nothing but the registers; called by context.h only, which tells the sanitizers.
 *
 * It is a jump, not a call: a processor predicts returns by counting calls, and a call that is
 * never returned from, or a return that goes elsewhere, makes the returns after it misses, 5 ns
 * each (docs/decisions/tasks.md has the figures). The compiler saves what it needs of the registers that are
 * named as clobbered; the frame pointer cannot be named, so it is saved here, and so are the
 * floating-point modes, which the ABI has preserved over calls: otherwise a task that rounds up
 * makes all of them round up. The stack pointer does not move before the switch: red zone and CFI
 * of the function around it stay valid. */
#ifndef TASK_SWITCH_H
#define TASK_SWITCH_H

#include <stddef.h>
#include <stdint.h>

/* Where a suspended flow of control continues. */
struct switched {
    void *sp;
    void *fp;
    void *pc;
    uint64_t modes;
};

_Static_assert(offsetof(struct switched, sp) == 0, "known to the assembler text");
_Static_assert(offsetof(struct switched, fp) == 8, "known to the assembler text");
_Static_assert(offsetof(struct switched, pc) == 16, "known to the assembler text");
_Static_assert(offsetof(struct switched, modes) == 24, "x86-64: mxcsr 24, x87 control word 28");

/* A flow's first function: who switched to it, and itself. It never returns. */
typedef void switch_entry(struct switched *from, struct switched *self);

/* The return address of every entry, in bottom.S: unwinding stops there, returning traps. */
void switch_bottom(void);

#if defined(__x86_64__)

/* Makes c, when switched to, call entry(from, c) as if from switch_bottom. */
static inline void switch_prepare(struct switched *c, char *high, switch_entry *entry)
{
    void **top = (void **)(void *)high;
    /* Unwinders look one byte before a return address: hence + 1. At a function's first
     * instruction the stack pointer is 8 off a multiple of 16. */
    top[-1] = (char *)(uintptr_t)switch_bottom + 1;
    c->sp = top - 1;
    c->fp = NULL;
    c->pc = (void *)(uintptr_t)entry;
}

/* returns the flow that switched back. */
__attribute__((always_inline)) static inline struct switched *switch_to(struct switched *from,
                                                                        struct switched *to)
{
    __asm__ volatile("stmxcsr 24(%%rdi)\n\t"
                     "fnstcw 28(%%rdi)\n\t"
                     "leaq 1f(%%rip), %%rcx\n\t"
                     "movq %%rsp, (%%rdi)\n\t"
                     "movq %%rbp, 8(%%rdi)\n\t"
                     "movq %%rcx, 16(%%rdi)\n\t"
                     "movq (%%rsi), %%rsp\n\t"
                     "movq 8(%%rsi), %%rbp\n\t"
                     "jmpq *16(%%rsi)\n"
                     /* Here a flow continues: rsi is its own context, rdi the other's. */
                     "1:\n\t"
                     "ldmxcsr 24(%%rsi)\n\t"
                     "fldcw 28(%%rsi)"
                     : "+D"(from), "+S"(to)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "r15", "memory", "cc", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)",
                       "st(6)", "st(7)", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
                       "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#ifdef __AVX512F__
                       ,
                       "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
                       "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1",
                       "k2", "k3", "k4", "k5", "k6", "k7"
#endif
    );
    return from;
}

__attribute__((always_inline)) static inline _Noreturn void switch_for_good(struct switched *from,
                                                                            struct switched *to)
{
    for (;;) /* once, as only the compiler does not know */
        __asm__ volatile("movq (%%rsi), %%rsp\n\t"
                         "movq 8(%%rsi), %%rbp\n\t"
                         "jmpq *16(%%rsi)"
                         :
                         : "D"(from), "S"(to)
                         : "memory");
}

#elif defined(__aarch64__)

/* Makes c, when switched to, call entry(from, c) as if from switch_bottom. */
static inline void switch_prepare(struct switched *c, char *high, switch_entry *entry)
{
    c->sp = high;
    c->fp = NULL;
    c->pc = (void *)(uintptr_t)entry;
    /* A flow that has not begun has no modes yet: its return address waits in their place. 4: one
     * instruction on, since unwinders look before a return address. */
    c->modes = (uint64_t)(uintptr_t)switch_bottom + 4;
}

/* returns the flow that switched back. */
__attribute__((always_inline)) static inline struct switched *switch_to(struct switched *from,
                                                                        struct switched *to)
{
    register struct switched *x0 __asm__("x0") = from;
    register struct switched *x1 __asm__("x1") = to;
    __asm__ volatile("mrs x9, fpcr\n\t"
                     "adr x10, 1f\n\t"
                     "mov x11, sp\n\t"
                     "stp x11, x29, [x0]\n\t"
                     "stp x10, x9, [x0, #16]\n\t"
                     "ldp x11, x29, [x1]\n\t"
                     "ldp x17, x30, [x1, #16]\n\t"
                     "mov sp, x11\n\t"
                     "br x17\n"
                     /* Here a flow continues: x1 is its own context, x0 the other's, x30 its modes.
                      * hint 36 is `bti j`. Writing fpcr is slow, hence the comparison. */
                     "1:\n\t"
                     "hint #36\n\t"
                     "mrs x9, fpcr\n\t"
                     "cmp x9, x30\n\t"
                     "b.eq 2f\n\t"
                     "msr fpcr, x30\n"
                     "2:"
                     : "+r"(x0), "+r"(x1)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                       "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24",
                       "x25", "x26", "x27", "x28", "x30", "memory", "cc", "v0", "v1", "v2", "v3",
                       "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
                       "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26",
                       "v27", "v28", "v29", "v30", "v31"
#ifdef __ARM_FEATURE_SVE
                       ,
                       "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11",
                       "p12", "p13", "p14", "p15"
#endif
    );
    return x0;
}

__attribute__((always_inline)) static inline _Noreturn void switch_for_good(struct switched *from,
                                                                            struct switched *to)
{
    register struct switched *x0 __asm__("x0") = from;
    register struct switched *x1 __asm__("x1") = to;
    for (;;) /* once, as only the compiler does not know */
        __asm__ volatile("ldp x11, x29, [x1]\n\t"
                         "ldp x17, x30, [x1, #16]\n\t"
                         "mov sp, x11\n\t"
                         "br x17"
                         :
                         : "r"(x0), "r"(x1)
                         : "memory");
}

#else
#error "stoa knows how to switch stacks on x86-64 and aarch64 only"
#endif

#endif
