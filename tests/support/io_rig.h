/* support/io_rig.h -- what the contract tests of io.h stand on: one struct io after the other, the
 * peers that talk to it, and a recorder of completions that checks the invariants on the way.
 *
 * The cases know nothing but io.h and this; an implementation with peers of its own (the
 * simulator's) joins as another line in rig_kinds[]. */
#ifndef SUPPORT_IO_RIG_H
#define SUPPORT_IO_RIG_H

#include "io/io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct rig {
    struct io *io;
    const struct io_sys *sys;
    const struct rig_peers *peers;
    int chunks; /* as in its kind */
    int burst;
    bool delivering; /* inside io_wait(): only there may completions come */
};

/* The other side, on its own descriptors; results >= 0 or -errno. Streams are nonblocking. */
struct rig_peers {
    int (*listen)(struct rig *r, int backlog); /* a stream listener of ours, with stamps on */
    int (*dial)(struct rig *r, int listener);  /* a peer, whose connection waits to be accepted */
    int (*queue_length)(struct rig *r, int listener); /* connections that wait there */
    ssize_t (*send)(struct rig *r, int peer, const void *p, size_t n);
    ssize_t (*receive)(struct rig *r, int peer, void *p, size_t n); /* -EAGAIN: nothing there */
    void (*finish)(struct rig *r, int peer);                        /* sends no more */
    void (*reset)(struct rig *r, int peer);                         /* and is closed */
    void (*close)(struct rig *r, int peer);
    void (*descriptors_left)(struct rig *r, int n); /* so many can be had; < 0: as before */
};

struct rig_kind {
    const char *name;
    int (*open)(struct rig *r, const char *name, const struct stoa_mem *mem);
    const struct rig_peers *peers;
    int chunks; /* of streams, that there are */
    int burst;  /* those that one stream gets in one wait, at most */
};

extern const struct rig_kind rig_kinds[];
extern const size_t rig_kinds_count;

struct rig_case {
    const char *name;
    void (*run)(struct rig *r);
    const char *not_under_valgrind; /* why it is skipped there, aloud; NULL = it is not */
};

/* Runs each case on each implementation, and checks that nothing is left open after it; one that
 * this machine does not have is skipped aloud. returns main()'s result. */
int rig_run(const struct rig_case *cases, size_t n);

/* ---- the recorder: an operation with what came of it ---- */

enum { RIG_RESULTS = 64 };

struct seen {
    struct io_op op;
    struct rig *rig;
    int count;                /* completions */
    int results[RIG_RESULTS]; /* the first of them */
    int last;                 /* the last one's, when ended */
    bool ended;
    bool hold;             /* keep chunks instead of freeing them */
    struct io_chunk *held; /* newest first */
    char *bytes;           /* all that came; freed by seen_done() */
    size_t n, room;
    int64_t stamp_ns;             /* of the last chunk */
    void (*then)(struct seen *s); /* at the end of each completion */
    void *arg;
};

void seen_init(struct seen *s, struct rig *r, enum io_kind kind, int fd);
void seen_submit(struct seen *s); /* succeeds */
void seen_free_held(struct seen *s);
void seen_done(struct seen *s); /* after its end */

/* Cancels it if need be, waits for its end, closes its descriptor. */
void seen_close(struct seen *s);

/* io_wait(), which must succeed. */
void rig_wait(struct rig *r, stoa_time until);
void rig_look(struct rig *r);                            /* only delivers what is there */
void rig_wait_end(struct rig *r, struct seen *s);        /* until s has ended */
void rig_wait_count(struct seen *s, int count);          /* until so many completions */
void rig_wait_bytes(struct seen *s, size_t bytes);       /* until so many bytes */
int rig_connect(struct rig *r, int listener, int *peer); /* a connection: ours; and its peer */
void rig_close(struct rig *r, int fd);

/* Nothing comes within a few milliseconds, and the wait does not return early again and again. */
void rig_quiet(struct rig *r);

#endif
