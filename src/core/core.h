/* core/core.h -- one core: its I/O, its tasks, its loop. One thread drives it (core/rt.c), or the
 * simulator does, turn by turn.
 *
 * Knows nothing of what a connection is but how many there are; net/ hangs its listeners on it as
 * services (core/service.h). */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "io/io.h"
#include "stage/mark.h"
#include "task/task.h"

#include <pthread.h>
#include <stdatomic.h>

struct core {
    struct io *io;
    const struct io_sys *sys;
    const struct stoa_mem *mem;
    const struct stoa_log *log; /* may be NULL */
    int index;                  /* 0 .. cores - 1 */
    struct sched sched;

    size_t live;          /* what must end before the core may: connections, listeners, datagrams */
    size_t conns;         /* connections being served or parked */
    size_t conns_max;     /* at this number, accepting pauses */
    struct list want;     /* jobs to post when a connection has gone: listeners that pause */
    bool stopping;        /* no new work */
    bool cut;             /* the grace is over */
    struct list attached; /* services of this core alone, see core/service.h */
    size_t kept[2];       /* chunks of streams, and of datagrams, that net/kept.c keeps */
    struct stage_clock stage;
    stoa_time over;    /* see core_moment_over; 0 = ask */
    uint32_t over_ran; /* how many jobs had begun by then */

    pthread_mutex_t mail_lock;
    struct list mail; /* jobs from other threads */
    atomic_bool has_mail;
};

/* io: opened for this core, closed by whoever opened it, after core_close.
 *   returns  0, -ENOMEM. */
struct core_options {
    struct io *io;
    const struct stoa_mem *mem;
    const struct stoa_log *log; /* may be NULL */
    int index;
    size_t conns_max;
    size_t stack_bytes;
    struct stage_table *stages; /* NULL = the stage clock is off */
};
int core_open(struct core *core, const struct core_options *opt);

/* All tasks and connections have ended: checked. */
void core_close(struct core *core);

/* One turn of the loop: waits for the first of completion, timer, mail; delivers it; runs what is
 * ready.
 *   returns  0; < 0: the I/O cannot go on. */
int core_turn(struct core *core);

/* Runs j on the core's own stack and thread, soon.                                 [any]
 * j must not be waiting already. */
void core_post(struct core *core, struct job *j);

/* The moment of this turn. */
static inline stoa_time core_now(const struct core *core)
{
    return core->io->now.mono_ns;
}

static inline int64_t core_real_ns(const struct core *core)
{
    return core->io->now.real_ns;
}

/* This very moment, which the clock is asked for. */
static inline stoa_time core_moment(const struct core *core)
{
    return core->sys->moment(core->sys);
}

/* The clock was asked just now, and what runs is as good as over. The next who wants to know, if no
 * more than `jobs` began since then, all the asker's own, need not ask again. Once. */
static inline void core_moment_over(struct core *core, stoa_time now)
{
    core->over = now;
    core->over_ran = core->sched.ran;
}

static inline stoa_time core_moment_since(struct core *core, uint32_t jobs)
{
    bool is_new = core->over && core->sched.ran - core->over_ran <= jobs;
    stoa_time now = is_new ? core->over : core_moment(core);
    core->over = 0;
    return now;
}

/* The kernel's stamp of bytes just received, as a moment; 0 = unknown: it gave none, or the wall clock
 * was set. */
int64_t core_received_at(struct core *core, int64_t stamp_ns);

/* The moment `span` from now; STOA_NEVER for a span that has no end. */
static inline stoa_time core_in(const struct core *core, stoa_time span)
{
    stoa_time now = core_now(core);
    return span > STOA_NEVER - now ? STOA_NEVER : now + span;
}

/* The core that t runs on. */
struct core *core_of(const stoa_task *t);

/* Something that must end before the core may has begun, or ended. */
static inline void core_live_add(struct core *core)
{
    core->live++;
}
void core_live_drop(struct core *core);

/* The same for a connection; its end wakes the listeners that pause. */
void core_conn_add(struct core *core);
void core_conn_drop(struct core *core);

/* Runs fn on a helper thread and waits for its end, deaf to cancellation.         [waits]
 *   returns  what fn returned; -ENOMEM, -EAGAIN: no thread to be had, fn was not called. */
int core_offload(struct core *core, int (*fn)(const struct io_sys *sys, void *arg), void *arg);

/* Whether to say again something that happens again and again: every ten seconds. *next: its own,
 * zero at first. */
bool core_may_say(const struct core *core, stoa_time *next);

/* Tells the log hook, if there is one. */
__attribute__((format(printf, 3, 4))) void core_say(const struct core *core, enum stoa_level level,
                                                    const char *fmt, ...);

#endif
