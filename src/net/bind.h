/* net/bind.h -- sockets that are bound, one for each core: what the kernel must be told so that they
 * share a port among themselves, and with nobody else. Used by listener.c and datagram.c. */
#ifndef NET_BIND_H
#define NET_BIND_H

#include "io/io.h"
#include "net/failure.h"

struct bind_options {
    int type;           /* SOCK_STREAM, SOCK_DGRAM */
    int backlog;        /* of a stream; 0 = somaxconn */
    bool defer, stamps; /* see listener_options */
};

/* Binds `count` sockets to *a, and lets them listen when they are streams.
 *   a        not a Unix socket's; the port 0 picks a free one; set to what was bound.
 *   returns  0 and fds[0..count-1], yours; < 0 and *failure, nothing is left open. */
int bind_inet(const struct io_sys *sys, struct addr *a, const struct bind_options *opt, int *fds,
              int count, struct net_failure *failure);

/* What the connections of the TCP listener fd inherit from it, also of one that somebody else has
 * bound: they send at once (TCP_NODELAY), and with stamps the kernel says when bytes came.
 *   returns  0; -EOPNOTSUPP: it is a Unix socket; < 0. */
int bind_inherited(const struct io_sys *sys, int fd, bool stamps);

/* Binds one stream to the path in *a, and lets it listen. A socket left behind by a server that is
 * gone (nobody answers on it) is replaced.
 *   returns  0, *fd (yours) and *file (the device and inode of what lies there now, for
 *            bind_unlink); < 0 and *failure. */
struct bind_file {
    dev_t dev;
    ino_t ino;
};
int bind_unix(const struct io_sys *sys, const struct addr *a, int backlog, int *fd,
              struct bind_file *file, struct net_failure *failure);

/* Removes the socket's file, if it is still ours and not a successor's. */
void bind_unlink(const struct io_sys *sys, const struct addr *a, const struct bind_file *file);

#endif
