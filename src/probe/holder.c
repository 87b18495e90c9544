/* probe/holder.c -- see holder.h. proc(5). */
#include "probe/holder.h"

#include "probe/cgroup.h"
#include "probe/proc_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- folders below /proc ---- */

/* returns true = found, look no further. */
typedef bool visit_name(void *ctx, int dir, const char *name);

/* returns 1: one of the folder's entries was found; 0; < 0: it cannot be opened. Not inlined: two of
 * these buffers in one frame would be much of a task's stack. */
__attribute__((noinline)) static int look_through(const struct io_sys *sys, const char *path,
                                                  visit_name *visit, void *ctx)
{
    union {
        struct dirent64 first;
        char bytes[1024];
    } buf;
    int dir = sys->open_path(sys, path, O_RDONLY | O_DIRECTORY);
    if (dir < 0)
        return dir;
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
    struct holder_of *list;
    int count, left; /* left: not yet found */
    int pid;         /* whose descriptors are being looked at */
    int child;       /* of pid: what is found with both is pid's; 0 = the usual */
    bool has_found;  /* with pid */
};

static int compare_inodes(const void *a, const void *b)
{
    const struct holder_of *x = a, *y = b;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

/* A socket's descriptor is a link that reads "socket:[1234]". */
static bool is_socket(const struct io_sys *sys, int dir, const char *name, uint64_t *inode)
{
    static const struct stoa_str start = { "socket:[", 8 };
    char link[40];
    ssize_t n = sys->read_link(sys, dir, name, link, sizeof link);
    struct stoa_str s = { link, n > 0 ? (size_t)n : 0 };
    return str_starts(s, start) && s.p[s.n - 1] == ']' &&
           str_to_u64((struct stoa_str){ s.p + start.n, s.n - start.n - 1 }, inode);
}

static bool take_descriptor(void *ctx, int dir, const char *name)
{
    struct search *s = ctx;
    uint64_t inode;
    if (!is_socket(s->sys, dir, name, &inode) || inode == 0 || inode > UINT32_MAX)
        return false;
    struct holder_of wanted = { .inode = (uint32_t)inode };
    struct holder_of *found =
        bsearch(&wanted, s->list, (size_t)s->count, sizeof wanted, compare_inodes);
    /* The first process has the sockets open by which it starts services: theirs they are. */
    if (found && (found->pid <= 1 || found->pid == s->child)) {
        s->left -= found->pid <= 1 && s->pid > 1;
        found->pid = s->pid;
        s->has_found = true;
    }
    return s->left == 0 && !s->child;
}

/* returns 0; -ESRCH; -EACCES. */
static int take_process(struct search *s, int pid)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    s->pid = pid;
    s->has_found = false;
    int r = look_through(s->sys, path, take_descriptor, s);
    return r == -ENOENT ? -ESRCH : r < 0 ? r : 0;
}

/* What a process has from its parent is the parent's: it has made it, and outlives its workers. The
 * lesser number is looked through first, and is the parent's, unless the kernel has begun to count
 * anew since. */
static void take_parents(struct search *s, int pid)
{
    struct proc_stat stat;
    while (s->has_found && proc_stat(s->sys, pid, &stat) == 0 && stat.parent > pid) {
        s->child = pid;
        take_process(s, stat.parent);
        pid = stat.parent;
    }
    s->child = 0;
}

static bool take_entry(void *ctx, int dir, const char *name)
{
    struct search *s = ctx;
    uint64_t pid;
    (void)dir;
    if (str_to_u64(str_of(name), &pid) && pid <= INT32_MAX) {
        take_process(s, (int)pid);
        take_parents(s, (int)pid);
    }
    return s->left == 0;
}

int holder_search(const struct io_sys *sys, int pid, struct holder_of *list, int count)
{
    struct search s = { .sys = sys, .list = list, .count = count };
    qsort(list, (size_t)count, sizeof *list, compare_inodes);
    for (int i = 0; i < count; i++) {
        list[i].pid = 0;
        s.left += list[i].inode != 0;
    }
    if (s.left == 0)
        return 0;
    if (pid)
        return take_process(&s, pid);
    int r = look_through(sys, "/proc", take_entry, &s);
    return r < 0 ? r : 0;
}

/* ---- all of one process ---- */

struct sockets {
    const struct io_sys *sys;
    struct buf *list;
};

static bool add_descriptor(void *ctx, int dir, const char *name)
{
    struct sockets *s = ctx;
    uint64_t inode;
    if (is_socket(s->sys, dir, name, &inode) && inode <= UINT32_MAX)
        buf_add(s->list, &(uint32_t){ (uint32_t)inode }, sizeof(uint32_t));
    return s->list->failed;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int holder_sockets(const struct io_sys *sys, int pid, struct buf *ret)
{
    struct sockets s = { sys, ret };
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    buf_clear(ret);
    int r = look_through(sys, path, add_descriptor, &s);
    if (ret->failed)
        return -ENOMEM;
    if (ret->n)
        qsort(ret->p, ret->n / sizeof(uint32_t), sizeof(uint32_t), compare_numbers);
    return r == -ENOENT ? -ESRCH : r < 0 ? r : 0;
}

bool holder_has(const struct buf *sockets, uint32_t inode)
{
    size_t count = sockets->n / sizeof inode;
    return count && inode && bsearch(&inode, sockets->p, count, sizeof inode, compare_numbers);
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

void holder_describe(const struct io_sys *sys, const struct diag_socket *s, int pid,
                     struct holder *ret)
{
    *ret = (struct holder){ .uid = s->uid, .pid = pid };
    if (ret->pid)
        read_command(sys, ret->pid, ret);
    find_user(sys, ret->uid, ret->user, sizeof ret->user);
    if (ret->pid || s->cgroup)
        read_unit(sys, s->cgroup, ret);
}

void holder_find(const struct io_sys *sys, const struct diag_socket *s, struct holder *ret)
{
    struct holder_of one = { .inode = s->inode };
    holder_search(sys, 0, &one, 1);
    holder_describe(sys, s, one.pid, ret);
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
