/* tool/watch/stoa.c -- see stoa.h. */
#include "tool/watch/stoa.h"

#include "base/error.h"
#include "base/mem.h"
#include "probe/proc_file.h"
#include "tool/watch/pace.h"

#include <errno.h>
#include <stdio.h>

/* Most processes never get such a file: looking for it takes a small part of what a walk may, also
 * where they have many descriptors. */
enum { PACE = 4 * WATCH_PACE };

void watch_stoa_init(struct watch_stoa *s, const struct io_sys *sys, const struct stoa_mem *mem)
{
    *s = (struct watch_stoa){ .sys = sys, .mem = mem, .error = -ESRCH };
}

static void forget(struct watch_stoa *s)
{
    stage_file_close(&s->file, s->sys);
    trend_free(s->trend);
    mem_free(s->mem, s->status, sizeof *s->status);
    s->trend = NULL;
    s->status = NULL;
    s->pid = 0;
    s->error = -ESRCH;
    s->due = 0;
}

void watch_stoa_done(struct watch_stoa *s)
{
    forget(s);
}

static int open_file(struct watch_stoa *s)
{
    int r = stage_file_open_pid(&s->file, s->sys, s->pid);
    if (r < 0)
        return r;
    if (!s->status)
        s->status = mem_zalloc(s->mem, sizeof *s->status);
    if (s->status && trend_new(&s->trend, s->mem) == 0)
        return 0;
    stage_file_close(&s->file, s->sys);
    return -ENOMEM;
}

void watch_stoa_aim(struct watch_stoa *s, int pid, stoa_time now)
{
    bool is_open = s->error == 0;
    if (s->pid != pid || (is_open && !stage_file_is_of_pid(&s->file, s->sys, pid)))
        forget(s);
    s->pid = pid;
    if (!pid || s->error == 0 || now < s->due)
        return;
    stoa_time before = watch_cpu_time();
    s->error = open_file(s);
    s->due = now + PACE * (watch_cpu_time() - before);
}

bool watch_stoa_drains(const struct watch_stoa *s)
{
    return s->error == 0 &&
           __atomic_load_n(&stage_view_head(&s->file.view)->draining, __ATOMIC_RELAXED) != 0;
}

static bool is_stopped(const struct io_sys *sys, int pid)
{
    struct proc_stat stat;
    return proc_stat(sys, pid, &stat) == 0 && (stat.state == 'T' || stat.state == 't');
}

/* Only of what calls itself stoa: that another server has no such file is no news. */
static void say_why_not(int err, int pid, struct watch_picture *p)
{
    p->stoa_text[0] = 0;
    if (err == -EACCES || err == -EPERM)
        snprintf(p->stoa_text, sizeof p->stoa_text,
                 "its stages can be read by its own user and by root only: try sudo");
    else if (err == -EPROTONOSUPPORT)
        snprintf(p->stoa_text, sizeof p->stoa_text,
                 "its stages have the form of another version of stoa: use the `stoa` of pid %d",
                 pid);
    else if (err == -ENOENT)
        snprintf(p->stoa_text, sizeof p->stoa_text,
                 "it keeps no stages: it was started with --stages off");
    else
        snprintf(p->stoa_text, sizeof p->stoa_text, "its stages cannot be read: %s (%s)",
                 stoa_strerror(err), error_name(err));
}

void watch_stoa_take(struct watch_stoa *s, struct watch_picture *p)
{
    p->is_stopped = s->pid && is_stopped(s->sys, s->pid);
    p->has_stoa = s->error == 0;
    p->stoa_text[0] = 0;
    if (p->has_stoa) {
        /* The look before is kept only now: it is compared with those before it. */
        if (s->status->now)
            trend_note(s->trend, s->status);
        status_take(s->status, &s->file.view, p->at, p->real_ns);
        p->stoa = s->status;
        p->trend = s->trend;
    } else if (s->pid && p->listeners && strcmp(p->listener[0].holder.command, "stoa") == 0) {
        say_why_not(s->error, s->pid, p);
    }
}
