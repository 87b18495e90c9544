/* probe/holder.h -- who has a socket: the process and its command where we may see them (our own
 * processes; all of them as root), else the user and the service of who made it. */
#ifndef PROBE_HOLDER_H
#define PROBE_HOLDER_H

#include "base/buf.h"
#include "probe/diag.h"

enum { HOLDER_TEXT_BYTES = 240 }; /* enough for holder_format */

struct holder {
    int pid; /* the process that has it open, of several the parent; 0 = none that we may see */
    uint32_t uid;     /* of who made the socket; UINT32_MAX = not known */
    char command[64]; /* its name (/proc/PID/comm), escaped; "" = not known */
    char user[40];    /* the uid's name in /etc/passwd, escaped; "" = it has none there */
    char unit[96];    /* the service or container, escaped: "nginx.service"; "" = none, not known */
};

/* Looks through the open descriptors of all processes: milliseconds, tens of them on a busy machine,
 * and 20 KiB of stack. Where nothing can be read, less is known; it does not fail.
 *   s    of diag_each or diag_find; s->inode 0: nobody holds it, only user and unit are looked for. */
void holder_find(const struct io_sys *sys, const struct diag_socket *s, struct holder *ret);

/* The two halves of it, for many sockets at a time: one walk finds who has them, ... */
struct holder_of {
    uint32_t inode;
    int pid; /* as in struct holder */
};

/* Fills in the pids, and sorts the list by inode.
 *   pid      0 = looks through all processes; else through that one.
 *   returns  0; of one process: -ESRCH; -EACCES: it is another user's. */
int holder_search(const struct io_sys *sys, int pid, struct holder_of *list, int count);

/* ... and then, one by one, what is known of them. pid: 0 = none was found. */
void holder_describe(const struct io_sys *sys, const struct diag_socket *s, int pid,
                     struct holder *ret);

/* The inodes (uint32_t) of all sockets that a process has open, sorted.
 *   returns  0 and ret, cleared before; -ENOMEM; -ESRCH; -EACCES: it is another user's. */
int holder_sockets(const struct io_sys *sys, int pid, struct buf *ret);

/* Whether the socket is among them; one without a number, which no process has, never is. */
bool holder_has(const struct buf *sockets, uint32_t inode);

/* "user www-data", escaped; "user 1000" where /etc/passwd has no name. returns buf. */
char *holder_format_user(const struct io_sys *sys, uint32_t uid, char *buf, size_t n);

/* In words: "pid 1234 (nginx) of user root, nginx.service"; "a process of user 1000"; "a process that
 * cannot be seen". returns buf. */
char *holder_format(const struct holder *h, char *buf, size_t n);

#endif
