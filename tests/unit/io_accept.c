/* IO_ACCEPT, the same on every implementation: again and again, only out of io_wait(), paused by a
 * lack of descriptors, cancelled and begun anew. */
#include "support/io_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

enum { PEERS_MAX = 100 };

static int listen_here(struct rig *r)
{
    int fd = r->peers->listen(r, PEERS_MAX);
    assert_true(fd >= 0);
    return fd;
}

static void dial(struct rig *r, int listener, int *peers, int n)
{
    for (int i = 0; i < n; i++) {
        peers[i] = r->peers->dial(r, listener);
        assert_true(peers[i] >= 0);
    }
}

static void hang_up(struct rig *r, const int *peers, int n)
{
    for (int i = 0; i < n; i++)
        r->peers->close(r, peers[i]);
}

/* Of the results from `from` on: closes the descriptors. returns how many they were. */
static int close_accepted(struct seen *s, int from)
{
    int n = 0;
    for (int i = from; i < s->count && i < RIG_RESULTS; i++)
        if (s->results[i] >= 0) {
            rig_close(s->rig, s->results[i]);
            n++;
        }
    return n;
}

static void accepts_again_and_again(struct rig *r)
{
    int peers[PEERS_MAX];
    struct seen s;
    seen_init(&s, r, IO_ACCEPT, listen_here(r));
    seen_submit(&s);
    rig_look(r);
    dial(r, s.op.fd, peers, 50);
    rig_wait_count(&s, 50);
    dial(r, s.op.fd, peers + 50, 5);
    rig_wait_count(&s, 55);
    rig_quiet(r);
    assert_int_equal(s.count, 55);
    assert_int_equal(close_accepted(&s, 0), 55);
    hang_up(r, peers, 55);
    seen_close(&s);
    assert_int_equal(s.last, -ECANCELED);
}

static void accepted_are_nonblocking_and_private(struct rig *r)
{
    int peer;
    struct seen s;
    seen_init(&s, r, IO_ACCEPT, listen_here(r));
    seen_submit(&s);
    dial(r, s.op.fd, &peer, 1);
    rig_wait_count(&s, 1);
    int on_its_way;
    int called = rig_connect(r, s.op.fd, &on_its_way);
    const int fds[] = { s.results[0], called };
    for (int i = 0; i < 2; i++) {
        assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        rig_close(r, fds[i]);
    }
    hang_up(r, &peer, 1);
    hang_up(r, &on_its_way, 1);
    seen_close(&s);
}

/* While the core does something else the kernel must not empty the accept queue behind its back:
 * the backlog could not protect it. */
static void queue_stays_full_while_nobody_waits(struct rig *r)
{
    int peers[PEERS_MAX];
    struct seen s;
    seen_init(&s, r, IO_ACCEPT, listen_here(r));
    seen_submit(&s);
    rig_look(r); /* armed */
    dial(r, s.op.fd, peers, 20);
    for (int i = 0; i < 10; i++) /* system calls, and nothing happens */
        assert_int_equal(r->peers->queue_length(r, s.op.fd), 20);
    assert_int_equal(s.count, 0);
    rig_wait_count(&s, 20);
    assert_int_equal(r->peers->queue_length(r, s.op.fd), 0);
    assert_int_equal(close_accepted(&s, 0), 20);
    hang_up(r, peers, 20);
    seen_close(&s);
}

static void lack_of_descriptors_pauses(struct rig *r)
{
    int peers[8];
    struct seen s;
    seen_init(&s, r, IO_ACCEPT, listen_here(r));
    seen_submit(&s);
    dial(r, s.op.fd, peers, 8);
    r->peers->descriptors_left(r, 3);
    rig_wait_end(r, &s);
    assert_int_equal(s.count, 4);
    assert_int_equal(s.last, -EMFILE);
    rig_quiet(r); /* nothing spins */
    assert_int_equal(r->peers->queue_length(r, s.op.fd), 5);

    rig_close(r, s.results[0]);
    seen_submit(&s);
    rig_wait_end(r, &s);
    assert_int_equal(s.count, 6);
    assert_int_equal(s.last, -EMFILE);

    r->peers->descriptors_left(r, -1);
    seen_submit(&s);
    rig_wait_count(&s, 10);
    rig_quiet(r);
    assert_int_equal(s.count, 10);
    assert_false(s.ended);
    assert_int_equal(close_accepted(&s, 1), 7);
    hang_up(r, peers, 8);
    seen_close(&s);
}

static void cancelled_leaves_the_rest_in_the_queue(struct rig *r)
{
    int peers[3];
    struct seen s;
    seen_init(&s, r, IO_ACCEPT, listen_here(r));
    seen_submit(&s);
    rig_look(r);
    io_cancel(r->io, &s.op);
    io_cancel(r->io, &s.op); /* harmless */
    rig_wait_end(r, &s);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.last, -ECANCELED);
    dial(r, s.op.fd, peers, 3);
    rig_quiet(r);
    assert_int_equal(s.count, 1);
    assert_int_equal(r->peers->queue_length(r, s.op.fd), 3);
    seen_submit(&s);
    rig_wait_count(&s, 4);
    assert_int_equal(close_accepted(&s, 1), 3);
    hang_up(r, peers, 3);
    seen_close(&s);
}

static void cancel_once(struct seen *s)
{
    if (s->count == 1)
        io_cancel(s->rig->io, &s->op);
}

static void cancelled_by_the_first_connection(struct rig *r)
{
    int peers[10];
    struct seen s;
    seen_init(&s, r, IO_ACCEPT, listen_here(r));
    s.then = cancel_once;
    seen_submit(&s);
    dial(r, s.op.fd, peers, 10);
    rig_wait_end(r, &s);
    assert_int_equal(s.last, -ECANCELED);
    rig_quiet(r);
    int accepted = close_accepted(&s, 0);
    assert_int_equal(accepted, s.count - 1);
    assert_int_equal(accepted + r->peers->queue_length(r, s.op.fd), 10); /* none is lost */
    hang_up(r, peers, 10);
    seen_close(&s);
}

static void two_listeners(struct rig *r)
{
    int peers[4];
    struct seen a, b;
    seen_init(&a, r, IO_ACCEPT, listen_here(r));
    seen_init(&b, r, IO_ACCEPT, listen_here(r));
    seen_submit(&a);
    seen_submit(&b);
    dial(r, a.op.fd, peers, 3);
    dial(r, b.op.fd, peers + 3, 1);
    rig_wait_count(&a, 3);
    rig_wait_count(&b, 1);
    rig_quiet(r);
    assert_int_equal(a.count, 3);
    assert_int_equal(b.count, 1);
    close_accepted(&a, 0);
    close_accepted(&b, 0);
    hang_up(r, peers, 4);
    seen_close(&a);
    seen_close(&b);
}

static void no_listener_is_told(struct rig *r)
{
    struct seen s;
    seen_init(&s, r, IO_ACCEPT, r->sys->socket(r->sys, AF_INET, SOCK_STREAM, 0));
    seen_submit(&s);
    rig_wait_end(r, &s);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.last, -EINVAL);
    seen_close(&s);
}

int main(void)
{
    static const struct rig_case cases[] = {
        { .name = "accepts again and again", .run = accepts_again_and_again },
        { .name = "the accepted are nonblocking, close-on-exec",
          .run = accepted_are_nonblocking_and_private },
        { .name = "the queue stays full while nobody waits",
          .run = queue_stays_full_while_nobody_waits },
        { .name = "a lack of descriptors pauses, and no more",
          .run = lack_of_descriptors_pauses,
          .not_under_valgrind = "it keeps the limit of descriptors to itself" },
        { .name = "cancelled, the rest stays in the queue",
          .run = cancelled_leaves_the_rest_in_the_queue },
        { .name = "cancelled by the first connection", .run = cancelled_by_the_first_connection },
        { .name = "two listeners", .run = two_listeners },
        { .name = "a socket that does not listen", .run = no_listener_is_told },
    };
    return rig_run(cases, sizeof cases / sizeof cases[0]);
}
