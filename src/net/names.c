/* net/names.c -- see names.h. getaddrinfo(3) may take half a minute and cannot be stopped. So each
 * question has a thread of its own: it holds up no other work, and when its task has lost its patience
 * it is left to itself, outlives the core if it must, and frees what it has. */
#include "net/names.h"
#include "core/service.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

/* Questions under way at once, per core: a dead name service must not cost more threads than this. */
enum { QUESTIONS_MAX = 32 };

/* What a core and its questions share; the last of them frees it. From malloc: the runtime's memory
 * may be gone by then. */
struct desk {
    pthread_mutex_t lock; /* of all below, and of each question's state */
    int questions;
    bool core_is_gone;
};

struct desk_service {
    struct service service; /* holds the desk for its core */
    const struct stoa_mem *mem;
    struct desk *desk;
};

enum question_state { ASKED, ANSWERED, ABANDONED };

struct question {
    struct desk *desk;
    struct core *core; /* there as long as the state is not ABANDONED */
    stoa_task *task;
    struct job job; /* wakes the task */
    int state;      /* enum question_state */
    bool woken;
    int result;
    struct addr_parts parts;
    struct addr_query query;
    struct names names;
};

/* ---- the desk ---- */

/* With the lock held, which is given back. */
static void desk_leave(struct desk *d)
{
    bool is_last = d->core_is_gone && d->questions == 0;
    pthread_mutex_unlock(&d->lock);
    if (!is_last)
        return;
    pthread_mutex_destroy(&d->lock);
    mem_free(&mem_default, d, sizeof *d);
}

static void nothing(struct service *s, struct core *core)
{
    (void)s; /* a question that is asked belongs to a task, which is cancelled */
    (void)core;
}

static void free_service(struct service *service)
{
    struct desk_service *s = list_owner(service, struct desk_service, service);
    pthread_mutex_lock(&s->desk->lock);
    s->desk->core_is_gone = true;
    desk_leave(s->desk);
    mem_free(s->mem, s, sizeof *s);
}

static const struct service_ops desk_ops = { .drain = nothing,
                                             .cut = nothing,
                                             .free = free_service };

/* The core's; NULL without memory. */
static struct desk *desk_of(struct core *core)
{
    struct service *found = service_attached(core, &desk_ops);
    if (found)
        return list_owner(found, struct desk_service, service)->desk;
    struct desk_service *s = mem_zalloc(core->mem, sizeof *s);
    struct desk *d = s ? mem_zalloc(&mem_default, sizeof *d) : NULL;
    if (!d || pthread_mutex_init(&d->lock, NULL) != 0) {
        mem_free(&mem_default, d, sizeof *d);
        mem_free(core->mem, s, sizeof *s);
        return NULL;
    }
    *s = (struct desk_service){ .service = { .ops = &desk_ops }, .mem = core->mem, .desk = d };
    service_attach(core, &s->service);
    return d;
}

/* ---- on the question's thread ---- */

static void look_up(struct question *q)
{
    q->result = addr_look_up(&q->parts, &q->query, q->names.list, NAMES_MAX, &q->names.why);
}

static void *question_main(void *arg)
{
    struct question *q = arg;
    struct desk *d = q->desk;
    look_up(q);
    pthread_mutex_lock(&d->lock);
    d->questions--;
    if (q->state == ABANDONED) {
        mem_free(&mem_default, q, sizeof *q);
    } else {
        q->state = ANSWERED;
        core_post(q->core, &q->job); /* with the lock held: the task cannot go before */
    }
    desk_leave(d);
    return NULL;
}

static int start_thread(struct question *q)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all); /* the program's signals are for its own threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&thread, NULL, question_main, q);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0)
        return -EAGAIN;
    pthread_detach(thread);
    return 0;
}

/* ---- on the core's ---- */

static void wake(struct job *j)
{
    struct question *q = list_owner(j, struct question, job);
    q->woken = true;
    task_wake(q->task);
}

static int begin(struct question *q)
{
    struct desk *d = q->desk;
    pthread_mutex_lock(&d->lock);
    bool is_room = d->questions < QUESTIONS_MAX;
    d->questions += is_room;
    pthread_mutex_unlock(&d->lock);
    int r = is_room ? start_thread(q) : -EAGAIN;
    if (r < 0 && is_room) {
        pthread_mutex_lock(&d->lock);
        d->questions--;
        pthread_mutex_unlock(&d->lock);
    }
    return r;
}

/* Waits for the answer. returns whether q is still ours; if not, it will free itself. */
static bool await(struct question *q, int *result)
{
    struct sched *sched = &q->core->sched;
    job_init(&q->job, wake);
    q->task = task_running(sched);
    *result = begin(q);
    if (*result < 0)
        return true;
    int r = 0;
    while (r == 0 && !q->woken)
        r = task_park(sched);
    if (!q->woken) {
        pthread_mutex_lock(&q->desk->lock);
        bool is_late = q->state == ASKED;
        if (is_late)
            q->state = ABANDONED;
        pthread_mutex_unlock(&q->desk->lock);
        *result = r;
        if (is_late)
            return false;
    }
    while (!q->woken)
        task_park_deaf(sched); /* the answer came with the deadline */
    *result = q->result;
    return true;
}

static int look_up_here(void *arg)
{
    look_up(arg);
    return 0;
}

int names_resolve(struct core *core, const struct addr_parts *parts, const struct addr_query *query,
                  struct names *ret)
{
    ret->count = 0;
    ret->why = NULL;
    struct question *q = mem_zalloc(&mem_default, sizeof *q);
    if (!q)
        return -ENOMEM;
    *q = (struct question){ .core = core, .parts = *parts, .query = *query };
    q->query.numeric = true;
    task_on_core_stack(&core->sched, look_up_here, q);
    int r = q->result;
    if (r == -ENOENT && !query->numeric) {
        q->names.why = NULL;
        q->query.numeric = false;
        q->desk = desk_of(core);
        r = -ENOMEM;
        if (q->desk && !await(q, &r))
            return r;
    }
    if (r < 0)
        ret->why = q->names.why;
    else
        *ret = q->names;
    ret->count = r < 0 ? 0 : r;
    mem_free(&mem_default, q, sizeof *q);
    return r < 0 ? r : 0;
}
