/* io/io.h -- everything that a core asks of the kernel.
 *
 * Two halves. *Operations* (struct io_op) take time: they are submitted, complete later from
 * io_wait(), and can be cancelled. *Calls* (struct io_sys) answer at once: none of them waits for a
 * peer or, where it says so, for a disk. Three implementations: uring.c and epoll.c here, and the
 * simulator's in tests/sim. Nothing outside of this folder touches the kernel, the clock or random
 * numbers, so that a whole server can run on virtual ones.
 *
 * Used by core/ and net/. One thread per struct io, but for what is marked [any].
 *
 * Invariants
 * 1. A submitted operation belongs to the I/O until its last completion; its storage is the owner's.
 * 2. Completions are delivered by io_wait() only, never from inside io_submit() or io_cancel().
 * 3. After io_cancel() exactly one last completion still comes (-ECANCELED, or what it was about to
 *    be); completions with res > 0 may come before it.
 * 4. io->now is read once per io_wait(), after the kernel returned and before the first completion
 *    is delivered.
 * 5. The descriptor of an operation that is under way is not closed. Once io_cancel() was called it
 *    may be, at once: whoever gets the number next is not touched. Of one kind (accepting and
 *    receiving; waiting to write) a descriptor has one operation at a time. */
#ifndef IO_IO_H
#define IO_IO_H

#include "base/list.h"
#include "base/mem.h"
#include "stage/way.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum io_kind {
    /* fd listens. res = a new descriptor (nonblocking, close-on-exec), again and again, until the
     * last: < 0 (-EMFILE, -ENFILE, -ENOMEM, -ENOBUFS, -ECANCELED, -EBADF...). A connection that was
     * gone before it was accepted (-ECONNABORTED and the like) is passed over. The descriptors come
     * only out of io_wait(): while the core is busy, connections stay in the accept queue. */
    IO_ACCEPT,
    /* fd is a stream. res > 0 = as many bytes came, in `chunk`, which is the receiver's now; again
     * and again, until the last: 0 = the peer has finished; < 0 (-ECONNRESET, -ECANCELED, ...).
     * While nothing comes no buffer is held. res = -EAGAIN is not the last: the error queue may have
     * something to be fetched (call `receive`), which uring.c does not tell. Lack of buffers delays, it never ends the operation.
     * Descriptors that the peer of a Unix socket sends along are closed. */
    IO_RECV,
    /* fd is a datagram socket. As IO_RECV, a chunk per datagram (res 0 = an empty one, with a chunk;
     * the last has res < 0 and no chunk); chunk->from and chunk->control are set. */
    IO_RECV_FROM,
    /* One completion: 0 when fd takes bytes again, or has failed (the next call tells how); < 0. */
    IO_WRITABLE,
    /* One completion: what work->fn returned on a helper thread. Cannot be cancelled. */
    IO_WORK,
};

enum {
    IO_CHUNK_BYTES = 4096,   /* at least so many bytes fit into a chunk of a stream */
    IO_CHUNKS = 256,         /* at least so many chunks of streams may be out at a time, */
    IO_DATAGRAM_CHUNKS = 32, /* and so many of datagrams */
};

/* Received bytes, in a buffer of the I/O's. The receiver gives it back with io_chunk_free(). */
struct io_chunk {
    struct io_chunk *next; /* the receiver's, to queue it */
    char *bytes;
    uint32_t len;
    uint32_t id;                 /* the implementation's */
    const struct sockaddr *from; /* datagrams only, with the control messages that came */
    socklen_t from_len;
    uint32_t mark; /* the receiver's; 0 at first */
    union {
        struct {
            int64_t stamp_ns; /* when the kernel received it (CLOCK_REALTIME; of the newest segment
                                 in it); 0 = unknown: SO_TIMESTAMPING was not set on the socket */
            const void *control;
            size_t control_len;
        };
        struct stage_came came; /* a stream's: the receiver's, who has read stamp_ns */
    };
};

struct io_op {
    void (*done)(struct io_op *op, int res, struct io_chunk *chunk); /* may submit, cancel, post */
    struct list node;                                                /* the implementation's */
    int fd;
    uint8_t kind;
    uint8_t state;  /* the implementation's; 0 = not submitted */
    uint16_t flags; /* the implementation's */
};

struct io_sys;

struct io_work {
    struct io_op op;                                /* kind IO_WORK */
    int (*fn)(const struct io_sys *sys, void *arg); /* on a helper thread: only what is [any] */
    void *arg;
    int result; /* the implementation's */
};

struct io_clock {
    stoa_time mono_ns; /* CLOCK_MONOTONIC */
    int64_t real_ns;   /* CLOCK_REALTIME, read together with it */
};

struct io {
    const struct io_ops *ops;
    const struct io_sys *sys;
    struct io_clock now;
};

/* What an implementation provides; see the inline functions below for what each does. */
struct io_ops {
    const char *name; /* "uring", "epoll", "sim" */
    int (*submit)(struct io *io, struct io_op *op);
    void (*cancel)(struct io *io, struct io_op *op);
    int (*wait)(struct io *io, stoa_time until);
    void (*wake)(struct io *io);
    int (*recv_now)(struct io *io, int fd, struct io_chunk **ret);
    void (*chunk_free)(struct io *io, struct io_chunk *chunk);
    void (*close)(struct io *io);
};

/* The calls. Results: >= 0, or -errno. All are [any] (they hold no state of the core's). Every
 * descriptor that they make is close-on-exec; sockets are nonblocking. */
struct io_sys {
    int (*socket)(const struct io_sys *s, int family, int type, int protocol);
    int (*bind)(const struct io_sys *s, int fd, const struct sockaddr *a, socklen_t n);
    int (*listen)(const struct io_sys *s, int fd, int backlog);
    /* connect(2): 0, or -EINPROGRESS: wait with IO_WRITABLE; -EAGAIN: a Unix socket's backlog is
     * full. */
    int (*connect)(const struct io_sys *s, int fd, const struct sockaddr *a, socklen_t n);
    int (*accept)(const struct io_sys *s, int fd); /* -EAGAIN: the accept queue is empty */
    int (*adopt)(const struct io_sys *s, int fd);  /* made by somebody else: becomes as ours are */
    int (*set_option)(const struct io_sys *s, int fd, int level, int name, const void *v,
                      socklen_t n);
    int (*get_option)(const struct io_sys *s, int fd, int level, int name, void *v, socklen_t *n);
    int (*local_name)(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n);
    int (*peer_name)(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n);
    /* sendmsg(2) without waiting and without SIGPIPE. flags: MSG_MORE or 0. -EAGAIN: wait with
     * IO_WRITABLE. */
    ssize_t (*send)(const struct io_sys *s, int fd, const struct msghdr *m, int flags);
    /* recvmsg(2) without waiting: answers of the kernel's own (netlink), a socket's error queue.
     * flags: MSG_ERRQUEUE, MSG_PEEK, MSG_TRUNC or 0. What peers send comes by IO_RECV. -EAGAIN:
     * nothing is there. */
    ssize_t (*receive)(const struct io_sys *s, int fd, struct msghdr *m, int flags);
    /* sendfile(2) of up to n bytes from *at, which moves, without waiting for the peer. 0 = the file
     * ends there. May wait for the disk where is_cached() says no. The calling thread has SIGPIPE
     * blocked: there is no flag against it here, and two more calls each time would cost more than
     * they are worth. */
    ssize_t (*send_file)(const struct io_sys *s, int fd, int file, off_t *at, size_t n);
    int (*shutdown)(const struct io_sys *s, int fd, int how);
    int (*close)(const struct io_sys *s, int fd);
    int (*unlink)(const struct io_sys *s, const char *path); /* of a Unix socket of ours */
    int (*lstat)(const struct io_sys *s, const char *path, struct stat *ret); /* likewise */

    /* openat2(2) beneath dirfd (RESOLVE_BENEATH, no magic links), O_NONBLOCK. no_wait: only when
     * the way to it is in memory (RESOLVE_CACHED), else -EAGAIN. */
    int (*open_beneath)(const struct io_sys *s, int dirfd, const char *path, int flags,
                        bool no_wait);
    /* open(2), O_NONBLOCK, by a path that is ours and no peer's: below /proc and /sys, /etc/passwd. */
    int (*open_path)(const struct io_sys *s, const char *path, int flags);
    int (*stat)(const struct io_sys *s, int fd, struct stat *ret);
    /* pread(2). no_wait: -EAGAIN when it would wait for the disk (RWF_NOWAIT; where the file system
     * does not know it, it may wait). */
    ssize_t (*read_at)(const struct io_sys *s, int fd, void *buf, size_t n, off_t at, bool no_wait);
    /* Whether all of these bytes are in memory (cachestat(2), Linux 6.5; without it a probe of the
     * first and the last by RWF_NOWAIT). false where the file system does not tell (overlayfs). */
    bool (*is_cached)(const struct io_sys *s, int file, off_t at, size_t n);
    ssize_t (*read_dir)(const struct io_sys *s, int dirfd, void *buf, size_t n); /* getdents64(2) */
    /* readlinkat(2): as many bytes as fit, not terminated. */
    ssize_t (*read_link)(const struct io_sys *s, int dirfd, const char *name, char *buf, size_t n);

    /* A file of `bytes` zeroes to be mapped, which others may map too: at path, where nothing may be
     * (mode 0600, its room taken from the disk, so that no later write can fail); NULL = without a
     * path, to be found among this process's descriptors by `name`, never to shrink.
     * returns the descriptor; -EEXIST, -ENOSPC, ... */
    int (*make_file)(const struct io_sys *s, const char *path, const char *name, size_t bytes);
    /* mmap(2), shared, from the beginning. returns 0 and *ret, for unmap. */
    int (*map)(const struct io_sys *s, int fd, size_t bytes, bool writes, void **ret);
    void (*unmap)(const struct io_sys *s, void *p, size_t bytes);

    /* Has the kernel stamp what it receives (SO_TIMESTAMPING, on all sockets that ask for it) for as long
     * as the descriptor is open, and waits until it does. Linux begins only some milliseconds after
     * the first socket asked (net_enable_timestamp() leaves it to a kernel thread): 2 to 5 on an idle
     * machine, none when somebody asked before. A second at most: then it may begin later.
     * returns the descriptor; < 0: not here, or not allowed. */
    int (*keep_stamps)(const struct io_sys *s);

    struct io_clock (*clock)(const struct io_sys *s);
    stoa_time (*moment)(const struct io_sys *s); /* CLOCK_MONOTONIC alone, which takes half of it */
    stoa_time (*tick)(const struct io_sys *s);   /* how coarse the kernel's own times are: 1/HZ */
    stoa_time (*cpu_time)(const struct io_sys *s);               /* of the calling thread, so far */
    void (*random)(const struct io_sys *s, void *buf, size_t n); /* getrandom(2) */
};

/* The kernel's calls. */
const struct io_sys *io_sys_kernel(void);

/* Opens the implementation `name` ("uring", "epoll"; NULL = uring where the kernel has and allows
 * it, else epoll), to be used on the calling thread.
 *   returns  0 and *ret, for io_close(); -EINVAL (no such name); -ENOSYS, -EPERM (uring: not here);
 *            -ENOMEM, -EMFILE. */
int io_open(struct io **ret, const char *name, const struct stoa_mem *mem);

/* Whether io_open(name) can work on this machine: opens and closes one. */
int io_probe(const char *name);

/* No operation may be under way. Ends the helper threads. */
static inline void io_close(struct io *io)
{
    io->ops->close(io);
}

/* returns 0; < 0: not taken, nothing will complete (-ENOMEM, -EAGAIN: no helper thread; -EBADF,
 *          -EPERM, -ENOSPC may be told here already, or by the last completion). */
static inline int io_submit(struct io *io, struct io_op *op)
{
    return io->ops->submit(io, op);
}

/* Asks for the last completion of op, which is under way. Harmless when repeated. */
static inline void io_cancel(struct io *io, struct io_op *op)
{
    io->ops->cancel(io, op);
}

static inline bool io_is_under_way(const struct io_op *op)
{
    return op->state != 0;
}

/* Waits until something completes, somebody wakes it, or `until` (a moment of CLOCK_MONOTONIC; 0 =
 * only look); delivers what has completed. It may return earlier, with nothing.
 *   returns  0; < 0: the I/O cannot go on. */
static inline int io_wait(struct io *io, stoa_time until)
{
    return io->ops->wait(io, until);
}

/* Ends the present or next io_wait().                                              [any] */
static inline void io_wake(struct io *io)
{
    io->ops->wake(io);
}

/* Receives from a stream without waiting and without an operation: for a connection just accepted,
 * whose request is usually there. Not while an IO_RECV on fd is under way.
 *   returns  > 0 and *ret, the receiver's; 0 = the peer has finished; -EAGAIN; -ENOBUFS (all that
 *            are kept for this are held: an IO_RECV waits for one); < 0. */
static inline int io_recv_now(struct io *io, int fd, struct io_chunk **ret)
{
    return io->ops->recv_now(io, fd, ret);
}

static inline void io_chunk_free(struct io *io, struct io_chunk *chunk)
{
    io->ops->chunk_free(io, chunk);
}

#endif
