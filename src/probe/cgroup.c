/* probe/cgroup.c -- see cgroup.h. */
#include "probe/cgroup.h"

#include "probe/proc_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { DEPTH_MAX = 12 };

struct walk {
    const struct io_sys *sys;
    uint64_t id;
    char *path;
    size_t n, used; /* of path */
};

static int walk_into(struct walk *w, int dir, int depth);

/* One entry. returns 1 = it is the one, and its path stands in w; 0 = not here; < 0. */
static int visit(struct walk *w, int dir, const struct dirent64 *e, int depth)
{
    if (e->d_type != DT_DIR || e->d_name[0] == '.')
        return 0;
    size_t before = w->used;
    int n = snprintf(w->path + before, w->n - before, "%s%s", before ? "/" : "", e->d_name);
    if (before + (size_t)n >= w->n) {
        w->path[before] = 0;
        return e->d_ino == w->id ? -ENAMETOOLONG : 0;
    }
    w->used += (size_t)n;
    if (e->d_ino == w->id)
        return 1;
    int fd = depth < DEPTH_MAX
                 ? w->sys->open_beneath(w->sys, dir, e->d_name, O_RDONLY | O_DIRECTORY, false)
                 : -1;
    int r =
        fd < 0 ? 0 : walk_into(w, fd, depth + 1); /* a group that is gone meanwhile, or hidden */
    if (fd >= 0)
        w->sys->close(w->sys, fd);
    if (r == 0)
        w->path[w->used = before] = 0;
    return r;
}

static int walk_into(struct walk *w, int dir, int depth)
{
    union {
        struct dirent64 first;
        char bytes[1024];
    } buf;
    ssize_t n;
    while ((n = w->sys->read_dir(w->sys, dir, &buf, sizeof buf)) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *e = (const void *)(buf.bytes + at);
            int r = visit(w, dir, e, depth);
            if (r != 0)
                return r;
            at += e->d_reclen;
        }
    }
    return 0;
}

/* The second version has this file in its root, the first has not. */
static const char *find_root(const struct io_sys *sys)
{
    static const char *const files[][2] = {
        { "/sys/fs/cgroup", "/sys/fs/cgroup/cgroup.controllers" },
        { "/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/cgroup.controllers" },
    };
    char byte[2];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (proc_read(sys, files[i][1], byte, sizeof byte) >= 0)
            return files[i][0];
    return NULL;
}

int cgroup_find_path(const struct io_sys *sys, const char *root, uint64_t id, char *buf, size_t n)
{
    root = root ? root : find_root(sys);
    if (!root)
        return -ENOENT;
    int fd = sys->open_path(sys, root, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return fd;
    struct walk w = { .sys = sys, .id = id, .path = buf, .n = n };
    struct stat st;
    buf[0] = 0;
    int r = sys->stat(sys, fd, &st);
    if (r == 0 && st.st_ino != id) {
        r = walk_into(&w, fd, 1);
        r = r > 0 ? 0 : r == 0 ? -ENOENT : r;
    }
    sys->close(sys, fd);
    return r;
}

/* ---- of a process ---- */

/* "0::/system.slice/nginx.service", and of the first version "1:name=systemd:/system.slice/...". */
static bool path_in_line(struct stoa_str line, struct stoa_str *ret)
{
    size_t first = str_find(line, ':');
    if (first == line.n)
        return false;
    struct stoa_str rest = str_from(line, first + 1);
    size_t second = str_find(rest, ':');
    if (second == rest.n || !(str_starts(rest, STR(":")) || str_starts(rest, STR("name=systemd:"))))
        return false;
    *ret = str_from(rest, second + 1);
    if (str_starts(*ret, STR("/")))
        *ret = str_from(*ret, 1);
    return ret->n > 0;
}

int cgroup_of_process(const struct io_sys *sys, int pid, char *buf, size_t n)
{
    char name[40], text[1024];
    snprintf(name, sizeof name, "/proc/%d/cgroup", pid);
    ssize_t got = proc_read(sys, name, text, sizeof text);
    if (got < 0)
        return (int)got;
    struct stoa_str rest = { text, (size_t)got }, path;
    while (rest.n > 0) {
        size_t end = str_find(rest, '\n');
        if (path_in_line((struct stoa_str){ rest.p, end }, &path)) {
            if (path.n >= n)
                return -ENAMETOOLONG;
            memcpy(buf, path.p, path.n);
            buf[path.n] = 0;
            return 0;
        }
        rest = str_from(rest, end < rest.n ? end + 1 : end);
    }
    return -ENOENT;
}

struct stoa_str cgroup_unit(struct stoa_str path)
{
    struct stoa_str unit = { NULL, 0 };
    while (path.n > 0) {
        size_t end = str_find(path, '/');
        struct stoa_str part = { path.p, end };
        if (str_ends(part, STR(".service")) || str_ends(part, STR(".scope")))
            unit = part;
        path = str_from(path, end < path.n ? end + 1 : end);
    }
    return unit;
}
