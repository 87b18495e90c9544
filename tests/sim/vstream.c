/* sim/vstream.c -- a virtual TCP connection: see vstream.h. */
#include "sim/vstream.h"

#include "base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MORE_MS = 200 }; /* Linux holds a MSG_MORE segment back so long */

static enum side other(enum side a)
{
    return a == SERVER ? CLIENT : SERVER;
}

struct vstream *vstream_new(struct world *w, int id, size_t room_up, size_t room_down)
{
    struct vstream *s = calloc(1, sizeof(*s));
    check(s);
    list_init(&s->node);
    list_init(&s->waiting);
    s->w = w;
    s->id = id;
    s->disasters = w->disasters;
    s->segment_max = 65536;
    s->end[CLIENT].open = true;
    s->end[SERVER].open = true;
    s->end[SERVER].in.room = room_up;
    s->end[CLIENT].in.room = room_down;
    for (int i = 0; i < 2; i++) {
        s->end[i].in.bytes = malloc(s->end[i].in.room);
        check(s->end[i].in.bytes);
    }
    return s;
}

void vstream_free(struct vstream *s)
{
    list_unlink(&s->node);
    list_unlink(&s->waiting);
    free(s->end[0].in.bytes);
    free(s->end[1].in.bytes);
    free(s);
}

/* ---- arriving ---- */

static struct segment *segment_first(struct pipe *p)
{
    return p->count ? &p->segments[p->first] : NULL;
}

static void reset_send(struct vstream *s, enum side to, stoa_time at)
{
    struct end *e = &s->end[to];
    if (!s->vanished && !e->was_reset && (e->reset_at == 0 || e->reset_at > at))
        e->reset_at = at;
}

/* What was under way will not arrive. */
static void pipe_forget(struct pipe *p)
{
    p->written = p->arrived;
    p->count = 0;
    p->fin_at = 0;
}

static void segments_arrive(struct vstream *s, enum side at)
{
    struct end *e = &s->end[at];
    struct segment *seg;
    while ((seg = segment_first(&e->in)) && seg->at <= s->w->now) {
        e->in.arrived = seg->end;
        e->in.first = (e->in.first + 1) % SEGMENTS;
        e->in.count--;
        if (!e->open || e->was_reset) {
            e->in.read = e->in.arrived;
            reset_send(s, other(at), seg->at + s->latency);
        }
    }
}

static bool fin_arrived(const struct vstream *s, const struct pipe *p)
{
    return p->fin_at && p->fin_at <= s->w->now && p->arrived == p->written;
}

static void reset_arrives(struct vstream *s, enum side at)
{
    struct end *e = &s->end[at];
    e->err = fin_arrived(s, &e->in) ? -EPIPE : -ECONNRESET;
    e->was_reset = true;
    e->reset_at = 0;
    pipe_forget(&e->in);
    pipe_forget(&s->end[other(at)].in);
    if (at == CLIENT && s->harsh)
        e->in.read = e->in.arrived;
}

void vstream_settle(struct vstream *s)
{
    if (s->vanished)
        return;
    for (int at = 0; at < 2; at++)
        segments_arrive(s, (enum side)at);
    for (int at = 0; at < 2; at++)
        if (s->end[at].reset_at && s->end[at].reset_at <= s->w->now)
            reset_arrives(s, (enum side)at);
}

static stoa_time sooner(const struct vstream *s, stoa_time best, stoa_time at)
{
    return at > s->w->now && at < best ? at : best;
}

stoa_time vstream_next(const struct vstream *s)
{
    stoa_time best = STOA_NEVER;
    if (s->port || s->refused)
        best = sooner(s, best, s->here_at);
    for (int i = 0; i < 2 && !s->vanished; i++) {
        const struct pipe *p = &s->end[i].in;
        if (p->count)
            best = sooner(s, best, p->segments[p->first].at);
        best = sooner(s, best, p->fin_at);
        best = sooner(s, best, s->end[i].reset_at);
    }
    return best;
}

/* ---- sending ---- */

size_t vstream_room(const struct vstream *s, enum side from)
{
    const struct pipe *p = &s->end[other(from)].in;
    return p->room - (size_t)(p->written - p->read);
}

/* The moment at which what is sent now arrives: not before what was sent earlier. */
static stoa_time arrival(struct vstream *s, struct pipe *p)
{
    stoa_time at = s->w->now + s->latency + (stoa_time)world_below(s->w, (uint64_t)s->latency + 1);
    p->newest = at > p->newest ? at : p->newest;
    return p->newest;
}

/* More follows what was held back: that goes too. */
static void segments_release(struct vstream *s, struct pipe *p)
{
    bool held = false;
    for (unsigned i = 0; i < p->count; i++)
        held |= p->segments[(p->first + i) % SEGMENTS].held;
    if (!held)
        return;
    stoa_time at = s->w->now + s->latency;
    for (unsigned i = 0; i < p->count; i++) {
        struct segment *seg = &p->segments[(p->first + i) % SEGMENTS];
        seg->held = false;
        seg->at = seg->at < at ? seg->at : at;
    }
    p->newest = at;
}

static void segment_add(struct vstream *s, struct pipe *p, uint64_t end, bool held)
{
    stoa_time at = arrival(s, p);
    if (held)
        p->newest = at += MORE_MS * STOA_MS;
    if (p->count == SEGMENTS) {
        p->segments[(p->first + p->count - 1) % SEGMENTS] = (struct segment){ end, at, held };
        return;
    }
    p->segments[(p->first + p->count++) % SEGMENTS] = (struct segment){ end, at, held };
}

static void ring_put(struct pipe *p, const char *from, size_t n)
{
    size_t at = (size_t)(p->written % p->room), first = p->room - at < n ? p->room - at : n;
    memcpy(p->bytes + at, from, first);
    memcpy(p->bytes, from + first, n - first);
    p->written += n;
}

static void ring_get(struct pipe *p, char *to, size_t n)
{
    size_t at = (size_t)(p->read % p->room), first = p->room - at < n ? p->room - at : n;
    memcpy(to, p->bytes + at, first);
    memcpy(to + first, p->bytes, n - first);
    p->read += n;
}

static int err_take(struct end *e)
{
    int err = e->err;
    e->err = 0;
    return err;
}

ssize_t vstream_send(struct vstream *s, enum side from, const void *p, size_t n, bool more)
{
    vstream_settle(s);
    struct end *e = &s->end[from];
    struct pipe *to = &s->end[other(from)].in;
    if (e->err)
        return err_take(e);
    if (e->was_reset || to->fin_at)
        return -EPIPE;
    size_t room = vstream_room(s, from);
    if (n > 0 && room == 0)
        return -EAGAIN;
    more &= n < room; /* a full buffer is sent, whatever follows */
    n = n < room ? n : room;
    segments_release(s, to);
    for (size_t sent = 0; sent < n;) {
        size_t piece = n - sent < s->segment_max ? n - sent : s->segment_max;
        ring_put(to, (const char *)p + sent, piece);
        sent += piece;
        segment_add(s, to, to->written, more && sent == n);
    }
    return (ssize_t)n;
}

/* ---- receiving ---- */

size_t vstream_unread(const struct vstream *s, enum side at)
{
    return (size_t)(s->end[at].in.arrived - s->end[at].in.read);
}

bool vstream_is_readable(const struct vstream *s, enum side at)
{
    const struct end *e = &s->end[at];
    return vstream_unread(s, at) || e->err || e->was_reset || fin_arrived(s, &e->in);
}

/* Linux calls a stream writable when a third of the buffer is free. */
bool vstream_is_writable(const struct vstream *s, enum side from)
{
    const struct end *e = &s->end[from];
    const struct pipe *to = &s->end[other(from)].in;
    return e->err || e->was_reset || to->fin_at || vstream_room(s, from) * 3 >= to->room;
}

ssize_t vstream_recv(struct vstream *s, enum side at, void *p, size_t n)
{
    vstream_settle(s);
    struct end *e = &s->end[at];
    size_t have = vstream_unread(s, at);
    if (have) {
        n = n < have ? n : have;
        ring_get(&e->in, p, n);
        return (ssize_t)n;
    }
    if (e->err)
        return err_take(e);
    return e->was_reset || fin_arrived(s, &e->in) ? 0 : -EAGAIN;
}

/* ---- ending ---- */

int vstream_shutdown(struct vstream *s, enum side at, int how)
{
    vstream_settle(s);
    if (s->end[at].was_reset)
        return -ENOTCONN;
    struct pipe *to = &s->end[other(at)].in;
    if (how != SHUT_RD && to->fin_at == 0) {
        segments_release(s, to);
        to->fin_at = arrival(s, to);
    }
    return 0;
}

void vstream_reset(struct vstream *s, enum side at)
{
    vstream_settle(s);
    struct end *e = &s->end[at];
    if (e->was_reset)
        return;
    struct pipe *to = &s->end[other(at)].in;
    stoa_time when = s->w->now + s->latency;
    if (world_below(s->w, 2) && to->newest > when) /* what is on its way arrives first, or not */
        when = to->newest;
    e->was_reset = true;
    e->reset_at = 0;
    e->in.read = e->in.arrived;
    pipe_forget(&e->in);
    reset_send(s, other(at), when);
}

void vstream_close(struct vstream *s, enum side at)
{
    vstream_settle(s);
    struct end *e = &s->end[at];
    if (e->linger0 || vstream_unread(s, at))
        vstream_reset(s, at);
    else
        vstream_shutdown(s, at, SHUT_WR);
    e->open = false;
}

void vstream_cut(struct vstream *s)
{
    vstream_settle(s);
    s->cut = true;
    reset_send(s, SERVER, s->w->now + 1);
    reset_send(s, CLIENT, s->w->now + 1);
}

void vstream_vanish(struct vstream *s)
{
    vstream_settle(s);
    s->cut = true;
    s->vanished = true;
}
