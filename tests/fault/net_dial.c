/* Each operation of a dialling client fails once, the first, the second, ...: its calls to the kernel,
 * its operations, its allocations. Nothing crashes, nothing hangs, nothing stays open, and every
 * failure has a cause. When none fails any more, all goes well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/service.h"
#include "support/flaky.h"
#include "support/server.h"

#include <stoa/dial.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The kernel's calls and the I/O's operations, of which one fails. */
static struct {
    const struct io_sys *real;
    const struct io_ops *real_ops;
    struct io_sys sys;
    struct io_ops ops;
    atomic_long calls;
    long fails_at; /* this call; 0 = none */
} k;

static bool fails(void)
{
    return atomic_fetch_add(&k.calls, 1) + 1 == k.fails_at;
}

static int sys_socket(const struct io_sys *s, int family, int type, int protocol)
{
    (void)s;
    return fails() ? -EMFILE : k.real->socket(k.real, family, type, protocol);
}

static int sys_connect(const struct io_sys *s, int fd, const struct sockaddr *a, socklen_t n)
{
    (void)s;
    return fails() ? -ENOBUFS : k.real->connect(k.real, fd, a, n);
}

static int sys_set(const struct io_sys *s, int fd, int level, int name, const void *v, socklen_t n)
{
    (void)s;
    return fails() ? -ENOBUFS : k.real->set_option(k.real, fd, level, name, v, n);
}

static int sys_get(const struct io_sys *s, int fd, int level, int name, void *v, socklen_t *n)
{
    (void)s;
    return fails() ? -ENOBUFS : k.real->get_option(k.real, fd, level, name, v, n);
}

static int sys_local(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n)
{
    (void)s;
    return fails() ? -ENOBUFS : k.real->local_name(k.real, fd, a, n);
}

static int sys_peer(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n)
{
    (void)s;
    return fails() ? -ENOTCONN : k.real->peer_name(k.real, fd, a, n);
}

static ssize_t sys_send(const struct io_sys *s, int fd, const struct msghdr *m, int flags)
{
    (void)s;
    return fails() ? -ECONNRESET : k.real->send(k.real, fd, m, flags);
}

static ssize_t sys_receive(const struct io_sys *s, int fd, struct msghdr *m, int flags)
{
    (void)s;
    return fails() ? -ENOBUFS : k.real->receive(k.real, fd, m, flags);
}

static int sys_shutdown(const struct io_sys *s, int fd, int how)
{
    (void)s;
    return fails() ? -ENOTCONN : k.real->shutdown(k.real, fd, how);
}

static int sys_lstat(const struct io_sys *s, const char *path, struct stat *ret)
{
    (void)s;
    return fails() ? -EACCES : k.real->lstat(k.real, path, ret);
}

static int sys_open_path(const struct io_sys *s, const char *path, int flags)
{
    (void)s;
    if (strcmp(path, "/proc") == 0)
        return -EACCES; /* whose sockets these are takes too long to find out so often */
    return fails() ? -EMFILE : k.real->open_path(k.real, path, flags);
}

static int op_submit(struct io *io, struct io_op *op)
{
    return fails() ? -ENOMEM : k.real_ops->submit(io, op);
}

static void put_between(struct io *io, long fails_at)
{
    k.real = io->sys;
    k.real_ops = io->ops;
    k.sys = *io->sys;
    k.ops = *io->ops;
    k.sys.socket = sys_socket;
    k.sys.connect = sys_connect;
    k.sys.set_option = sys_set;
    k.sys.get_option = sys_get;
    k.sys.local_name = sys_local;
    k.sys.peer_name = sys_peer;
    k.sys.send = sys_send;
    k.sys.receive = sys_receive;
    k.sys.shutdown = sys_shutdown;
    k.sys.lstat = sys_lstat;
    k.sys.open_path = sys_open_path;
    k.ops.submit = op_submit;
    k.calls = 0;
    k.fails_at = fails_at;
    io->sys = &k.sys;
    io->ops = &k.ops;
}

/* ---- what is done ---- */

static struct {
    struct core core;
    struct job job;
    int listener;
    char open[STOA_ADDR_TEXT], closed[STOA_ADDR_TEXT], full[STOA_ADDR_TEXT];
    bool ended;
    int well; /* how much of it was as it should be */
} g;

static struct stoa_report report;
static struct stoa_hop hops[2];

static int dial(stoa_task *t, const char *addr, stoa_conn **ret)
{
    struct stoa_dial how = { .addr = addr, .within = 10 * STOA_MS, .report = &report };
    int r = stoa_dial(t, ret, &how);
    assert_int_equal(report.cause != NULL, r < 0);
    return r;
}

/* The newest connection: those before it were given up. */
static int accept_newest(void)
{
    int fd = -1, next;
    while ((next = accept4(g.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        close(fd);
        fd = next;
    }
    return fd;
}

static int talk(stoa_task *t)
{
    stoa_conn *c;
    char byte;
    int r = dial(t, g.open, &c);
    int peer = accept_newest();
    if (r == 0)
        r = stoa_write(c, "a", 1);
    if (r == 0) {
        assert_int_equal(write(peer, "b", 1), 1);
        shutdown(peer, SHUT_WR);
    }
    if (r == 0)
        r = stoa_read_all(c, &byte, 1);
    if (peer >= 0)
        close(peer);
    return r;
}

static int client(stoa_task *t, void *arg)
{
    (void)arg;
    stoa_conn *c;
    g.well += talk(t) == 0;
    g.well += dial(t, g.closed, &c) == -ECONNREFUSED && report.detail[0];
    g.well += dial(t, g.full, &c) == -ETIMEDOUT && report.tries[0].queue == 1;
    g.well += dial(t, "unix:/tmp/stoa-no-such-socket", &c) == -ENOENT;
    g.well += stoa_walk(t, g.closed, 10 * STOA_MS, hops, 2) == 1 && hops[0].err == -ECONNREFUSED;
    return 0;
}

static void ended(void *arg, int result)
{
    (void)arg;
    assert_int_equal(result, 0);
    g.ended = true;
}

static void start(struct job *j)
{
    (void)j;
    if (task_start(&g.core.sched, client, NULL, ended) < 0)
        g.ended = true;
}

static int descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void run(const char *name, struct flaky *mem, long fails_at)
{
    struct io *io;
    struct list none;
    int before = descriptors();
    list_init(&none);
    g.well = 0;
    g.ended = true;
    /* What the I/O is made of is not the matter here. */
    assert_int_equal(io_open(&io, name, &mem_default), 0);
    put_between(io, fails_at);
    struct core_options opt = { .io = io, .mem = &mem->mem, .conns_max = 10 };
    if (core_open(&g.core, &opt) == 0) {
        g.ended = false;
        job_init(&g.job, start);
        sched_post(&g.core.sched, &g.job);
        while (!g.ended)
            assert_int_equal(core_turn(&g.core), 0);
        services_drain(&none, 0, &g.core);
        services_cut(&none, 0, &g.core);
        while (g.core.live > 0)
            assert_int_equal(core_turn(&g.core), 0);
        services_end(&g.core);
        core_close(&g.core);
    }
    io_close(io);
    assert_int_equal(mem->bytes, 0);
    assert_int_equal(descriptors(), before);
}

/* ---- the peers ---- */

static int open_peer(char *text, int backlog)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    snprintf(text, STOA_ADDR_TEXT, "127.0.0.1:%d", ntohs(a.sin_port));
    if (backlog == 0) {
        int inside = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(inside, (struct sockaddr *)&a, n), 0);
    }
    return fd;
}

static void test_each_call_fails(void **state)
{
    long n = 1;
    do {
        struct flaky mem;
        flaky_init(&mem, -1);
        run(*state, &mem, n);
        assert_true(n++ < 1000);
    } while (k.calls >= k.fails_at);
    assert_int_equal(g.well, 5);
    assert_true(n > 50);
}

static void test_each_allocation_fails(void **state)
{
    struct flaky mem;
    long n = 0;
    do {
        flaky_init(&mem, n);
        run(*state, &mem, 0);
        assert_true(n++ < 1000);
    } while (mem.failed > 0);
    assert_int_equal(g.well, 5);
    assert_true(n > 10);
}

int main(void)
{
    open_peer(g.closed, -1);
    open_peer(g.full, 0);
    g.listener = open_peer(g.open, 5);
    fcntl(g.listener, F_SETFL, O_NONBLOCK);
    const struct CMUnitTest tests[] = {
        BOTH(test_each_call_fails),
        BOTH(test_each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
