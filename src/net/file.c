/* net/file.c -- sending a file: by sendfile(2) what is in memory, after reading it in on a helper
 * thread what is not, so that a slow disk holds up this task alone. */
#include "net/conn.h"
#include "net/record.h"

#include <errno.h>

enum {
    PIECE_BYTES = 1024 * 1024,  /* asked about, read in and sent at a time */
    SCRATCH_BYTES = 128 * 1024, /* the helper's buffer for reading in; a common readahead */
};

struct read_in {
    int file;
    off_t at;
    size_t n;
    const struct stoa_mem *mem;
};

/* Reads a range for its effect: its pages are in memory then. On a helper thread. */
static int read_in(const struct io_sys *sys, void *arg)
{
    struct read_in *want = arg;
    char *scratch = mem_alloc(want->mem, SCRATCH_BYTES);
    if (!scratch)
        return -ENOMEM;
    ssize_t n = 1;
    while (want->n > 0 && n > 0) {
        size_t part = want->n < SCRATCH_BYTES ? want->n : SCRATCH_BYTES;
        n = sys->read_at(sys, want->file, scratch, part, want->at, false);
        if (n > 0) {
            want->at += n;
            want->n -= (size_t)n;
        }
    }
    mem_free(want->mem, scratch, SCRATCH_BYTES);
    return n < 0 ? (int)n : 0;
}

/* Sees to it that the range is in memory.                                         [waits] */
static int bring_in(stoa_conn *c, int file, off_t at, size_t n)
{
    struct core *core = c->port->core;
    if (core->sys->is_cached(core->sys, file, at, n))
        return 0;
    struct read_in want = { .file = file, .at = at, .n = n, .mem = core->mem };
    return core_offload(core, read_in, &want);
}

/* Sends what the socket takes of n bytes that are in memory; w has the turn.       [waits]
 * When it did not take all it is full. Asked again at once it would take the little that the peer
 * has read meanwhile, again and again; a wait ends when there is room for much. */
static ssize_t send_piece(stoa_conn *c, struct conn_writer *w, int file, off_t at, size_t n)
{
    const struct io_sys *sys = c->port->core->sys;
    for (;;) {
        ssize_t sent = c->full ? -EAGAIN : sys->send_file(sys, c->recv.fd, file, &at, n);
        if (sent == 0)
            return STOA_EEOF;
        if (sent > 0) {
            conn_count_burst(c, (size_t)sent);
            c->held = false;
            c->full = (size_t)sent < n;
            return sent;
        }
        int r = sent == -EAGAIN ? conn_wait_writable(c, w) : (int)sent;
        if (r < 0)
            return r;
        c->full = false;
    }
}

ssize_t conn_send_file(stoa_conn *c, int file, off_t at, uint64_t n)
{
    struct conn_writer w;
    ssize_t r = conn_turn_begin(c, &w);
    if (r < 0)
        return r;
    size_t piece = n < PIECE_BYTES ? (size_t)n : PIECE_BYTES;
    r = conn_pause_burst(c);
    if (r == 0)
        r = bring_in(c, file, at, piece);
    if (r == 0)
        r = send_piece(c, &w, file, at, piece);
    conn_turn_end(c, &w);
    if (r >= 0 || r == STOA_EEOF)
        return r;
    return conn_failed(c, CONN_AT_WRITE, (int)r);
}
