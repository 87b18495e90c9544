/* probe/proc_file.h -- the kernel's own text files, below /proc and /sys, read without a buffer for
 * all of it. Knows words and lines, not what they mean. */
#ifndef PROBE_PROC_FILE_H
#define PROBE_PROC_FILE_H

#include "base/str.h"
#include "io/io.h"

/* Reads at most n - 1 bytes from the beginning of a file and terminates them.
 *   returns  how many; -ENOENT, -EACCES, -ENOSYS... */
ssize_t proc_read(const struct io_sys *sys, const char *path, char *buf, size_t n);

/* The first number in a file: proc_number(sys, "/proc/sys/net/core/somaxconn", &v).
 *   returns  0 and *ret; -EINVAL: it does not begin with one; < 0 as proc_read. */
int proc_number(const struct io_sys *sys, const char *path, int64_t *ret);

/* A number in decimal with an optional "-". returns true and *ret, else false. */
bool proc_to_i64(struct stoa_str s, int64_t *ret);

/* What proc_pid_stat(5) says of a process, as far as it is asked for. */
struct proc_stat {
    char state; /* 'R', 'S'; 'T': stopped, 't': traced */
    int parent;
};

/* returns 0 and *ret; < 0, and all of it is 0: -EINVAL: it says something else; else as proc_read. */
int proc_stat(const struct io_sys *sys, int pid, struct proc_stat *ret);

/* Whether there is a process of that number; one that nobody has waited for is. About 2 us. */
bool proc_is_there(const struct io_sys *sys, int pid);

enum { PROC_WORD_MAX = 120 };

/* The words of a file, one after the other, each with the line that it stands in. */
struct proc_words {
    const struct io_sys *sys;
    int fd;
    off_t at;
    size_t n, used; /* of buf */
    int line;       /* of the last word, from 0 */
    int err;        /* < 0 = reading failed: there are no more words */
    char word[PROC_WORD_MAX];
    char buf[512];
};

/* returns 0; < 0 as proc_read. */
int proc_words_open(struct proc_words *w, const struct io_sys *sys, const char *path);
void proc_words_close(struct proc_words *w);

/* The next word between spaces, tabs and newlines, borrowed until the next call; a longer one than
 * PROC_WORD_MAX is cut. returns false at the end. */
bool proc_words_next(struct proc_words *w, struct stoa_str *ret);

#endif
