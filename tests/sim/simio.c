/* sim/simio.c -- one core's operations: see simio.h. */
#include "sim/simio.h"

#include "base/check.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct simchunk {
    struct io_chunk c; /* first */
    struct list node;  /* in simio.chunks */
    uint64_t mark;
    struct sockaddr_storage from;
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))]; /* datagrams */
    char *bytes; /* of exactly the length that came, so that reading past it is seen */
};

enum { UNDER_WAY = 1 };
#define MARK UINT64_C(0x11cc22dd33ee44ff)

static struct simio *simio_of(struct io *io)
{
    return list_owner(io, struct simio, io);
}

/* ---- chunks ---- */

static struct io_chunk *chunk_new(struct simio *s, size_t n)
{
    struct simchunk *c = calloc(1, sizeof(*c));
    check(c);
    c->mark = MARK;
    c->bytes = malloc(n ? n : 1);
    check(c->bytes);
    c->c.bytes = c->bytes;
    c->c.len = (uint32_t)n;
    list_push_back(&s->chunks, &c->node);
    return &c->c;
}

static void chunk_drop(struct simchunk *c)
{
    list_unlink(&c->node);
    c->mark = 0;
    free(c->bytes);
    free(c);
}

static void simio_chunk_free(struct io *io, struct io_chunk *chunk)
{
    struct simio *s = simio_of(io);
    struct simchunk *c = list_owner(chunk, struct simchunk, c);
    list_each (node, &s->chunks) {
        if (node != &c->node)
            continue;
        if (world_plants(s->w, PLANT_CHUNK_LOST))
            return;
        if (world_plants(s->w, PLANT_CHUNK_TWICE)) {
            list_unlink(&c->node);
            break;
        }
        chunk_drop(c);
        return;
    }
    world_fail(s->w, "chunk given back twice, or to another core");
}

static bool chunk_lack(struct simio *s)
{
    if (s->lack_until <= s->w->now && world_mishap(s->w, MISHAP_CHUNK_LACK))
        s->lack_until = s->w->now + world_between(s->w, 1, 20) * STOA_MS;
    return s->lack_until > s->w->now;
}

/* Receives into a new chunk. returns as vstream_recv. */
static ssize_t chunk_recv(struct simio *s, struct vstream *st, struct io_chunk **ret)
{
    size_t n = vstream_unread(st, SERVER);
    n = n < s->chunk_bytes ? n : s->chunk_bytes;
    if (n > 1 && world_mishap(s->w, MISHAP_RECV_SHORT))
        n = world_size(s->w, 1, n);
    if (n == 0)
        return vstream_recv(st, SERVER, NULL, 0);
    struct io_chunk *c = chunk_new(s, n);
    vstream_recv(st, SERVER, c->bytes, n);
    if (st->stamps)
        c->stamp_ns = world_real(s->w);
    if (world_plants(s->w, PLANT_RECV_FLIP))
        c->bytes[world_below(s->w, n)] ^= 2;
    if (n > 1 && world_plants(s->w, PLANT_RECV_DROP))
        c->len = (uint32_t)--n;
    *ret = c;
    return (ssize_t)n;
}

static int simio_recv_now(struct io *io, int fd, struct io_chunk **ret)
{
    struct simio *s = simio_of(io);
    struct vfd *f = vfd_get(s->k, fd, FD_STREAM, "recv_now");
    if (!f)
        return -EBADF;
    for (unsigned i = 0; i < s->slots_used; i++)
        if (s->slots[i].op && s->slots[i].op->fd == fd && s->slots[i].op->kind == IO_RECV)
            world_fail(s->w, "recv_now: a receive is under way on descriptor %d", fd);
    if (chunk_lack(s) || world_mishap(s->w, MISHAP_NOBUFS))
        return -ENOBUFS;
    vstream_settle(f->stream);
    int r = (int)chunk_recv(s, f->stream, ret);
    world_note(s->w, "recv_now", fd, r);
    return r;
}

/* ---- submitting ---- */

static enum vfd_kind kind_of_fd(uint8_t op_kind)
{
    return op_kind == IO_ACCEPT || op_kind == IO_RECV_FROM ? FD_PORT : FD_STREAM;
}

static bool is_of_a_kind_under_way(const struct simio *s, const struct io_op *op)
{
    for (unsigned i = 0; i < s->slots_used; i++) {
        const struct io_op *o = s->slots[i].op;
        if (o && o->fd == op->fd && o->kind == op->kind)
            return true;
    }
    return false;
}

static bool op_is_sound(struct simio *s, struct io_op *op)
{
    if (op->state) {
        world_fail(s->w, "submit: the operation is under way already");
        return false;
    }
    if (op->kind == IO_WORK)
        return true;
    struct vfd *f = vfd_get(s->k, op->fd, kind_of_fd(op->kind), "submit");
    if (!f)
        return false;
    if (is_of_a_kind_under_way(s, op))
        world_fail(s->w, "submit: two operations of kind %d on descriptor %d", op->kind, op->fd);
    f->users++;
    return true;
}

static unsigned slot_free(struct simio *s)
{
    unsigned i = 0;
    while (s->slots[i].op)
        check(++i < SLOTS);
    if (i == s->slots_used)
        s->slots_used++;
    return i;
}

static int simio_submit(struct io *io, struct io_op *op)
{
    struct simio *s = simio_of(io);
    if (world_mishap(s->w, MISHAP_SUBMIT))
        return op->kind == IO_WORK ? -EAGAIN : -ENOMEM;
    if (!op_is_sound(s, op))
        return -EBADF;
    unsigned i = slot_free(s);
    s->slots[i] = (struct slot){ .op = op };
    if (op->kind == IO_WORK)
        s->slots[i].due = s->w->now + (stoa_time)world_size(s->w, 1, 20000) * STOA_US;
    op->state = UNDER_WAY;
    op->flags = (uint16_t)i;
    world_note(s->w, "submit", op->kind, op->kind == IO_WORK ? s->index : op->fd);
    if (world_plants(s->w, PLANT_SUBMIT_TWICE))
        simio_submit(io, op);
    return 0;
}

static void simio_cancel(struct io *io, struct io_op *op)
{
    struct simio *s = simio_of(io);
    struct slot *slot = &s->slots[op->flags];
    if (op->state != UNDER_WAY || slot->op != op) {
        world_fail(s->w, "cancel: the operation is not under way");
        return;
    }
    if (op->kind == IO_WORK)
        world_fail(s->w, "cancel: of work that cannot be cancelled");
    world_note(s->w, "cancel", op->kind, op->fd);
    if (world_plants(s->w, PLANT_CANCEL_DEAF))
        return;
    slot->cancelled = true;
    slot->due = 0;
}

/* ---- harvesting ---- */

static bool slot_is_ready(const struct simio *s, const struct slot *slot)
{
    if (!slot->op || slot->ended || slot->due > s->w->now)
        return false;
    if (slot->op->kind == IO_WORK || slot->cancelled)
        return true;
    const struct vfd *f = &s->k->fds[slot->op->fd];
    switch (slot->op->kind) {
    case IO_ACCEPT: return vport_is_ready(f->port);
    case IO_RECV: return vstream_is_readable(f->stream, SERVER);
    case IO_RECV_FROM: return vport_has_datagram(&s->k->net, f->port);
    default: return vstream_is_writable(f->stream, SERVER);
    }
}

static void harvest(struct simio *s, struct slot *slot, int res, struct io_chunk *chunk, bool last)
{
    check(s->queued < COMPLETIONS);
    s->queue[s->queued++] = (struct completion){ slot->op, res, chunk, last };
    slot->ended = last;
}

static void harvest_accept(struct simio *s, struct slot *slot)
{
    int r = vkernel_accept(s->k, slot->op->fd);
    if (r != -EAGAIN)
        harvest(s, slot, r, NULL, r < 0);
}

static void harvest_recv(struct simio *s, struct slot *slot, struct vstream *st)
{
    struct io_chunk *c = NULL;
    if (vstream_unread(st, SERVER) && chunk_lack(s)) {
        slot->due = s->lack_until;
        return;
    }
    ssize_t r = chunk_recv(s, st, &c);
    if (r != -EAGAIN)
        harvest(s, slot, (int)r, c, r <= 0);
}

/* IP_PKTINFO. */
static void control_set(struct simchunk *c, const struct vdatagram *d)
{
    const struct sockaddr_in *to = (const void *)&d->to;
    struct in_pktinfo info = { .ipi_addr = to->sin_addr, .ipi_spec_dst = to->sin_addr };
    struct cmsghdr *head = (void *)c->control;
    *head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(info)),
                              .cmsg_level = IPPROTO_IP,
                              .cmsg_type = IP_PKTINFO };
    memcpy(CMSG_DATA(head), &info, sizeof(info));
    c->c.control = c->control;
    c->c.control_len = sizeof(c->control);
}

static void harvest_datagram(struct simio *s, struct slot *slot, struct vport *p)
{
    if (world_mishap(s->w, MISHAP_RECV_ENDS)) {
        harvest(s, slot, -ENOMEM, NULL, true);
        return;
    }
    struct vdatagram *d = vport_datagram(&s->k->net, p);
    struct io_chunk *c = chunk_new(s, d->n);
    if (d->n)
        memcpy(c->bytes, d->bytes, d->n);
    struct simchunk *sc = list_owner(c, struct simchunk, c);
    sc->from = d->from;
    c->from = (struct sockaddr *)&sc->from;
    c->from_len = d->from_len;
    control_set(sc, d);
    c->stamp_ns = world_real(s->w);
    harvest(s, slot, (int)d->n, c, false);
    free(d);
}

static void harvest_work(struct simio *s, struct slot *slot)
{
    struct io_work *work = list_owner(slot->op, struct io_work, op);
    s->k->helper = true;
    int r = work->fn(&s->k->sys, work->arg);
    s->k->helper = false;
    harvest(s, slot, r, NULL, true);
}

static void harvest_slot(struct simio *s, struct slot *slot)
{
    bool late = slot->cancelled && world_mishap(s->w, MISHAP_CANCEL_LATE);
    if (slot->cancelled && !late) {
        harvest(s, slot, -ECANCELED, NULL, true);
        return;
    }
    if (slot->op->kind == IO_WORK) {
        harvest_work(s, slot);
        return;
    }
    struct vfd *f = &s->k->fds[slot->op->fd];
    struct slot as_if = { .op = slot->op };
    if (!slot_is_ready(s, &as_if)) {
        slot->due = s->w->now + world_between(s->w, 1, 1000) * STOA_US;
        return;
    }
    switch (slot->op->kind) {
    case IO_ACCEPT: harvest_accept(s, slot); break;
    case IO_RECV: harvest_recv(s, slot, f->stream); break;
    case IO_RECV_FROM: harvest_datagram(s, slot, f->port); break;
    default: harvest(s, slot, 0, NULL, true); break;
    }
}

/* Takes what the operations give now, several things from each by chance. */
static void harvest_all(struct simio *s)
{
    unsigned from = (unsigned)world_below(s->w, s->slots_used);
    for (unsigned i = 0; i < s->slots_used; i++) {
        struct slot *slot = &s->slots[(from + i) % s->slots_used];
        while (slot_is_ready(s, slot) && s->queued < COMPLETIONS / 2) {
            if (world_mishap(s->w, MISHAP_DELAY))
                slot->due = s->w->now + (stoa_time)world_size(s->w, 1, 5000) * STOA_US;
            else
                harvest_slot(s, slot);
            if (world_below(s->w, 4) == 0)
                break;
        }
    }
}

/* ---- waiting ---- */

/* One of those that are queued; those of one operation in their order. */
static struct completion queue_pick(struct simio *s)
{
    unsigned i = (unsigned)world_below(s->w, s->queued), first = 0;
    while (s->queue[first].op != s->queue[i].op)
        first++;
    struct completion c = s->queue[first];
    s->queued--;
    memmove(&s->queue[first], &s->queue[first + 1], (s->queued - first) * sizeof(c));
    return c;
}

static void slot_end(struct simio *s, struct io_op *op)
{
    struct slot *slot = &s->slots[op->flags];
    if (op->kind != IO_WORK)
        s->k->fds[op->fd].users--;
    *slot = (struct slot){ .op = NULL };
    op->state = 0;
}

static void deliver(struct simio *s)
{
    struct completion c = queue_pick(s);
    struct io_op *op = c.op;
    void (*done)(struct io_op *, int, struct io_chunk *) = op->done;
    world_note(s->w, "complete", op->kind == IO_WORK ? -op->kind : op->fd, c.res);
    if (world_plants(s->w, PLANT_DONE_NEVER))
        return;
    if (c.is_last)
        slot_end(s, op);
    if (c.is_last && world_plants(s->w, PLANT_CANCEL_LATE))
        simio_cancel(&s->io, op);
    done(op, c.res, c.chunk);
    if (c.res <= 0 && world_plants(s->w, PLANT_DONE_TWICE))
        done(op, c.res, NULL);
}

static unsigned how_many(struct simio *s)
{
    if (s->queued > 1 && world_mishap(s->w, MISHAP_ONE_BY_ONE))
        return (unsigned)world_between(s->w, 1, s->queued);
    return s->queued;
}

static int simio_wait(struct io *io, stoa_time until)
{
    struct simio *s = simio_of(io);
    (void)until; /* whoever drives the cores has seen to it: core/sched knows it too */
    s->woken = false;
    vnet_settle(&s->k->net);
    s->io.now = s->k->sys.clock(&s->k->sys);
    if (s->slots_used)
        harvest_all(s);
    for (unsigned n = how_many(s); n > 0 && s->queued > 0; n--)
        deliver(s);
    return 0;
}

static void simio_wake(struct io *io)
{
    simio_of(io)->woken = true;
}

bool simio_is_ready(const struct simio *s)
{
    if (s->woken || s->queued || world_is_planted(s->w, PLANT_SPIN))
        return true;
    for (unsigned i = 0; i < s->slots_used; i++)
        if (slot_is_ready(s, &s->slots[i]))
            return true;
    return false;
}

stoa_time simio_next(const struct simio *s)
{
    stoa_time best = STOA_NEVER;
    for (unsigned i = 0; i < s->slots_used; i++) {
        const struct slot *slot = &s->slots[i];
        if (slot->op && !slot->ended && slot->due > s->w->now && slot->due < best)
            best = slot->due;
    }
    return best;
}

/* ---- beginning and end ---- */

static void simio_close(struct io *io)
{
    struct simio *s = simio_of(io);
    for (unsigned i = 0; i < s->slots_used; i++)
        if (s->slots[i].op)
            world_fail(s->w, "left under way: an operation of kind %d", s->slots[i].op->kind);
    if (!list_is_empty(&s->chunks))
        world_fail(s->w, "left: a chunk that was not given back");
    list_each (node, &s->chunks)
        chunk_drop(list_owner(node, struct simchunk, node));
}

static const struct io_ops ops = {
    .name = "sim",
    .submit = simio_submit,
    .cancel = simio_cancel,
    .wait = simio_wait,
    .wake = simio_wake,
    .recv_now = simio_recv_now,
    .chunk_free = simio_chunk_free,
    .close = simio_close,
};

void simio_init(struct simio *s, struct vkernel *k, int index)
{
    memset(s, 0, sizeof(*s));
    s->io = (struct io){ .ops = &ops, .sys = &k->sys, .now = k->sys.clock(&k->sys) };
    s->k = k;
    s->w = k->w;
    s->index = index;
    s->chunk_bytes = world_size(s->w, IO_CHUNK_BYTES, 16384);
    list_init(&s->chunks);
}
