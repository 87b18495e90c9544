/* sim/server.c -- the server under test: see server.h. */
#include "sim/server.h"

#include "base/check.h"
#include "sim/site.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* ---- settings ---- */

static stoa_time seconds(struct world *w, int from, int to)
{
    return world_between(w, from, to) * STOA_SEC;
}

static void settings_draw(struct server *s)
{
    struct world *w = s->w;
    bool is_tight = world_below(w, 8) == 0;
    s->set = (struct settings){
        .cores = (int)world_between(w, 1, CORES_MAX),
        .backlog = (int)world_size(w, 1, 128),
        .is_tight = is_tight,
        .conns_max = is_tight ? (int)world_between(w, 1, 6) : 0,
        .idle = seconds(w, 5, 75),
        .head_within = seconds(w, 5, 20),
        .body_within = seconds(w, 5, 60),
        .send_within = seconds(w, 5, 60),
        .body_max = world_size(w, 20000, 65536),
        .head_max = 4096,
        .line_max = 1024,
        .grace = seconds(w, 0, 10),
        .requests_max = world_below(w, 8) ? 0 : (uint32_t)world_between(w, 1, 5),
    };
    if (is_tight && world_below(w, 2))
        s->k->fds_limit = (int)world_between(w, 4 * s->set.cores + 6, 40);
}

/* ---- start ---- */

static void say(void *ctx, enum stoa_level level, const char *text)
{
    struct server *s = ctx;
    world_note(s->w, text, level, 0);
}

/* What the access log would be told. */
static void observe(void *ctx, struct core *core, const struct http_facts *f)
{
    struct server *s = ctx;
    world_note(s->w, "exchange", core->index, f->status);
    s->exchanges += f->status != 0;
    bool is_status = f->status == 0 || (f->status >= 200 && f->status <= 599);
    if (!is_status || f->ended < f->began || (f->status == 0 && !f->err))
        world_fail(s->w, "the log is told of status %d, error %d, %lld ns", f->status, f->err,
                   (long long)(f->ended - f->began));
}

static int core_start(struct server *s, int i)
{
    struct score *c = &s->cores[i];
    simio_init(&c->io, s->k, i);
    int r = core_open(&c->core, &(struct core_options){
                                    .io = &c->io.io,
                                    .mem = &s->ram->mem,
                                    .log = &s->log,
                                    .index = i,
                                    .conns_max = s->set.conns_max ? (size_t)s->set.conns_max : 1000,
                                    .stack_bytes = 0,
                                    .stages = rt_stages(s->rt) });
    if (r < 0)
        return r;
    c->is_open = true;
    return services_start(rt_services(s->rt), &c->core, &c->started);
}

static int files_start(struct server *s)
{
    const struct io_sys *sys = &s->k->sys;
    s->root = sys->open_beneath(sys, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, false);
    if (s->root < 0)
        return s->root;
    s->shelf.opt.root = s->root;
    s->shelf.opt.cores = s->set.cores;
    s->shelf.opt.mem = &s->ram->mem;
    return files_new(&s->files, &s->shelf.opt);
}

static int server_open(struct server *s)
{
    int r =
        rt_new(&s->rt,
               &(struct stoa_options){ .cores = s->set.cores, .mem = &s->ram->mem, .log = &s->log },
               &s->k->sys);
    if (r < 0)
        return r;
    s->http = (struct http_service){ .handler = site_serve,
                                     .arg = s,
                                     .observer = { observe, s },
                                     .requests_max = s->set.requests_max,
                                     .head_within = s->set.head_within,
                                     .body_within = s->set.body_within,
                                     .send_within = s->set.send_within,
                                     .body_max = s->set.body_max,
                                     .head_max = s->set.head_max,
                                     .line_max = s->set.line_max };
    r = http_service_init(&s->http, s->set.cores, &s->ram->mem);
    r = r ? r : files_start(s);
    r = r ? r : doors_open(s);
    for (int i = 0; r == 0 && i < s->set.cores; i++)
        r = core_start(s, i);
    return r;
}

static void grace_is_over(struct timer *t)
{
    (void)t; /* the next turn cuts */
}

int server_start(struct server *s, struct world *w, struct vkernel *k, struct ram *ram)
{
    *s = (struct server){ .w = w, .k = k, .ram = ram, .root = -1 };
    shelf_fill(&s->shelf, &k->disk);
    s->log = (struct stoa_log){ say, s };
    settings_draw(s);
    for (int i = 0; i < CORES_MAX; i++)
        timer_init(&s->cores[i].end_of_grace, grace_is_over);
    k->starting = true;
    int r = server_open(s);
    k->starting = false;
    if (r < 0)
        server_stop(s, 0);
    return r;
}

/* ---- stop, as core/rt.c does ---- */

void server_stop(struct server *s, stoa_time grace)
{
    stoa_time at = s->w->now + grace;
    if (!s->stopped)
        s->stopped = s->w->now;
    if (!s->stop_at || at < s->stop_at)
        s->stop_at = at;
    world_note(s->w, "stop", grace, 0);
    for (int i = 0; i < s->set.cores; i++)
        if (s->cores[i].is_open)
            io_wake(&s->cores[i].io.io);
}

static void core_drain(struct server *s, struct score *c)
{
    c->phase = PHASE_DRAINS;
    services_drain(rt_services(s->rt), c->started, &c->core);
}

static void core_cut(struct server *s, struct score *c)
{
    c->phase = PHASE_CUT;
    timer_clear(&c->core.sched, &c->end_of_grace);
    services_cut(rt_services(s->rt), c->started, &c->core);
}

static void follow_stop(struct server *s, struct score *c)
{
    if (!s->stopped || c->phase >= PHASE_CUT)
        return;
    if (c->phase == PHASE_RUNS)
        core_drain(s, c);
    if (s->stop_at <= core_now(&c->core)) {
        core_cut(s, c);
        return;
    }
    if (timer_set(&c->core.sched, &c->end_of_grace, s->stop_at) < 0)
        core_cut(s, c);
}

static void core_end(struct score *c)
{
    timer_clear(&c->core.sched, &c->end_of_grace);
    services_end(&c->core);
    core_close(&c->core);
    io_close(&c->io.io);
    c->phase = PHASE_ENDED;
    c->is_open = false;
}

/* ---- turns ---- */

/* When the core has something to do, whatever its operations do. */
static stoa_time core_due(const struct server *s, const struct score *c)
{
    stoa_time due = sched_due(&c->core.sched);
    bool late = world_is_planted(s->w, PLANT_TIMER_LATE) && due > c->core.sched.now;
    return late && due < STOA_NEVER - 3 * STOA_SEC ? due + 3 * STOA_SEC : due;
}

bool server_is_ready(const struct server *s, int core)
{
    const struct score *c = &s->cores[core];
    if (!c->is_open)
        return false;
    return simio_is_ready(&c->io) || core_due(s, c) <= s->w->now;
}

stoa_time server_next(const struct server *s)
{
    stoa_time best = STOA_NEVER;
    for (int i = 0; i < s->set.cores; i++) {
        const struct score *c = &s->cores[i];
        if (!c->is_open)
            continue;
        stoa_time timer = core_due(s, c), op = simio_next(&c->io);
        best = timer < best ? timer : best;
        best = op < best ? op : best;
    }
    return best;
}

void server_turn(struct server *s, int core)
{
    struct score *c = &s->cores[core];
    s->turns++;
    world_note(s->w, "turn", core, (int64_t)c->core.live);
    core_turn(&c->core);
    follow_stop(s, c);
    if (c->phase >= PHASE_DRAINS && c->core.live == 0 && c->core.sched.tasks == 0)
        core_end(c);
}

bool server_has_ended(const struct server *s)
{
    for (int i = 0; i < s->set.cores; i++)
        if (s->cores[i].is_open)
            return false;
    return true;
}

void server_free(struct server *s)
{
    stoa_free(s->rt);
    http_service_done(&s->http);
    files_free(s->files);
    if (s->root >= 0)
        s->k->sys.close(&s->k->sys, s->root);
}
