/* sim/run.c -- one run: see run.h. The world picks who acts next among all that can; when nobody
 * can, time goes on to the next moment at which somebody will. */
#include "sim/run.h"

#include "base/check.h"
#include "sim/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS_MAX = 20, STEPS_AT_MOST = 500000, WEATHER_EVERY = 64 };

struct run {
    struct world w;
    struct vkernel k;
    struct ram ram;
    struct server server;
    struct client clients[CLIENTS_MAX];
    int clients_n;
    uint64_t steps;
    uint64_t replies;
    stoa_time stop_at; /* the server is told to stop in the middle of it all */
};

/* ---- one step ---- */

static struct vstream *some_stream(struct run *r)
{
    struct client *c = &r->clients[world_below(&r->w, (uint64_t)r->clients_n)];
    return c->s && !c->done ? c->s : NULL;
}

/* The clients' patience is not of this machine. */
static void clock_jump(struct run *r, stoa_time span)
{
    world_pass(&r->w, span);
    for (int i = 0; i < r->clients_n; i++)
        r->clients[i].deadline += span;
}

static void weather(struct run *r)
{
    struct world *w = &r->w;
    struct vstream *s = some_stream(r);
    if (s && s->connected && world_mishap(w, MISHAP_CUT))
        vstream_cut(s);
    if (s && s->connected && world_mishap(w, MISHAP_LOST))
        vstream_vanish(s);
    if (world_mishap(w, MISHAP_CLOCK_JUMP))
        clock_jump(r, world_between(w, 1, 100) * STOA_SEC);
    if (world_mishap(w, MISHAP_DISK))
        vdisk_change(&r->k.disk);
    if (world_mishap(w, MISHAP_REAL_JUMP))
        w->real_ahead += world_between(w, -100000, 100000) * STOA_SEC;
}

/* Lets one of those act that can, all with equal chance. returns false when nobody can. */
static bool act_one(struct run *r)
{
    int ready[CORES_MAX + CLIENTS_MAX], n = 0;
    for (int i = 0; i < r->server.set.cores; i++)
        if (server_is_ready(&r->server, i))
            ready[n++] = i;
    for (int i = 0; i < r->clients_n; i++)
        if (client_is_ready(&r->clients[i]))
            ready[n++] = CORES_MAX + i;
    if (n == 0 && !world_mishap(&r->w, MISHAP_IDLE_TURN))
        return false;
    int who = n ? ready[world_below(&r->w, (uint64_t)n)] : 0;
    if (who >= CORES_MAX)
        client_turn(&r->clients[who - CORES_MAX]);
    else if (r->server.cores[who].is_open)
        server_turn(&r->server, who);
    return true;
}

/* Does this connection only wait for its client's next request? */
static bool is_resting(const struct run *r, const struct vstream *s)
{
    for (int i = 0; i < r->clients_n; i++)
        if (r->clients[i].s == s)
            return client_is_resting(&r->clients[i]);
    return false;
}

/* Connections that wait between requests cost no task, no stack and no buffer. */
static void check_rest(struct run *r)
{
    list_each (node, &r->k.net.streams) {
        const struct vstream *s = list_owner(node, struct vstream, node);
        if (s->end[SERVER].open && (s->port || s->cut || !is_resting(r, s)))
            return;
    }
    for (int i = 0; i < r->server.set.cores; i++) {
        const struct score *c = &r->server.cores[i];
        if (!c->is_open)
            continue;
        if (c->core.sched.tasks)
            world_fail(&r->w, "%zu tasks for connections at rest", c->core.sched.tasks);
        if (!list_is_empty(&c->io.chunks))
            world_fail(&r->w, "a buffer is held for connections at rest");
    }
}

static stoa_time sooner(stoa_time a, stoa_time b)
{
    return a < b ? a : b;
}

/* Time goes on to the next moment at which something happens by itself. */
static void wait(struct run *r, stoa_time until)
{
    stoa_time next = sooner(until, vnet_next(&r->k.net));
    next = sooner(next, server_next(&r->server));
    for (int i = 0; i < r->clients_n; i++)
        next = sooner(next, client_next(&r->clients[i]));
    if (next - r->w.now > STOA_SEC && !r->server.stopped)
        check_rest(r);
    if (next > r->w.now)
        world_pass(&r->w, next - r->w.now);
    world_note(&r->w, "wait", 0, 0);
}

static void step(struct run *r, stoa_time until)
{
    struct world *w = &r->w;
    vnet_settle(&r->k.net);
    if (!act_one(r))
        wait(r, until);
    world_pass(w, world_between(w, 1, 20) * STOA_US);
    if (world_mishap(w, MISHAP_BUSY))
        world_pass(w, world_between(w, 1, BUSY_MS_MAX) * STOA_MS);
    if (++r->steps % WEATHER_EVERY == 0 && r->clients_n)
        weather(r);
    if (r->steps > STEPS_AT_MOST)
        world_fail(w, "no end: %llu turns of the server, %.3f s",
                   (unsigned long long)r->server.turns, (double)w->now / 1e9 - 1000);
}

/* ---- the acts of the play ---- */

static void clients_add(struct run *r, int n, bool good, stoa_time within)
{
    for (; n > 0 && r->clients_n < CLIENTS_MAX; n--, r->clients_n++)
        client_init(&r->clients[r->clients_n], &r->server, r->clients_n,
                    r->w.now + world_between(&r->w, 0, within), good);
}

static bool all_done(const struct run *r)
{
    for (int i = 0; i < r->clients_n; i++)
        if (!r->clients[i].done)
            return false;
    return true;
}

static void play(struct run *r)
{
    while (!all_done(r) && !world_failed(&r->w)) {
        if (r->stop_at && !r->server.stopped && r->w.now >= r->stop_at)
            server_stop(&r->server, r->server.set.grace);
        step(r, r->stop_at && !r->server.stopped ? r->stop_at : STOA_NEVER);
    }
}

/* The server ends by itself within its grace, and a moment for what was cut. */
static void drain(struct run *r)
{
    struct server *s = &r->server;
    if (!s->stopped)
        server_stop(s, s->set.grace);
    /* A second stop may come, with less patience. */
    stoa_time again =
        world_below(&r->w, 4) ? STOA_NEVER : r->w.now + world_between(&r->w, 0, s->set.grace);
    stoa_time latest = s->stop_at + 30 * STOA_SEC;
    while (!server_has_ended(s) && !world_failed(&r->w)) {
        step(r, sooner(again, latest));
        if (r->w.now >= again) {
            server_stop(s, 0);
            again = STOA_NEVER;
        }
        if (r->w.now >= latest)
            world_fail(&r->w, "the server does not end: %zu things live on its first core",
                       s->cores[0].core.live);
    }
}

static void perform(struct run *r)
{
    struct world *w = &r->w;
    bool hard_start = world_below(w, 12) == 0;
    w->calm = !hard_start;
    if (hard_start && world_below(w, 2))
        w->odds[MISHAP_ALLOC] = (uint16_t)world_between(w, 1, 100);
    int started = server_start(&r->server, w, &r->k, &r->ram);
    w->calm = false;
    if (started < 0) {
        if (!hard_start)
            world_fail(w, "cannot start: %d", started);
        drain(r);
        return;
    }
    if (world_below(w, 4) == 0)
        r->stop_at = w->now + (stoa_time)world_size(w, 1, 20000) * STOA_MS;
    clients_add(r, (int)world_size(w, 1, CLIENTS_MAX - 4), false, 5 * STOA_SEC);
    play(r);
    /* Nothing goes wrong any more: whoever comes now must be served. */
    w->calm = true;
    if (!r->server.stopped) {
        clients_add(r, (int)world_between(w, 1, 4), true, STOA_SEC);
        play(r);
    }
    w->calm = world_below(w, 2);
    drain(r);
}

/* Nobody has heard what the log was not told. */
static void count_replies(struct run *r)
{
    uint64_t away = 0;
    for (int i = 0; i < r->clients_n; i++) {
        r->replies += r->clients[i].answered;
        away += r->clients[i].turned_away;
    }
    if (r->replies - away > r->server.exchanges)
        world_fail(&r->w, "%llu replies, of which the log was told of %llu",
                   (unsigned long long)r->replies, (unsigned long long)r->server.exchanges);
}

static void finish(struct run *r)
{
    if (r->server.deferred != r->server.defers_run)
        world_fail(&r->w, "%llu defers, of which %llu ran", (unsigned long long)r->server.deferred,
                   (unsigned long long)r->server.defers_run);
    server_free(&r->server);
    vkernel_done(&r->k);
    ram_done(&r->ram);
}

void outcome_compare(struct outcome *first, const struct outcome *second)
{
    if (first->trace == second->trace)
        return;
    first->failed = true;
    snprintf(first->failure, sizeof(first->failure), "not the same the second time");
}

/* Whether it is the first run of this process, for PLANT_ORDER: what a seed must not depend on. */
static bool is_first(void)
{
    static bool was_here;
    bool first = !was_here;
    was_here = true;
    return first;
}

void run_seed(uint64_t seed, enum plant plant, bool verbose, struct outcome *ret)
{
    struct run *r = calloc(1, sizeof(*r));
    check(r);
    world_init(&r->w, seed, plant, verbose);
    if (plant == PLANT_ORDER && is_first())
        world_random(&r->w);
    vkernel_init(&r->k, &r->w);
    ram_init(&r->ram, &r->w);
    perform(r);
    count_replies(r);
    if (!world_failed(&r->w)) /* else its leftovers say nothing, and may be in any state */
        finish(r);
    *ret = (struct outcome){ .failed = world_failed(&r->w),
                             .trace = r->w.trace,
                             .notes = r->w.notes,
                             .replies = r->replies,
                             .planted = r->w.planted };
    memcpy(ret->failure, r->w.failure, sizeof(ret->failure));
    for (int i = 0; i < r->clients_n; i++)
        client_done(&r->clients[i]);
    free(r);
}
