/* http/out.c -- see out.h. */
#include "http/out.h"
#include "base/check.h"
#include "http/stages.h"

enum {
    COPY_BYTES = 4096,   /* a body up to this is copied behind its head */
    PIECE_BYTES = 131072 /* of a body: a client that takes less in send_within is given up */
};

/* Notes how sending ended. */
static int sent(stoa_http *x, const struct within *w, int r)
{
    bool ours = within_end(w);
    x->out_n = x->reply_at = 0;
    x->reply_gone = true;
    if (r >= 0)
        return 0;
    x->lost = r;
    if (r == STOA_EEOF)
        x->cause = "close.file_shrank";
    else
        x->cause = r == -ETIMEDOUT && ours ? "close.send_timeout" : "close.client_gone";
    return r;
}

/* Once for each reply; the time counts as the sending's. */
static int be_late(stoa_http *x)
{
    if (x->reply.paused || x->reply.phase == REPLY_NONE)
        return 0;
    x->reply.paused = true;
    enum stoa_span was = stages_sends(x, STOA_SPAN_SEND);
    stoa_time gone = core_moment(x->core) - core_now(x->core); /* of this turn */
    int r = stoa_sleep(x->task, gone + x->s->write_late);
    stages_sends(x, was);
    return r;
}

/* Sends what is held back and n bytes of p. */
static int send_now(stoa_http *x, const void *p, size_t n, bool more)
{
    if (x->lost)
        return x->lost;
    if (x->out_n + n == 0)
        return 0;
    int late = x->s && x->s->write_late ? be_late(x) : 0;
    if (late < 0)
        return late;
    struct iovec v[2] = { { x->out, x->out_n }, { (void *)(uintptr_t)p, n } };
    struct within w = within_begin(x, x->s->send_within);
    int at = x->out_n ? 0 : 1;
    x->sending = true;
    int r = conn_write(x->c, v + at, (n ? 2 : 1) - at, more);
    x->sending = false;
    return sent(x, &w, r);
}

int out_flush(stoa_http *x)
{
    return send_now(x, NULL, 0, false);
}

int out_finish(stoa_http *x)
{
    return send_now(x, NULL, 0, true);
}

int out_put_and_send(stoa_http *x, const char *p, size_t n)
{
    size_t room;
    while (n > (room = OUT_BYTES - x->out_n)) {
        memcpy(x->out + x->out_n, p, room);
        x->out_n += room;
        p += room;
        n -= room;
        int r = out_flush(x);
        if (r < 0)
            return r;
    }
    return out_put(x, p, n);
}

/* The last n bytes of a body, which were counted as sent already, do not go out after all. */
static int left_over(stoa_http *x, uint64_t n, int r)
{
    if (r < 0)
        x->reply.sent -= n;
    return r;
}

int out_body(stoa_http *x, const void *p, size_t n)
{
    if (n == 0)
        return x->lost;
    if (n <= COPY_BYTES)
        return left_over(x, n, out_put(x, p, n));
    for (const char *from = p; n > 0;) {
        size_t piece = n < PIECE_BYTES ? n : PIECE_BYTES;
        int r = send_now(x, from, piece, piece < n);
        if (r < 0)
            return left_over(x, n, r);
        from += piece;
        n -= piece;
    }
    return 0;
}

int out_file(stoa_http *x, int file, off_t at, uint64_t n)
{
    int r = n ? send_now(x, NULL, 0, true) : x->lost;
    while (r == 0 && n > 0) {
        struct within w = within_begin(x, x->s->send_within);
        ssize_t some = conn_send_file(x->c, file, at, n);
        r = sent(x, &w, some < 0 ? (int)some : 0);
        if (r < 0)
            break;
        at += some;
        n -= (uint64_t)some;
    }
    return left_over(x, n, r);
}

void out_watch(stoa_http *x)
{
    if (x->reply_at || x->times.first)
        sched_post(&x->core->sched, &x->wait);
}

/* The core has come to its next job, and the handler has not returned. */
void out_handler_waits(struct job *j)
{
    stoa_http *x = list_owner(j, stoa_http, wait);
    stages_handler_waits(x);
    if (x->sending || x->lost || x->reply_at == 0)
        return;
    ssize_t n = conn_write_now(x->c, x->out, x->reply_at);
    if (n <= 0)
        return; /* the next flush will see */
    x->out_n -= (size_t)n;
    x->reply_at -= (size_t)n;
    memmove(x->out, x->out + n, x->out_n);
}
