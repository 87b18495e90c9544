/* IO_RECV and io_recv_now(), the same on every implementation: bytes in order, the end, the reset;
 * cancelled before, with and after bytes, which are never lost; descriptors that come back. */
#include "support/io_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* One connection, received from by a recorder. */
struct line {
    struct rig *rig;
    int listener, peer;
    struct seen s;
};

static void line_open(struct line *l, struct rig *r)
{
    l->rig = r;
    l->listener = r->peers->listen(r, 16);
    assert_true(l->listener >= 0);
    seen_init(&l->s, r, IO_RECV, rig_connect(r, l->listener, &l->peer));
}

static void line_close(struct line *l)
{
    if (l->peer >= 0)
        l->rig->peers->close(l->rig, l->peer);
    seen_close(&l->s);
    rig_close(l->rig, l->listener);
}

static void say(struct line *l, const char *text)
{
    ssize_t n = (ssize_t)strlen(text);
    assert_int_equal(l->rig->peers->send(l->rig, l->peer, text, (size_t)n), n);
}

static void assert_heard(const struct seen *s, const char *text)
{
    assert_int_equal(s->n, strlen(text));
    assert_memory_equal(s->bytes, text, s->n);
}

static void bytes_in_order(struct rig *r)
{
    struct line l;
    line_open(&l, r);
    seen_submit(&l.s);
    say(&l, "one ");
    rig_wait_bytes(&l.s, 4);
    say(&l, "two ");
    say(&l, "three");
    rig_wait_bytes(&l.s, 13);
    assert_heard(&l.s, "one two three");
    rig_quiet(r);
    assert_false(l.s.ended);
    line_close(&l);
}

static void many_bytes_in_chunks(struct rig *r)
{
    enum { TOTAL = 1 << 20 };
    struct line l;
    line_open(&l, r);
    seen_submit(&l.s);
    unsigned char *text = malloc(TOTAL);
    assert_non_null(text);
    for (size_t i = 0; i < TOTAL; i++)
        text[i] = (unsigned char)(i * 31 + (i >> 9));
    for (size_t sent = 0; sent < TOTAL;) {
        ssize_t n = r->peers->send(r, l.peer, text + sent, TOTAL - sent);
        assert_true(n > 0 || n == -EAGAIN);
        sent += n > 0 ? (size_t)n : 0;
        rig_look(r);
    }
    r->peers->finish(r, l.peer);
    rig_wait_end(r, &l.s);
    assert_int_equal(l.s.last, 0);
    assert_int_equal(l.s.n, TOTAL);
    assert_memory_equal(l.s.bytes, text, TOTAL);
    /* Chunks are as large as they are said to be: at worst one more than fit for each look. */
    assert_true(l.s.results[0] >= IO_CHUNK_BYTES);
    free(text);
    line_close(&l);
}

static void the_end_of_the_stream(struct rig *r)
{
    struct line l;
    line_open(&l, r);
    seen_submit(&l.s);
    rig_look(r);
    say(&l, "bye");
    r->peers->finish(r, l.peer);
    rig_wait_end(r, &l.s);
    assert_heard(&l.s, "bye");
    assert_int_equal(l.s.count, 2);
    assert_int_equal(l.s.last, 0);
    rig_quiet(r); /* the descriptor stays readable: nobody asks */
    /* The other way still works, and new operations tell the same again, however often: the end
     * holds no chunk. */
    struct iovec v = { "well", 4 };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
    assert_int_equal(r->sys->send(r->sys, l.s.op.fd, &m, 0), 4);
    for (int i = 0; i < 700; i++) {
        seen_submit(&l.s);
        rig_wait_end(r, &l.s);
        assert_int_equal(l.s.last, 0);
    }
    line_close(&l);
}

static void a_reset(struct rig *r)
{
    struct line l;
    line_open(&l, r);
    seen_submit(&l.s);
    rig_look(r);
    r->peers->reset(r, l.peer);
    l.peer = -1;
    rig_wait_end(r, &l.s);
    assert_int_equal(l.s.count, 1);
    assert_int_equal(l.s.last, -ECONNRESET);
    line_close(&l);
}

static void cancelled_before_bytes(struct rig *r)
{
    struct line l;
    line_open(&l, r);
    seen_submit(&l.s);
    rig_look(r);
    io_cancel(r->io, &l.s.op);
    io_cancel(r->io, &l.s.op); /* harmless */
    assert_int_equal(l.s.count, 0);
    rig_wait_end(r, &l.s);
    assert_int_equal(l.s.count, 1);
    assert_int_equal(l.s.last, -ECANCELED);
    say(&l, "later");
    rig_quiet(r);
    assert_int_equal(l.s.count, 1);
    seen_submit(&l.s);
    rig_wait_bytes(&l.s, 5);
    assert_heard(&l.s, "later");
    line_close(&l);
}

/* Submitted and cancelled without a wait between. */
static void cancelled_before_the_kernel_knew(struct rig *r)
{
    struct line l;
    line_open(&l, r);
    say(&l, "kept");
    seen_submit(&l.s);
    io_cancel(r->io, &l.s.op);
    rig_wait_end(r, &l.s);
    assert_int_equal(l.s.last, -ECANCELED);
    seen_submit(&l.s);
    rig_wait_bytes(&l.s, 4);
    assert_heard(&l.s, "kept");
    line_close(&l);
}

static void cancelled_with_bytes_on_their_way(struct rig *r)
{
    struct line l;
    line_open(&l, r);
    seen_submit(&l.s);
    rig_look(r);
    say(&l, "first ");
    io_cancel(r->io, &l.s.op);
    rig_wait_end(r, &l.s);
    assert_int_equal(l.s.last, -ECANCELED);
    say(&l, "second");
    seen_submit(&l.s);
    rig_wait_bytes(&l.s, 12);
    assert_heard(&l.s, "first second");
    line_close(&l);
}

static void cancel_at_once(struct seen *s)
{
    if (!s->ended)
        io_cancel(s->rig->io, &s->op);
}

static void cancelled_by_its_bytes(struct rig *r)
{
    struct line l;
    line_open(&l, r);
    l.s.then = cancel_at_once;
    seen_submit(&l.s);
    say(&l, "one");
    rig_wait_end(r, &l.s);
    assert_int_equal(l.s.last, -ECANCELED);
    assert_heard(&l.s, "one");
    assert_int_equal(l.s.count, 2);
    say(&l, "two");
    r->peers->finish(r, l.peer);
    seen_submit(&l.s);
    rig_wait_end(r, &l.s);
    assert_heard(&l.s, "onetwo");
    assert_true(l.s.last == -ECANCELED || l.s.last == 0); /* "what it was about to be" */
    line_close(&l);
}

static void submit_again(struct seen *s)
{
    if (s->ended && s->count == 1)
        seen_submit(s);
}

static void submitted_again_by_its_end(struct rig *r)
{
    struct line l;
    line_open(&l, r);
    l.s.then = submit_again;
    seen_submit(&l.s);
    rig_look(r);
    io_cancel(r->io, &l.s.op);
    rig_wait_count(&l.s, 1);
    assert_false(l.s.ended);
    say(&l, "again");
    rig_wait_bytes(&l.s, 5);
    assert_heard(&l.s, "again");
    line_close(&l);
}

/* An operation that is cancelled and whose descriptor is closed in the same turn, before the next
 * wait, must not touch the connection that gets the same number. */
static void the_number_comes_back(struct rig *r)
{
    struct line l;
    struct seen next;
    int peer;
    for (int looks = 0; looks < 3; looks++) { /* not yet told, told, told and seen by epoll */
        line_open(&l, r);
        seen_submit(&l.s);
        for (int i = 0; i < looks; i++)
            rig_look(r);
        if (looks == 2)
            say(&l, "old");
        peer = r->peers->dial(r, l.listener);
        io_cancel(r->io, &l.s.op);
        rig_close(r, l.s.op.fd);
        seen_init(&next, r, IO_RECV, r->sys->accept(r->sys, l.listener));
        assert_int_equal(next.op.fd, l.s.op.fd);
        seen_submit(&next);
        assert_int_equal(r->peers->send(r, peer, "new", 3), 3);
        rig_wait_bytes(&next, 3);
        rig_wait_end(r, &l.s);
        assert_int_equal(l.s.last, -ECANCELED);
        assert_heard(&next, "new");
        rig_quiet(r);
        assert_false(next.ended);
        r->peers->close(r, peer);
        r->peers->close(r, l.peer);
        seen_close(&next);
        seen_done(&l.s);
        rig_close(r, l.listener);
    }
}

/* The same after an end, with no operation there when the descriptor is closed. */
static void the_number_comes_back_after_the_end(struct rig *r)
{
    struct line l;
    line_open(&l, r);
    for (int i = 0; i < 5; i++) {
        seen_submit(&l.s);
        say(&l, "x");
        r->peers->close(r, l.peer);
        rig_wait_end(r, &l.s);
        assert_int_equal(l.s.last, 0);
        int fd = l.s.op.fd;
        l.peer = r->peers->dial(r, l.listener);
        rig_close(r, fd);
        seen_done(&l.s);
        seen_init(&l.s, r, IO_RECV, r->sys->accept(r->sys, l.listener));
        assert_int_equal(l.s.op.fd, fd);
    }
    line_close(&l);
}

static void stamps(struct rig *r)
{
    /* Switching them on takes the kernel a moment; a stamped listener keeps them on. */
    struct line l;
    line_open(&l, r);
    seen_submit(&l.s);
    for (int i = 0; i < 10000 && l.s.stamp_ns == 0; i++) {
        size_t n = l.s.n;
        say(&l, ".");
        rig_wait_bytes(&l.s, n + 1);
    }
    int64_t before = r->sys->clock(r->sys).real_ns;
    size_t n = l.s.n;
    say(&l, "stamped");
    rig_wait_bytes(&l.s, n + 7);
    assert_true(l.s.stamp_ns >= before - STOA_MS); /* one clock, but not read on one CPU */
    assert_true(l.s.stamp_ns <= r->io->now.real_ns);

    struct io_chunk *c = NULL;
    int peer, fd = rig_connect(r, l.listener, &peer);
    assert_int_equal(r->peers->send(r, peer, "now", 3), 3);
    assert_int_equal(io_recv_now(r->io, fd, &c), 3);
    assert_true(c->stamp_ns >= l.s.stamp_ns);
    io_chunk_free(r->io, c);
    r->peers->close(r, peer);
    rig_close(r, fd);
    line_close(&l);
}

static void without_an_operation(struct rig *r)
{
    struct line l;
    struct io_chunk *c = NULL;
    line_open(&l, r);
    for (int i = 0; i < 700; i++)
        assert_int_equal(io_recv_now(r->io, l.s.op.fd, &c), -EAGAIN);
    say(&l, "now");
    assert_int_equal(io_recv_now(r->io, l.s.op.fd, &c), 3);
    assert_int_equal(c->len, 3);
    assert_memory_equal(c->bytes, "now", 3);
    io_chunk_free(r->io, c);
    seen_submit(&l.s);
    say(&l, "then");
    rig_wait_bytes(&l.s, 4);
    io_cancel(r->io, &l.s.op);
    rig_wait_end(r, &l.s);
    r->peers->finish(r, l.peer);
    assert_int_equal(io_recv_now(r->io, l.s.op.fd, &c), 0);
    int peer, fd = rig_connect(r, l.listener, &peer);
    r->peers->reset(r, peer);
    assert_int_equal(io_recv_now(r->io, fd, &c), -ECONNRESET);
    rig_close(r, fd);
    line_close(&l);
}

/* Descriptors that a peer sends over a Unix socket would use up ours. */
static void unwanted_descriptors_are_closed(struct rig *r)
{
    int pair[2], next = dup(0);
    close(next);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct seen s;
    seen_init(&s, r, IO_RECV, pair[0]);
    char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
    struct iovec v = { "gift", 4 };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
    m.msg_control = control;
    m.msg_controllen = sizeof control;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(c), pair, 2 * sizeof(int));
    for (int i = 0; i < 20; i++) {
        struct io_chunk *chunk;
        assert_int_equal(sendmsg(pair[1], &m, 0), 4);
        if (i % 2) {
            assert_int_equal(io_recv_now(r->io, pair[0], &chunk), 4);
            io_chunk_free(r->io, chunk);
            continue;
        }
        seen_submit(&s);
        rig_wait_bytes(&s, 2 * (size_t)i + 4);
        io_cancel(r->io, &s.op);
        rig_wait_end(r, &s);
    }
    close(pair[1]);
    seen_close(&s);
    int again = dup(0); /* and the rig counts them */
    close(again);
    assert_int_equal(again, next);
}

int main(void)
{
    static const struct rig_case cases[] = {
        { .name = "bytes in order", .run = bytes_in_order },
        { .name = "many bytes in chunks", .run = many_bytes_in_chunks },
        { .name = "the end of the stream", .run = the_end_of_the_stream },
        { .name = "a reset", .run = a_reset },
        { .name = "cancelled before bytes", .run = cancelled_before_bytes },
        { .name = "cancelled before the kernel knew", .run = cancelled_before_the_kernel_knew },
        { .name = "cancelled with bytes on their way", .run = cancelled_with_bytes_on_their_way },
        { .name = "cancelled by its bytes", .run = cancelled_by_its_bytes },
        { .name = "submitted again by its end", .run = submitted_again_by_its_end },
        { .name = "the number comes back", .run = the_number_comes_back },
        { .name = "the number comes back after the end",
          .run = the_number_comes_back_after_the_end },
        { .name = "stamps", .run = stamps },
        { .name = "without an operation", .run = without_an_operation },
        { .name = "unwanted descriptors are closed", .run = unwanted_descriptors_are_closed },
    };
    return rig_run(cases, sizeof cases / sizeof cases[0]);
}
