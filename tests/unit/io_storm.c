/* Everything at once and in no order, the same on every implementation: many lines on which bytes
 * are sent, received, held, cancelled, ended, reset, closed and dialled again. Each line's bytes
 * come whole and in order; each operation ends once (the recorder sees to that). */
#include "support/io_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 60, STEPS = 4000, SEEDS = 3 };

struct line {
    struct seen in, out;
    int peer; /* -1 = it is closed */
    bool has_finished;
    bool was_reset;               /* or closed before it had read all */
    unsigned char sent, received; /* the next byte in each direction: they count upwards */
    size_t sent_count, received_count;
};

struct storm {
    struct rig *rig;
    int listener;
    uint32_t random;
    struct line lines[LINES];
};

static uint32_t pick(struct storm *w, uint32_t n)
{
    w->random = w->random * 1664525 + 1013904223;
    return (w->random >> 8) % n;
}

/* Compares what came since the last look with what was sent. */
static void on_input(struct seen *s)
{
    struct line *l = s->arg;
    for (size_t i = 0; i < s->n; i++)
        assert_int_equal((unsigned char)s->bytes[i], l->received++);
    l->received_count += s->n;
    s->n = 0;
    if (!s->ended || s->last == -ECANCELED || l->was_reset)
        return; /* a reset throws away what has not been received, and may tell itself in many ways */
    assert_int_equal(s->last, 0);
    assert_true(l->has_finished);
    assert_int_equal(l->received_count, l->sent_count);
}

static void on_output(struct seen *s)
{
    assert_true(s->last == 0 || s->last == -ECANCELED);
}

static void dial(struct storm *w, struct line *l)
{
    *l = (struct line){ 0 };
    int fd = rig_connect(w->rig, w->listener, &l->peer);
    seen_init(&l->in, w->rig, IO_RECV, fd);
    seen_init(&l->out, w->rig, IO_WRITABLE, fd);
    l->in.then = on_input;
    l->out.then = on_output;
    l->in.arg = l->out.arg = l;
}

static void send_some(struct storm *w, struct line *l, size_t n)
{
    static unsigned char bytes[6000];
    if (l->has_finished)
        return;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(l->sent + i);
    ssize_t sent = w->rig->peers->send(w->rig, l->peer, bytes, n);
    if (sent > 0) {
        l->sent = (unsigned char)(l->sent + sent);
        l->sent_count += (size_t)sent;
    }
}

static void fill_output(struct storm *w, struct line *l)
{
    static char flood[1 << 16];
    struct iovec v = { flood, sizeof flood };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
    while (w->rig->sys->send(w->rig->sys, l->in.op.fd, &m, 0) > 0)
        ;
}

static void drain_peer(struct storm *w, struct line *l)
{
    static char buf[1 << 16];
    while (w->rig->peers->receive(w->rig, l->peer, buf, sizeof buf) > 0)
        ;
}

static void cancel_if_any(struct storm *w, struct seen *s)
{
    if (io_is_under_way(&s->op))
        io_cancel(w->rig->io, &s->op);
}

static void hang_up(struct storm *w, struct line *l)
{
    if (l->peer >= 0)
        w->rig->peers->close(w->rig, l->peer);
    l->peer = -1;
    l->was_reset = true;
}

/* Cancels, closes at once, and dials anew when the ends have come. */
static void replace(struct storm *w, struct line *l)
{
    seen_free_held(&l->in);
    cancel_if_any(w, &l->in);
    cancel_if_any(w, &l->out);
    rig_close(w->rig, l->in.op.fd);
    hang_up(w, l);
    while (io_is_under_way(&l->in.op) || io_is_under_way(&l->out.op))
        rig_wait(w->rig, STOA_NEVER);
    seen_done(&l->in);
    seen_done(&l->out);
    dial(w, l);
}

static void receive_now(struct storm *w, struct line *l)
{
    struct io_chunk *c;
    if (io_is_under_way(&l->in.op) || io_recv_now(w->rig->io, l->in.op.fd, &c) <= 0)
        return;
    for (uint32_t i = 0; i < c->len; i++)
        assert_int_equal((unsigned char)c->bytes[i], l->received++);
    l->received_count += c->len;
    io_chunk_free(w->rig->io, c);
}

static void submit_if_none(struct seen *s)
{
    if (!io_is_under_way(&s->op))
        seen_submit(s);
}

static void step(struct storm *w)
{
    struct line *l = &w->lines[pick(w, LINES)];
    bool has_peer = l->peer >= 0;
    switch (pick(w, 16)) {
    case 0: submit_if_none(&l->in); break;
    case 1: submit_if_none(&l->out); break;
    case 2: cancel_if_any(w, &l->in); break;
    case 3: cancel_if_any(w, &l->out); break;
    case 4:
        if (has_peer)
            send_some(w, l, 1 + pick(w, 6000));
        break;
    case 5:
        if (has_peer)
            send_some(w, l, 1 + pick(w, 20));
        break;
    case 6: l->in.hold = pick(w, 3) == 0; break;
    case 7: seen_free_held(&l->in); break;
    case 8:
        if (has_peer && pick(w, 4) == 0) {
            w->rig->peers->reset(w->rig, l->peer);
            l->peer = -1;
            l->was_reset = true;
        }
        break;
    case 9:
        if (has_peer && pick(w, 4) == 0)
            hang_up(w, l);
        break;
    case 13:
        if (has_peer && pick(w, 4) == 0) {
            w->rig->peers->finish(w->rig, l->peer);
            l->has_finished = true;
        }
        break;
    case 10: replace(w, l); break;
    case 11:
        if (has_peer)
            pick(w, 2) ? fill_output(w, l) : drain_peer(w, l);
        break;
    case 12: receive_now(w, l); break;
    default: rig_look(w->rig); break;
    }
}

/* What was sent and has not been received yet comes in the end. */
static void settle(struct storm *w)
{
    for (int i = 0; i < LINES; i++)
        seen_free_held(&w->lines[i].in);
    for (int i = 0; i < LINES; i++) {
        struct line *l = &w->lines[i];
        l->in.hold = false;
        if (l->was_reset)
            continue;
        while (l->received_count < l->sent_count) {
            submit_if_none(&l->in);
            rig_wait(w->rig, STOA_NEVER);
        }
    }
    for (int i = 0; i < LINES; i++) {
        replace(w, &w->lines[i]);
        hang_up(w, &w->lines[i]);
        rig_close(w->rig, w->lines[i].in.op.fd);
    }
}

static void storm(struct rig *r)
{
    static struct storm w;
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        w = (struct storm){ .rig = r, .random = seed, .listener = r->peers->listen(r, 16) };
        for (int i = 0; i < LINES; i++)
            dial(&w, &w.lines[i]);
        for (int i = 0; i < STEPS; i++)
            step(&w);
        settle(&w);
        rig_close(r, w.listener);
        rig_quiet(r);
    }
}

int main(void)
{
    static const struct rig_case cases[] = { { .name = "a storm", .run = storm } };
    return rig_run(cases, sizeof cases / sizeof cases[0]);
}
