/* net/line.c -- see line.h. The timer is always set, maybe for STOA_NEVER: moving it cannot fail for
 * lack of memory, setting it could. */
#include "net/line.h"
#include "base/check.h"
#include "net/record.h"

static stoa_conn *first(const struct line *l)
{
    return list_is_empty(&l->conns) ? NULL : list_owner(l->conns.next, stoa_conn, node);
}

static void aim(struct line *l, stoa_time due)
{
    l->due = due;
    check(timer_set(l->sched, &l->timer, due) == 0);
}

static void fire(struct timer *t)
{
    struct line *l = list_owner(t, struct line, timer);
    stoa_conn *c;
    aim(l, STOA_NEVER); /* first of all: the place that it had is still free */
    while ((c = first(l)) && c->until <= l->sched->now) {
        list_unlink(&c->node);
        l->expired(c);
    }
    if (c && c->until < l->due)
        aim(l, c->until);
}

int line_open(struct line *l, struct sched *sched, void (*expired)(stoa_conn *c))
{
    *l = (struct line){ .sched = sched, .expired = expired, .due = STOA_NEVER };
    list_init(&l->conns);
    timer_init(&l->timer, fire);
    return timer_set(sched, &l->timer, STOA_NEVER);
}

void line_close(struct line *l)
{
    if (!l->sched)
        return;
    check(list_is_empty(&l->conns));
    timer_clear(l->sched, &l->timer);
}

void line_join(struct line *l, stoa_conn *c, stoa_time until)
{
    c->until = until;
    list_push_back(&l->conns, &c->node);
    if (until < l->due)
        aim(l, until);
}
