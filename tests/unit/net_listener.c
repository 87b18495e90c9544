/* Listeners: which addresses can be had and which are taken, how accepting pauses and resumes, how
 * it drains and is cut, what comes and goes on Unix sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sys.h"
#include "io/valgrind.h"
#include "net/conn.h"
#include "support/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int echo(stoa_conn *c, void *arg)
{
    (void)arg;
    char buf[1024];
    ssize_t n;
    int r = 0;
    while (r == 0 && (n = stoa_read(c, buf, sizeof buf)) != 0)
        r = n < 0 ? (int)n : stoa_write(c, buf, (size_t)n);
    return r;
}

static void is_served(int fd)
{
    client_text(fd, "x");
    client_expect(fd, "x");
}

static void serves(const struct addr *a)
{
    int fd = client_connect_to(a);
    assert_true(fd >= 0);
    is_served(fd);
    close(fd);
}

static int open_on(struct server *g, void **state, int cores, const char *addr)
{
    return server_open(
        g, &(struct server_options){ .io = *state, .cores = cores, .addr = addr, .serve = echo });
}

/* ---- who may have an address ---- */

static void test_second_runtime_is_refused(void **state)
{
    for (int cores = 1; cores <= 3; cores++) {
        struct server first, second;
        char addr[40];
        assert_int_equal(open_on(&first, state, cores, NULL), 0);
        snprintf(addr, sizeof addr, "127.0.0.1:%u", addr_port(&first.addr));
        for (int more = 1; more <= 2; more++) {
            assert_int_equal(open_on(&second, state, more, addr), -EADDRINUSE);
            server_free(&second);
        }
        snprintf(addr, sizeof addr, ":%u", addr_port(&first.addr));
        assert_int_equal(open_on(&second, state, 2, addr), -EADDRINUSE);
        server_free(&second);
        server_run(&first);
        serves(&first.addr);
        server_stop(&first, STOA_SEC);
    }
}

static void test_foreign_listener(void **state)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct addr a = { .v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
    a.len = sizeof a.v4;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    assert_int_equal(bind(fd, &a.any, a.len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, &a.any, &a.len), 0);
    struct server g;
    char text[40];
    for (int cores = 1; cores <= 2; cores++) {
        snprintf(text, sizeof text, "127.0.0.1:%u", addr_port(&a));
        assert_int_equal(open_on(&g, state, cores, text), -EADDRINUSE);
        server_free(&g);
        snprintf(text, sizeof text, ":%u", addr_port(&a));
        assert_int_equal(open_on(&g, state, cores, text), -EADDRINUSE);
        server_free(&g);
    }
    close(fd);
}

static void test_failures_tell_the_stage(void **state)
{
    struct server g;
    struct listener *l;
    struct net_failure f;
    struct listener_options opt = { .serve = echo, .greet = true };
    assert_int_equal(open_on(&g, state, 1, "192.0.2.1:80"), -EADDRNOTAVAIL);
    assert_int_equal(listener_open_all(g.rt, STR("192.0.2.1:80"), &opt, &l, 1, &f), -EADDRNOTAVAIL);
    assert_int_equal(f.stage, STOA_STAGE_BIND);
    assert_int_equal(f.err, -EADDRNOTAVAIL);
    assert_string_equal(f.addr, "192.0.2.1:80");
    assert_int_equal(listener_open_all(g.rt, STR("a\nb:80"), &opt, &l, 1, &f), -EINVAL);
    assert_int_equal(f.stage, STOA_STAGE_RESOLVE);
    assert_string_equal(f.addr, "a\\x0ab:80");
    assert_non_null(strstr(f.why, "character"));
    assert_int_equal(stoa_listen(g.rt, &(struct stoa_listen){ .addr = "x", .handler = echo }),
                     -EINVAL);
    assert_int_equal(stoa_listen(g.rt, &(struct stoa_listen){ .addr = "127.0.0.1:0" }), -EINVAL);
    assert_int_equal(stoa_listen(g.rt, &(struct stoa_listen){ .handler = echo }), -EINVAL);
    struct stoa_listen negative = { .addr = "127.0.0.1:0", .handler = echo, .idle = -1 };
    assert_int_equal(stoa_listen(g.rt, &negative), -EINVAL);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(listener_adopt(g.rt, fd, &opt, &l, &f), -EINVAL);
    assert_int_equal(f.stage, STOA_STAGE_LISTEN);
    close(fd);
    assert_int_equal(listener_adopt(g.rt, fd, &opt, &l, &f), -EBADF);
    server_free(&g);
}

static void test_localhost_is_two_addresses_on_one_port(void **state)
{
    struct server g;
    struct listener *l[4];
    struct net_failure f;
    struct listener_options opt = { .serve = echo, .greet = true, .idle = STOA_SEC };
    assert_int_equal(server_open(&g, &(struct server_options){ .io = *state, .cores = 2 }), 0);
    int n = listener_open_all(g.rt, STR("localhost:0"), &opt, l, 4, &f);
    assert_in_range(n, 1, 2); /* one where IPv6 is off */
    server_run(&g);
    for (int i = 0; i < n; i++) {
        assert_int_equal(addr_port(listener_addr(l[i])), addr_port(listener_addr(l[0])));
        serves(listener_addr(l[i]));
    }
    server_stop(&g, STOA_SEC);
}

static void test_wildcard_is_dual_stack(void **state)
{
    struct server g;
    assert_int_equal(open_on(&g, state, 1, ":0"), 0);
    server_run(&g);
    struct addr v4 = { .v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
    v4.len = sizeof v4.v4;
    addr_set_port(&v4, addr_port(&g.addr));
    serves(&v4);
    if (g.addr.family == AF_INET6) {
        struct addr v6 = g.addr;
        v6.v6.sin6_addr = in6addr_loopback;
        serves(&v6);
    }
    server_stop(&g, STOA_SEC);
}

static void test_cores_share_a_port(void **state)
{
    struct server g;
    assert_int_equal(open_on(&g, state, 3, NULL), 0);
    server_run(&g);
    int fds[60];
    for (int i = 0; i < 60; i++)
        fds[i] = client_connect(&g);
    for (int i = 0; i < 60; i++)
        is_served(fds[i]);
    for (int i = 0; i < 60; i++)
        close(fds[i]);
    server_stop(&g, STOA_SEC);
}

static void test_taken_back(void **state)
{
    struct server g;
    struct addr a;
    assert_int_equal(open_on(&g, state, 2, NULL), 0);
    a = g.addr;
    listener_close(g.listener);
    assert_int_equal(client_connect_to(&a), -ECONNREFUSED);
    server_free(&g);
}

/* What is asked for of a listener is what its connections have. */
static int look_at_stamp(stoa_conn *c, void *arg)
{
    (void)arg;
    struct stoa_str s;
    int r = conn_fill(c, 0, 100, &s);
    int64_t rx = conn_came(c).rx, age = core_now(conn_core(c)) - rx;
    if (r <= 0)
        return r;
    conn_consume(c, s.n);
    r = stoa_write(c, rx && age >= 0 && age < 30 * STOA_SEC ? "stamped" : "without", 7);
    return r < 0 ? r : CONN_GONE;
}

static void expect_stamp(const struct listener *l)
{
    char answer[8] = "";
    int fd = client_connect_to(listener_addr(l));
    client_text(fd, "now");
    client_read(fd, answer, 7);
    client_expect_end(fd);
    close(fd);
    assert_string_equal(answer, "stamped");
}

static void test_stamps_and_defer(void **state)
{
    struct server g;
    struct listener *l;
    struct net_failure f;
    struct listener_options opt = {
        .serve = look_at_stamp,
        .idle = STOA_SEC,
        .defer = true,
        .stamps = true,
    };
    assert_int_equal(server_open(&g, &(struct server_options){ .io = *state, .cores = 2 }), 0);
    assert_int_equal(listener_open_all(g.rt, STR("127.0.0.1:0"), &opt, &l, 1, &f), 1);
    server_run(&g);
    expect_stamp(l); /* of the very first */
    server_stop(&g, STOA_SEC);
}

/* ---- pausing ---- */

struct gauge {
    atomic_int now, most;
};

static int hold(stoa_conn *c, void *arg)
{
    struct gauge *gauge = arg;
    int now = atomic_fetch_add(&gauge->now, 1) + 1;
    if (now > atomic_load(&gauge->most))
        atomic_store(&gauge->most, now);
    int r = echo(c, NULL);
    atomic_fetch_sub(&gauge->now, 1);
    return r;
}

static void test_limit_of_connections(void **state)
{
    struct server g;
    struct gauge gauge = { 0 };
    server_start(
        &g, &(struct server_options){ .io = *state, .conns_max = 3, .serve = hold, .arg = &gauge });
    int fds[20];
    for (int i = 0; i < 20; i++) {
        fds[i] = client_connect(&g);
        client_text(fds[i], "x");
    }
    for (int i = 0; i < 20; i++) {
        client_expect(fds[i], "x");
        client_finish(fds[i]);
        client_expect_end(fds[i]);
        close(fds[i]);
    }
    server_stop(&g, STOA_SEC);
    assert_int_equal(gauge.most, 3);
    assert_int_equal(g.lines, 1);
    assert_true(server_said(&g, "accept.connections_max: accepting"));
    assert_true(server_said(&g, "pauses: 3 connections are open, as many as allowed"));
}

/* In a process of its own, with few descriptors: says how the server did by its exit. */
static void serve_with_few_descriptors(void **state, int to_parent)
{
    struct server g;
    struct server_options opt = { .io = *state, .conns_max = 1000, .serve = echo };
    if (server_open(&g, &opt) < 0)
        _exit(1);
    int next = dup(0);
    close(next);
    rlim_t few = (rlim_t)next + 6; /* two or three are for the I/O itself */
    if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){ few, few }) < 0)
        _exit(2);
    server_run(&g);
    char end;
    if (write(to_parent, &g.addr, sizeof g.addr) < 0 || read(0, &end, 1) != 0)
        _exit(3);
    stoa_stop(g.rt, 0);
    if (server_join(&g) != 0)
        _exit(4);
    bool told_once = g.lines == 1 && server_said(&g, "Too many open files");
    server_free(&g);
    _exit(told_once ? 0 : 5);
}

static void test_out_of_descriptors(void **state)
{
    int down[2], up[2];
    if (RUNNING_ON_VALGRIND) {
        print_message(
            "not under valgrind: past its limit it accepts connections, and closes them\n");
        skip();
    }
    assert_int_equal(pipe(down) | pipe(up), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(down[0], 0);
        close(down[0]);
        close(down[1]);
        close(up[0]);
        serve_with_few_descriptors(state, up[1]);
    }
    close(down[0]);
    close(up[1]);
    struct server g = { 0 };
    assert_int_equal(read(up[0], &g.addr, sizeof g.addr), sizeof g.addr);
    int fds[20];
    for (int i = 0; i < 20; i++) {
        fds[i] = client_connect(&g);
        client_text(fds[i], "x");
    }
    for (int i = 0; i < 20; i++) { /* each is served as soon as those before it have gone */
        client_expect(fds[i], "x");
        client_text(fds[i], "y"); /* and those that are open go on */
        client_expect(fds[i], "y");
        close(fds[i]);
    }
    close(down[1]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(up[0]);
}

/* ---- draining ---- */

struct gate {
    atomic_bool entered;
    atomic_bool *stopping;
};

/* Answers when the listener drains. */
static int answer_at_drain(stoa_conn *c, void *arg)
{
    struct gate *gate = arg;
    atomic_store(&gate->entered, true);
    int r = 0;
    while (r == 0 && !conn_is_draining(c))
        r = stoa_sleep(stoa_conn_task(c), STOA_MS);
    return r < 0 ? r : stoa_write(c, "bye", 3);
}

static void await(const atomic_bool *flag)
{
    while (!atomic_load(flag))
        sched_yield();
}

static void test_drain_lets_finish(void **state)
{
    struct server g;
    struct gate gate = { 0 };
    server_start(&g, &(struct server_options){
                         .io = *state, .conns_max = 1, .serve = answer_at_drain, .arg = &gate });
    int fd = client_connect(&g);
    await(&gate.entered);
    /* These are in the accept queue, or accepted over the limit: served all the same. */
    int late[5];
    for (int i = 0; i < 5; i++)
        late[i] = client_connect(&g);
    stoa_stop(g.rt, STOA_NEVER);
    client_expect(fd, "bye");
    client_expect_end(fd);
    close(fd);
    for (int i = 0; i < 5; i++) {
        client_expect(late[i], "bye");
        client_expect_end(late[i]);
        close(late[i]);
    }
    assert_int_equal(server_join(&g), 0);
    assert_int_equal(client_connect_to(&g.addr), -ECONNREFUSED);
    server_free(&g);
}

static int park(stoa_conn *c, void *arg)
{
    (void)arg;
    struct stoa_str in;
    int r = conn_fill(c, 0, 100, &in);
    if (r <= 0)
        return r;
    struct iovec v = { (char *)in.p, in.n };
    conn_consume(c, in.n);
    r = conn_write(c, &v, 1, false);
    return r < 0 ? r : CONN_PARK;
}

static void test_drain_closes_parked(void **state)
{
    struct server g;
    server_start(&g, &(struct server_options){ .io = *state, .serve = park, .parks = true });
    int fd = client_connect(&g), fresh = client_connect(&g);
    client_text(fd, "x");
    client_expect(fd, "x");
    stoa_stop(g.rt, STOA_NEVER);
    client_expect_end(fd);
    client_text(fresh, "first"); /* one that was accepted gets its first request through */
    client_expect(fresh, "first");
    client_expect_end(fresh);
    assert_int_equal(server_join(&g), 0);
    close(fd);
    close(fresh);
    server_free(&g);
}

static int never_end(stoa_conn *c, void *arg)
{
    struct gate *gate = arg;
    atomic_store(&gate->entered, true);
    char byte;
    int r = 0;
    while (r >= 0)
        r = (int)stoa_read(c, &byte, 1);
    return r;
}

static void test_cut(void **state)
{
    struct server g;
    struct gate gate = { 0 };
    server_start(
        &g, &(struct server_options){ .io = *state, .cores = 2, .serve = never_end, .arg = &gate });
    int fd = client_connect(&g);
    await(&gate.entered);
    stoa_stop(g.rt, STOA_NEVER);
    stoa_stop(g.rt, 10 * STOA_MS); /* a shorter grace counts */
    stoa_stop(g.rt, 3600 * STOA_SEC);
    char c;
    assert_int_equal(client_read_end(fd, &c, 1), -ECONNRESET);
    assert_int_equal(server_join(&g), 0);
    assert_true(server_said(&g, "ECANCELED"));
    close(fd);
    server_free(&g);
}

/* A lingering connection, one that was accepted over the limit and a parked one are cut, too. */
static int say_and_leave(stoa_conn *c, void *arg)
{
    (void)arg;
    return stoa_write(c, "bye", 3);
}

static void test_cut_without_tasks(void **state)
{
    struct server g;
    server_start(&g,
                 &(struct server_options){ .io = *state, .conns_max = 1, .serve = say_and_leave });
    int lingers = client_connect(&g), waits = client_connect(&g);
    client_expect(lingers, "bye");
    stoa_stop(g.rt, 0);
    assert_int_equal(server_join(&g), 0);
    client_expect_end(lingers);
    close(lingers);
    close(waits);
    server_free(&g);
    server_start(&g, &(struct server_options){ .io = *state, .serve = park, .parks = true });
    int parked = client_connect(&g);
    client_text(parked, "x");
    client_expect(parked, "x");
    server_stop(&g, 0);
    client_expect_end(parked);
    close(parked);
}

/* ---- Unix sockets ---- */

struct place {
    char folder[40], path[60], addr[70];
};

static void make_place(struct place *p)
{
    strcpy(p->folder, "/tmp/stoa-test-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->path, sizeof p->path, "%s/socket", p->folder);
    snprintf(p->addr, sizeof p->addr, "unix:%s", p->path);
}

static void drop_place(struct place *p)
{
    assert_int_equal(access(p->path, F_OK), -1); /* it was removed at the end */
    assert_int_equal(rmdir(p->folder), 0);
}

static void test_unix(void **state)
{
    struct place p;
    struct server g, second;
    make_place(&p);
    for (int cores = 1; cores <= 2; cores++) {
        assert_int_equal(open_on(&g, state, cores, p.addr), 0);
        assert_int_equal(open_on(&second, state, 1, p.addr), -EADDRINUSE); /* somebody answers */
        server_free(&second);
        server_run(&g);
        for (int i = 0; i < 20; i++)
            serves(&g.addr);
        server_stop(&g, STOA_SEC);
    }
    assert_int_equal(open_on(&g, state, 1, p.addr), 0); /* never run */
    server_free(&g);
    drop_place(&p);
}

static void test_unix_stale(void **state)
{
    struct place p;
    struct server g;
    make_place(&p);
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    strcpy(un.sun_path, p.path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    close(fd); /* its file stays */
    assert_int_equal(open_on(&g, state, 1, p.addr), 0);
    server_run(&g);
    serves(&g.addr);
    server_stop(&g, STOA_SEC);
    drop_place(&p);
}

static void test_unix_leaves_files_alone(void **state)
{
    struct place p;
    struct server g;
    make_place(&p);
    int fd = open(p.path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "mine", 4), 4);
    close(fd);
    assert_int_equal(open_on(&g, state, 1, p.addr), -EADDRINUSE);
    server_free(&g);
    struct stat st;
    assert_int_equal(stat(p.path, &st), 0);
    assert_int_equal(st.st_size, 4);
    unlink(p.path);
    /* A successor's socket is not removed either. */
    assert_int_equal(open_on(&g, state, 1, p.addr), 0);
    unlink(p.path);
    fd = open(p.path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    server_free(&g);
    assert_int_equal(unlink(p.path), 0);
    char missing[80];
    snprintf(missing, sizeof missing, "unix:%s/no/socket", p.folder);
    assert_int_equal(open_on(&g, state, 1, missing), -ENOENT);
    server_free(&g);
    drop_place(&p);
}

/* ---- handed over ---- */

static void test_adopt(void **state)
{
    for (int cores = 1; cores <= 2; cores++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0); /* it blocks, and is inherited */
        struct addr a = { .v4 = { .sin_family = AF_INET } };
        a.len = sizeof a.v4;
        assert_int_equal(bind(fd, &a.any, a.len), 0);
        assert_int_equal(listen(fd, 10), 0);
        struct server g;
        struct listener *l;
        struct net_failure f;
        struct listener_options opt = { .serve = echo, .greet = true, .idle = STOA_SEC };
        assert_int_equal(server_open(&g, &(struct server_options){ .io = *state, .cores = cores }),
                         0);
        assert_int_equal(listener_adopt(g.rt, fd, &opt, &l, &f), 0);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        int at_once = 0;
        socklen_t n = sizeof at_once;
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, &n), 0);
        assert_true(at_once); /* its connections inherit that */
        server_run(&g);
        for (int i = 0; i < 20; i++)
            serves(listener_addr(l));
        server_stop(&g, STOA_SEC);
        assert_int_equal(fcntl(fd, F_GETFD), -1); /* it was the listener's, and is closed */
    }
}

/* A socket that somebody else has bound did not ask for stamps. */
static void test_adopted_is_stamped(void **state)
{
    struct addr a = { .v4 = { .sin_family = AF_INET }, .len = sizeof a.v4 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, &a.any, a.len), 0);
    assert_int_equal(listen(fd, 10), 0);
    struct server g;
    struct listener *l;
    struct net_failure f;
    struct listener_options opt = { .serve = look_at_stamp, .idle = STOA_SEC, .stamps = true };
    assert_int_equal(server_open(&g, &(struct server_options){ .io = *state }), 0);
    assert_int_equal(listener_adopt(g.rt, fd, &opt, &l, &f), 0);
    server_run(&g);
    expect_stamp(l);
    server_stop(&g, STOA_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_second_runtime_is_refused),
        BOTH(test_foreign_listener),
        BOTH(test_failures_tell_the_stage),
        BOTH(test_localhost_is_two_addresses_on_one_port),
        BOTH(test_wildcard_is_dual_stack),
        BOTH(test_cores_share_a_port),
        BOTH(test_taken_back),
        BOTH(test_stamps_and_defer),
        BOTH(test_limit_of_connections),
        BOTH(test_out_of_descriptors),
        BOTH(test_drain_lets_finish),
        BOTH(test_drain_closes_parked),
        BOTH(test_cut),
        BOTH(test_cut_without_tasks),
        BOTH(test_unix),
        BOTH(test_unix_stale),
        BOTH(test_unix_leaves_files_alone),
        BOTH(test_adopt),
        BOTH(test_adopted_is_stamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
