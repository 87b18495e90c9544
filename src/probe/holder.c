/* probe/holder.c -- see holder.h. proc(5). */
#include "probe/holder.h"

#include "probe/cgroup.h"
#include "probe/proc_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

/* ---- folders below /proc ---- */

/* returns true = found, look no further. */
typedef bool visit_name(void *ctx, int dir, const char *name);

/* Whether one of the folder's entries was found. Not inlined: two of these buffers in one frame would
 * be much of a task's stack. */
__attribute__((noinline)) static bool look_through(const struct io_sys *sys, const char *path,
                                                   visit_name *visit, void *ctx)
{
    union {
        struct dirent64 first;
        char bytes[1024];
    } buf;
    int dir = sys->open_path(sys, path, O_RDONLY | O_DIRECTORY);
    if (dir < 0)
        return false;
    bool found = false;
    ssize_t n;
    while (!found && (n = sys->read_dir(sys, dir, &buf, sizeof buf)) > 0) {
        for (ssize_t at = 0; !found && at < n;) {
            const struct dirent64 *e = (const void *)(buf.bytes + at);
            found = visit(ctx, dir, e->d_name);
            at += e->d_reclen;
        }
    }
    sys->close(sys, dir);
    return found;
}

struct search {
    const struct io_sys *sys;
    char link[40]; /* as the descriptor's link reads: "socket:[1234]" */
    size_t link_n;
    int pid;
};

static bool is_the_descriptor(void *ctx, int dir, const char *name)
{
    struct search *s = ctx;
    char link[40];
    ssize_t n = s->sys->read_link(s->sys, dir, name, link, sizeof link);
    return n == (ssize_t)s->link_n && memcmp(link, s->link, s->link_n) == 0;
}

static bool is_the_process(void *ctx, int dir, const char *name)
{
    struct search *s = ctx;
    uint64_t pid;
    char path[40];
    (void)dir;
    if (!str_to_u64(str_of(name), &pid) || pid > INT32_MAX)
        return false;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    if (!look_through(s->sys, path, is_the_descriptor, s))
        return false;
    s->pid = (int)pid;
    return true;
}

/* ---- what is known of them ---- */

static void read_command(const struct io_sys *sys, int pid, struct holder *ret)
{
    char path[40], name[20];
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    ssize_t n = proc_read(sys, path, name, sizeof name);
    if (n > 0 && name[n - 1] == '\n')
        n--;
    if (n > 0)
        str_escape(ret->command, sizeof ret->command, (struct stoa_str){ name, (size_t)n });
}

static struct stoa_str cut_field(struct stoa_str *rest)
{
    size_t end = str_find(*rest, ':');
    struct stoa_str field = { rest->p, end };
    *rest = str_from(*rest, end < rest->n ? end + 1 : end);
    return field;
}

/* The name that passwd(5) has for it ("name:password:uid:..."), "" when it has none: what a name
 * service knows beyond it stays unknown. */
static void find_user(const struct io_sys *sys, uint32_t uid, char *name, size_t n)
{
    struct proc_words w;
    struct stoa_str word;
    int line = -1;
    name[0] = 0;
    if (uid == UINT32_MAX || proc_words_open(&w, sys, "/etc/passwd") < 0)
        return;
    while (!name[0] && proc_words_next(&w, &word)) {
        bool is_first = w.line != line;
        struct stoa_str found = cut_field(&word);
        uint64_t number;
        cut_field(&word);
        line = w.line;
        if (is_first && str_to_u64(cut_field(&word), &number) && number == uid)
            str_escape(name, n, found);
    }
    proc_words_close(&w);
}

char *holder_format_user(const struct io_sys *sys, uint32_t uid, char *buf, size_t n)
{
    char name[40];
    find_user(sys, uid, name, sizeof name);
    if (name[0])
        snprintf(buf, n, "user %s", name);
    else
        snprintf(buf, n, "user %u", (unsigned)uid);
    return buf;
}

static void read_unit(const struct io_sys *sys, uint64_t cgroup, struct holder *ret)
{
    char path[CGROUP_PATH_BYTES];
    int r = ret->pid ? cgroup_of_process(sys, ret->pid, path, sizeof path)
                     : cgroup_find_path(sys, NULL, cgroup, path, sizeof path);
    if (r == 0)
        str_escape(ret->unit, sizeof ret->unit, cgroup_unit(str_of(path)));
}

void holder_find(const struct io_sys *sys, const struct diag_socket *s, struct holder *ret)
{
    struct search search = { .sys = sys };
    *ret = (struct holder){ .uid = s->uid };
    if (s->inode) {
        search.link_n =
            (size_t)snprintf(search.link, sizeof search.link, "socket:[%u]", (unsigned)s->inode);
        look_through(sys, "/proc", is_the_process, &search);
    }
    ret->pid = search.pid;
    if (ret->pid)
        read_command(sys, ret->pid, ret);
    find_user(sys, ret->uid, ret->user, sizeof ret->user);
    if (ret->pid || s->cgroup)
        read_unit(sys, s->cgroup, ret);
}

char *holder_format(const struct holder *h, char *buf, size_t n)
{
    char who[90] = "a process that cannot be seen", user[50] = "";
    if (h->pid)
        snprintf(who, sizeof who, "pid %d%s%s%s", h->pid, h->command[0] ? " (" : "", h->command,
                 h->command[0] ? ")" : "");
    else if (h->uid != UINT32_MAX)
        snprintf(who, sizeof who, "a process");
    if (h->uid != UINT32_MAX && h->user[0])
        snprintf(user, sizeof user, " of user %s", h->user);
    else if (h->uid != UINT32_MAX)
        snprintf(user, sizeof user, " of user %u", (unsigned)h->uid);
    snprintf(buf, n, "%s%s%s%s", who, user, h->unit[0] ? ", " : "", h->unit);
    return buf;
}
