/* tool/call/raw.c -- a raw peer, over TCP, UDP or a Unix socket: what is given, or standard input, to
 * the peer, and what the peer sends to where it goes. One task reads from the peer, its child reads
 * our input; each waits for itself.
 *
 * The end: ours is passed on as a half-close, the peer's ends the call. Datagrams know no end: with
 * DATA the first answer is it, else a silence of a second after our input's. */
#include "base/cause.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/sys.h"
#include "tool/call/run.h"

#include <unistd.h>

enum { STREAM_BYTES = 65536, DATAGRAM_BYTES = 65536, INPUT_DATAGRAM_BYTES = 16384 };

static const stoa_time answer_within = 3 * STOA_SEC, quiet_within = STOA_SEC;

struct talk {
    struct call *c;
    stoa_task *reader;
    stoa_conn *conn;
    bool is_udp;
    stoa_time began;      /* connected */
    stoa_time first_read; /* 0 = nothing came */
    bool all_sent;        /* our input came to its end, */
    int send_err;         /* or < 0: it did not; */
    bool cannot_read;     /* it is our input's error */
};

static struct stoa_http_report *numbers(const struct talk *k)
{
    return &k->c->report.last->report;
}

/* ---- ours to the peer ---- */

/* Datagrams: from now on the reader waits for so long, and for no longer than -m. */
static void set_patience(struct talk *k, stoa_time now)
{
    bool is_answered = k->first_read != 0;
    stoa_time patience = is_answered ? quiet_within : answer_within;
    stoa_time limit = k->c->end.when;
    if (limit == STOA_NEVER || is_answered)
        limit = now + patience < limit ? now + patience : limit;
    stoa_deadline(k->reader, limit);
}

static int send_some(struct talk *k, const void *p, size_t n)
{
    stoa_time began = call_clock();
    int r = stoa_write(k->conn, p, n);
    if (r < 0)
        return r;
    struct stoa_http_report *h = numbers(k);
    h->request_bytes += n;
    h->write_took = (h->write_took < 0 ? 0 : h->write_took) + call_clock() - began;
    return 0;
}

static int send_input(stoa_task *t, struct talk *k)
{
    size_t room = k->is_udp ? INPUT_DATAGRAM_BYTES : STREAM_BYTES;
    char *buf = stoa_alloc(t, room);
    ssize_t n = buf ? 0 : -ENOMEM;
    int r = 0;
    while (r == 0 && buf && (n = call_fd_read(t, &k->c->end, STDIN_FILENO, buf, room)) > 0)
        r = send_some(k, buf, (size_t)n);
    if (n == -EBADF) /* a closed standard input has ended */
        n = 0;
    k->cannot_read = n < 0 && n != -ECANCELED && n != -ETIMEDOUT;
    return n < 0 ? (int)n : r;
}

/* Then what it said before is still worth reading, and its end will come. */
static bool has_peer_left(int err)
{
    return err == -EPIPE || err == -ECONNRESET || err == -ENOTCONN;
}

static int send_all(stoa_task *t, void *arg)
{
    struct talk *k = *(struct talk **)arg;
    const struct call_options *o = &k->c->o;
    int r = o->has_body ? send_some(k, o->body.p, o->body.n) : send_input(t, k);
    if (r == 0 && !k->is_udp)
        r = stoa_finish(k->conn);
    k->send_err = r;
    k->all_sent = r == 0;
    if (r < 0 && !has_peer_left(r))
        stoa_deadline(k->reader, stoa_now(t));
    else if (k->is_udp)
        set_patience(k, stoa_now(t));
    return 0; /* the reader sees what became of it, and decides */
}

/* ---- the peer's to us ---- */

static bool is_enough(const struct talk *k)
{
    return k->is_udp && k->c->o.has_body;
}

/* returns 0 at the end; < 0 as stoa_read; 1 when the report says already why it ends. */
static int receive_all(stoa_task *t, struct talk *k)
{
    char *buf = stoa_alloc(t, k->is_udp ? DATAGRAM_BYTES : STREAM_BYTES);
    struct stoa_http_report *h = numbers(k);
    if (!buf)
        return -ENOMEM;
    for (;;) {
        ssize_t n = stoa_read(k->conn, buf, k->is_udp ? DATAGRAM_BYTES : STREAM_BYTES);
        if (n < 0 || (n == 0 && !k->is_udp))
            return (int)n;
        stoa_time now = call_clock();
        if (k->first_read == 0) {
            k->first_read = now;
            h->wait_took = now - k->began;
        }
        h->read_took = now - k->first_read;
        h->reply_body_bytes += (uint64_t)n;
        if (!call_write(t, k->c, buf, (size_t)n))
            return 1;
        if (is_enough(k))
            return 0;
        if (k->is_udp && k->all_sent)
            set_patience(k, now);
    }
}

/* ---- how it ended ---- */

static void fail_by(struct call *c, const char *id, int err)
{
    call_fail(c, stoa_cause_find(id), err, NULL);
}

static void explain_datagrams(stoa_task *t, struct talk *k, int err)
{
    bool is_answered = k->first_read != 0;
    if (err == -ECONNREFUSED)
        fail_by(k->c, "connect.refused_udp", err);
    else if (err != -ETIMEDOUT)
        call_fail(k->c, cause_of(STOA_STAGE_CONNECT, err), err, NULL);
    else if (!is_answered)
        fail_by(k->c, "reply.none_udp", err);
    else if (call_is_late(t, k->c) && !k->all_sent)
        fail_by(k->c, "reply.deadline", err);
    /* else it is the silence that ends it */
}

static void explain_stream(struct talk *k, int err)
{
    const struct stoa_http_report *h = numbers(k);
    bool is_answered = k->first_read != 0;
    if (err == -ETIMEDOUT)
        fail_by(k->c, is_answered || h->request_bytes == 0 ? "reply.deadline" : "reply.timeout",
                err);
    else if (err == -ECONNRESET || err == -EPIPE)
        fail_by(k->c,
                is_answered             ? "reply.reset_within"
                : h->request_bytes == 0 ? "reply.reset_before"
                                        : "reply.reset_after_request",
                err);
    else
        call_fail(k->c, cause_of(STOA_STAGE_REPLY, err), err, NULL);
}

static void explain(stoa_task *t, struct talk *k, int err)
{
    if (err == -ECANCELED)
        call_trouble(k->c, EXIT_INTERRUPTED, "interrupted");
    else if (err == -ENOMEM)
        call_trouble(k->c, EXIT_INTERNAL, "there is no memory for what the peer sends");
    else if (k->is_udp)
        explain_datagrams(t, k, err);
    else
        explain_stream(k, err);
}

/* Did the peer take all that we had, and could we read it? */
static void check_sent(stoa_task *t, struct talk *k)
{
    int err = k->send_err;
    if (has_peer_left(err))
        fail_by(k->c, "request.reset", err);
    else if (err == -EMSGSIZE)
        call_trouble(k->c, EXIT_USAGE, "a datagram holds at most 65,507 bytes");
    else if (err < 0 && k->cannot_read)
        call_trouble(k->c, EXIT_INTERNAL, "cannot read standard input: %s (%s)", stoa_strerror(err),
                     error_name(err));
    else if (err < 0)
        explain(t, k, err);
}

static void talk(stoa_task *t, struct talk *k)
{
    struct call_exchange *x = k->c->report.last;
    stoa_deadline(t, k->c->end.when);
    int r = stoa_spawn(t, send_all, &k, sizeof(struct talk *));
    if (r == 0)
        r = receive_all(t, k);
    call_end_now(&k->c->end);
    stoa_cancel(t);
    stoa_join(t);
    bool is_cut_short = r == -ETIMEDOUT && k->send_err < 0 && !has_peer_left(k->send_err);
    if (r == 0 && k->send_err == -ECANCELED)
        k->send_err = 0; /* by us: the peer has finished first */
    if (is_cut_short || r == 0)
        check_sent(t, k);
    else if (r < 0)
        explain(t, k, r);
    x->is_whole = r == 0;
}

static void fail_dial(struct call *c, int err)
{
    const struct stoa_report *d = &c->report.last->report.dial;
    if (err == -ECANCELED)
        call_trouble(c, EXIT_INTERRUPTED, "interrupted");
    else if (err == -ENOMEM && !d->cause)
        call_trouble(c, EXIT_INTERNAL, "there is no memory for the connection");
    else
        call_fail(c, d->cause ? d->cause : cause_of(STOA_STAGE_CONNECT, err), err, d->detail);
}

int call_raw(stoa_task *t, struct call *c)
{
    struct call_exchange *x = call_report_add(&c->report);
    struct talk *k = stoa_alloc(t, sizeof *k);
    if (!x || !k) {
        call_trouble(c, EXIT_INTERNAL, "there is no memory for the connection");
        return 0;
    }
    x->place = c->o.place;
    x->at = call_options_at(&c->o, &x->place);
    *k = (struct talk){ .c = c, .reader = t, .is_udp = c->o.scheme == CALL_UDP };
    int r = stoa_dial(t, &k->conn,
                      &(struct stoa_dial){ .addr = c->o.addr,
                                           .family = c->o.family,
                                           .at = x->at,
                                           .within = call_left(t, c),
                                           .report = &x->report.dial });
    if (r < 0) {
        fail_dial(c, r);
        return 0;
    }
    const struct stoa_try *won = call_report_try(x);
    snprintf(x->report.local, sizeof x->report.local, "%s", won ? won->from : "");
    snprintf(x->report.peer, sizeof x->report.peer, "%s", won ? won->to : "");
    call_tell(c);
    k->began = call_clock();
    if (call_open_out(c))
        talk(t, k);
    stoa_close(k->conn);
    return 0;
}
