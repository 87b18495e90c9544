/* stoa.h -- write one connection as one plain C function; run it on every core.
 *
 * Time     stoa_time is nanoseconds: a moment on the monotonic clock, or a span.
 * Errors   a result < 0 is a negated errno, or one of STOA_E*. errno is never set.
 * Owner    what a task makes belongs to it. When its function returns: children
 *          are cancelled and joined, defers run (last first), its connections
 *          close, its memory is freed. In that order, always.
 * Thread   a task never leaves its core. Use a task's objects from that task and
 *          its children only. [any] = from any thread, or a signal handler.
 * Waits    [waits] lets other tasks run meanwhile. It gives -ETIMEDOUT past the
 *          task's deadline, -ECANCELED once cancelled, and returns only when the
 *          kernel has let go of your buffer.
 */
#ifndef STOA_H
#define STOA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STOA_VERSION "0.1.0"
#define STOA_API __attribute__((visibility("default")))

typedef struct stoa_rt stoa_rt;             /* a runtime: cores, listeners, limits */
typedef struct stoa_task stoa_task;         /* a running function and what it owns */
typedef struct stoa_conn stoa_conn;         /* a byte stream: TCP or Unix */
typedef struct stoa_datagram stoa_datagram; /* one datagram that arrived, and who sent it */
typedef int64_t stoa_time;
typedef int stoa_fn(stoa_task *t, void *arg);
typedef int stoa_handler(stoa_conn *c, void *arg);
typedef int stoa_datagram_handler(stoa_datagram *d, void *arg);

struct stoa_str { /* borrowed bytes, not terminated */
    const char *p;
    size_t n;
};

#define STOA_US ((stoa_time)1000)
#define STOA_MS (1000 * STOA_US)
#define STOA_SEC (1000 * STOA_MS)
#define STOA_NEVER INT64_MAX

enum {
    STOA_EEOF = -5001,    /* the stream ended before what was asked for had come */
    STOA_EPROTO = -5003,  /* the peer broke the protocol */
    STOA_ETOOBIG = -5004, /* more than the limit allows */
};

/* What an error result means.                                                   [any]
 *   returns  a static sentence, never NULL. */
STOA_API const char *stoa_strerror(int err);

/* ---- runtime: no globals, no signal handlers, no thread before stoa_run ---- */

struct stoa_mem;
struct stoa_log;

struct stoa_options {           /* all zero is a good server */
    int cores;                  /* threads; 0 = the CPUs this process may use */
    int conns_max;              /* per core, then accepting pauses; 0 = what the descriptor limit
                                   allows, shared by the cores */
    size_t stack_bytes;         /* per task, above a guard page; 0 = 64 KiB */
    const char *io;             /* "uring", "epoll"; NULL = what works here */
    const struct stoa_mem *mem; /* allocator, see stoa/embed.h; NULL = malloc */
    const struct stoa_log *log; /* who hears of failed connections, see stoa/embed.h */
    const char *stages;         /* the stage clock (stoa/stage.h): NULL = on, in a file without a
                                   path; "off"; else where its file is to be. Until stoa_free */
};

/* Makes a runtime.
 *   returns  0; -ENOMEM; -EINVAL (an unknown io); -ENOSYS (io "uring" that this kernel lacks or
 *            forbids).
 *   ret      yours, to give to stoa_free. */
STOA_API int stoa_new(stoa_rt **ret, const struct stoa_options *opt);

/* Runs all cores until stoa_stop; the calling thread is the first of them.
 *   returns  0 after a stop; < 0 why a core could not start or go on. */
STOA_API int stoa_run(stoa_rt *rt);

/* Runs fn(task, arg) as a task of its own on the first core, once the runtime runs: for clients. Before
 * stoa_run. A runtime without listeners ends when all that was started so has ended.
 *   returns  0; -ENOMEM. fn's result < 0 ends stoa_run with it, as the first of them. */
STOA_API int stoa_start(stoa_rt *rt, stoa_fn *fn, void *arg);

/* Stops accepting, lets what runs finish for `grace`, then cancels it.          [any]
 * A second call with a shorter grace shortens it. */
STOA_API void stoa_stop(stoa_rt *rt, stoa_time grace);

/* Frees all of it. NULL is fine; not during stoa_run. */
STOA_API void stoa_free(stoa_rt *rt);

struct stoa_listen {       /* copied */
    const char *addr;      /* "host:port", ":port", "[::]:443", "unix:/path" */
    int backlog;           /* completed connections waiting for accept; 0 = somaxconn */
    stoa_time idle;        /* longest silence; 0 = 60 s; STOA_NEVER = no limit */
    stoa_handler *handler; /* one call, one task, per connection; 0 closes the connection in order,
                              a result < 0 resets it and is logged */
    void *arg;             /* seen by all cores: constant, or locked */
};

/* Binds and listens, on every address that the name has. Before stoa_run.
 *   returns  0; -EADDRINUSE, -EACCES, -EADDRNOTAVAIL, -EINVAL (an address that cannot be read) and
 *            what else bind(2) and listen(2) say; nothing is left open on failure. */
STOA_API int stoa_listen(stoa_rt *rt, const struct stoa_listen *l);

struct stoa_datagram_listen {       /* copied */
    const char *addr;               /* "host:port" */
    stoa_datagram_handler *handler; /* one call, one task, per datagram */
    void *arg;
};

/* As stoa_listen, for UDP. */
STOA_API int stoa_datagram_listen(stoa_rt *rt, const struct stoa_datagram_listen *l);

/* ---- connection ---- */

/* Reads what has arrived, waiting for at least one byte.                        [waits]
 *   returns  1..len; 0 when the peer has finished; -ETIMEDOUT, -ECANCELED, -ECONNRESET.
 *   buf      yours; untouched after the return, whatever it was.
 *   then     bytes already arrived are never lost to a cancellation or a deadline. */
STOA_API ssize_t stoa_read(stoa_conn *c, void *buf, size_t len);

/* Reads exactly len bytes.                                                      [waits]
 *   returns  0; STOA_EEOF when the peer finished first (what came is lost); else as stoa_read. */
STOA_API int stoa_read_all(stoa_conn *c, void *buf, size_t len);

/* Reads up to and including a line feed.                                        [waits]
 *   returns  0; STOA_EEOF at the end (ret is what came after the last line feed);
 *            STOA_ETOOBIG when no line feed is among the first max bytes.
 *   ret      borrowed until the next read from c; without the line feed and a CR before it. */
STOA_API int stoa_read_line(stoa_conn *c, struct stoa_str *ret, size_t max);

/* Writes all of it.                                                             [waits]
 *   returns  0; -EPIPE, -ECONNRESET, -ETIMEDOUT, -ECANCELED: part of it may have gone. */
STOA_API int stoa_write(stoa_conn *c, const void *buf, size_t len);

/* Says that no more will come from us (half-close: the peer reads its end of stream).
 *   returns  0; -ENOTCONN when the peer has reset. */
STOA_API int stoa_finish(stoa_conn *c);

/* The task that runs the connection's handler. Never NULL. */
STOA_API stoa_task *stoa_conn_task(stoa_conn *c);

/* ---- datagrams ---- */

/* What arrived. Borrowed as long as the task. */
STOA_API struct stoa_str stoa_datagram_bytes(const stoa_datagram *d);

/* Answers whoever sent it, from the address that it was sent to.
 *   returns  0; -EAGAIN when the send buffer is full (the datagram is dropped: UDP); < 0. */
STOA_API int stoa_datagram_reply(stoa_datagram *d, const void *buf, size_t len);

/* The task that runs the datagram's handler. Never NULL. */
STOA_API stoa_task *stoa_datagram_task(stoa_datagram *d);

/* ---- tasks: a child never outlives its parent ---- */

/* Starts fn(child, copy of *arg) as a child of t; it runs when t next waits.
 *   arg      copied to the child's stack, since a pointer into the parent's frame would dangle;
 *            len <= 256; with len 0 the child is given NULL.
 *   returns  0; -ENOMEM; -EINVAL (len). */
STOA_API int stoa_spawn(stoa_task *t, stoa_fn *fn, const void *arg, size_t len);

/* Waits for all children.                                                       [waits]
 *   returns  0 when all returned 0; the first result != 0 otherwise (< 0 failed, > 0 "I have the
 *            answer"), after the others were cancelled and have ended. When t itself is cancelled
 *            or past its deadline, the children are cancelled, have ended, and that is returned;
 *            as is -ENOMEM, when there is no room to wait. */
STOA_API int stoa_join(stoa_task *t);

/* Cancels t's children, not t: each of their waits returns -ECANCELED. They still must be
 * joined. */
STOA_API void stoa_cancel(stoa_task *t);

/* Sets the moment after which t's waits return -ETIMEDOUT; STOA_NEVER = none.
 *   returns  the old one, to put back. New children start with it. */
STOA_API stoa_time stoa_deadline(stoa_task *t, stoa_time when);

/* After a cancellation or a deadline: lets t wait again for `span`, to say goodbye. Once.
 *   returns  0; -EALREADY the second time. */
STOA_API int stoa_grace(stoa_task *t, stoa_time span);

/* Sleeps; span 0 lets the others run.                                           [waits]
 *   returns  0; -ETIMEDOUT, -ECANCELED; -ENOMEM (no room for one more timer). */
STOA_API int stoa_sleep(stoa_task *t, stoa_time span);

/* The monotonic clock, read once per turn of the core's loop. */
STOA_API stoa_time stoa_now(const stoa_task *t);

/* Zeroed memory that lives as long as t, aligned for anything.
 *   returns  NULL when there is none. */
STOA_API void *stoa_alloc(stoa_task *t, size_t n);

/* Runs fn(arg) when t's function has returned and its children have ended, last deferred first. fn
 * cannot wait: what would returns -ECANCELED at once.
 *   returns  0; -ENOMEM (fn has been run, so that nothing leaks). */
STOA_API int stoa_defer(stoa_task *t, void (*fn)(void *), void *arg);

/* Runs fn(NULL, arg) on a helper thread, for calls that block; it runs to its end, whatever
 * happens to t meanwhile.                                                       [waits]
 *   returns  what fn returned; -ENOMEM, -EAGAIN (no thread). */
STOA_API int stoa_offload(stoa_task *t, stoa_fn *fn, void *arg);

#ifdef __cplusplus
}
#endif
#endif
