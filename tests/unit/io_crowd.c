/* Many connections at once, the same on every implementation: more chunks wanted than there are
 * (delayed, never lost), more told in one turn and more completed than the kernel's rings hold, and
 * a busy peer beside a quiet one. */
#include "support/io_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct crowd {
    struct rig *rig;
    int listener, n;
    int *peers;
    struct seen *seen;
};

/* n: or as many as there can be descriptors for. */
static void crowd_open(struct crowd *c, struct rig *r, int n)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if ((rlim_t)n > (limit.rlim_cur - 50) / 2)
        n = (int)(limit.rlim_cur - 50) / 2;
    *c = (struct crowd){ .rig = r, .listener = r->peers->listen(r, 16), .n = n };
    c->peers = calloc((size_t)n, sizeof *c->peers);
    c->seen = calloc((size_t)n, sizeof *c->seen);
    assert_true(c->listener >= 0 && c->peers && c->seen);
    for (int i = 0; i < n; i++)
        seen_init(&c->seen[i], r, IO_RECV, rig_connect(r, c->listener, &c->peers[i]));
}

static void crowd_submit(struct crowd *c)
{
    for (int i = 0; i < c->n; i++)
        seen_submit(&c->seen[i]);
}

static void crowd_cancel(struct crowd *c)
{
    for (int i = 0; i < c->n; i++)
        if (io_is_under_way(&c->seen[i].op))
            io_cancel(c->rig->io, &c->seen[i].op);
    for (int i = 0; i < c->n; i++)
        rig_wait_end(c->rig, &c->seen[i]);
}

static void crowd_close(struct crowd *c)
{
    for (int i = 0; i < c->n; i++)
        seen_free_held(&c->seen[i]);
    crowd_cancel(c);
    for (int i = 0; i < c->n; i++) {
        c->rig->peers->close(c->rig, c->peers[i]);
        seen_close(&c->seen[i]);
    }
    rig_close(c->rig, c->listener);
    free(c->seen);
    free(c->peers);
}

/* Every peer says who it is. */
static void crowd_say(struct crowd *c)
{
    for (int i = 0; i < c->n; i++)
        assert_int_equal(c->rig->peers->send(c->rig, c->peers[i], &i, sizeof i), sizeof i);
}

static void hold_all(struct crowd *c, bool hold)
{
    for (int i = 0; i < c->n; i++)
        c->seen[i].hold = hold;
}

static int heard(const struct crowd *c)
{
    int n = 0;
    for (int i = 0; i < c->n; i++)
        n += (int)(c->seen[i].n / sizeof i);
    return n;
}

static void wait_heard(struct crowd *c, int n)
{
    while (heard(c) < n)
        rig_wait(c->rig, STOA_NEVER);
}

static void look_until_nothing_comes(struct crowd *c)
{
    for (int before = -1; before != heard(c);) {
        before = heard(c);
        for (int i = 0; i < 5; i++)
            rig_look(c->rig);
    }
}

/* Each peer's words came `times` times, to the right connection, which is still open. */
static void assert_all_heard(const struct crowd *c, int times)
{
    for (int i = 0; i < c->n; i++) {
        const struct seen *s = &c->seen[i];
        assert_false(s->ended);
        assert_int_equal(s->n, (size_t)times * sizeof i);
        for (int k = 0; k < times; k++)
            assert_memory_equal(s->bytes + (size_t)k * sizeof i, &i, sizeof i);
    }
}

static void more_chunks_wanted_than_there_are(struct rig *r)
{
    struct crowd c;
    crowd_open(&c, r, 600);
    hold_all(&c, true);
    crowd_submit(&c);
    rig_look(r);
    crowd_say(&c);
    look_until_nothing_comes(&c);
    int held = heard(&c);
    assert_int_equal(held, r->chunks); /* while any is free, nobody starves */
    rig_quiet(r);                      /* those that starve make nothing spin */

    for (int i = 0; i < c.n && heard(&c) < held + 50; i++) {
        int before = heard(&c);
        if (!c.seen[i].held)
            continue;
        seen_free_held(&c.seen[i]);
        wait_heard(&c, before + 1);
        assert_int_equal(heard(&c), before + 1);
    }
    while (heard(&c) < c.n) {
        for (int i = 0; i < c.n; i++)
            seen_free_held(&c.seen[i]);
        wait_heard(&c, heard(&c) + 1);
    }
    assert_all_heard(&c, 1);
    hold_all(&c, false);
    for (int i = 0; i < c.n; i++)
        seen_free_held(&c.seen[i]);
    rig_quiet(r);
    crowd_say(&c); /* all are still listened to */
    wait_heard(&c, 2 * c.n);
    assert_all_heard(&c, 2);
    crowd_close(&c);
}

static void cancelled_while_there_is_no_chunk(struct rig *r)
{
    struct crowd c;
    crowd_open(&c, r, 600);
    hold_all(&c, true);
    crowd_submit(&c);
    crowd_say(&c);
    look_until_nothing_comes(&c);
    assert_int_equal(heard(&c), r->chunks);
    crowd_cancel(&c);
    for (int i = 0; i < c.n; i++)
        assert_int_equal(c.seen[i].last, -ECANCELED);
    for (int i = 0; i < c.n; i++)
        seen_free_held(&c.seen[i]);
    hold_all(&c, false);
    crowd_submit(&c);
    wait_heard(&c, c.n);
    assert_all_heard(&c, 1);
    crowd_close(&c);
}

/* The chunks are gone before anybody has asked, and nothing is there to be received. */
static void submitted_while_there_is_no_chunk(struct rig *r)
{
    struct crowd holders, c;
    crowd_open(&holders, r, 400);
    crowd_open(&c, r, 400);
    hold_all(&holders, true);
    crowd_submit(&holders);
    crowd_say(&holders);
    look_until_nothing_comes(&holders);
    crowd_submit(&c);
    rig_quiet(r);
    hold_all(&holders, false);
    for (int i = 0; i < holders.n; i++)
        seen_free_held(&holders.seen[i]);
    wait_heard(&holders, holders.n);
    crowd_say(&c);
    wait_heard(&c, c.n);
    assert_all_heard(&holders, 1);
    assert_all_heard(&c, 1);
    crowd_close(&c);
    crowd_close(&holders);
}

static void no_chunk_without_an_operation(struct rig *r)
{
    struct crowd c;
    struct io_chunk *held = NULL, *chunk;
    crowd_open(&c, r, 600);
    crowd_say(&c);
    int i = 0, res = 0;
    for (; i < c.n; i++) {
        res = io_recv_now(r->io, c.seen[i].op.fd, &chunk);
        if (res < 0)
            break;
        assert_int_equal(res, sizeof i);
        assert_memory_equal(chunk->bytes, &i, sizeof i);
        chunk->next = held;
        held = chunk;
    }
    assert_int_equal(res, -ENOBUFS);
    while ((chunk = held)) {
        held = chunk->next;
        io_chunk_free(r->io, chunk);
    }
    assert_int_equal(io_recv_now(r->io, c.seen[i].op.fd, &chunk), sizeof i);
    io_chunk_free(r->io, chunk);
    crowd_submit(&c);
    wait_heard(&c, c.n - i - 1);
    crowd_close(&c);
}

/* More than the kernel takes in one call, more than it keeps completions for. */
static void more_than_the_rings_hold(struct rig *r)
{
    struct crowd c;
    crowd_open(&c, r, 4300);
    crowd_submit(&c);
    crowd_say(&c);
    wait_heard(&c, c.n);
    crowd_say(&c);
    wait_heard(&c, 2 * c.n);
    assert_all_heard(&c, 2);
    crowd_cancel(&c);
    for (int i = 0; i < c.n; i++)
        assert_int_equal(c.seen[i].last, -ECANCELED);
    crowd_close(&c);
}

/* As much as the connection takes, until the quiet one has been heard. */
static void a_busy_peer_starves_nobody(struct rig *r)
{
    static const char flood[1 << 16];
    struct crowd c;
    crowd_open(&c, r, 2);
    size_t sent = 0;
    for (ssize_t n; (n = r->peers->send(r, c.peers[0], flood, sizeof flood)) > 0;)
        sent += (size_t)n;
    assert_true(sent > 500000);
    assert_int_equal(r->peers->send(r, c.peers[1], "here", 4), 4);
    crowd_submit(&c);
    rig_wait_bytes(&c.seen[1], 4);
    assert_in_range(c.seen[0].n, 0, 2 * (size_t)r->burst * IO_CHUNK_BYTES);
    rig_wait_bytes(&c.seen[0], sent);
    crowd_close(&c);
}

int main(void)
{
    static const struct rig_case cases[] = {
        { .name = "more chunks wanted than there are", .run = more_chunks_wanted_than_there_are },
        { .name = "cancelled while there is no chunk", .run = cancelled_while_there_is_no_chunk },
        { .name = "submitted while there is no chunk", .run = submitted_while_there_is_no_chunk },
        { .name = "no chunk without an operation", .run = no_chunk_without_an_operation },
        { .name = "more than the rings hold", .run = more_than_the_rings_hold },
        { .name = "a busy peer starves nobody", .run = a_busy_peer_starves_nobody },
    };
    return rig_run(cases, sizeof cases / sizeof cases[0]);
}
