/* Stacks: the pool, the guard below each, and what happens when there are none to be had. */
#include "base/mem.h"
#include "support/flaky.h"
#include "task/stack.h"
#include "task/task.h"
#include "task/tools.h"

#include <alloca.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void size_is_rounded(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const struct {
        size_t asked, given;
    } cases[] = {
        { 0, 64 << 10 },
        { 1, 16 << 10 },
        { (16 << 10) + 1, (16 << 10) + page },
        { 256 << 10, 256 << 10 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stacks p;
        stacks_init(&p, &mem_default, cases[i].asked);
        assert_int_equal(p.bytes, cases[i].given);
        stacks_done(&p);
    }
}

static void last_given_is_first_taken(void **state)
{
    (void)state;
    struct stacks p;
    struct stack a, b, c;
    stacks_init(&p, &mem_default, 0);
    assert_int_equal(stack_take(&p, &a), 0);
    assert_int_equal(stack_take(&p, &b), 0);
    stack_give(&p, b);
    stack_give(&p, a);
    assert_int_equal(stack_take(&p, &c), 0);
    assert_ptr_equal(c.low, a.low);
    assert_ptr_equal(c.high, a.high);
    assert_int_equal(p.used, 1);
    stack_give(&p, c);
    assert_int_equal(p.used, 0);
    stacks_done(&p);
}

static void many_do_not_overlap(void **state)
{
    (void)state;
    enum { N = 80 }; /* more than a mapping holds */
    struct stacks p;
    struct stack s[N];
    stacks_init(&p, &mem_default, 0);
    for (int i = 0; i < N; i++) {
        assert_int_equal(stack_take(&p, &s[i]), 0);
        assert_int_equal(s[i].high - s[i].low, p.bytes);
        assert_int_equal((uintptr_t)s[i].high % 4096, 0);
        memset(s[i].low, i, 64);
        memset(s[i].high - 64, i, 64);
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(s[i].low[0], (char)i);
        assert_int_equal(s[i].high[-1], (char)i);
        stack_give(&p, s[i]);
    }
    stacks_done(&p);
}

static void large_ones_share_no_mapping(void **state)
{
    (void)state;
    struct stacks p;
    struct stack a, b;
    stacks_init(&p, &mem_default, 128 << 20);
    assert_int_equal(stack_take(&p, &a), 0);
    assert_int_equal(stack_take(&p, &b), 0);
    a.low[0] = b.low[0] = 1;
    assert_false(stacks_is_guard(&p, a.low));
    assert_true(stacks_is_guard(&p, b.low - 1));
    stack_give(&p, a);
    stack_give(&p, b);
    stacks_done(&p);
}

static void guard_is_known(void **state)
{
    (void)state;
    struct stacks p;
    struct stack a, b;
    stacks_init(&p, &mem_default, 0);
    assert_int_equal(stack_take(&p, &a), 0);
    assert_int_equal(stack_take(&p, &b), 0);
    assert_true(stacks_is_guard(&p, a.low - 1));
    assert_true(stacks_is_guard(&p, a.low - STACK_GUARD_BYTES));
    assert_false(stacks_is_guard(&p, a.low - STACK_GUARD_BYTES - 1));
    assert_false(stacks_is_guard(&p, a.low));
    assert_true(stacks_is_guard(&p, a.high)); /* the next one's */
    assert_true(stacks_is_guard(&p, b.low - 1));
    assert_false(stacks_is_guard(&p, b.high)); /* not cut yet: nobody's */
    assert_false(stacks_is_guard(&p, &p));
    assert_false(stacks_is_guard(&p, NULL));
    stack_give(&p, a);
    stack_give(&p, b);
    stacks_done(&p);
}

static void no_memory_is_an_answer(void **state)
{
    (void)state;
    struct flaky f;
    struct stacks p;
    struct stack s = { .low = NULL };
    flaky_init(&f, 0);
    stacks_init(&p, &f.mem, 0);
    assert_int_equal(stack_take(&p, &s), -ENOMEM);
    assert_null(s.low);
    stacks_done(&p);

    flaky_init(&f, -1);
    stacks_init(&p, &f.mem, SIZE_MAX); /* no address space is that large */
    assert_int_equal(stack_take(&p, &s), -ENOMEM);
    assert_int_equal(f.bytes, 0);
    stacks_done(&p);

    struct sched sched;
    assert_int_equal(sched_init(&sched, &f.mem, SIZE_MAX), -ENOMEM);
    assert_int_equal(f.bytes, 0);
}

/* ---- in a child process: a kernel that refuses ---- */

/* Runs body in a child process. returns its status, as from wait(2). */
static int in_child(void (*body)(void *arg), void *arg)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = { 0, 0 };
        setrlimit(RLIMIT_CORE, &none);
        body(arg);
#ifdef TOOLS_ASAN
        _exit(0); /* its search for leaks wants system calls that body may have refused */
#else
        exit(0);
#endif
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* From now on the system call nr fails with err when its third argument is `third`. */
static void refuse(unsigned nr, unsigned third, unsigned err)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, third, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof code / sizeof code[0], code };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        exit(77);
}

enum { GUARD_INSTALL = 102 };

static void expect(bool so)
{
    if (!so)
        exit(1);
}

static void use_old_kernel(void *arg)
{
    (void)arg;
    struct stacks p;
    struct stack a, b;
    refuse(SYS_madvise, GUARD_INSTALL, EINVAL);
    stacks_init(&p, &mem_default, 0);
    expect(stack_take(&p, &a) == 0);
    expect(p.by_mprotect);
    expect(stack_take(&p, &b) == 0);
    expect(stacks_is_guard(&p, b.low - 1));
    refuse(SYS_mprotect, PROT_NONE, ENOMEM); /* as when vm.max_map_count is reached */
    struct stack c;
    expect(stack_take(&p, &c) == -ENOMEM);
    stack_give(&p, a);
    expect(stack_take(&p, &c) == 0); /* those that are there still serve */
    stack_give(&p, b);
    stack_give(&p, c);
    stacks_done(&p);
}

static void old_kernel_gets_mprotect(void **state)
{
    (void)state;
    int status = in_child(use_old_kernel, NULL);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip(); /* no seccomp here */
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- in a child process: a stack that overflows ---- */

struct crash {
    struct sched *sched;
    bool in_guard;
};

static struct crash *crash; /* shared with the child */
static char alternate[64 << 10];
static volatile int depth_max = 1 << 30;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    crash->in_guard = stacks_is_guard(&crash->sched->stacks, info->si_addr);
    /* Returning repeats the access, which is the end now. */
    signal(sig, SIG_DFL);
}

__attribute__((noinline)) static int recurse(int depth)
{
    volatile char frame[256];
    frame[depth & 255] = (char)depth;
    return depth == depth_max ? 0 : recurse(depth + 1) + frame[depth & 255];
}

static int recursing(stoa_task *t, void *arg)
{
    (void)t;
    (void)arg;
    return recurse(0);
}

/* Larger than all stacks: without -fstack-clash-protection it would jump over the guard. */
static int allocating(stoa_task *t, void *arg)
{
    (void)t;
    volatile char *far = alloca(*(size_t *)arg);
    far[0] = 1;
    return far[0];
}

/* As frames of 48 KiB would, of code that was compiled without it. */
static int striding(stoa_task *t, void *arg)
{
    (void)t;
    (void)arg;
    volatile char *at = __builtin_frame_address(0);
    for (int i = 0; i < 8; i++) {
        at -= 48 << 10;
        *at = 1;
    }
    return 0;
}

struct overflow {
    stoa_fn *fn;
    size_t bytes;
    bool old_kernel;
};

static void overflow_in_task(void *arg)
{
    struct overflow *o = arg;
    struct sched s;
    const stack_t alt = { .ss_sp = alternate, .ss_size = sizeof alternate };
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    if (o->old_kernel)
        refuse(SYS_madvise, GUARD_INSTALL, EINVAL);
    expect(sched_init(&s, &mem_default, 0) == 0);
    crash->sched = &s;
    sigaltstack(&alt, NULL);
    sigaction(SIGSEGV, &action, NULL);
    task_start(&s, o->fn, &o->bytes, NULL);
}

static void crashes_in_guard(struct overflow o)
{
    crash = mmap(NULL, sizeof *crash, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(crash, MAP_FAILED);
    int status = in_child(overflow_in_task, &o);
    bool in_guard = crash->in_guard;
    munmap(crash, sizeof *crash);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    assert_true(in_guard);
}

static void recursion_ends_at_the_guard(void **state)
{
    (void)state;
    crashes_in_guard((struct overflow){ .fn = recursing });
}

static void recursion_ends_at_an_old_guard(void **state)
{
    (void)state;
    crashes_in_guard((struct overflow){ .fn = recursing, .old_kernel = true });
}

static void large_frame_ends_at_the_guard(void **state)
{
    (void)state;
    crashes_in_guard((struct overflow){ .fn = allocating, .bytes = 1 << 20 });
}

static void wide_frames_do_not_jump_the_guard(void **state)
{
    (void)state;
    crashes_in_guard((struct overflow){ .fn = striding });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_is_rounded),
        cmocka_unit_test(last_given_is_first_taken),
        cmocka_unit_test(many_do_not_overlap),
        cmocka_unit_test(large_ones_share_no_mapping),
        cmocka_unit_test(guard_is_known),
        cmocka_unit_test(no_memory_is_an_answer),
        cmocka_unit_test(old_kernel_gets_mprotect),
        cmocka_unit_test(recursion_ends_at_the_guard),
        cmocka_unit_test(recursion_ends_at_an_old_guard),
        cmocka_unit_test(large_frame_ends_at_the_guard),
        cmocka_unit_test(wide_frames_do_not_jump_the_guard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
