/* io/kernel.c -- struct io_sys by the kernel: one function a call, no state.
 *
 * Used through io_sys_kernel(), and by uring.c and epoll.c for what kernel.h lists. */
#include "io/kernel.h"

#include "base/check.h"
#include "base/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* ---- sockets ---- */

static int sys_socket(const struct io_sys *s, int family, int type, int protocol)
{
    (void)s;
    return sys_int(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

static int sys_bind(const struct io_sys *s, int fd, const struct sockaddr *a, socklen_t n)
{
    (void)s;
    return sys_int(bind(fd, a, n));
}

static int sys_listen(const struct io_sys *s, int fd, int backlog)
{
    (void)s;
    return sys_int(listen(fd, backlog));
}

static int sys_connect(const struct io_sys *s, int fd, const struct sockaddr *a, socklen_t n)
{
    (void)s;
    return sys_int(connect(fd, a, n));
}

/* accept(2): "these network errors should be treated like EAGAIN". Not so EOPNOTSUPP, which also
 * says that fd is no stream, nor EPERM, which may be a security module's for every connection: both
 * would be met again and again. */
bool kernel_accept_skips(int err)
{
    switch (err) {
    case -ECONNABORTED:
    case -EPROTO:
    case -ENOPROTOOPT:
    case -ENETDOWN:
    case -ENETUNREACH:
    case -EHOSTDOWN:
    case -EHOSTUNREACH:
    case -ENONET:
    case -ETIMEDOUT:
    case -EINTR: return true;
    default: return false;
    }
}

int kernel_accept(int fd)
{
    int r;
    do
        r = sys_int(accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    while (r < 0 && kernel_accept_skips(r));
    return r;
}

static int sys_accept(const struct io_sys *s, int fd)
{
    (void)s;
    return kernel_accept(fd);
}

/* What systemd hands over may block, and may be inherited by children; ours never. */
static int sys_adopt(const struct io_sys *s, int fd)
{
    (void)s;
    int flags = sys_int(fcntl(fd, F_GETFL));
    int r = flags < 0 ? flags : sys_int(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
    return r < 0 ? r : sys_int(fcntl(fd, F_SETFD, FD_CLOEXEC));
}

static int sys_set_option(const struct io_sys *s, int fd, int level, int name, const void *v,
                          socklen_t n)
{
    (void)s;
    return sys_int(setsockopt(fd, level, name, v, n));
}

static int sys_get_option(const struct io_sys *s, int fd, int level, int name, void *v,
                          socklen_t *n)
{
    (void)s;
    return sys_int(getsockopt(fd, level, name, v, n));
}

static int sys_local_name(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n)
{
    (void)s;
    return sys_int(getsockname(fd, (struct sockaddr *)a, n));
}

static int sys_peer_name(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n)
{
    (void)s;
    return sys_int(getpeername(fd, (struct sockaddr *)a, n));
}

static ssize_t sys_send(const struct io_sys *s, int fd, const struct msghdr *m, int flags)
{
    (void)s;
    flags |= MSG_NOSIGNAL | MSG_DONTWAIT;
    /* One piece to a connected peer: send(2), which has no message header to fetch. */
    if (m->msg_iovlen == 1 && !m->msg_name && m->msg_controllen == 0)
        return sys_size(send(fd, m->msg_iov->iov_base, m->msg_iov->iov_len, flags));
    return sys_size(sendmsg(fd, m, flags));
}

static ssize_t sys_receive(const struct io_sys *s, int fd, struct msghdr *m, int flags)
{
    (void)s;
    return sys_size(recvmsg(fd, m, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
}

/* sendfile(2) knows no MSG_NOSIGNAL: io.h asks for SIGPIPE to be blocked. */
static ssize_t sys_send_file(const struct io_sys *s, int fd, int file, off_t *at, size_t n)
{
    (void)s;
    ssize_t r;
    do
        r = sys_size(sendfile(fd, file, at, n));
    while (r == -EINTR);
    return r;
}

static int sys_shutdown(const struct io_sys *s, int fd, int how)
{
    (void)s;
    return sys_int(shutdown(fd, how));
}

static int sys_keep_stamps(const struct io_sys *s)
{
    (void)s;
    return kernel_keep_stamps();
}

static int sys_close(const struct io_sys *s, int fd)
{
    (void)s;
    return sys_int(close(fd)); /* the descriptor is gone whatever it returns (Linux) */
}

/* ---- files ---- */

static int sys_unlink(const struct io_sys *s, const char *path)
{
    (void)s;
    return sys_int(unlink(path));
}

static int sys_lstat(const struct io_sys *s, const char *path, struct stat *ret)
{
    (void)s;
    return sys_int(lstat(path, ret));
}

static int open_once(int dirfd, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NONBLOCK)),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve,
    };
    return (int)sys_size(syscall(SYS_openat2, dirfd, path, &how, sizeof how));
}

static int sys_open_beneath(const struct io_sys *s, int dirfd, const char *path, int flags,
                            bool no_wait)
{
    (void)s;
    if (no_wait) {
        int r = open_once(dirfd, path, flags, RESOLVE_CACHED);
        /* A kernel before 5.12 does not know RESOLVE_CACHED; bad flags are told by the second
         * attempt, which waits. */
        return r == -EINVAL ? -EAGAIN : r;
    }
    /* -EAGAIN: a rename passed by while ".." was looked up, so that the kernel cannot vouch that
     * the path stays beneath. Where somebody renames without end, we stop trying. */
    int r = -EAGAIN;
    for (int tries = 0; tries < 64 && (r == -EAGAIN || r == -EINTR); tries++)
        r = open_once(dirfd, path, flags, 0);
    return r;
}

static int sys_open_path(const struct io_sys *s, const char *path, int flags)
{
    (void)s;
    return sys_int(open(path, flags | O_CLOEXEC | O_NONBLOCK));
}

static int sys_stat(const struct io_sys *s, int fd, struct stat *ret)
{
    (void)s;
    return sys_int(fstat(fd, ret));
}

static ssize_t sys_read_at(const struct io_sys *s, int fd, void *buf, size_t n, off_t at,
                           bool no_wait)
{
    (void)s;
    if (no_wait) {
        struct iovec v = { buf, n };
        ssize_t r = sys_size(preadv2(fd, &v, 1, at, RWF_NOWAIT));
        if (r != -EOPNOTSUPP)
            return r;
    }
    ssize_t r;
    do
        r = sys_size(pread(fd, buf, n, at));
    while (r == -EINTR);
    return r;
}

static bool is_byte_cached(int file, off_t at)
{
    char byte;
    struct iovec v = { &byte, 1 };
    return preadv2(file, &v, 1, at, RWF_NOWAIT) == 1;
}

/* cachestat(2) as of Linux 6.5, which the headers of Debian 12 do not have. */
struct cache_range {
    uint64_t at, n;
};
struct cache_pages {
    uint64_t cached, dirty, writeback, evicted, recently_evicted;
};
enum { CALL_CACHESTAT = 451 };

static bool sys_is_cached(const struct io_sys *s, int file, off_t at, size_t n)
{
    (void)s;
    if (n == 0)
        return true;
    struct cache_range range = { (uint64_t)at, n };
    struct cache_pages pages = { 0 };
    if (syscall(CALL_CACHESTAT, file, &range, &pages, 0) == 0 && pages.cached > 0) {
        uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
        uint64_t first = range.at / page, last = (range.at + n - 1) / page;
        return pages.cached == last - first + 1;
    }
    /* No such call, or none is in memory. Or the file is a stand-in whose pages are kept elsewhere:
     * of overlayfs nothing can be known (no pages are counted, RWF_NOWAIT is refused): no. */
    return is_byte_cached(file, at) && is_byte_cached(file, at + (off_t)n - 1);
}

static ssize_t sys_read_dir(const struct io_sys *s, int dirfd, void *buf, size_t n)
{
    (void)s;
    return sys_size(getdents64(dirfd, buf, n));
}

static ssize_t sys_read_link(const struct io_sys *s, int dirfd, const char *name, char *buf,
                             size_t n)
{
    (void)s;
    return sys_size(readlinkat(dirfd, name, buf, n));
}

/* ---- files that are mapped ---- */

static int make_unnamed(const char *name, size_t bytes)
{
    int fd = sys_int(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (fd < 0)
        return fd;
    int r = sys_int(ftruncate(fd, (off_t)bytes));
    if (r == 0)
        r = sys_int(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
    if (r < 0)
        close(fd);
    return r < 0 ? r : fd;
}

static int make_named(const char *path, size_t bytes)
{
    int fd = sys_int(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd < 0)
        return fd;
    int r = sys_int(fallocate(fd, 0, 0, (off_t)bytes));
    if (r == -EOPNOTSUPP)
        r = -posix_fallocate(fd, 0, (off_t)bytes);
    if (r < 0) {
        close(fd);
        unlink(path);
    }
    return r < 0 ? r : fd;
}

static int sys_make_file(const struct io_sys *s, const char *path, const char *name, size_t bytes)
{
    (void)s;
    return path ? make_named(path, bytes) : make_unnamed(name, bytes);
}

static int sys_map(const struct io_sys *s, int fd, size_t bytes, bool writes, void **ret)
{
    (void)s;
    void *p = mmap(NULL, bytes, PROT_READ | (writes ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
    int r = sys_ptr(p, MAP_FAILED);
    if (r == 0)
        *ret = p;
    return r;
}

static void sys_unmap(const struct io_sys *s, void *p, size_t bytes)
{
    (void)s;
    munmap(p, bytes);
}

/* ---- clock, random numbers, wake ---- */

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * STOA_SEC + t.tv_nsec;
}

struct io_clock kernel_clock(void)
{
    return (struct io_clock){ clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME) };
}

static struct io_clock sys_clock(const struct io_sys *s)
{
    (void)s;
    return kernel_clock();
}

static stoa_time sys_moment(const struct io_sys *s)
{
    (void)s;
    return clock_ns(CLOCK_MONOTONIC);
}

static stoa_time sys_tick(const struct io_sys *s)
{
    (void)s;
    struct timespec t;
    clock_getres(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * STOA_SEC + t.tv_nsec;
}

static stoa_time sys_cpu_time(const struct io_sys *s)
{
    (void)s;
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void sys_random(const struct io_sys *s, void *buf, size_t n)
{
    (void)s;
    for (size_t at = 0; at < n;) {
        ssize_t r = sys_size(getrandom((char *)buf + at, n - at, 0));
        check(r > 0 || r == -EINTR); /* it fails in no other way, since Linux 3.17 */
        at += r > 0 ? (size_t)r : 0;
    }
}

int kernel_wake_open(void)
{
    return sys_int(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

void kernel_wake(int fd)
{
    /* Fails, and so touches the interrupted code's error number, only when the counter is full. */
    uint64_t one = 1;
    ssize_t r = write(fd, &one, sizeof one);
    (void)r;
}

const struct io_sys *io_sys_kernel(void)
{
    static const struct io_sys calls = {
        .socket = sys_socket,
        .bind = sys_bind,
        .listen = sys_listen,
        .connect = sys_connect,
        .accept = sys_accept,
        .adopt = sys_adopt,
        .set_option = sys_set_option,
        .get_option = sys_get_option,
        .local_name = sys_local_name,
        .peer_name = sys_peer_name,
        .send = sys_send,
        .receive = sys_receive,
        .send_file = sys_send_file,
        .shutdown = sys_shutdown,
        .close = sys_close,
        .unlink = sys_unlink,
        .lstat = sys_lstat,
        .open_beneath = sys_open_beneath,
        .open_path = sys_open_path,
        .stat = sys_stat,
        .read_at = sys_read_at,
        .is_cached = sys_is_cached,
        .read_dir = sys_read_dir,
        .read_link = sys_read_link,
        .make_file = sys_make_file,
        .map = sys_map,
        .unmap = sys_unmap,
        .keep_stamps = sys_keep_stamps,
        .clock = sys_clock,
        .moment = sys_moment,
        .tick = sys_tick,
        .cpu_time = sys_cpu_time,
        .random = sys_random,
    };
    return &calls;
}
