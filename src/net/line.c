/* net/line.c -- see line.h. The timer is always set, maybe for STOA_NEVER: moving it cannot fail for
 * lack of memory, setting it could. */
#include "net/line.h"
#include "base/check.h"

static struct line_place *first(const struct line *l)
{
    return list_is_empty(&l->places) ? NULL : list_owner(l->places.next, struct line_place, node);
}

static void aim(struct line *l, stoa_time due)
{
    l->due = due;
    check(timer_set(l->sched, &l->timer, due) == 0);
}

static void fire(struct timer *t)
{
    struct line *l = list_owner(t, struct line, timer);
    struct line_place *p;
    aim(l, STOA_NEVER); /* first of all: the place that it had is still free */
    while ((p = first(l)) && p->until <= l->sched->now) {
        list_unlink(&p->node);
        l->expired(p);
    }
    if (p && p->until < l->due)
        aim(l, p->until);
}

int line_open(struct line *l, struct sched *sched, void (*expired)(struct line_place *place))
{
    *l = (struct line){ .sched = sched, .expired = expired, .due = STOA_NEVER };
    list_init(&l->places);
    timer_init(&l->timer, fire);
    return timer_set(sched, &l->timer, STOA_NEVER);
}

void line_close(struct line *l)
{
    if (!l->sched)
        return;
    check(list_is_empty(&l->places));
    timer_clear(l->sched, &l->timer);
}

void line_join(struct line *l, struct line_place *place, stoa_time until)
{
    place->until = until;
    list_push_back(&l->places, &place->node);
    if (until < l->due)
        aim(l, until);
}
