/* tool/call/fd.c -- see fd.h. */
#include "tool/call/fd.h"

#include "base/str.h"
#include "base/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

int call_end_open(struct call_end *e)
{
    e->wake = sys_int(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return e->wake < 0 ? e->wake : 0;
}

void call_end_now(const struct call_end *e)
{
    uint64_t one = 1;
    ssize_t n = write(e->wake, &one, sizeof one);
    (void)n; /* full: it is readable already */
}

void call_end_close(const struct call_end *e)
{
    if (e->wake >= 0)
        close(e->wake);
}

struct wait {
    struct pollfd fds[2];
    int timeout_ms;
};

/* On a helper thread, which signals do not interrupt. */
static int wait_there(stoa_task *none, void *arg)
{
    (void)none;
    struct wait *w = arg;
    return sys_int(poll(w->fds, 2, w->timeout_ms));
}

int call_poll_ms(stoa_time until, stoa_time now)
{
    if (until == STOA_NEVER)
        return -1;
    stoa_time left = until - now;
    if (left <= 0)
        return 0;
    return left / STOA_MS < INT_MAX ? (int)((left + STOA_MS - 1) / STOA_MS) : INT_MAX;
}

/* returns 0 = ready, if only for an error; -ECANCELED, -ETIMEDOUT. */
static int wait_ready(stoa_task *t, const struct call_end *e, int fd, short events)
{
    struct wait w = { .fds = { { .fd = fd, .events = events },
                               { .fd = e->wake, .events = POLLIN } } };
    int r = sys_int(poll(w.fds, 2, 0));
    if (r == 0) {
        w.timeout_ms = call_poll_ms(e->when, stoa_now(t));
        r = stoa_offload(t, wait_there, &w);
    }
    if (r < 0)
        return r;
    return w.fds[1].revents ? -ECANCELED : r == 0 ? -ETIMEDOUT : 0;
}

ssize_t call_fd_read(stoa_task *t, const struct call_end *e, int fd, void *buf, size_t len)
{
    int r = wait_ready(t, e, fd, POLLIN);
    return r < 0 ? r : sys_size(read(fd, buf, len));
}

int call_out_open(struct call_out *o, const char *path)
{
    bool is_stdout = !path || strcmp(path, "-") == 0;
    struct stat s;
    o->path = is_stdout ? NULL : path;
    o->fd = is_stdout ? STDOUT_FILENO
                      : sys_int(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (o->fd < 0)
        return o->fd;
    o->is_terminal = !path && isatty(o->fd);
    o->is_file = fstat(o->fd, &s) == 0 && S_ISREG(s.st_mode);
    return 0;
}

void call_out_close(struct call_out *o)
{
    if (o->path && o->fd >= 0)
        close(o->fd);
    o->fd = -1;
}

/* Control bytes but for white space: among them the escape that begins a terminal's commands, and in
 * UTF-8 those of U+0080 to U+009F, which some terminals take for the same. */
static bool is_text(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool is_space = p[i] >= '\b' && p[i] <= '\r';
        if ((p[i] < 0x20 && !is_space) || p[i] == 0x7f)
            return false;
        if (p[i] == 0xc2 && i + 1 < n && p[i + 1] >= 0x80 && p[i + 1] <= 0x9f)
            return false;
    }
    return true;
}

int call_out_write(stoa_task *t, const struct call_end *e, struct call_out *o, const void *p,
                   size_t n)
{
    struct stoa_str rest = { p, n };
    if (o->is_terminal && !is_text(p, n))
        return -EILSEQ;
    while (rest.n > 0) {
        /* A pipe that is ready takes so many bytes without a wait (pipe(7)). */
        size_t step = o->is_file || rest.n < PIPE_BUF ? rest.n : PIPE_BUF;
        int r = o->is_file ? 0 : wait_ready(t, e, o->fd, POLLOUT);
        ssize_t written = r < 0 ? r : sys_size(write(o->fd, rest.p, step));
        if (written < 0 && written != -EINTR && written != -EAGAIN)
            return (int)written;
        rest = str_from(rest, written > 0 ? (size_t)written : 0);
    }
    return 0;
}
