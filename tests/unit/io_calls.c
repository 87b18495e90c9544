/* struct io_sys by the kernel: what the calls promise beyond what the kernel does anyway. */
#include "io/kernel.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct io_sys *sys;

/* A folder with some things in it, and its descriptor. */
static char folder[] = "/tmp/stoa-io-calls-XXXXXX";
static int dir;

static void make_file(const char *name, size_t n)
{
    static char page[4096];
    char path[100];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    memset(page, 'x', sizeof page);
    for (size_t at = 0; at < n; at += sizeof page)
        fwrite(page, 1, n - at < sizeof page ? n - at : sizeof page, f);
    fclose(f);
}

static int set_up(void **state)
{
    (void)state;
    sys = io_sys_kernel();
    if (!mkdtemp(folder))
        return -1;
    dir = open(folder, O_DIRECTORY | O_CLOEXEC);
    make_file("file", 10000);
    return mkdirat(dir, "sub", 0700) | symlinkat("/etc/passwd", dir, "out") |
           symlinkat("../file", dir, "sub/in") | symlinkat("../../..", dir, "sub/up") |
           mkfifoat(dir, "fifo", 0600);
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = { "file", "sub/in", "sub/up", "out", "fifo", "other" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlinkat(dir, names[i], 0);
    unlinkat(dir, "sub", AT_REMOVEDIR);
    close(dir);
    return rmdir(folder);
}

/* ---- files ---- */

/* valgrind 3.19 does not know openat2(2). */
static void need_openat2(void)
{
    int fd = sys->open_beneath(sys, dir, ".", O_RDONLY, false);
    if (fd == -ENOSYS) {
        print_message("openat2(2) is not to be had here\n");
        skip();
    }
    close(fd);
}

static int open_beneath(const char *path)
{
    return sys->open_beneath(sys, dir, path, O_RDONLY, false);
}

static int open_it(const char *path)
{
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void nothing_is_opened_above(void **state)
{
    (void)state;
    need_openat2();
    static const char *const refused[] = { "/etc/passwd", "..",  "../x",
                                           "sub/../..",   "out", "sub/up/etc/passwd" };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(open_beneath(refused[i]), -EXDEV);
    assert_int_equal(open_beneath("none"), -ENOENT);
    assert_int_equal(open_beneath("file/x"), -ENOTDIR);
    static const char *const fine[] = { "file", "sub", "sub/in", "sub/../file", "." };
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        int fd = open_beneath(fine[i]);
        assert_true(fd >= 0);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(sys->close(sys, fd), 0);
        fd = sys->open_beneath(sys, dir, fine[i], O_RDONLY, true); /* in memory by now */
        assert_true(fd >= 0);
        assert_int_equal(sys->close(sys, fd), 0);
    }
    int proc = open("/proc/self", O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(sys->open_beneath(sys, proc, "exe", O_RDONLY, false), -ELOOP);
    close(proc);
    int fifo = open_beneath("fifo"); /* does not wait for a writer */
    assert_true(fifo >= 0);
    assert_int_equal(sys->close(sys, fifo), 0);
    int path = sys->open_beneath(sys, dir, "file", O_PATH, false);
    assert_true(path >= 0);
    assert_int_equal(sys->close(sys, path), 0);
}

static void files_are_read(void **state)
{
    (void)state;
    static char buf[4096];
    struct stat st;
    int fd = open_it("file");
    assert_int_equal(sys->stat(sys, fd, &st), 0);
    assert_int_equal(st.st_size, 10000);
    for (int no_wait = 0; no_wait < 2; no_wait++) {
        assert_int_equal(sys->read_at(sys, fd, buf, sizeof buf, 0, no_wait), 4096);
        assert_int_equal(buf[0], 'x');
        assert_int_equal(sys->read_at(sys, fd, buf, sizeof buf, 8192, no_wait), 1808);
        assert_int_equal(sys->read_at(sys, fd, buf, sizeof buf, 10000, no_wait), 0);
    }
    assert_int_equal(sys->read_at(sys, -1, buf, 1, 0, false), -EBADF);
    assert_int_equal(sys->close(sys, fd), 0);
    assert_int_equal(sys->stat(sys, fd, &st), -EBADF);
    assert_int_equal(sys->read_at(sys, dir, buf, 1, 0, false), -EISDIR);
}

static void what_is_in_memory(void **state)
{
    (void)state;
    int fd = open_it("file");
    assert_true(sys->is_cached(sys, fd, 0, 10000));
    assert_true(sys->is_cached(sys, fd, 5000, 1));
    assert_true(sys->is_cached(sys, fd, 0, 0));
    assert_false(sys->is_cached(sys, fd, 0, 20000)); /* these bytes do not exist */
    assert_false(sys->is_cached(sys, -1, 0, 1));
    fsync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    /* Where the folder is on a disk, it is not in memory now; on tmpfs it always is. */
    char byte;
    bool cached = sys->is_cached(sys, fd, 0, 10000);
    ssize_t r = sys->read_at(sys, fd, &byte, 1, 0, true);
    assert_true(r == 1 || (r == -EAGAIN && !cached)); /* the question may have had it fetched */
    assert_int_equal(sys->read_at(sys, fd, &byte, 1, 0, false), 1);
    assert_int_equal(sys->read_at(sys, fd, &byte, 1, 9999, false), 1);
    assert_true(sys->is_cached(sys, fd, 0, 1));
    assert_int_equal(sys->close(sys, fd), 0);
}

static void folders_are_read(void **state)
{
    (void)state;
    static char buf[4096] __attribute__((aligned(8)));
    int names = 0, fd = open_it(".");
    for (ssize_t n; (n = sys->read_dir(sys, fd, buf, sizeof buf)) != 0;) {
        assert_true(n > 0);
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *d = (const void *)(buf + at);
            at += d->d_reclen;
            names++;
        }
    }
    assert_int_equal(names, 6); /* with . and .. */
    assert_int_equal(sys->close(sys, fd), 0);
    fd = open_it("file");
    assert_int_equal(sys->read_dir(sys, fd, buf, sizeof buf), -ENOTDIR);
    assert_int_equal(sys->close(sys, fd), 0);
}

/* ---- sockets ---- */

static int listen_at(struct sockaddr_in *a)
{
    socklen_t n = sizeof *a;
    struct sockaddr_storage bound;
    *a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = sys->socket(sys, AF_INET, SOCK_STREAM, 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(sys->bind(sys, fd, (struct sockaddr *)a, sizeof *a), 0);
    assert_int_equal(sys->listen(sys, fd, 8), 0);
    n = sizeof bound;
    assert_int_equal(sys->local_name(sys, fd, &bound, &n), 0);
    memcpy(a, &bound, sizeof *a);
    return fd;
}

/* returns our end of a connection; *peer is the other's. */
static int connect_pair(int *peer)
{
    struct sockaddr_in a;
    int listener = listen_at(&a);
    assert_int_equal(sys->accept(sys, listener), -EAGAIN);
    *peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(*peer, (struct sockaddr *)&a, sizeof a), 0);
    int fd = sys->accept(sys, listener);
    assert_true(fd >= 0);
    assert_int_equal(sys->close(sys, listener), 0);
    return fd;
}

static ssize_t send_bytes(int fd, const char *p, size_t n, size_t parts)
{
    struct iovec v[2] = { { (void *)(uintptr_t)p, n / parts },
                          { (void *)(uintptr_t)(p + n / parts), n - n / parts } };
    struct msghdr m = { .msg_iov = v, .msg_iovlen = parts };
    return sys->send(sys, fd, &m, 0);
}

static void sockets_are_answered(void **state)
{
    (void)state;
    struct sockaddr_in a;
    struct sockaddr_storage name, back;
    socklen_t n = sizeof name, m = sizeof back;
    int peer, fd = connect_pair(&peer), listener = listen_at(&a), other, v = 0;
    assert_int_equal(sys->peer_name(sys, fd, &name, &n), 0);
    getsockname(peer, (struct sockaddr *)&back, &m);
    assert_int_equal(n, m);
    assert_memory_equal(&name, &back, n);
    other = sys->socket(sys, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(sys->bind(sys, other, (struct sockaddr *)&a, sizeof a), -EADDRINUSE);
    assert_int_equal(sys->peer_name(sys, other, &name, &n), -ENOTCONN);
    n = sizeof v;
    assert_int_equal(sys->get_option(sys, listener, SOL_SOCKET, SO_ACCEPTCONN, &v, &n), 0);
    assert_int_equal(v, 1);
    assert_int_equal(sys->set_option(sys, other, SOL_SOCKET, -1, &v, sizeof v), -ENOPROTOOPT);
    assert_int_equal(sys->shutdown(sys, fd, SHUT_WR), 0);
    assert_int_equal(recv(peer, &v, 1, 0), 0);
    close(peer);
    sys->close(sys, other);
    sys->close(sys, listener);
    sys->close(sys, fd);
    assert_int_equal(sys->close(sys, fd), -EBADF);
}

static volatile sig_atomic_t pipes;

static void on_pipe(int number)
{
    (void)number;
    pipes = pipes + 1;
}

/* returns our end of a connection that its peer has reset, and that has said so. */
static int reset_pair(void)
{
    int peer, fd = connect_pair(&peer);
    struct linger now = { .l_onoff = 1 };
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(peer);
    assert_int_equal(send_bytes(fd, "x", 1, 1), -ECONNRESET);
    return fd;
}

static void a_broken_connection_sends_no_signal(void **state)
{
    (void)state;
    signal(SIGPIPE, on_pipe);
    int fd = reset_pair(), file = open_it("file");
    off_t at = 0;
    assert_int_equal(send_bytes(fd, "xy", 2, 1), -EPIPE);
    assert_int_equal(send_bytes(fd, "xy", 2, 2), -EPIPE);
    assert_int_equal(pipes, 0);
    sigset_t pipe_only, mask;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &mask); /* as a core's thread has it */
    assert_int_equal(sys->send_file(sys, fd, file, &at, 100), -EPIPE);
    assert_int_equal(at, 0);
    sigtimedwait(&pipe_only, NULL, &(struct timespec){ 0 });
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    assert_int_equal(pipes, 0);
    raise(SIGPIPE); /* the program's own comes as ever */
    assert_int_equal(pipes, 1);
    signal(SIGPIPE, SIG_DFL);
    sys->close(sys, file);
    sys->close(sys, fd);
}

static void files_are_sent(void **state)
{
    (void)state;
    char buf[200];
    int peer, fd = connect_pair(&peer), file = open_it("file");
    off_t at = 9900;
    assert_int_equal(sys->send_file(sys, fd, file, &at, 200), 100);
    assert_int_equal(at, 10000);
    assert_int_equal(sys->send_file(sys, fd, file, &at, 200), 0);
    assert_int_equal(recv(peer, buf, sizeof buf, MSG_WAITALL | MSG_DONTWAIT), 100);
    for (ssize_t n = 1; n != -EAGAIN;) { /* it does not wait for the peer */
        at = 0;
        n = sys->send_file(sys, fd, file, &at, 10000);
        assert_true(n > 0 || n == -EAGAIN);
    }
    close(peer);
    sys->close(sys, file);
    sys->close(sys, fd);
}

static void which_failures_of_accept_are_passed_over(void **state)
{
    (void)state;
    static const int passed[] = { ECONNABORTED, EPROTO,       ENOPROTOOPT, ENETDOWN,
                                  ENETUNREACH,  EHOSTUNREACH, EHOSTDOWN,   ENONET };
    static const int told[] = { EMFILE, ENFILE, ENOMEM, ENOBUFS, EBADF, EINVAL, EAGAIN, EPERM };
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++)
        assert_true(kernel_accept_skips(-passed[i]));
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        assert_false(kernel_accept_skips(-told[i]));
}

/* ---- the rest ---- */

static void a_unix_socket_is_removed(void **state)
{
    (void)state;
    char path[100];
    make_file("other", 1);
    snprintf(path, sizeof path, "%s/other", folder);
    assert_int_equal(sys->unlink(sys, path), 0);
    assert_int_equal(sys->unlink(sys, path), -ENOENT);
}

static void what_others_made_becomes_ours(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(sys->adopt(sys, ends[0]), 0);
    assert_true(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(ends[0], F_GETFD) & FD_CLOEXEC);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(sys->adopt(sys, ends[0]), -EBADF);
}

static void paths_and_links_are_read(void **state)
{
    (void)state;
    char text[32] = "";
    int fd = sys->open_path(sys, folder, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(sys->read_link(sys, fd, "out", text, sizeof text), strlen("/etc/passwd"));
    assert_string_equal(text, "/etc/passwd");
    assert_int_equal(sys->read_link(sys, fd, "out", text, 4), 4);
    assert_int_equal(sys->read_link(sys, fd, "file", text, sizeof text), -EINVAL);
    assert_int_equal(sys->read_link(sys, fd, "none", text, sizeof text), -ENOENT);
    close(fd);
    assert_int_equal(sys->open_path(sys, "/no/such/path", O_RDONLY), -ENOENT);
}

static void messages_are_received_without_waiting(void **state)
{
    (void)state;
    int ends[2];
    char buf[4];
    struct iovec piece = { buf, sizeof buf };
    struct msghdr m = { .msg_iov = &piece, .msg_iovlen = 1 };
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    assert_int_equal(sys->receive(sys, ends[0], &m, 0), -EAGAIN);
    assert_int_equal(write(ends[1], "longer", 6), 6);
    assert_int_equal(sys->receive(sys, ends[0], &m, MSG_PEEK), 4);
    assert_true(m.msg_flags & MSG_TRUNC);
    assert_int_equal(sys->receive(sys, ends[0], &m, MSG_TRUNC), 6);
    assert_int_equal(sys->receive(sys, ends[0], &m, 0), -EAGAIN);
    close(ends[0]);
    close(ends[1]);
}

/* From the first datagram on; the socket that received it asked only afterwards. */
static void what_is_received_is_stamped(void **state)
{
    (void)state;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    int kept = sys->keep_stamps(sys), fd = sys->socket(sys, AF_INET, SOCK_DGRAM, 0);
    if (kept == -ENOPROTOOPT)
        skip();
    assert_true(kept >= 0 && fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, n), 1);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags), 0);
    char byte;
    _Alignas(struct cmsghdr) char control[256];
    struct iovec piece = { &byte, 1 };
    struct msghdr m = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    ssize_t r;
    do
        r = sys->receive(sys, fd, &m, 0);
    while (r == -EAGAIN);
    assert_int_equal(r, 1);
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    assert_true(h && h->cmsg_type == SCM_TIMESTAMPING);
    sys->close(sys, fd);
    sys->close(sys, kept);
}

static void clock_and_chance(void **state)
{
    (void)state;
    struct io_clock a = sys->clock(sys), b = sys->clock(sys);
    assert_true(a.mono_ns > 0 && b.mono_ns >= a.mono_ns);
    assert_true(a.real_ns > 1600000000 * STOA_SEC);
    unsigned char x[1000] = { 0 }, y[1000] = { 0 };
    sys->random(sys, x, sizeof x);
    sys->random(sys, y, sizeof y);
    sys->random(sys, y, 0);
    assert_true(memcmp(x, y, sizeof x) != 0);
    int zeros = 0;
    for (size_t i = 0; i < sizeof x; i++)
        zeros += x[i] == 0;
    assert_in_range(zeros, 0, 50); /* all of it was filled */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_opened_above),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(what_is_in_memory),
        cmocka_unit_test(folders_are_read),
        cmocka_unit_test(sockets_are_answered),
        cmocka_unit_test(a_broken_connection_sends_no_signal),
        cmocka_unit_test(files_are_sent),
        cmocka_unit_test(which_failures_of_accept_are_passed_over),
        cmocka_unit_test(a_unix_socket_is_removed),
        cmocka_unit_test(what_others_made_becomes_ours),
        cmocka_unit_test(paths_and_links_are_read),
        cmocka_unit_test(messages_are_received_without_waiting),
        cmocka_unit_test(what_is_received_is_stamped),
        cmocka_unit_test(clock_and_chance),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
