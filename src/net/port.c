/* net/port.c -- see port.h. */
#include "net/port.h"
#include "base/cause.h"
#include "base/check.h"
#include "base/error.h"
#include "net/addr.h"

#include <errno.h>

/* After a shortage of descriptors or memory: when to try again if none of our own connections ends
 * before (the shortage may be the whole machine's). */
static const stoa_time RETRY = 100 * STOA_MS;

static void accepted(struct io_op *op, int res, struct io_chunk *chunk);
static void resume(struct job *j);

static struct line_place *place_of(struct list *node)
{
    return list_owner(node, struct line_place, node);
}

/* Moving the timer cannot fail: it is always set. */
static void aim_retry(struct port *p, stoa_time when)
{
    check(timer_set(&p->core->sched, &p->retry, when) == 0);
}

static void retry(struct timer *t)
{
    struct port *p = list_owner(t, struct port, retry);
    aim_retry(p, STOA_NEVER);
    list_unlink(&p->resume.node);
    sched_post(&p->core->sched, &p->resume);
}

static void close_timers(struct port *p)
{
    line_close(&p->silent);
    line_close(&p->lingering);
    line_close(&p->looking);
    line_close(&p->late_reads);
    late_accept_close(&p->late);
    timer_clear(&p->core->sched, &p->retry);
}

static int open_late_reads(struct port *p)
{
    int r = line_open(&p->looking, &p->core->sched, p->how.conns->look);
    return r < 0 ? r : line_open(&p->late_reads, &p->core->sched, p->how.conns->read);
}

static void take_late(struct late_accept *l);

static int open_late_accept(struct port *p)
{
    p->late = (struct late_accept){
        .core = p->core, .fd = p->fd, .span = p->opt->accept_late, .take_all = take_late
    };
    return late_accept_open(&p->late);
}

int port_open(struct port *p, struct core *core, const struct port_options *how)
{
    *p = (struct port){ .core = core, .opt = how->serving, .how = *how, .fd = how->fd };
    p->over = p->opt->accepts_none;
    p->tick = core->sys->tick(core->sys);
    p->accept = (struct io_op){ .done = accepted, .fd = how->fd, .kind = IO_ACCEPT };
    list_init(&p->running);
    list_init(&p->held);
    list_init(&p->free);
    job_init(&p->resume, resume);
    timer_init(&p->retry, retry);
    int r = line_open(&p->silent, &core->sched, how->conns->expire_silent);
    if (r == 0)
        r = line_open(&p->lingering, &core->sched, how->conns->expire_lingering);
    if (r == 0)
        r = timer_set(&core->sched, &p->retry, STOA_NEVER);
    if (r == 0 && p->opt->read_late)
        r = open_late_reads(p);
    if (r == 0 && p->fd >= 0 && !p->over)
        r = p->opt->accept_late ? open_late_accept(p) : io_submit(core->io, &p->accept);
    if (r < 0)
        close_timers(p);
    else
        core_live_add(core);
    return r;
}

void port_done(struct port *p, const struct stoa_mem *mem)
{
    struct list *node;
    while ((node = list_pop_front(&p->free)))
        p->how.conns->release(mem, place_of(node));
}

/* ---- pausing ---- */

static const char *pause_cause(int err)
{
    if (err == 0)
        return "accept.connections_max";
    const struct stoa_cause *c = cause_of(STOA_STAGE_ACCEPT, err);
    return c ? c->id : "accept.failed";
}

static void say_pause(struct port *p, const char *cause, int err)
{
    char text[ADDR_TEXT_BYTES];
    if (!core_may_say(p->core, &p->say_pause))
        return;
    const char *are = str_counted(p->core->conns, "connection is", "connections are");
    addr_format(p->how.addr, text, sizeof text);
    if (err < 0)
        core_say(p->core, STOA_WARNING, "%s: accepting on %s pauses: %s (%s); %zu %s open", cause,
                 text, stoa_strerror(err), error_name(err), p->core->conns, are);
    else
        core_say(p->core, STOA_WARNING,
                 "%s: accepting on %s pauses: %zu %s open, as many as allowed", cause, text,
                 p->core->conns, are);
}

void port_pause(struct port *p, int err)
{
    if (p->paused || p->cut)
        return;
    p->paused = true;
    if (io_is_under_way(&p->accept))
        io_cancel(p->core->io, &p->accept);
    list_push_back(&p->core->want, &p->resume.node);
    if (err < 0)
        aim_retry(p, core_in(p->core, RETRY));
    const char *cause = pause_cause(err);
    stage_cause_count(&p->core->stage, cause);
    say_pause(p, cause, err);
}

/* ---- accepting ---- */

static void maybe_end(struct port *p)
{
    if (!p->draining || p->ended || p->fd >= 0 || p->conns > 0)
        return;
    p->ended = true;
    close_timers(p);
    list_unlink(&p->resume.node);
    core_live_drop(p->core);
}

static void close_socket(struct port *p)
{
    if (p->fd < 0)
        return;
    p->fd = -1;
    p->how.close(p->how.ctx, p->core->index);
    maybe_end(p);
}

static bool is_shortage(int err)
{
    return err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -ENOBUFS;
}

static void accept_all(struct port *p)
{
    const struct io_sys *sys = p->core->sys;
    int fd = 0;
    while (!p->over && !p->paused && !p->cut && fd != -EAGAIN && !is_shortage(fd)) {
        fd = sys->accept(sys, p->fd);
        if (fd >= 0)
            p->how.conns->take(p, fd);
        else if (fd != -ECONNABORTED && fd != -EINTR && !is_shortage(fd))
            fd = -EAGAIN; /* whatever it is, there is nothing to be had here any more */
    }
    if (is_shortage(fd))
        port_pause(p, fd);
}

static void take_late(struct late_accept *l)
{
    struct port *p = list_owner(l, struct port, late);
    if (!p->draining)
        accept_all(p);
}

/* Closing the socket resets what waits in the accept queue: that is served first. */
static void accept_rest(struct port *p)
{
    accept_all(p);
    if (!p->paused || p->cut)
        close_socket(p);
}

/* Takes up accepting again, or in the first place what was held. */
static void accept_on(struct port *p)
{
    if (p->draining) {
        if (!io_is_under_way(&p->accept) && p->fd >= 0)
            accept_rest(p);
        return;
    }
    if (p->over || io_is_under_way(&p->accept) || p->opt->accept_late)
        return; /* its last completion, or the next look, comes here again */
    int r = io_submit(p->core->io, &p->accept);
    if (r < 0)
        port_pause(p, r);
}

static void resume(struct job *j)
{
    struct port *p = list_owner(j, struct port, resume);
    struct core *core = p->core;
    struct list *node;
    p->paused = false;
    aim_retry(p, STOA_NEVER);
    while (core->conns < core->conns_max && (node = list_pop_front(&p->held)))
        p->how.conns->begin(place_of(node));
    if (core->conns >= core->conns_max)
        port_pause(p, 0);
    if (!p->paused)
        accept_on(p);
}

/* Takes a connection that has come; the last one that may ends the listening. A shutdown does so at
 * once, while closing would wait for the operation on the descriptor. */
static void take(struct port *p, int fd)
{
    const struct io_sys *sys = p->core->sys;
    p->how.conns->take(p, fd);
    if (!p->opt->accepts || ++p->accepted < p->opt->accepts)
        return;
    char text[ADDR_TEXT_BYTES];
    p->over = true;
    sys->shutdown(sys, p->fd, SHUT_RDWR);
    core_say(p->core, STOA_INFO, "%s refuses from now on: %llu %s accepted",
             addr_format(p->how.addr, text, sizeof text), (unsigned long long)p->accepted,
             str_counted(p->accepted, "connection was", "connections were"));
}

/* One that the kernel had accepted before it was told that it is over. */
static void refuse(struct port *p, int fd)
{
    const struct io_sys *sys = p->core->sys;
    struct linger hard = { .l_onoff = 1, .l_linger = 0 };
    sys->set_option(sys, fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    sys->close(sys, fd);
}

static void accepted(struct io_op *op, int res, struct io_chunk *chunk)
{
    (void)chunk;
    struct port *p = list_owner(op, struct port, accept);
    if (res >= 0) {
        p->over ? refuse(p, res) : take(p, res);
        return;
    }
    if (p->draining)
        accept_rest(p);
    else if (p->over)
        return; /* the shutdown has ended the operation */
    else if (res == -ECANCELED && !p->paused)
        accept_on(p); /* the pause was over before this came */
    else
        port_pause(p, res);
}

void port_conn_gone(struct port *p)
{
    p->conns--;
    maybe_end(p);
}

/* ---- the end ---- */

/* Lines that are there with read_late only. */
static void drain_late(struct port *p, struct line *l)
{
    if (!l->sched)
        return;
    list_each (node, &l->places)
        p->how.conns->drain(place_of(node));
}

void port_drain(struct port *p)
{
    p->draining = true;
    list_each (node, &p->silent.places)
        p->how.conns->drain(place_of(node));
    drain_late(p, &p->looking);
    if (io_is_under_way(&p->accept))
        io_cancel(p->core->io, &p->accept);
    else if (!p->paused && p->fd >= 0)
        accept_rest(p);
    maybe_end(p);
}

static void cut_all(const struct port *p, struct list *conns)
{
    list_each (node, conns)
        p->how.conns->cut(place_of(node));
}

static void cut_late(const struct port *p, struct line *l)
{
    if (l->sched)
        cut_all(p, &l->places);
}

void port_cut(struct port *p)
{
    if (p->ended)
        return;
    p->cut = true;
    list_unlink(&p->resume.node);
    cut_all(p, &p->held);
    cut_all(p, &p->silent.places);
    cut_all(p, &p->lingering.places);
    cut_late(p, &p->looking);
    cut_late(p, &p->late_reads);
    cut_all(p, &p->running);
    if (!io_is_under_way(&p->accept))
        close_socket(p);
}
