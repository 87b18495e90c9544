/* net/race.c -- see race.h. */
#include "net/race.h"
#include "net/next_hop.h"

#include <errno.h>

/* RFC 8305 section 5: "Connection Attempt Delay". */
static const stoa_time STAGGER = 250 * STOA_MS;

struct race {
    stoa_task *task;
    struct core *core;
    struct attempt *attempts;
    int count, begun, failed;
    stoa_time next_at; /* when the next one may begin */
    struct silence *silence;
    stoa_time silent_at; /* when it begins */
};

void race_order(struct addr *list, int count)
{
    sa_family_t family = count > 0 ? list[0].family : 0;
    for (int i = 0; i < count; i++) {
        bool want_first = i % 2 == 0;
        int at = i;
        while (at < count && (list[at].family == family) != want_first)
            at++;
        if (at == count)
            return; /* only one family is left */
        struct addr a = list[at];
        memmove(list + i + 1, list + i, (size_t)(at - i) * sizeof *list);
        list[i] = a;
    }
}

static void begin_next(struct race *r)
{
    attempt_begin(&r->attempts[r->begun++], r->core, r->task);
    r->next_at = core_in(r->core, STAGGER);
}

/* Looks at all. returns the one that has connected; -1. Those that failed make room for the next. */
static int look(struct race *r)
{
    int failed = 0;
    for (int i = 0; i < r->begun; i++) {
        attempt_look(&r->attempts[i]);
        if (r->attempts[i].state == ATTEMPT_CONNECTED)
            return i;
        failed += r->attempts[i].state == ATTEMPT_FAILED;
    }
    if (failed > r->failed)
        r->next_at = core_now(r->core);
    r->failed = failed;
    return -1;
}

/* What can be asked only while they are silent. */
static void look_into_silence(struct race *r)
{
    silence_begin(r->silence, r->core->sys);
    for (int i = 0; i < r->begun; i++)
        if (r->attempts[i].state == ATTEMPT_WAITS)
            next_hop_find(&r->attempts[i]);
}

/* Until an attempt has news, or something is to be done. */
static int wait_for_news(struct race *r)
{
    stoa_time now = core_now(r->core);
    if (!r->silence->begun && now >= r->silent_at)
        look_into_silence(r);
    stoa_time until = r->silence->begun ? STOA_NEVER : r->silent_at;
    if (r->begun < r->count && r->next_at < until)
        until = r->next_at;
    if (until == STOA_NEVER)
        return task_park(&r->core->sched);
    return until > now ? stoa_sleep(r->task, until - now) : 0;
}

static int run(struct race *r)
{
    int err = 0;
    for (;;) {
        int winner = look(r);
        if (winner >= 0)
            return winner;
        if (r->failed == r->count)
            return -ENOENT;
        if (r->begun < r->count && core_now(r->core) >= r->next_at) {
            begin_next(r);
            continue;
        }
        err = wait_for_news(r);
        if (err < 0)
            return err;
    }
}

int race_run(stoa_task *t, struct attempt *attempts, int count, struct silence *silence)
{
    struct core *core = core_of(t);
    struct race r = { .task = t,
                      .core = core,
                      .attempts = attempts,
                      .count = count,
                      .silence = silence,
                      .silent_at = core_in(core, SILENCE_AFTER) };
    int won = run(&r);
    for (int i = 0; i < r.begun; i++)
        if (i != won)
            attempt_end(&attempts[i], won >= 0 ? -ECANCELED : won);
    if (won < 0 && silence->begun)
        silence_end(silence, core->sys);
    return won;
}
