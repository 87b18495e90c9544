/* core/rt.c -- a runtime: its cores, a thread for each, its services; how it starts and stops.
 *
 * Knows: threads, signals' masks, the descriptor limit. The loop itself is in core.c. */
#include "base/check.h"
#include "base/signals.h"
#include "base/sys.h"
#include "core/service.h"
#include "core/stages.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { RUNS, DRAINS, CUT };
enum { NOT_STOPPED = -1 };

/* A core and its thread. The first belongs to the thread that called stoa_run. */
struct slot {
    struct stoa_rt *rt;
    struct core core;
    _Atomic(struct io *) io; /* while it may be woken */
    pthread_t thread;
    size_t started;            /* services, from the first on */
    int phase;                 /* RUNS, DRAINS, CUT */
    stoa_time cut_at;          /* what end_of_grace is set for */
    struct timer end_of_grace; /* ends the wait; the loop looks what to do */
    int result;
    bool broken; /* its I/O failed under it: the kernel may hold on to its memory for ever */
};

struct stoa_rt {
    const struct io_sys *sys;
    const struct stoa_mem *mem;
    const struct stoa_log *log;
    char io_name[16];        /* empty = what works here */
    const char *stages_path; /* as stoa_options.stages */
    bool stages_asked;       /* they were made, or are off */
    struct stages stages;
    size_t stack_bytes;
    int conns_max;
    bool ran;
    struct list services;
    _Atomic stoa_time stop_at; /* the end of the grace; NOT_STOPPED */
    atomic_int failed;         /* see rt_fail; 0 = nothing did */
    atomic_int wakers;         /* calls of stoa_stop that may hold a slot's io */
    int cores;
    struct slot *slots[];
};

static size_t rt_bytes(int cores)
{
    return sizeof(struct stoa_rt) + (size_t)cores * sizeof(struct slot *);
}

int rt_new(struct stoa_rt **ret, const struct stoa_options *opt, const struct io_sys *sys)
{
    const struct stoa_mem *mem = opt->mem ? opt->mem : &mem_default;
    struct stoa_rt *rt = mem_zalloc(mem, rt_bytes(opt->cores));
    if (!rt)
        return -ENOMEM;
    rt->sys = sys;
    rt->mem = mem;
    rt->log = opt->log;
    rt->stack_bytes = opt->stack_bytes;
    rt->conns_max = opt->conns_max;
    rt->cores = opt->cores;
    rt->stages_path = opt->stages;
    list_init(&rt->services);
    atomic_init(&rt->stop_at, NOT_STOPPED);
    /* One by one, so that no two cores' counters share a cache line. */
    for (int i = 0; i < rt->cores; i++) {
        struct slot *s = rt->slots[i] = mem_zalloc(mem, sizeof *s);
        if (!s) {
            stoa_free(rt);
            return -ENOMEM;
        }
        s->rt = rt;
        atomic_init(&s->io, NULL);
    }
    *ret = rt;
    return 0;
}

/* The CPUs that this process may use. */
static int cpus(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    /* More CPUs than the set has room for. */
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

int stoa_new(stoa_rt **ret, const struct stoa_options *opt)
{
    struct stoa_options o = *opt;
    size_t name_n = o.io ? strlen(o.io) : 0;
    if (o.cores < 0 || o.conns_max < 0 || name_n >= sizeof((stoa_rt *)0)->io_name)
        return -EINVAL;
    int r = o.io ? io_probe(o.io) : 0;
    if (r < 0)
        return r == -EPERM ? -ENOSYS : r;
    if (o.cores == 0)
        o.cores = cpus();
    stoa_rt *rt;
    r = rt_new(&rt, &o, io_sys_kernel());
    if (r < 0)
        return r;
    if (name_n)
        memcpy(rt->io_name, o.io, name_n);
    *ret = rt;
    return 0;
}

void stoa_free(stoa_rt *rt)
{
    if (!rt)
        return;
    /* The kernel may still write into what belongs to a core whose I/O broke: that stays. */
    for (int i = 0; i < rt->cores; i++)
        if (rt->slots[i] && rt->slots[i]->broken)
            return;
    while (!list_is_empty(&rt->services))
        service_drop(list_owner(rt->services.next, struct service, node));
    for (int i = 0; i < rt->cores; i++)
        mem_free(rt->mem, rt->slots[i], sizeof *rt->slots[i]);
    stages_close(&rt->stages, rt->sys);
    mem_free(rt->mem, rt, rt_bytes(rt->cores));
}

void rt_add(struct stoa_rt *rt, struct service *s)
{
    list_push_back(&rt->services, &s->node);
}

struct list *rt_services(struct stoa_rt *rt)
{
    return &rt->services;
}

int rt_cores(const struct stoa_rt *rt)
{
    return rt->cores;
}

const struct stoa_mem *rt_mem(const struct stoa_rt *rt)
{
    return rt->mem;
}

const struct io_sys *rt_sys(const struct stoa_rt *rt)
{
    return rt->sys;
}

const struct stoa_log *rt_log(const struct stoa_rt *rt)
{
    return rt->log;
}

/* ---- the stage clock ---- */

/* What the descriptor limit leaves for this core's connections: an eighth of all, and at least 32,
 * is kept for files, listeners and the program's own. */
static size_t conns_max(const struct stoa_rt *rt)
{
    struct rlimit limit;
    if (rt->conns_max > 0)
        return (size_t)rt->conns_max;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    size_t all = limit.rlim_cur, kept = all / 8 < 32 ? 32 : all / 8;
    size_t each = all > kept ? (all - kept) / (size_t)rt->cores : 0;
    return each ? each : 1;
}

int rt_stages_open(struct stoa_rt *rt)
{
    const char *path = rt->stages_path;
    if (rt->stages_asked || (path && strcmp(path, "off") == 0))
        return 0;
    rt->stages_asked = true;
    /* Those that wait to be closed count no more, but are still there. */
    size_t conns = conns_max(rt) < STAGE_CONNS_MAX / 2 ? 2 * conns_max(rt) : STAGE_CONNS_MAX;
    struct stage_shape shape = { rt->cores, (uint32_t)conns };
    int r = stages_open(&rt->stages, rt->sys, path, &shape);
    if (r == 0)
        rt->stages.table.head->pid = getpid();
    return r;
}

void rt_keep_stamps(struct stoa_rt *rt)
{
    stages_keep_stamps(&rt->stages, rt->sys);
}

struct stage_table *rt_stages(struct stoa_rt *rt)
{
    return rt->stages.table.head ? &rt->stages.table : NULL;
}

/* ---- stopping ---- */

/* A signal handler may be here, in the middle of another call of this function: only atomics, and
 * io_wake. */
void stoa_stop(stoa_rt *rt, stoa_time grace)
{
    stoa_time now = rt->sys->clock(rt->sys).mono_ns;
    stoa_time at = grace < 0 ? now : grace > STOA_NEVER - now ? STOA_NEVER : now + grace;
    stoa_time old = atomic_load(&rt->stop_at);
    while ((old == NOT_STOPPED || at < old) &&
           !atomic_compare_exchange_weak(&rt->stop_at, &old, at))
        ;
    atomic_fetch_add(&rt->wakers, 1);
    for (int i = 0; i < rt->cores; i++) {
        struct io *io = atomic_load(&rt->slots[i]->io);
        if (io)
            io_wake(io);
    }
    atomic_fetch_sub(&rt->wakers, 1);
}

void rt_fail(struct stoa_rt *rt, int err)
{
    int none = 0;
    atomic_compare_exchange_strong(&rt->failed, &none, err);
    stoa_stop(rt, 0);
}

/* After this nobody wakes the slot's I/O any more, and it can be closed. */
static void hide_io(struct slot *s)
{
    atomic_store(&s->io, NULL);
    while (atomic_load(&s->rt->wakers) > 0)
        sched_yield();
}

static void grace_is_over(struct timer *t)
{
    struct slot *s = list_owner(t, struct slot, end_of_grace);
    s->cut_at = STOA_NEVER;
}

static void drain(struct slot *s)
{
    s->phase = DRAINS;
    if (s->rt->stages.table.head)
        __atomic_store_n(&s->rt->stages.table.head->draining, 1, __ATOMIC_RELAXED);
    services_drain(&s->rt->services, s->started, &s->core);
}

static void cut(struct slot *s)
{
    s->phase = CUT;
    timer_clear(&s->core.sched, &s->end_of_grace);
    services_cut(&s->rt->services, s->started, &s->core);
}

/* Does what stoa_stop asked for since the last turn. */
static void follow_stop(struct slot *s)
{
    stoa_time at = atomic_load(&s->rt->stop_at);
    if (at == NOT_STOPPED || s->phase == CUT)
        return;
    if (s->phase == RUNS)
        drain(s);
    if (at <= core_now(&s->core)) {
        cut(s);
        return;
    }
    if (at == s->cut_at)
        return;
    if (timer_set(&s->core.sched, &s->end_of_grace, at) < 0)
        cut(s); /* without memory for the timer the end would never come */
    s->cut_at = at;
}

/* ---- running ---- */

static bool has_ended(const struct slot *s)
{
    return s->phase != RUNS && s->core.live == 0 && s->core.sched.tasks == 0;
}

/* From the start of the services to the end of all they began. */
static int serve(struct slot *s)
{
    int r = services_start(&s->rt->services, &s->core, &s->started);
    if (r < 0)
        stoa_stop(s->rt, 0);
    for (follow_stop(s); !has_ended(s); follow_stop(s)) {
        int turn = core_turn(&s->core);
        if (turn < 0) {
            s->broken = true;
            return turn;
        }
    }
    timer_clear(&s->core.sched, &s->end_of_grace);
    return r;
}

/* All cores have the same. */
static void tell_io(struct stoa_rt *rt, const struct io *io)
{
    struct stoa_stage_head *head = rt->stages.table.head;
    uint64_t word = 0;
    if (!head)
        return;
    memcpy(&word, io->ops->name, strnlen(io->ops->name, sizeof word - 1));
    __atomic_store_n((uint64_t *)(void *)head->io, word, __ATOMIC_RELAXED);
}

static int run_core(struct slot *s)
{
    struct stoa_rt *rt = s->rt;
    struct io *io;
    int r = io_open(&io, rt->io_name[0] ? rt->io_name : NULL, rt->mem);
    if (r < 0)
        return r;
    int index = 0;
    while (rt->slots[index] != s)
        index++;
    r = core_open(&s->core, &(struct core_options){ .io = io,
                                                    .mem = rt->mem,
                                                    .log = rt->log,
                                                    .index = index,
                                                    .conns_max = conns_max(rt),
                                                    .stack_bytes = rt->stack_bytes,
                                                    .stages = rt_stages(rt) });
    if (r == 0) {
        tell_io(rt, io);
        timer_init(&s->end_of_grace, grace_is_over);
        s->cut_at = STOA_NEVER;
        atomic_store(&s->io, io);
        r = serve(s);
        hide_io(s);
        if (s->broken)
            return r;
        services_end(&s->core);
        core_close(&s->core);
    }
    io_close(io);
    return r;
}

static void *thread_main(void *arg)
{
    struct slot *s = arg;
    /* The program's signals are for the program's threads. */
    sigset_t all;
    signals_but_faults(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    s->result = run_core(s);
    if (s->result < 0)
        stoa_stop(s->rt, 0);
    return NULL;
}

/* sendfile(2) has no MSG_NOSIGNAL: while the cores run, SIGPIPE is blocked on their threads. */
static void hold_sigpipe(sigset_t *old, bool *was_pending)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, old);
    sigset_t pending;
    sigpending(&pending);
    *was_pending = sigismember(&pending, SIGPIPE) == 1;
}

/* Puts the caller's mask back; a SIGPIPE of ours is not for the program. */
static void release_sigpipe(const sigset_t *old, bool was_pending)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (!was_pending)
        while (sigtimedwait(&pipe, NULL, &(struct timespec){ 0 }) == SIGPIPE)
            ;
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

int stoa_run(stoa_rt *rt)
{
    if (rt->ran)
        return -EALREADY;
    rt->ran = true;
    sigset_t old;
    bool was_pending;
    hold_sigpipe(&old, &was_pending);
    int threads = 0, r = 0;
    while (r == 0 && threads < rt->cores - 1) {
        struct slot *s = rt->slots[threads + 1];
        r = -pthread_create(&s->thread, NULL, thread_main, s);
        if (r == 0)
            threads++;
    }
    if (r == 0)
        r = run_core(rt->slots[0]);
    if (r < 0)
        stoa_stop(rt, 0);
    for (int i = 1; i <= threads; i++) {
        pthread_join(rt->slots[i]->thread, NULL);
        if (r == 0)
            r = rt->slots[i]->result;
    }
    release_sigpipe(&old, was_pending);
    return r < 0 ? r : atomic_load(&rt->failed);
}
