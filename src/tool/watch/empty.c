/* tool/watch/empty.c -- see empty.h. */
#include "tool/watch/empty.h"

#include "base/error.h"
#include "base/exit_code.h"
#include "probe/proc_file.h"
#include "tool/watch/match.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

/* ---- a process ---- */

static bool read_namespace(const struct io_sys *sys, const char *dir, char *ret, size_t n)
{
    int fd = sys->open_path(sys, dir, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return false;
    ssize_t got = sys->read_link(sys, fd, "net", ret, n - 1);
    sys->close(sys, fd);
    if (got > 0)
        ret[got] = 0;
    return got > 0;
}

/* Whether the process is in another network namespace than we are: its sockets are not in our tables. */
static bool is_elsewhere(const struct io_sys *sys, int pid)
{
    char dir[40], its[40], ours[40];
    snprintf(dir, sizeof dir, "/proc/%d/ns", pid);
    return read_namespace(sys, dir, its, sizeof its) &&
           read_namespace(sys, "/proc/self/ns", ours, sizeof ours) && strcmp(its, ours) != 0;
}

static const struct watch_listener *with_port(const struct watch_empty *e, int port)
{
    for (int i = 0; i < e->count; i++)
        if (addr_port(&e->list[i].addr) == port)
            return &e->list[i];
    return NULL;
}

static int say_pid(const struct watch_empty *e, char *buf, size_t n)
{
    int pid = e->target->pid;
    if (!proc_is_there(e->sys, pid)) {
        bool is_port = with_port(e, pid) != NULL;
        if (is_port)
            snprintf(buf, n, "there is no process %d; the port is written :%d", pid, pid);
        else
            snprintf(buf, n, "there is no process %d: `stoa watch` alone shows who listens", pid);
    } else if (is_elsewhere(e->sys, pid)) {
        snprintf(buf, n,
                 "process %d is in another network namespace (a container): "
                 "sudo nsenter -t %d -n stoa watch :PORT",
                 pid, pid);
    } else if (e->pid_error == -EACCES || e->pid_error == -EPERM) {
        snprintf(buf, n,
                 "process %d is another user's, and what it listens on cannot be seen: name its "
                 "port (stoa watch :PORT), or use sudo",
                 pid);
    } else if (e->pid_error) {
        snprintf(buf, n, "the descriptors of process %d cannot be read: %s (%s)", pid,
                 stoa_strerror(e->pid_error), error_name(e->pid_error));
    } else {
        snprintf(buf, n,
                 "process %d listens on no TCP port: `stoa watch` alone shows who does; "
                 "`ss -tnp` shows its connections",
                 pid);
    }
    return EXIT_INTERNAL;
}

/* ---- an address ---- */

static int say_addr(const struct watch_empty *e, char *buf, size_t n)
{
    const struct watch_target *t = e->target;
    const struct watch_listener *l =
        t->aim == WATCH_ADDR ? with_port(e, addr_port(&t->addr[0])) : NULL;
    if (l)
        snprintf(buf, n, "nobody listens at %s; the port is listened on at %s: stoa watch %s",
                 t->text, l->name, l->name);
    else
        snprintf(buf, n,
                 "nobody listens at %s in this network namespace: `stoa watch` alone shows "
                 "who listens",
                 t->text);
    return EXIT_INTERNAL;
}

int watch_empty_say(const struct watch_empty *e, char *buf, size_t n)
{
    return e->target->aim == WATCH_PID ? say_pid(e, buf, n) : say_addr(e, buf, n);
}
