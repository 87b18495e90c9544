/* Waiting itself, the same on every implementation: until a moment, until somebody wakes it, until
 * a descriptor takes bytes, until work on helper threads is done. */
#include "support/io_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- time ---- */

static void until_a_moment(struct rig *r)
{
    struct io_clock before = r->sys->clock(r->sys);
    stoa_time until = before.mono_ns + 2 * STOA_MS;
    while (r->io->now.mono_ns < until)
        rig_wait(r, until);
    struct io_clock now = r->io->now, after = r->sys->clock(r->sys);
    assert_true(now.mono_ns <= after.mono_ns);
    assert_true(now.real_ns - before.real_ns >= STOA_MS); /* both clocks were read */
    rig_wait(r, before.mono_ns);                          /* past */
    rig_look(r);
    assert_true(r->io->now.mono_ns >= now.mono_ns);
}

static void remember_now(struct seen *s)
{
    *(stoa_time *)s->arg = s->rig->io->now.mono_ns;
}

static void the_clock_is_read_before_completions(struct rig *r)
{
    int peer, listener = r->peers->listen(r, 4);
    stoa_time seen_at = 0;
    struct seen s;
    seen_init(&s, r, IO_RECV, rig_connect(r, listener, &peer));
    s.then = remember_now;
    s.arg = &seen_at;
    seen_submit(&s);
    for (int i = 1; i <= 3; i++) {
        stoa_time before = r->sys->clock(r->sys).mono_ns;
        assert_int_equal(r->peers->send(r, peer, "x", 1), 1);
        rig_wait_bytes(&s, (size_t)i);
        assert_true(seen_at >= before);
        assert_int_equal(seen_at, r->io->now.mono_ns);
    }
    r->peers->close(r, peer);
    seen_close(&s);
    rig_close(r, listener);
}

/* ---- wake ---- */

static void woken_before_the_wait(struct rig *r)
{
    rig_look(r);
    io_wake(r->io);
    rig_wait(r, STOA_NEVER);
    for (int i = 0; i < 1000; i++)
        io_wake(r->io);
    rig_wait(r, STOA_NEVER);
    rig_quiet(r); /* and not again and again */
    io_wake(r->io);
    rig_wait(r, STOA_NEVER);
}

struct waker {
    struct rig *rig;
    pthread_t target;
    atomic_int done;
};

static void *wake_often(void *arg)
{
    struct waker *w = arg;
    for (int i = 0; i < 100; i++)
        io_wake(w->rig->io);
    atomic_store(&w->done, 1);
    io_wake(w->rig->io);
    return NULL;
}

static void woken_by_another_thread(struct rig *r)
{
    struct waker w = { .rig = r };
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, wake_often, &w), 0);
    while (!atomic_load(&w.done)) /* hangs when a wake is lost */
        rig_wait(r, STOA_NEVER);
    pthread_join(t, NULL);
}

static struct io *woken_by_signal;
static atomic_int signals;

static void on_signal(int number)
{
    (void)number;
    if (atomic_fetch_add(&signals, 1) >= 20)
        io_wake(woken_by_signal);
}

/* Twenty that only interrupt, one that wakes. */
static void *send_signals(void *arg)
{
    struct waker *w = arg;
    for (int i = 0; i <= 20; i++) {
        pthread_kill(w->target, SIGUSR1);
        while (atomic_load(&signals) <= i)
            sched_yield();
    }
    return NULL;
}

static void woken_by_a_signal_handler(struct rig *r)
{
    struct sigaction act = { .sa_handler = on_signal };
    sigaction(SIGUSR1, &act, NULL);
    atomic_store(&signals, 0);
    woken_by_signal = r->io;
    struct waker w = { .rig = r, .target = pthread_self() };
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, send_signals, &w), 0);
    while (atomic_load(&signals) <= 20)
        rig_wait(r, STOA_NEVER);
    pthread_join(t, NULL);
    raise(SIGUSR1); /* before the wait */
    rig_wait(r, STOA_NEVER);
}

/* ---- writable ---- */

struct line {
    int listener, peer, fd;
};

static size_t fill(struct rig *r, int fd)
{
    static char flood[1 << 16];
    struct iovec v = { flood, sizeof flood };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
    size_t sent = 0;
    for (ssize_t n; (n = r->sys->send(r->sys, fd, &m, 0)) != -EAGAIN; sent += (size_t)n)
        assert_true(n > 0);
    return sent;
}

static void drain(struct rig *r, int peer, size_t n)
{
    static char buf[1 << 16];
    while (n > 0) {
        ssize_t got = r->peers->receive(r, peer, buf, sizeof buf);
        assert_true(got > 0 || got == -EAGAIN);
        n -= got > 0 ? (size_t)got : 0;
        rig_look(r);
    }
}

static void line_open(struct line *l, struct rig *r, struct seen *out, struct seen *in)
{
    l->listener = r->peers->listen(r, 4);
    l->fd = rig_connect(r, l->listener, &l->peer);
    seen_init(out, r, IO_WRITABLE, l->fd);
    seen_init(in, r, IO_RECV, l->fd);
}

static void line_close(struct line *l, struct rig *r, struct seen *out, struct seen *in)
{
    if (l->peer >= 0)
        r->peers->close(r, l->peer);
    if (io_is_under_way(&out->op)) {
        io_cancel(r->io, &out->op);
        rig_wait_end(r, out);
    }
    seen_close(in);
    rig_close(r, l->listener);
}

static void writable_when_the_peer_has_read(struct rig *r)
{
    struct line l;
    struct seen out, in;
    line_open(&l, r, &out, &in);
    seen_submit(&out); /* takes bytes now */
    rig_wait_end(r, &out);
    assert_int_equal(out.last, 0);
    for (int i = 0; i < 3; i++) {
        size_t sent = fill(r, l.fd);
        out.count = 0;
        seen_submit(&out);
        rig_quiet(r);
        assert_int_equal(out.count, 0);
        drain(r, l.peer, sent);
        rig_wait_end(r, &out);
        assert_int_equal(out.count, 1);
        assert_int_equal(out.last, 0);
    }
    rig_quiet(r); /* it still takes bytes, and nobody asks */
    line_close(&l, r, &out, &in);
}

static void writable_cancelled(struct rig *r)
{
    struct line l;
    struct seen out, in;
    line_open(&l, r, &out, &in);
    size_t sent = fill(r, l.fd);
    seen_submit(&out);
    rig_look(r);
    io_cancel(r->io, &out.op);
    rig_wait_end(r, &out);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.last, -ECANCELED);
    drain(r, l.peer, sent);
    rig_quiet(r);
    assert_int_equal(out.count, 1);
    seen_submit(&out);
    rig_wait_end(r, &out);
    assert_int_equal(out.last, 0);
    line_close(&l, r, &out, &in);
}

static void writable_when_it_has_failed(struct rig *r)
{
    struct line l;
    struct seen out, in;
    line_open(&l, r, &out, &in);
    fill(r, l.fd);
    seen_submit(&out);
    rig_look(r);
    r->peers->reset(r, l.peer);
    l.peer = -1;
    rig_wait_end(r, &out);
    assert_int_equal(out.last, 0);
    rig_quiet(r);
    line_close(&l, r, &out, &in);
}

/* A pipe without readers is not said to take bytes, only to have failed. */
static void writable_when_a_full_pipe_has_no_reader(struct rig *r)
{
    static const char flood[1 << 16];
    int ends[2];
    struct seen out;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends[1], flood, sizeof flood) > 0)
        ;
    seen_init(&out, r, IO_WRITABLE, ends[1]);
    seen_submit(&out);
    rig_quiet(r);
    assert_false(out.ended);
    close(ends[0]);
    rig_wait_end(r, &out);
    assert_int_equal(out.last, 0);
    seen_close(&out);
}

static void both_ways_at_once(struct rig *r)
{
    struct line l;
    struct seen out, in;
    line_open(&l, r, &out, &in);
    size_t sent = fill(r, l.fd);
    seen_submit(&in);
    seen_submit(&out);
    assert_int_equal(r->peers->send(r, l.peer, "ask", 3), 3);
    rig_wait_bytes(&in, 3);
    assert_false(out.ended);
    drain(r, l.peer, sent);
    rig_wait_end(r, &out);
    assert_int_equal(out.last, 0);
    rig_quiet(r);
    assert_int_equal(r->peers->send(r, l.peer, "more", 4), 4);
    rig_wait_bytes(&in, 7);
    assert_memory_equal(in.bytes, "askmore", 7);
    /* The one ends without the other. */
    fill(r, l.fd);
    seen_submit(&out);
    io_cancel(r->io, &in.op);
    rig_wait_end(r, &in);
    assert_int_equal(in.last, -ECANCELED);
    assert_false(out.ended);
    r->peers->reset(r, l.peer);
    l.peer = -1;
    rig_wait_end(r, &out);
    assert_int_equal(out.last, 0);
    line_close(&l, r, &out, &in);
}

static void end_the_other(struct seen *s)
{
    struct seen *other = s->arg;
    if (io_is_under_way(&other->op))
        io_cancel(s->rig->io, &other->op);
}

/* A reset tells both; whichever hears first cancels the other. */
static void one_cancels_the_other(struct rig *r)
{
    struct line l;
    struct seen out, in;
    line_open(&l, r, &out, &in);
    fill(r, l.fd);
    out.then = in.then = end_the_other;
    out.arg = &in;
    in.arg = &out;
    seen_submit(&in);
    seen_submit(&out);
    rig_look(r);
    r->peers->reset(r, l.peer);
    l.peer = -1;
    rig_wait_end(r, &out);
    rig_wait_end(r, &in);
    rig_quiet(r);
    assert_int_equal(out.count, 1);
    assert_int_equal(in.count, 1);
    line_close(&l, r, &out, &in);
}

/* Both lines have something to say in one turn. The first to be heard gives the number of the second
 * to a new connection, which the news of the second must not touch. */
struct swap {
    struct seen first, second, next;
    struct rig *rig;
    int fd; /* of the new connection, until it gets the other number */
};

static void swap_the_second(struct seen *s)
{
    struct swap *w = s->arg;
    if (s->count > 1 || w->second.count > 0)
        return;
    io_cancel(w->rig->io, &w->second.op);
    assert_int_equal(dup2(w->fd, w->second.op.fd), w->second.op.fd);
    close(w->fd);
    seen_init(&w->next, w->rig, IO_WRITABLE, w->second.op.fd);
    seen_submit(&w->next);
}

static void the_number_comes_back_in_the_same_turn(struct rig *r)
{
    int peers[3], listener = r->peers->listen(r, 4);
    struct swap w = { .rig = r };
    seen_init(&w.first, r, IO_RECV, rig_connect(r, listener, &peers[0]));
    seen_init(&w.second, r, IO_RECV, rig_connect(r, listener, &peers[1]));
    w.fd = rig_connect(r, listener, &peers[2]);
    w.first.then = swap_the_second;
    w.first.arg = &w;
    size_t sent = fill(r, w.fd);
    seen_submit(&w.first);
    seen_submit(&w.second);
    rig_look(r);
    assert_int_equal(r->peers->send(r, peers[0], "x", 1), 1);
    r->peers->reset(r, peers[1]);
    rig_wait_end(r, &w.second);
    assert_int_equal(w.first.count, 1);
    rig_quiet(r);
    assert_false(w.next.ended); /* it takes no bytes, and has not failed */
    drain(r, peers[2], sent);
    rig_wait_end(r, &w.next);
    r->peers->close(r, peers[0]);
    r->peers->close(r, peers[2]);
    seen_close(&w.first);
    seen_close(&w.next);
    seen_done(&w.second);
    rig_close(r, listener);
}

/* ---- work ---- */

enum { JOBS = 20, THREADS = 4 };

struct jobs {
    struct io_work work[JOBS];
    atomic_int running, running_max, begun, wrong;
    pthread_t loop; /* the thread that waits */
    struct rig *rig;
    int done;
};

static int job(const struct io_sys *sys, void *arg)
{
    struct jobs *j = arg;
    int number = atomic_fetch_add(&j->begun, 1);
    int running = atomic_fetch_add(&j->running, 1) + 1;
    int max = atomic_load(&j->running_max);
    while (running > max && !atomic_compare_exchange_weak(&j->running_max, &max, running))
        ;
    /* The first ones go on when all threads are there: so they are. */
    while (number < THREADS && atomic_load(&j->begun) < THREADS)
        sched_yield();
    if (sys->clock(sys).mono_ns <= 0 || pthread_equal(pthread_self(), j->loop))
        atomic_fetch_add(&j->wrong, 1);
    atomic_fetch_sub(&j->running, 1);
    return -number;
}

static void on_job(struct io_op *op, int res, struct io_chunk *chunk)
{
    struct io_work *work = list_owner(op, struct io_work, op);
    struct jobs *j = work->arg;
    assert_true(j->rig->delivering);
    assert_null(chunk);
    assert_false(io_is_under_way(op));
    assert_in_range(-res, 0, JOBS - 1);
    j->done++;
}

static void more_jobs_than_threads(struct rig *r)
{
    struct jobs j = { .rig = r, .loop = pthread_self() };
    for (int round = 0; round < 2; round++) {
        j.done = 0;
        atomic_store(&j.begun, 0);
        for (int i = 0; i < JOBS; i++) {
            j.work[i] = (struct io_work){ .op = { .kind = IO_WORK, .done = on_job } };
            j.work[i].fn = job;
            j.work[i].arg = &j;
            assert_int_equal(io_submit(r->io, &j.work[i].op), 0);
            io_cancel(r->io, &j.work[i].op); /* cannot be: it is done all the same */
        }
        assert_int_equal(j.done, 0);
        while (j.done < JOBS)
            rig_wait(r, STOA_NEVER);
        assert_int_equal(atomic_load(&j.begun), JOBS);
        assert_int_equal(atomic_load(&j.running_max), THREADS);
        assert_int_equal(atomic_load(&j.wrong), 0);
    }
}

/* returns the default size of threads' stacks, after it was set. */
static size_t set_stack_bytes(size_t bytes)
{
    pthread_attr_t a;
    size_t before;
    pthread_getattr_default_np(&a);
    pthread_attr_getstacksize(&a, &before);
    pthread_attr_setstacksize(&a, bytes);
    assert_int_equal(pthread_setattr_default_np(&a), 0);
    pthread_attr_destroy(&a);
    return before;
}

static void no_helper_thread_to_be_had(struct rig *r)
{
    struct jobs j = { .rig = r, .loop = pthread_self() };
    atomic_store(&j.begun, THREADS);
    struct io_work *w = &j.work[0];
    *w = (struct io_work){ .op = { .kind = IO_WORK, .done = on_job }, .fn = job, .arg = &j };
    size_t before = set_stack_bytes((size_t)1 << 46); /* which cannot be had */
    assert_int_equal(io_submit(r->io, &w->op), -EAGAIN);
    assert_false(io_is_under_way(&w->op));
    set_stack_bytes(before);
    rig_quiet(r);
    assert_int_equal(j.done, 0);
    assert_int_equal(io_submit(r->io, &w->op), 0);
    while (j.done < 1)
        rig_wait(r, STOA_NEVER);
}

int main(void)
{
    static const struct rig_case cases[] = {
        { .name = "until a moment", .run = until_a_moment },
        { .name = "the clock is read before completions",
          .run = the_clock_is_read_before_completions },
        { .name = "woken before the wait", .run = woken_before_the_wait },
        { .name = "woken by another thread", .run = woken_by_another_thread },
        { .name = "woken by a signal handler", .run = woken_by_a_signal_handler },
        { .name = "writable when the peer has read", .run = writable_when_the_peer_has_read },
        { .name = "writable, cancelled", .run = writable_cancelled },
        { .name = "writable when it has failed", .run = writable_when_it_has_failed },
        { .name = "writable when a full pipe has no reader",
          .run = writable_when_a_full_pipe_has_no_reader },
        { .name = "the number comes back in the same turn",
          .run = the_number_comes_back_in_the_same_turn },
        { .name = "both ways at once", .run = both_ways_at_once },
        { .name = "one cancels the other", .run = one_cancels_the_other },
        { .name = "more jobs than threads", .run = more_jobs_than_threads },
        { .name = "no helper thread to be had", .run = no_helper_thread_to_be_had },
    };
    return rig_run(cases, sizeof cases / sizeof cases[0]);
}
