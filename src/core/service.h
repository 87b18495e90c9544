/* core/service.h -- what a runtime runs on every one of its cores: a listener, a datagram socket.
 *
 * The life of a service: made on the program's thread before stoa_run (binds, so that errors are
 * told early); then, on each core's thread: start, drain, maybe cut; freed after all cores ended. */
#ifndef CORE_SERVICE_H
#define CORE_SERVICE_H

#include "core/core.h"

struct service {
    struct list node;
    const struct service_ops *ops;
};

struct service_ops {
    /* Begins on this core. returns 0, < 0: the runtime stops and stoa_run returns it. */
    int (*start)(struct service *s, struct core *core);
    /* No new work; what is idle goes now. What runs is waited for (core->live). */
    void (*drain)(struct service *s, struct core *core);
    /* The grace is over: cancel what runs. It still ends by itself, soon. After drain. */
    void (*cut)(struct service *s, struct core *core);
    /* Frees s and closes what it holds. Also without any start. */
    void (*free)(struct service *s);
};

/* Calls all of them, in the order of the list. *started counts up, and is given to the others.
 *   returns  services_start: 0; < 0, those before it have started. */
int services_start(struct list *services, struct core *core, size_t *started);
void services_drain(struct list *services, size_t started, struct core *core);
void services_cut(struct list *services, size_t started, struct core *core);

/* A service of this core alone, that began while the core runs: `start` is not called; drained and
 * cut with the others, at once when the core is so already; freed by services_end. */
void service_attach(struct core *core, struct service *s);

/* The one that is attached with these ops; NULL. */
struct service *service_attached(const struct core *core, const struct service_ops *ops);

/* Frees what is attached, before core_close. */
void services_end(struct core *core);

struct stoa_rt;

/* A runtime on other ground than the kernel's, for the simulator: it opens the cores and calls the
 * services itself instead of stoa_run. As stoa_new; opt: cores must be given; sys: borrowed. */
int rt_new(struct stoa_rt **ret, const struct stoa_options *opt, const struct io_sys *sys);

/* The runtime as the floors above see it. */
void rt_add(struct stoa_rt *rt, struct service *s); /* rt frees it; before stoa_run */
struct list *rt_services(struct stoa_rt *rt);       /* in the order in which they were added */
int rt_cores(const struct stoa_rt *rt);
const struct stoa_mem *rt_mem(const struct stoa_rt *rt);
const struct io_sys *rt_sys(const struct stoa_rt *rt);
const struct stoa_log *rt_log(const struct stoa_rt *rt);

/* Makes the stage clock's file, unless it is off; what counts is the first call, before stoa_run.
 *   returns  0; < 0: it could not be made, and the clock is off (see stages_open). */
int rt_stages_open(struct stoa_rt *rt);

/* Has the kernel stamp what it receives from now on; before a listener whose connections ask for that
 * listens. May wait some milliseconds; nothing where the stage clock is off. */
void rt_keep_stamps(struct stoa_rt *rt);

/* The stage clock's table; NULL = it is off. */
struct stage_table *rt_stages(struct stoa_rt *rt);

/* Stops at once; stoa_run returns err, or that of an earlier call. On a core's thread. */
void rt_fail(struct stoa_rt *rt, int err);

/* Takes s back and frees it, before stoa_run. */
static inline void service_drop(struct service *s)
{
    list_unlink(&s->node);
    s->ops->free(s);
}

#endif
