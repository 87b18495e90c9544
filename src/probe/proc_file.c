/* probe/proc_file.c -- see proc_file.h. */
#include "probe/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

ssize_t proc_read(const struct io_sys *sys, const char *path, char *buf, size_t n)
{
    int fd = sys->open_path(sys, path, O_RDONLY);
    if (fd < 0)
        return fd;
    size_t got = 0;
    ssize_t r = 1;
    while (r > 0 && got < n - 1) {
        r = sys->read_at(sys, fd, buf + got, n - 1 - got, (off_t)got, false);
        got += r > 0 ? (size_t)r : 0;
    }
    sys->close(sys, fd);
    buf[got] = 0;
    return r < 0 ? r : (ssize_t)got;
}

bool proc_to_i64(struct stoa_str s, int64_t *ret)
{
    uint64_t v;
    bool is_negative = s.n > 0 && s.p[0] == '-';
    if (!str_to_u64(is_negative ? str_from(s, 1) : s, &v) || v > INT64_MAX)
        return false;
    *ret = is_negative ? -(int64_t)v : (int64_t)v;
    return true;
}

int proc_number(const struct io_sys *sys, const char *path, int64_t *ret)
{
    char buf[40];
    ssize_t n = proc_read(sys, path, buf, sizeof buf);
    if (n < 0)
        return (int)n;
    struct stoa_str first = { buf, strcspn(buf, " \t\n") };
    return proc_to_i64(first, ret) ? 0 : -EINVAL;
}

/* "1234 (name) S 1 ...", where the name may have anything in it. */
int proc_stat(const struct io_sys *sys, int pid, struct proc_stat *ret)
{
    char path[40], text[128];
    uint64_t parent;
    *ret = (struct proc_stat){ 0 };
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    ssize_t n = proc_read(sys, path, text, sizeof text);
    if (n < 0)
        return (int)n;
    const char *end = strrchr(text, ')');
    if (!end || strlen(end) < 5 || end[1] != ' ' || end[3] != ' ')
        return -EINVAL;
    struct stoa_str number = { end + 4, strcspn(end + 4, " ") };
    if (!str_to_u64(number, &parent) || parent > INT32_MAX)
        return -EINVAL;
    *ret = (struct proc_stat){ .state = end[2], .parent = (int)parent };
    return 0;
}

bool proc_is_there(const struct io_sys *sys, int pid)
{
    struct stat st;
    char path[40];
    snprintf(path, sizeof path, "/proc/%d", pid);
    return sys->lstat(sys, path, &st) != -ENOENT;
}

/* ---- words ---- */

int proc_words_open(struct proc_words *w, const struct io_sys *sys, const char *path)
{
    w->sys = sys;
    w->at = 0;
    w->n = w->used = 0;
    w->line = w->err = 0;
    w->fd = sys->open_path(sys, path, O_RDONLY);
    return w->fd < 0 ? w->fd : 0;
}

void proc_words_close(struct proc_words *w)
{
    if (w->fd >= 0)
        w->sys->close(w->sys, w->fd);
    w->fd = -1;
}

/* The next byte, not taken; -1 at the end. */
static int peek(struct proc_words *w)
{
    if (w->used == w->n) {
        ssize_t r =
            w->err ? 0 : w->sys->read_at(w->sys, w->fd, w->buf, sizeof w->buf, w->at, false);
        w->err = r < 0 ? (int)r : w->err;
        if (r <= 0)
            return -1;
        w->at += r;
        w->n = (size_t)r;
        w->used = 0;
    }
    return (unsigned char)w->buf[w->used];
}

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

bool proc_words_next(struct proc_words *w, struct stoa_str *ret)
{
    int c;
    size_t n = 0;
    for (; is_space(c = peek(w)); w->used++)
        w->line += c == '\n';
    for (; (c = peek(w)) >= 0 && !is_space(c); w->used++)
        if (n < sizeof w->word)
            w->word[n++] = (char)c;
    *ret = (struct stoa_str){ w->word, n };
    return n > 0;
}
