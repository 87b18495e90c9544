/* A client on connections that are played from scripts: http_fake.h's, and in place of net/dialled.h
 * and stoa_dial one connection at a time, which is dialled anew with the next script. */
#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H

#include "http_fake.h"

#include "core/service.h"
#include "net/dialled.h"

enum { SCRIPTS = 4 };

struct script {
    const char *bytes;
    size_t n; /* 0 = to the terminating zero */
    enum fake_after after;
    size_t send_room; /* where send_err is set */
    int send_err;
    size_t speaks_at;
    struct conn_sent left;
};

struct client {
    stoa_conn c; /* also the task */
    struct fake_mem mem;
    struct script scripts[SCRIPTS];
    size_t step, chunk;
    int dials, closes; /* of connections; resets count as closes, too */
    int resets;
    int dial_fails; /* with that, always */
    char addr[100], at[100];
    void (*watcher)(stoa_conn *c);
    struct list owned;
    struct stoa_http_report report;
};

static struct client *client;

static struct io_clock fake_clock(const struct io_sys *sys)
{
    (void)sys;
    return client->c.io.now;
}

static void client_begin(struct client *k, const struct script *scripts, size_t n)
{
    *k = (struct client){ 0 };
    for (size_t i = 0; i < n; i++)
        k->scripts[i] = scripts[i];
    fake_mem_init(&k->mem, 0);
    fake_init(&k->c, STR(""));
    static const struct io_sys sys = { .clock = fake_clock };
    k->c.core.sys = &sys;
    k->c.core.mem = &k->mem.mem;
    list_init(&k->c.core.attached);
    heap_init(&k->c.core.sched.timers, &k->mem.mem);
    list_init(&k->owned);
    client = k;
}

/* What runs when the core ends. */
static void client_end(struct client *k)
{
    list_each (node, &k->c.core.attached) {
        struct service *s = list_owner(node, struct service, node);
        s->ops->drain(s, &k->c.core);
    }
    services_end(&k->c.core);
    assert_true(list_is_empty(&k->owned));
    assert_int_equal(k->dials, k->closes);
    assert_int_equal(k->c.core.sched.timers.count, 0);
    heap_done(&k->c.core.sched.timers);
    fake_done(&k->c);
    assert_int_equal(k->mem.live, 0);
}

/* ---- in place of net/ and task/ ---- */

int stoa_dial(stoa_task *t, stoa_conn **ret, const struct stoa_dial *d)
{
    static const struct stoa_cause cause = { .id = "connect.refused" };
    stoa_conn *c = &client->c;
    assert_ptr_equal(t, c);
    if (d->report)
        *d->report = (struct stoa_report){ .winner = -1 };
    if (client->dial_fails && d->report) {
        d->report->cause = &cause;
        strcpy(d->report->detail, "nobody is there");
    }
    if (client->dial_fails)
        return client->dial_fails;
    snprintf(client->addr, sizeof client->addr, "%s", d->addr);
    snprintf(client->at, sizeof client->at, "%s", d->at ? d->at : "");
    assert_int_equal(client->dials, client->closes); /* one at a time */
    assert_true(client->dials < SCRIPTS);
    struct script *s = &client->scripts[client->dials++];
    fake_done(c);
    c->bytes = c->out = NULL;
    c->n = c->at = c->slice = c->out_n = 0;
    c->script = (struct stoa_str){ s->bytes, s->n ? s->n : strlen(s->bytes ? s->bytes : "") };
    c->step = client->step;
    c->chunk = client->chunk;
    c->after = s->after;
    c->send_room = s->send_err ? s->send_room : SIZE_MAX;
    c->send_err = s->send_err;
    c->speaks_at = s->speaks_at;
    c->left = s->left;
    c->send_failed = false;
    if (d->report)
        d->report->count = 1;
    *ret = c;
    return 0;
}

void dialled_give(stoa_conn *c, stoa_task *t)
{
    assert_ptr_equal(c, &client->c);
    assert_null(t);
    client->watcher = NULL;
}

int dialled_watch(stoa_conn *c, void (*fn)(stoa_conn *c))
{
    (void)c;
    client->watcher = fn;
    return 0;
}

void dialled_close_now(stoa_conn *c)
{
    assert_ptr_equal(c, &client->c);
    client->watcher = NULL;
    client->closes++;
}

void dialled_reset(stoa_conn *c)
{
    dialled_close_now(c);
    client->resets++;
}

const struct addr *conn_local(const stoa_conn *c)
{
    static const struct addr a = { .v4 = { .sin_family = AF_INET } };
    (void)c;
    return &a;
}

struct core *core_of(const stoa_task *t)
{
    return conn_core((const stoa_conn *)(const void *)t);
}

void task_own(stoa_task *t, struct task_owned *o)
{
    (void)t;
    list_push_front(&client->owned, &o->node);
}

void timer_init(struct timer *t, void (*fire)(struct timer *t))
{
    *t = (struct timer){ .fire = fire };
}

int timer_set(struct sched *s, struct timer *t, stoa_time when)
{
    if (heap_has(&t->node)) {
        heap_rekey(&s->timers, &t->node, when);
        return 0;
    }
    t->node.key = when;
    return heap_insert(&s->timers, &t->node);
}

#endif
