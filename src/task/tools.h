/* task/tools.h -- what AddressSanitizer, LeakSanitizer, ThreadSanitizer and valgrind must be told of
 * stacks and of switches between them; empty where the build has none of them.
 *
 * Knows nothing of tasks. Called by context.h (flows) and stack.c (stacks). What each tool does
 * when it is not told:
 *   ASan      takes a long jump on a task's stack for corruption, and leaves its marks behind
 *   LSan      reports what only a suspended task points at
 *   TSan      clang's crashes, gcc's mixes up who did what
 *   valgrind  "client switching stacks?", and takes a switch for one huge frame */
#ifndef TASK_TOOLS_H
#define TASK_TOOLS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define TOOLS_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define TOOLS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TOOLS_ASAN 1
#elif __has_feature(thread_sanitizer)
#define TOOLS_TSAN 1
#endif
#endif

#ifdef TOOLS_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#ifdef TOOLS_TSAN
#include "base/signals.h"
#include <sanitizer/tsan_interface.h>
#endif
/* ThreadSanitizer keeps a signal back until the program calls something that it knows. It does not know
 * epoll_pwait2(2) and io_uring_enter(2): a signal that came right before such a wait is slept over. */
#ifdef TOOLS_TSAN
#define TOOLS_KNOW_OLD_WAITS 1
#else
#define TOOLS_KNOW_OLD_WAITS 0
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define TOOLS_VALGRIND 1
#endif

/* On every function that a switch is compiled into: ThreadSanitizer's own calls must not stand
 * between telling it of the switch and the switch. */
#define TOOLS_SWITCHES __attribute__((no_sanitize("thread")))

/* ---- stacks ---- */

/* What the tools call a stack. */
struct tools_stack {
    void *tsan; /* the fiber that runs on it: making one takes gcc's library 5 ms, so it is kept */
    unsigned valgrind;
};

/* A stack was cut from a mapping. */
static inline struct tools_stack tools_stack_cut(char *low, char *high)
{
    struct tools_stack t = { .tsan = NULL };
#ifdef TOOLS_TSAN
    t.tsan = __tsan_create_fiber(0);
#endif
#ifdef TOOLS_VALGRIND
    t.valgrind = VALGRIND_STACK_REGISTER(low, high - 1);
#endif
    (void)low;
    (void)high;
    return t;
}

/* Its mapping goes. */
static inline void tools_stack_uncut(struct tools_stack t)
{
#ifdef TOOLS_TSAN
    __tsan_destroy_fiber(t.tsan);
#endif
#ifdef TOOLS_VALGRIND
    VALGRIND_STACK_DEREGISTER(t.valgrind);
#endif
    (void)t;
}

/* The bytes from low to high leave the pool: frames will live there, and pointers in them count. */
static inline void tools_stack_take(char *low, char *high)
{
#ifdef TOOLS_ASAN
    __asan_unpoison_memory_region(low, (size_t)(high - low));
    __lsan_register_root_region(low, (size_t)(high - low));
#endif
    (void)low;
    (void)high;
}

/* They are back in the pool: nobody may touch them but the last `kept` ones. */
static inline void tools_stack_give(char *low, char *high, size_t kept)
{
#ifdef TOOLS_ASAN
    __lsan_unregister_root_region(low, (size_t)(high - low));
    __asan_poison_memory_region(low, (size_t)(high - low) - kept);
#endif
    (void)low;
    (void)high;
    (void)kept;
}

/* The mapping from low to high goes: what comes there next must not inherit marks. */
static inline void tools_unmap(char *low, char *high)
{
#ifdef TOOLS_ASAN
    __asan_unpoison_memory_region(low, (size_t)(high - low));
#endif
    (void)low;
    (void)high;
}

/* Memory was mapped by a call that the tools do not see, or goes by one: where two threads do so, one
 * may be given what the other gave back. The kernel keeps the two apart; ThreadSanitizer is told. */
static inline void tools_mapped(const void *of_all)
{
#ifdef TOOLS_TSAN
    __tsan_acquire((void *)(uintptr_t)of_all);
#endif
    (void)of_all;
}

static inline void tools_unmap_follows(const void *of_all)
{
#ifdef TOOLS_TSAN
    __tsan_release((void *)(uintptr_t)of_all);
#endif
    (void)of_all;
}

/* ---- signals ---- */

/* ThreadSanitizer keeps a signal back until the fiber that ran when it came calls something that it
 * knows: of one that parks for good, that is never. So under it signals wait while a task runs. */
#ifdef TOOLS_TSAN
struct tools_signals {
    sigset_t before;
};
static inline void tools_signals_hold(struct tools_signals *s)
{
    sigset_t all;
    signals_but_faults(&all);
    pthread_sigmask(SIG_BLOCK, &all, &s->before);
}
static inline void tools_signals_let(const struct tools_signals *s)
{
    pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}
#else
struct tools_signals {
    char nothing;
};
static inline void tools_signals_hold(struct tools_signals *s)
{
    (void)s;
}
static inline void tools_signals_let(const struct tools_signals *s)
{
    (void)s;
}
#endif

/* ---- flows of control ---- */

/* ThreadSanitizer's fiber that runs. */
TOOLS_SWITCHES __attribute__((always_inline)) static inline void *tools_flow_running(void)
{
#ifdef TOOLS_TSAN
    return __tsan_get_current_fiber();
#else
    return NULL;
#endif
}

/* Right before a switch to a flow whose stack is low to high, and whose fiber is tsan.
 *   fake  where AddressSanitizer keeps the leaving flow's frames; NULL = it never comes back. */
TOOLS_SWITCHES __attribute__((always_inline)) static inline void
tools_flow_leave(void **fake, const char *low, const char *high, void *tsan)
{
#ifdef TOOLS_ASAN
    __sanitizer_start_switch_fiber(fake, low, (size_t)(high - low));
#endif
#ifdef TOOLS_TSAN
    __tsan_switch_to_fiber(tsan, 0);
#endif
    (void)fake;
    (void)low;
    (void)high;
    (void)tsan;
}

/* Right after a switch.
 *   fake       of the flow that runs now.
 *   low, high  set to the bounds of the stack that it came from, which for a thread's own stack
 *              only AddressSanitizer knows. */
TOOLS_SWITCHES __attribute__((always_inline)) static inline void
tools_flow_arrive(void *fake, char **low, char **high)
{
#ifdef TOOLS_ASAN
    const void *bottom;
    size_t n;
    __sanitizer_finish_switch_fiber(fake, &bottom, &n);
    *low = (char *)(size_t)bottom;
    *high = *low + n;
#endif
    (void)fake;
    (void)low;
    (void)high;
}

#endif
