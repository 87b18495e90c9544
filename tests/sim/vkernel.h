/* sim/vkernel.h -- the calls of io/io.h (struct io_sys) over virtual sockets and files, and the table
 * of descriptors behind them. All cores share it, as the threads of a process do.
 *
 * Watches its user: a descriptor that is not open, closed twice or closed under an operation, and a
 * wait for the disk on a core's own thread are failures of the run. */
#ifndef SIM_VKERNEL_H
#define SIM_VKERNEL_H

#include "io/io.h"
#include "sim/vdisk.h"
#include "sim/vnet.h"

enum vfd_kind { FD_FREE, FD_PORT, FD_STREAM, FD_FILE };

struct vfd {
    enum vfd_kind kind;
    int users; /* operations under way */
    struct vport *port;
    struct vstream *stream;
    struct vnode *node; /* FD_FILE: files and directories */
    struct ventry *entry;
    unsigned list_at; /* of a directory that is being read */
    bool was_cached;  /* somebody asked whether its bytes are in memory, or has read them */
};

enum { FDS_FIRST = 3, FDS_MAX = 512 };

struct vkernel {
    struct io_sys sys; /* what the server is given */
    struct world *w;
    struct vnet net;
    struct vdisk disk;
    struct vfd fds[FDS_MAX];
    int fds_open, fds_limit;
    bool
        fds_reuse; /* the lowest free number, as POSIX has it; else each number once, if possible */
    int fds_next;
    bool helper;   /* a helper thread's work is running: it may wait for the disk */
    bool starting; /* so may whoever sets the server up */
};

void vkernel_init(struct vkernel *k, struct world *w);

/* Says what is still open, as a failure, and frees everything. */
void vkernel_done(struct vkernel *k);

/* The descriptor, if it is open and of this kind; else NULL, and the run has failed. */
struct vfd *vfd_get(struct vkernel *k, int fd, enum vfd_kind kind, const char *who);

/* Takes the oldest connection from a listener. returns its descriptor; -EAGAIN, -EMFILE. */
int vkernel_accept(struct vkernel *k, int fd);

/* returns -EMFILE, -ENFILE, -ENOMEM or -ENOBUFS, by chance. */
int vkernel_lack(struct vkernel *k);

#endif
