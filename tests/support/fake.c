/* support/fake.c -- see fake.h. A descriptor is a peer's number plus PEER_FD. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LISTEN_FD = 10, STAGES_FD = 11, PEER_FD = 100 };

struct fake_piece {
    struct fake_piece *next;
    size_t n;
    char bytes[];
};

static struct fake *of_io(struct io *io)
{
    return list_owner(io, struct fake, io);
}

static struct fake *of_sys(const struct io_sys *sys)
{
    return (struct fake *)(void *)((char *)(uintptr_t)sys - offsetof(struct fake, sys));
}

static struct fake_peer *peer_of(struct fake *f, int fd)
{
    assert_in_range(fd, PEER_FD, PEER_FD + f->peers_n - 1);
    struct fake_peer *p = &f->peers[fd - PEER_FD];
    assert_false(p->closed);
    return p;
}

/* ---- memory, log ---- */

static void *fake_alloc(void *ctx, size_t n)
{
    struct fake *f = ctx;
    void *p = f->mem_fails ? NULL : malloc(n);
    f->live += p ? n : 0;
    return p ? memset(p, 0xa5, n) : NULL;
}

static void fake_release(void *ctx, void *p, size_t n)
{
    struct fake *f = ctx;
    f->live -= n;
    free(p);
}

static void fake_say(void *ctx, enum stoa_level level, const char *text)
{
    struct fake *f = ctx;
    (void)level;
    f->lines++;
    strncpy(f->said, text, sizeof f->said - 1);
}

/* ---- chunks ---- */

static struct io_chunk *next_chunk(struct fake *f, struct fake_peer *p)
{
    struct fake_piece *piece = p->in;
    struct io_chunk *c = f->spare;
    assert_non_null(c);
    f->spare = c->next;
    f->chunks_out++;
    p->in = piece->next;
    *c = (struct io_chunk){ .len = (uint32_t)piece->n, .bytes = malloc(piece->n) };
    memcpy(c->bytes, piece->bytes, piece->n);
    free(piece);
    return c;
}

static void chunk_free(struct io *io, struct io_chunk *c)
{
    struct fake *f = of_io(io);
    free(c->bytes);
    c->next = f->spare;
    f->spare = c;
    f->chunks_out--;
}

/* ---- operations ---- */

static int submit(struct io *io, struct io_op *op)
{
    struct fake *f = of_io(io);
    int r = f->submit_fails;
    f->submit_fails = 0;
    if (r < 0)
        return r;
    assert_int_equal(op->state, 0);
    assert_false(op->kind == IO_ACCEPT && f->refuses);
    op->state = 1;
    op->flags = 0;
    list_init(&op->node);
    list_push_back(&f->submitted, &op->node);
    return 0;
}

static void cancel(struct io *io, struct io_op *op)
{
    if (op->state && !op->flags)
        op->flags = (uint16_t)(1 + of_io(io)->late_cancels); /* counts down to 1 */
}

static void last(struct io_op *op, int res)
{
    list_unlink(&op->node);
    op->state = 0;
    op->done(op, res, NULL);
}

static void deliver_accept(struct fake *f, struct io_op *op)
{
    while (f->accepted_n < f->peers_n && op->flags != 1 && !f->accept_fails)
        op->done(op, PEER_FD + f->accepted_n++, NULL);
    if (f->refuses) /* those before had been accepted by the kernel already */
        last(op, -EINVAL);
    else if (f->accept_fails && f->accepted_n < f->peers_n)
        last(op, f->accept_fails);
    else if (op->flags == 1)
        last(op, -ECANCELED);
}

static void deliver_recv(struct fake *f, struct io_op *op)
{
    struct fake_peer *p = peer_of(f, op->fd);
    while (p->in && op->flags != 1) {
        struct io_chunk *c = next_chunk(f, p);
        op->done(op, (int)c->len, c);
    }
    if (p->in_end <= 0 && !p->in)
        last(op, p->in_end);
    else if (op->flags == 1)
        last(op, -ECANCELED);
}

/* Those that were sent to the first peer: it stands for the socket. */
static void deliver_datagrams(struct fake *f, struct io_op *op)
{
    struct fake_peer *p = &f->peers[0];
    static const struct sockaddr_in from = { .sin_family = AF_INET };
    while (p->in && op->flags != 1 && p->in_end > 0) {
        struct io_chunk *c = next_chunk(f, p);
        c->from = (const struct sockaddr *)&from;
        c->from_len = sizeof from;
        op->done(op, (int)c->len, c);
    }
    if (p->in_end < 0) {
        int r = p->in_end;
        p->in_end = 1;
        last(op, r);
    } else if (op->flags == 1) {
        last(op, -ECANCELED);
    }
}

static void deliver(struct fake *f, struct io_op *op)
{
    switch ((enum io_kind)op->kind) {
    case IO_ACCEPT: deliver_accept(f, op); break;
    case IO_RECV: deliver_recv(f, op); break;
    case IO_WRITABLE:
        if (peer_of(f, op->fd)->room > 0)
            last(op, 0);
        else if (op->flags == 1)
            last(op, -ECANCELED);
        break;
    case IO_WORK: {
        struct io_work *w = list_owner(op, struct io_work, op);
        last(op, w->fn(&f->sys, w->arg));
        break;
    }
    case IO_RECV_FROM: deliver_datagrams(f, op); break;
    }
}

/* Does not sleep: time passes in fake_wait only. */
static int wait(struct io *io, stoa_time until)
{
    struct fake *f = of_io(io);
    struct list todo, *node;
    (void)until;
    io->now = (struct io_clock){ f->clock, f->clock };
    list_init(&todo);
    list_move_all(&todo, &f->submitted);
    while ((node = list_pop_front(&todo))) {
        struct io_op *op = list_owner(node, struct io_op, node);
        list_push_back(&f->submitted, node);
        deliver(f, op);
    }
    list_each (n, &f->submitted) {
        struct io_op *op = list_owner(n, struct io_op, node);
        if (op->flags > 1)
            op->flags--;
    }
    return 0;
}

static int recv_now(struct io *io, int fd, struct io_chunk **ret)
{
    struct fake *f = of_io(io);
    struct fake_peer *p = peer_of(f, fd);
    if (!p->in)
        return p->in_end > 0 ? -EAGAIN : p->in_end;
    *ret = next_chunk(f, p);
    return (int)(*ret)->len;
}

static void wake(struct io *io)
{
    (void)io;
}

/* ---- calls ---- */

static int sys_socket(const struct io_sys *s, int family, int type, int protocol)
{
    (void)s, (void)family, (void)type, (void)protocol;
    return LISTEN_FD;
}

static int sys_bind(const struct io_sys *s, int fd, const struct sockaddr *a, socklen_t n)
{
    (void)s, (void)fd, (void)a, (void)n;
    return 0;
}

static int sys_listen(const struct io_sys *s, int fd, int backlog)
{
    (void)s, (void)fd, (void)backlog;
    return 0;
}

static int sys_accept(const struct io_sys *s, int fd)
{
    struct fake *f = of_sys(s);
    assert_int_equal(fd, LISTEN_FD);
    int r = f->refuses ? -EINVAL : f->accept_fails;
    if (r == -ECONNABORTED)
        f->accept_fails = 0;
    if (r < 0)
        return r;
    return f->accepted_n < f->peers_n ? PEER_FD + f->accepted_n++ : -EAGAIN;
}

static int sys_set_option(const struct io_sys *s, int fd, int level, int name, const void *v,
                          socklen_t n)
{
    (void)level, (void)v, (void)n;
    if (name == SO_LINGER && fd >= PEER_FD)
        peer_of(of_sys(s), fd)->hard = true;
    return 0;
}

static int sys_local_name(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = 0x5000 };
    (void)s, (void)fd;
    memcpy(a, &v4, sizeof v4);
    *n = sizeof v4;
    return 0;
}

static int sys_peer_name(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n)
{
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = 0x5000 };
    v6.sin6_addr.s6_addr[15] = 1;
    (void)s, (void)fd;
    memcpy(a, &v6, sizeof v6);
    *n = sizeof v6;
    return 0;
}

static ssize_t sys_send(const struct io_sys *s, int fd, const struct msghdr *m, int flags)
{
    struct fake_peer *p = peer_of(of_sys(s), fd);
    ssize_t sent = 0;
    if (p->in_end < 0)
        return -EPIPE;
    p->held = flags & MSG_MORE;
    for (size_t i = 0; i < m->msg_iovlen && p->room > 0; i++) {
        size_t n = m->msg_iov[i].iov_len < p->room ? m->msg_iov[i].iov_len : p->room;
        size_t keep = n < sizeof p->out - p->out_n ? n : sizeof p->out - p->out_n;
        if (keep)
            memcpy(p->out + p->out_n, m->msg_iov[i].iov_base, keep);
        p->out_n += keep;
        p->room -= n;
        sent += (ssize_t)n;
    }
    return sent > 0 ? sent : -EAGAIN;
}

static int sys_shutdown(const struct io_sys *s, int fd, int how)
{
    if (fd == LISTEN_FD) {
        assert_int_equal(how, SHUT_RDWR);
        of_sys(s)->refuses = true;
        return 0;
    }
    struct fake_peer *p = peer_of(of_sys(s), fd);
    assert_int_equal(how, SHUT_WR);
    p->shut = true;
    p->held = false;
    return p->in_end < 0 ? -ENOTCONN : 0;
}

static int sys_close(const struct io_sys *s, int fd)
{
    struct fake *f = of_sys(s);
    if (fd == STAGES_FD)
        return 0;
    list_each (node, &f->submitted)
        assert_int_not_equal(list_owner(node, struct io_op, node)->fd, fd);
    if (fd == LISTEN_FD) {
        assert_false(f->is_closed);
        f->is_closed = true;
    } else {
        struct fake_peer *p = peer_of(f, fd);
        p->closed = true;
        p->held = p->held && p->in; /* unread bytes make the close a reset */
    }
    return 0;
}

static struct io_clock sys_clock(const struct io_sys *s)
{
    struct fake *f = of_sys(s);
    return (struct io_clock){ f->clock, f->clock };
}

static stoa_time sys_moment(const struct io_sys *s)
{
    return sys_clock(s).mono_ns;
}

static stoa_time sys_tick(const struct io_sys *s)
{
    (void)s;
    return 4 * STOA_MS;
}

static int sys_get_option(const struct io_sys *s, int fd, int level, int name, void *v,
                          socklen_t *n)
{
    (void)s, (void)fd, (void)level, (void)name, (void)v, (void)n;
    return -EOPNOTSUPP;
}

static int sys_make_file(const struct io_sys *s, const char *path, const char *name, size_t bytes)
{
    (void)s, (void)path, (void)name, (void)bytes;
    return STAGES_FD;
}

static int sys_map(const struct io_sys *s, int fd, size_t bytes, bool writes, void **ret)
{
    (void)s, (void)fd, (void)writes;
    *ret = calloc(1, bytes);
    return *ret ? 0 : -ENOMEM;
}

static void sys_unmap(const struct io_sys *s, void *p, size_t bytes)
{
    (void)s, (void)bytes;
    free(p);
}

static int sys_keep_stamps(const struct io_sys *s)
{
    (void)s;
    return -EOPNOTSUPP;
}

/* ---- the server ---- */

static void open_ground(struct fake *f)
{
    memset(f, 0, sizeof *f);
    f->clock = 1000 * STOA_SEC;
    f->ops = (struct io_ops){ "fake", submit, cancel, wait, wake, recv_now, chunk_free, NULL };
    f->sys = (struct io_sys){ .socket = sys_socket,
                              .bind = sys_bind,
                              .listen = sys_listen,
                              .accept = sys_accept,
                              .set_option = sys_set_option,
                              .get_option = sys_get_option,
                              .local_name = sys_local_name,
                              .peer_name = sys_peer_name,
                              .send = sys_send,
                              .shutdown = sys_shutdown,
                              .close = sys_close,
                              .make_file = sys_make_file,
                              .map = sys_map,
                              .unmap = sys_unmap,
                              .keep_stamps = sys_keep_stamps,
                              .clock = sys_clock,
                              .moment = sys_moment,
                              .tick = sys_tick };
    f->io = (struct io){ .ops = &f->ops, .sys = &f->sys };
    f->mem = (struct stoa_mem){ fake_alloc, fake_release, f };
    f->log = (struct stoa_log){ fake_say, f };
    list_init(&f->submitted);
    f->peers = calloc(FAKE_PEERS, sizeof *f->peers);
    f->chunks = calloc(FAKE_CHUNKS, sizeof *f->chunks);
    for (int i = 0; i < FAKE_CHUNKS; i++) {
        f->chunks[i].next = f->spare;
        f->spare = &f->chunks[i];
    }
}

void fake_start(struct fake *f, struct service *s)
{
    f->service = s;
    assert_int_equal(s->ops->start(s, &f->core), 0);
}

void fake_open(struct fake *f, const struct fake_options *opt)
{
    open_ground(f);
    struct stoa_options o = { .cores = 1, .mem = &f->mem, .log = &f->log };
    assert_int_equal(rt_new(&f->rt, &o, &f->sys), 0);
    assert_int_equal(rt_stages_open(f->rt), 0);
    struct core_options c = { .io = &f->io,
                              .stages = rt_stages(f->rt),
                              .mem = &f->mem,
                              .log = &f->log,
                              .conns_max = opt->conns_max ? opt->conns_max : FAKE_PEERS };
    assert_int_equal(core_open(&f->core, &c), 0);
    if (!opt->serve && !opt->listening)
        return;
    struct listener_options l = { .idle = opt->idle ? opt->idle : 60 * STOA_SEC,
                                  .serve = opt->serve,
                                  .arg = opt->arg,
                                  .greet = opt->greet };
    if (opt->listening)
        l = *opt->listening;
    struct addr a = { .v4 = { .sin_family = AF_INET } };
    struct net_failure failure;
    a.len = sizeof a.v4;
    assert_int_equal(listener_open(f->rt, &a, &l, &f->listener, &failure), 0);
    fake_start(f, list_owner(rt_services(f->rt)->next, struct service, node));
}

void fake_drain(struct fake *f)
{
    f->core.stopping = true;
    f->service->ops->drain(f->service, &f->core);
}

static bool has_ended(const struct fake *f)
{
    return f->core.live == 0 && f->core.sched.tasks == 0;
}

void fake_close(struct fake *f, stoa_time grace)
{
    if (!f->core.stopping)
        fake_drain(f);
    fake_run(f);
    if (grace > 0)
        fake_wait(f, grace);
    if (!has_ended(f)) {
        f->service->ops->cut(f->service, &f->core);
        fake_run(f);
    }
    assert_true(has_ended(f));
    assert_true(list_is_empty(&f->submitted));
    assert_int_equal(f->chunks_out, 0);
    core_close(&f->core);
    stoa_free(f->rt);
    assert_int_equal(f->live, 0);
    assert_true(f->is_closed);
    for (int i = 0; i < f->peers_n; i++) {
        assert_true(f->peers[i].closed || i >= f->accepted_n);
        while (f->peers[i].in) {
            struct fake_piece *piece = f->peers[i].in;
            f->peers[i].in = piece->next;
            free(piece);
        }
    }
    free(f->peers);
    free(f->chunks);
}

/* ---- peers ---- */

int fake_connect(struct fake *f)
{
    assert_true(f->peers_n < FAKE_PEERS);
    f->peers[f->peers_n] = (struct fake_peer){ .in_end = 1, .room = SIZE_MAX };
    return f->peers_n++;
}

void fake_send(struct fake *f, int peer, const void *p, size_t n)
{
    struct fake_piece *piece = malloc(sizeof *piece + n), **at = &f->peers[peer].in;
    piece->next = NULL;
    piece->n = n;
    memcpy(piece->bytes, p, n);
    while (*at)
        at = &(*at)->next;
    *at = piece;
}

void fake_text(struct fake *f, int peer, const char *text)
{
    fake_send(f, peer, text, strlen(text));
}

void fake_end(struct fake *f, int peer, int how)
{
    f->peers[peer].in_end = how;
}

void fake_turn(struct fake *f)
{
    assert_int_equal(core_turn(&f->core), 0);
}

void fake_run(struct fake *f)
{
    /* A turn that had nothing to do may still have left a late cancellation for the next. */
    for (int quiet = 0; quiet < 4; quiet++) {
        fake_turn(f);
        if (!list_is_empty(&f->core.sched.ready))
            quiet = 0;
    }
}

void fake_wait(struct fake *f, stoa_time span)
{
    stoa_time end = f->clock + span;
    fake_run(f);
    for (;;) { /* stops at each timer on the way, as a real wait would */
        stoa_time due = sched_due(&f->core.sched);
        if (due > end)
            break;
        f->clock = due > f->clock ? due : f->clock;
        fake_run(f);
    }
    f->clock = end;
    fake_run(f);
}

void fake_expect(struct fake *f, int peer, const char *text)
{
    struct fake_peer *p = &f->peers[peer];
    assert_false(p->held);
    assert_int_equal(p->out_n, strlen(text));
    if (p->out_n)
        assert_memory_equal(p->out, text, p->out_n);
    p->out_n = 0;
}

bool fake_receives(const struct fake *f, int peer)
{
    list_each (node, &f->submitted)
        if (list_owner(node, struct io_op, node)->fd == PEER_FD + peer)
            return true;
    return false;
}
