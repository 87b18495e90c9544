/* support/io_rig.c -- see io_rig.h. */
#include "support/io_rig.h"

#include "io/valgrind.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- the kernel's peers: sockets on the loopback ---- */

static int kernel_listen(struct rig *r, int backlog)
{
    const struct io_sys *s = r->sys;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    int fd = s->socket(s, AF_INET, SOCK_STREAM, 0);
    if (fd >= 0)
        s->set_option(s, fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps);
    int e = fd < 0 ? fd : s->bind(s, fd, (struct sockaddr *)&a, sizeof a);
    if (e == 0)
        e = s->listen(s, fd, backlog);
    return e < 0 ? e : fd;
}

static int kernel_dial(struct rig *r, int listener)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    int e = r->sys->local_name(r->sys, listener, &a, &n);
    int fd = e < 0 ? e : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, n) < 0)
        return -errno;
    if (fd >= 0)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static int kernel_queue_length(struct rig *r, int listener)
{
    struct tcp_info info;
    socklen_t n = sizeof info;
    int e = r->sys->get_option(r->sys, listener, IPPROTO_TCP, TCP_INFO, &info, &n);
    return e < 0 ? e : (int)info.tcpi_unacked;
}

static ssize_t kernel_send(struct rig *r, int peer, const void *p, size_t n)
{
    (void)r;
    ssize_t sent = send(peer, p, n, MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
}

static ssize_t kernel_receive(struct rig *r, int peer, void *p, size_t n)
{
    (void)r;
    ssize_t got = recv(peer, p, n, MSG_DONTWAIT);
    return got < 0 ? -errno : got;
}

static void kernel_finish(struct rig *r, int peer)
{
    (void)r;
    shutdown(peer, SHUT_WR);
}

static void kernel_reset(struct rig *r, int peer)
{
    (void)r;
    struct linger now = { .l_onoff = 1 };
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(peer);
}

static void kernel_close(struct rig *r, int peer)
{
    (void)r;
    close(peer);
}

static void kernel_descriptors_left(struct rig *r, int n)
{
    (void)r;
    static rlim_t before;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (n < 0) {
        limit.rlim_cur = before;
    } else {
        int next = dup(0); /* the lowest that is free; the ones above it are, too */
        close(next);
        before = limit.rlim_cur;
        limit.rlim_cur = (rlim_t)(next + n);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static const struct rig_peers kernel_peers = {
    .listen = kernel_listen,
    .dial = kernel_dial,
    .queue_length = kernel_queue_length,
    .send = kernel_send,
    .receive = kernel_receive,
    .finish = kernel_finish,
    .reset = kernel_reset,
    .close = kernel_close,
    .descriptors_left = kernel_descriptors_left,
};

static int kernel_open(struct rig *r, const char *name, const struct stoa_mem *mem)
{
    return io_open(&r->io, name, mem);
}

const struct rig_kind rig_kinds[] = {
    { "uring", kernel_open, &kernel_peers, .chunks = 320, .burst = 320 },
    { "epoll", kernel_open, &kernel_peers, .chunks = 320, .burst = 4 },
};
const size_t rig_kinds_count = sizeof rig_kinds / sizeof rig_kinds[0];

/* ---- the recorder ---- */

static void keep_bytes(struct seen *s, const struct io_chunk *c)
{
    if (c->len == 0)
        return;
    if (s->n + c->len > s->room) {
        s->room = 2 * (s->n + c->len) + 64;
        s->bytes = realloc(s->bytes, s->room);
        assert_non_null(s->bytes);
    }
    memcpy(s->bytes + s->n, c->bytes, c->len);
    s->n += c->len;
}

static void keep_chunk(struct seen *s, int res, struct io_chunk *c)
{
    assert_int_equal(c->len, res);
    keep_bytes(s, c);
    s->stamp_ns = c->stamp_ns;
    if (s->hold) {
        c->next = s->held;
        s->held = c;
    } else {
        io_chunk_free(s->rig->io, c);
    }
}

/* After its last completion an operation's storage is the owner's: it is marked, and the marks must
 * still be there when it is used again. */
static struct list *const marked = (struct list *)(uintptr_t)0x5a5a;

static void mark(struct io_op *op)
{
    op->node = (struct list){ marked, marked };
    op->flags = 0xffff;
}

static void assert_untouched(const struct seen *s)
{
    if (!s->ended)
        return;
    assert_ptr_equal(s->op.node.next, marked);
    assert_ptr_equal(s->op.node.prev, marked);
    assert_int_equal(s->op.flags, 0xffff);
    assert_int_equal(s->op.state, 0);
}

static void on_completion(struct io_op *op, int res, struct io_chunk *chunk)
{
    struct seen *s = list_owner(op, struct seen, op);
    bool receives = op->kind == IO_RECV || op->kind == IO_RECV_FROM;
    assert_true(s->rig->delivering); /* invariant 2 */
    assert_false(s->ended);          /* invariant 3: one last */
    if (s->count < RIG_RESULTS)
        s->results[s->count] = res;
    s->count++;
    s->ended = !io_is_under_way(op);
    if (s->ended) {
        s->last = res;
        mark(op);
    }
    /* What is the last is told by the result alone. */
    switch ((enum io_kind)op->kind) {
    case IO_ACCEPT: assert_int_equal(s->ended, res < 0); break;
    case IO_RECV: assert_int_equal(s->ended, res <= 0); break;
    case IO_RECV_FROM: assert_int_equal(s->ended, res < 0); break;
    case IO_WRITABLE:
    case IO_WORK: assert_true(s->ended); break;
    }
    assert_int_equal(chunk != NULL, receives && !s->ended);
    if (chunk)
        keep_chunk(s, res, chunk);
    if (s->then)
        s->then(s);
}

void seen_init(struct seen *s, struct rig *r, enum io_kind kind, int fd)
{
    *s = (struct seen){ .rig = r };
    s->op = (struct io_op){ .done = on_completion, .kind = (uint8_t)kind, .fd = fd };
}

void seen_submit(struct seen *s)
{
    assert_untouched(s);
    s->ended = false;
    assert_int_equal(io_submit(s->rig->io, &s->op), 0);
    assert_true(io_is_under_way(&s->op));
}

void seen_free_held(struct seen *s)
{
    while (s->held) {
        struct io_chunk *c = s->held;
        s->held = c->next;
        io_chunk_free(s->rig->io, c);
    }
}

void seen_done(struct seen *s)
{
    assert_false(io_is_under_way(&s->op));
    assert_untouched(s);
    seen_free_held(s);
    free(s->bytes);
    s->bytes = NULL;
    s->n = s->room = 0;
}

void seen_close(struct seen *s)
{
    if (io_is_under_way(&s->op)) {
        io_cancel(s->rig->io, &s->op);
        rig_wait_end(s->rig, s);
    }
    rig_close(s->rig, s->op.fd);
    seen_done(s);
}

/* ---- waiting ---- */

void rig_wait(struct rig *r, stoa_time until)
{
    r->delivering = true;
    int e = io_wait(r->io, until);
    r->delivering = false;
    assert_int_equal(e, 0);
}

void rig_look(struct rig *r)
{
    rig_wait(r, 0);
}

void rig_wait_end(struct rig *r, struct seen *s)
{
    while (!s->ended)
        rig_wait(r, STOA_NEVER);
}

void rig_wait_count(struct seen *s, int count)
{
    while (s->count < count)
        rig_wait(s->rig, STOA_NEVER);
}

void rig_wait_bytes(struct seen *s, size_t bytes)
{
    while (s->n < bytes)
        rig_wait(s->rig, STOA_NEVER);
}

void rig_quiet(struct rig *r)
{
    for (int i = 0; i < 100; i++) /* what was on its way: the kernel hands it over in portions */
        rig_look(r);
    stoa_time until = r->sys->clock(r->sys).mono_ns + 3 * STOA_MS;
    int waits = 0;
    do {
        rig_wait(r, until);
        waits++;
    } while (r->io->now.mono_ns < until);
    assert_in_range(waits, 1, 5);
}

int rig_connect(struct rig *r, int listener, int *peer)
{
    *peer = r->peers->dial(r, listener);
    assert_true(*peer >= 0);
    int fd = r->sys->accept(r->sys, listener);
    assert_true(fd >= 0);
    return fd;
}

void rig_close(struct rig *r, int fd)
{
    assert_int_equal(r->sys->close(r->sys, fd), 0);
}

/* ---- running ---- */

static int open_descriptors(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

struct plan {
    const struct rig_kind *kind;
    const struct rig_case *what;
};

static void run_plan(void **state)
{
    const struct plan *p = *state;
    struct rig r = { .peers = p->kind->peers, .chunks = p->kind->chunks, .burst = p->kind->burst };
    if (RUNNING_ON_VALGRIND && p->what->not_under_valgrind) {
        print_message("not under valgrind: %s\n", p->what->not_under_valgrind);
        skip();
    }
    int before = open_descriptors();
    int e = p->kind->open(&r, p->kind->name, &mem_default);
    if (e == -ENOSYS || e == -EPERM) {
        print_message("%s is not to be had on this machine: %s\n", p->kind->name, strerror(-e));
        skip();
    }
    assert_int_equal(e, 0);
    assert_string_equal(r.io->ops->name, p->kind->name);
    r.sys = r.io->sys;
    p->what->run(&r);
    io_close(r.io);
    assert_int_equal(open_descriptors(), before);
}

int rig_run(const struct rig_case *cases, size_t n)
{
    size_t total = n * rig_kinds_count, at = 0;
    struct CMUnitTest *tests = calloc(total, sizeof *tests);
    struct plan *plans = calloc(total, sizeof *plans);
    char(*names)[80] = calloc(total, sizeof *names);
    if (!tests || !plans || !names)
        return 1;
    for (size_t k = 0; k < rig_kinds_count; k++)
        for (size_t i = 0; i < n; i++, at++) {
            plans[at] = (struct plan){ &rig_kinds[k], &cases[i] };
            snprintf(names[at], sizeof names[at], "%s: %s", rig_kinds[k].name, cases[i].name);
            tests[at] = (struct CMUnitTest){ .name = names[at],
                                             .test_func = run_plan,
                                             .initial_state = &plans[at] };
        }
    int failed = _cmocka_run_group_tests("io", tests, total, NULL, NULL);
    free(names);
    free(plans);
    free(tests);
    return failed;
}
