/* app/log.c -- see log.h. The only room of app/ that calls the kernel itself: its thread is outside
 * of all cores, and what it waits for is not theirs.
 *
 * The thread rests for LOG_REST_MS after it has written, so that a busy server's lines go out in few
 * large writes, unless a buffer gets half full; when there was nothing to write it sleeps until
 * somebody adds a line. */
#include "app/log.h"

#include "app/ring.h"
#include "base/error.h"
#include "base/sys.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ROOM_BYTES = 256 * 1024,
    PIECE_BYTES = 4096,  /* a pipe that is ready takes so many without blocking */
    LAST_WAIT_MS = 1000, /* for an output that takes nothing, at the end */
    SAY_RESTS = 20       /* losses are told once in so many rests: once a second */
};

struct log_core {
    struct ring ring;
    struct log_second second;
    char line[LOG_LINE_MAX];
};

/* What the thread has lost and not told yet. */
struct losses {
    unsigned long long dropped, failed;
    int err;         /* of the last failure */
    bool is_failing; /* the last write did */
    unsigned rests;  /* since it was told */
};

struct access_log {
    struct log_options opt;
    pthread_t thread;
    int wake; /* an eventfd */
    atomic_bool sleeps, hurries, stops;
    bool in_line; /* the output stands in the middle of a line */
    struct losses losses;
    struct log_core cores[];
};

/* ---- the cores' side ---- */

static void wake(struct access_log *l)
{
    const uint64_t one = 1;
    ssize_t n = write(l->wake, &one, sizeof one);
    (void)n; /* it fails only when it is already set, 2^64 times over */
}

void log_add(struct access_log *l, int core, const struct log_entry *e)
{
    struct log_core *c = &l->cores[core];
    size_t n = log_line(c->line, l->opt.format, l->opt.color, e, &c->second);
    size_t waiting = ring_add(&c->ring, (struct stoa_str){ c->line, n });
    bool is_late = waiting > c->ring.room / 2 && !atomic_exchange(&l->hurries, true);
    if (is_late || (atomic_load(&l->sleeps) && atomic_exchange(&l->sleeps, false)))
        wake(l);
}

/* NETWORK is told later, and not with a request. */
static int spans_of(struct log_span *to, struct core *core, const struct http_facts *f)
{
    const struct stage_conn *c = conn_stage(http_conn(f->x));
    int n = 0;
    for (int i = 0; i < STOA_SPANS; i++) {
        const char *name = stage_head_name(core->stage.head, (enum stoa_span)i);
        if (i == STOA_SPAN_NETWORK || !name)
            continue;
        to[n++] = (struct log_span){ .name = name,
                                     .is_part = stage_span_is_part(i),
                                     .t = stage_request_time(f->stages, c, (enum stoa_span)i) };
    }
    return n;
}

static void observe(void *ctx, struct core *core, const struct http_facts *f)
{
    struct log_span spans[STOA_SPANS];
    struct addr addr;
    char peer[ADDR_TEXT_BYTES];
    const struct head *h = http_head(f->x);
    struct log_entry e = {
        .line = f->line,
        .real_ns = f->began_real_ns,
        .status = f->status,
        .bytes = f->body_bytes,
        .head_bytes = f->head_bytes,
        .body_in = f->request_body_bytes,
        .duration_ns = f->ended > f->began ? f->ended - f->began : 0,
        .cause = f->cause,
        .err = f->err,
    };
    if (f->stages) {
        e.spans = spans;
        e.spans_n = spans_of(spans, core, f);
        e.took_ns = stage_request_took(f->stages);
    }
    conn_peer(http_conn(f->x), &addr);
    e.peer = str_of(addr_format_host(&addr, peer, sizeof peer));
    if (f->line.n) { /* else the head could not be read */
        e.referer = head_value(h, FIELD_REFERER);
        e.user_agent = head_value(h, FIELD_USER_AGENT);
    }
    log_add(ctx, core->index, &e);
}

struct http_observer log_observer(struct access_log *l)
{
    return (struct http_observer){ observe, l };
}

/* ---- the thread's side ---- */

static void say(struct access_log *l, const char *text)
{
    if (l->opt.log)
        l->opt.log->say(l->opt.log->ctx, STOA_WARNING, text);
}

static void tell_losses(struct access_log *l)
{
    struct losses *lost = &l->losses;
    char text[200];
    if (lost->dropped) {
        snprintf(text, sizeof text,
                 "log.dropped: %llu %s of the access log dropped: its output is too slow",
                 lost->dropped, str_counted(lost->dropped, "line", "lines"));
        say(l, text);
    }
    if (lost->failed) {
        snprintf(text, sizeof text, "log.failed: %llu %s of the access log lost: %s", lost->failed,
                 str_counted(lost->failed, "line", "lines"), stoa_strerror(lost->err));
        say(l, text);
    }
    lost->dropped = lost->failed = 0;
    lost->rests = 0;
}

/* Writes a piece, waiting while the output takes nothing; once stopped, not longer than
 * LAST_WAIT_MS in all.
 *   returns  how many bytes it took; < 0. */
static ssize_t write_piece(struct access_log *l, struct stoa_str s)
{
    struct pollfd out = { l->opt.fd, POLLOUT, 0 };
    int r;
    do
        r = sys_int(poll(&out, 1, l->losses.err == -ETIMEDOUT ? 0 : LAST_WAIT_MS));
    while (r == 0 && !atomic_load(&l->stops));
    if (r <= 0)
        return r < 0 ? r : -ETIMEDOUT;
    return sys_size(write(l->opt.fd, s.p, s.n < PIECE_BYTES ? s.n : PIECE_BYTES));
}

/* Whether it is worth trying again at once: somebody else wrote to the terminal, or the like. */
static bool is_passing(struct access_log *l, ssize_t r)
{
    return (r == -EAGAIN || r == -EINTR) && !atomic_load(&l->stops);
}

/* Writes a piece of s, waiting while it is worth it.
 *   returns  how many bytes were taken; < 0: none will be, now. */
static ssize_t write_some(struct access_log *l, struct stoa_str s)
{
    ssize_t n;
    do
        n = write_piece(l, s);
    while (is_passing(l, n));
    if (n > 0)
        l->in_line = s.p[n - 1] != '\n';
    return n;
}

/* Ends a line that a failure cut short, so that the next one stands alone. */
static ssize_t end_line(struct access_log *l)
{
    return l->losses.is_failing && l->in_line ? write_some(l, STR("\n")) : 0;
}

/* Drops all that waits, whole lines but for the first, and counts it. */
static void lose(struct access_log *l, struct ring *r, int err)
{
    bool is_new = !l->losses.is_failing;
    size_t waiting = ring_waiting(r);
    while (waiting) {
        struct stoa_str s = ring_peek(r);
        if (s.n > waiting)
            s.n = waiting;
        for (size_t i = 0; i < s.n; i++)
            l->losses.failed += s.p[i] == '\n';
        ring_take(r, s.n);
        waiting -= s.n;
    }
    l->losses.err = err;
    l->losses.is_failing = true;
    if (is_new)
        tell_losses(l);
}

/* Writes out what waits. returns whether there was anything. */
static bool write_ring(struct access_log *l, struct ring *r)
{
    bool any = false;
    struct stoa_str s;
    while ((s = ring_peek(r)).n) {
        any = true;
        ssize_t n = end_line(l);
        if (n >= 0)
            n = write_some(l, s);
        if (n < 0) {
            lose(l, r, (int)n);
            continue;
        }
        l->losses.is_failing = false;
        ring_take(r, (size_t)n);
    }
    l->losses.dropped += atomic_exchange_explicit(&r->dropped, 0, memory_order_relaxed);
    return any;
}

static bool write_all(struct access_log *l)
{
    bool any = false;
    atomic_store(&l->hurries, false);
    for (int i = 0; i < l->opt.cores; i++)
        any = write_ring(l, &l->cores[i].ring) || any;
    return any;
}

static void wait_for_wake(struct access_log *l, int ms)
{
    struct pollfd in = { l->wake, POLLIN, 0 };
    uint64_t count;
    if (poll(&in, 1, ms) > 0) {
        ssize_t n = read(l->wake, &count, sizeof count);
        (void)n; /* one thread reads: it cannot be empty */
    }
}

static void sleep_until_added(struct access_log *l)
{
    atomic_store(&l->sleeps, true);
    bool is_empty = true;
    for (int i = 0; i < l->opt.cores; i++)
        is_empty = is_empty && ring_is_empty(&l->cores[i].ring);
    if (is_empty && !atomic_load(&l->stops))
        wait_for_wake(l, -1);
    atomic_store(&l->sleeps, false);
}

static void *run(void *arg)
{
    struct access_log *l = arg;
    bool stops;
    do {
        stops = atomic_load(&l->stops); /* before the last look: what was added by then is seen */
        bool any = write_all(l);
        if (stops || !any || ++l->losses.rests >= SAY_RESTS)
            tell_losses(l);
        if (!stops && any)
            wait_for_wake(l, LOG_REST_MS);
        else if (!stops)
            sleep_until_added(l);
    } while (!stops);
    return NULL;
}

/* ---- life ---- */

/* The thread must not take the signals that the program waits for, nor a SIGPIPE. */
static int start(struct access_log *l)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int r = -pthread_create(&l->thread, NULL, run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

static size_t bytes_of(const struct log_options *opt)
{
    return sizeof(struct access_log) + (size_t)opt->cores * sizeof(struct log_core);
}

static void release(struct access_log *l)
{
    const struct log_options opt = l->opt;
    for (int i = 0; i < opt.cores; i++)
        ring_done(&l->cores[i].ring, opt.mem);
    if (l->wake >= 0)
        close(l->wake);
    mem_free(opt.mem, l, bytes_of(&opt));
}

static int open_all(struct access_log *l)
{
    for (int i = 0; i < l->opt.cores; i++)
        if (ring_init(&l->cores[i].ring, l->opt.mem, l->opt.room) < 0)
            return -ENOMEM;
    l->wake = sys_int(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return l->wake < 0 ? l->wake : start(l);
}

int log_new(struct access_log **ret, const struct log_options *opt)
{
    struct log_options o = *opt;
    if (!o.mem)
        o.mem = &mem_default;
    if (o.room == 0)
        o.room = ROOM_BYTES;
    struct access_log *l = mem_zalloc(o.mem, bytes_of(&o));
    if (!l)
        return -ENOMEM;
    l->opt = o;
    l->wake = -1;
    int r = open_all(l);
    if (r < 0)
        release(l);
    else
        *ret = l;
    return r;
}

void log_free(struct access_log *l)
{
    if (!l)
        return;
    atomic_store(&l->stops, true);
    wake(l);
    pthread_join(l->thread, NULL);
    release(l);
}
