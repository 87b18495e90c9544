/* stage/mark.c -- see mark.h. */
#include "stage/mark.h"

#include <string.h>

void stage_clock_begin(struct stage_clock *s, struct stage_table *t, int index)
{
    *s = (struct stage_clock){ .index = (uint8_t)index, .wall = t->wall };
    if (!t->head)
        return;
    s->core = stage_table_core(t, index);
    s->table = t;
    s->head = t->head;
    s->conns = stage_table_conns(t, index);
    s->conns_count = t->shape.conns_each;
}

int stage_named_span(struct stage_clock *s, const char *name)
{
    enum { NAMES = STOA_SPANS - STOA_SPAN_MARKS };
    for (int i = 0; i < NAMES; i++)
        if (s->names[i] == name)
            return STOA_SPAN_MARKS + i;
    int span = stage_table_name_span(s->table, name);
    if (span >= 0)
        s->names[span - STOA_SPAN_MARKS] = name;
    return span;
}

void stage_clock_renew(struct stage_clock *s, int64_t mono, int64_t real)
{
    stage_set(&s->head->mono_ns, mono);
    stage_set(&s->head->real_ns, real);
}

/* Free entries are chained through `listener`, which nobody looks at in them. */
struct stage_conn *stage_conn_take(struct stage_clock *s, uint32_t listener, int64_t now)
{
    struct stage_conn *c;
    if (s->conns_free) {
        c = &s->conns[s->conns_free - 1];
        s->conns_free = c->seen.listener;
    } else if (s->conns_used < s->conns_count) {
        c = &s->conns[s->conns_used++];
        stage_count(&s->core->conns_used, 1);
    } else {
        return NULL;
    }
    static const struct stoa_stage_conn none = { .at = STOA_AT_NOTHING };
    struct stoa_stage_conn *seen = &c->seen;
    stage_begin(&seen->seq);
    stage_put_bytes(&seen->since, &none.since,
                    sizeof none - offsetof(struct stoa_stage_conn, since));
    stage_put(&seen->at, (uint8_t)STOA_AT_READY);
    stage_put(&seen->listener, listener);
    stage_put(&seen->requests, 0u);
    stage_put(&seen->since, now);
    stage_put(&seen->accepted, now);
    stage_end(&seen->seq);
    c->way = (struct stage_way){ 0 };
    stage_count(&s->core->accepted, 1);
    return c;
}

void stage_conn_drop(struct stage_clock *s, struct stage_conn *c)
{
    if (!c)
        return;
    stage_begin(&c->seen.seq);
    stage_put(&c->seen.at, (uint8_t)STOA_AT_NOTHING);
    stage_put(&c->seen.listener, s->conns_free);
    stage_end(&c->seen.seq);
    s->conns_free = (uint32_t)(c - s->conns) + 1;
    stage_count(&s->core->closed, 1);
}

void stage_conn_accepted(struct stage_conn *c, const struct stage_accept *a)
{
    struct stoa_stage_conn *seen = &c->seen;
    stage_begin(&seen->seq);
    stage_put(&seen->handshake, a->handshake);
    stage_put(&seen->queue_least, a->queued > a->tick ? a->queued - a->tick : 0);
    stage_put(&seen->queue_most, a->queued + a->tick);
    stage_put(&seen->synack_retries, a->synack_retries);
    stage_end(&seen->seq);
}

void stage_conn_peer(struct stage_conn *c, const void *addr, size_t n)
{
    struct stoa_stage_conn *seen = &c->seen;
    uint64_t words[4] = { 0 };
    memcpy(words, addr, n < sizeof words ? n : sizeof words);
    stage_begin(&seen->seq);
    stage_put_bytes(seen->peer, words, sizeof words);
    stage_end(&seen->seq);
}

void stage_conn_waited(struct stage_conn *c, uint64_t ns)
{
    struct stoa_stage_conn *seen = &c->seen;
    if (ns <= seen->queue_least)
        return;
    stage_begin(&seen->seq);
    stage_put(&seen->queue_least, ns < seen->queue_most ? ns : seen->queue_most);
    stage_end(&seen->seq);
}

void stage_conn_held(struct stage_conn *c, uint64_t ns)
{
    struct stoa_stage_conn *seen = &c->seen;
    if (seen->queue_most == 0)
        return; /* of a Unix socket the wait is not known */
    stage_begin(&seen->seq);
    stage_put(&seen->queue_least, seen->queue_least + ns);
    stage_put(&seen->queue_most, seen->queue_most + ns);
    stage_end(&seen->seq);
}

void stage_cause_count(struct stage_clock *s, const char *id)
{
    int cause = s->core ? stage_cause_index(s->head, id) : -1;
    if (cause >= 0)
        stage_count(&s->core->causes[cause], 1);
}
