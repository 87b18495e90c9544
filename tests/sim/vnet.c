/* sim/vnet.c -- virtual sockets: see vnet.h. */
#include "sim/vnet.h"

#include "base/check.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

void vnet_init(struct vnet *net, struct world *w)
{
    *net = (struct vnet){ .w = w, .vport_next = 30000 };
    list_init(&net->ports);
    list_init(&net->streams);
    list_init(&net->datagrams);
}

static void datagrams_free(struct list *l)
{
    list_each (node, l) {
        list_unlink(node);
        free(list_owner(node, struct vdatagram, node));
    }
}

void vnet_done(struct vnet *net)
{
    list_each (node, &net->streams)
        vstream_free(list_owner(node, struct vstream, node));
    datagrams_free(&net->datagrams);
    list_each (node, &net->ports) {
        struct vport *p = list_owner(node, struct vport, node);
        datagrams_free(&p->datagrams);
        list_unlink(node);
        free(p);
    }
}

struct vport *vport_new(struct vnet *net, int family, int type)
{
    struct vport *p = calloc(1, sizeof(*p));
    check(p);
    p->family = family;
    p->type = type;
    list_init(&p->queue);
    list_init(&p->datagrams);
    list_push_back(&net->ports, &p->node);
    return p;
}

void vport_free(struct vnet *net, struct vport *p)
{
    (void)net;
    list_each (node, &p->queue) {
        struct vstream *s = list_owner(node, struct vstream, waiting);
        list_unlink(node);
        s->port = NULL;
        s->cut = true;
        s->end[SERVER].linger0 = true;
        if (s->connected)
            vstream_close(s, SERVER);
        else
            s->refused = true;
    }
    datagrams_free(&p->datagrams);
    list_unlink(&p->node);
    free(p);
}

/* ---- names ---- */

static uint16_t *name_port(struct sockaddr_storage *a)
{
    if (a->ss_family == AF_INET)
        return &((struct sockaddr_in *)(void *)a)->sin_port;
    if (a->ss_family == AF_INET6)
        return &((struct sockaddr_in6 *)(void *)a)->sin6_port;
    return NULL;
}

static bool name_eq(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *x = (const void *)a, *y = (const void *)b;
        return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
    }
    if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *x = (const void *)a, *y = (const void *)b;
        return x->sin6_port == y->sin6_port && !memcmp(&x->sin6_addr, &y->sin6_addr, 16);
    }
    const struct sockaddr_un *x = (const void *)a, *y = (const void *)b;
    return strcmp(x->sun_path, y->sun_path) == 0;
}

static void name_set(struct sockaddr_storage *to, socklen_t *to_len, const void *a, socklen_t n)
{
    memset(to, 0, sizeof(*to));
    memcpy(to, a, n);
    *to_len = n;
}

static bool is_taken(const struct vnet *net, const struct vport *p,
                     const struct sockaddr_storage *a)
{
    list_each (node, &net->ports) {
        const struct vport *q = list_owner(node, struct vport, node);
        bool shares = q->reuse_port && p->reuse_port;
        if (q != p && q->bound && q->type == p->type && name_eq(&q->name, a) && !shares)
            return true;
    }
    return false;
}

int vport_bind(struct vnet *net, struct vport *p, const struct sockaddr *a, socklen_t n)
{
    struct sockaddr_storage want;
    socklen_t len;
    if (n > sizeof(want) || a->sa_family != p->family || p->bound)
        return -EINVAL;
    name_set(&want, &len, a, n);
    uint16_t *number = name_port(&want);
    if (number && *number == 0)
        *number = htons(net->vport_next++);
    if (is_taken(net, p, &want))
        return -EADDRINUSE;
    name_set(&p->name, &p->name_len, &want, len);
    p->bound = true;
    return 0;
}

int vport_listen(struct vnet *net, struct vport *p, int backlog)
{
    if (p->type != SOCK_STREAM || !p->bound || is_taken(net, p, &p->name))
        return -EADDRINUSE;
    p->listening = true;
    p->backlog = backlog;
    return 0;
}

/* ---- connecting ---- */

/* One of those that listen at this address, by chance, as the kernel's hash would. */
static struct vport *vport_find(struct vnet *net, const struct sockaddr_storage *a, int type)
{
    struct vport *found = NULL;
    uint64_t n = 0;
    list_each (node, &net->ports) {
        struct vport *p = list_owner(node, struct vport, node);
        bool takes = type == SOCK_STREAM ? p->listening : p->bound;
        if (p->type == type && takes && name_eq(&p->name, a) && world_below(net->w, ++n) == 0)
            found = p;
    }
    return found;
}

struct vstream *vnet_connect(struct vnet *net, const struct sockaddr *to, socklen_t n,
                             size_t room_up, size_t room_down)
{
    struct world *w = net->w;
    struct vstream *s = vstream_new(w, ++net->streams_made, room_up, room_down);
    bool is_narrow = room_up < 16 || room_down < 16;
    list_push_back(&net->streams, &s->node);
    /* With small windows each few bytes take so long. */
    s->latency = (stoa_time)world_size(w, 1, 50) * (is_narrow ? STOA_MS / 100 : STOA_MS / 10);
    s->segment_max = world_size(w, 1, 65536);
    s->harsh = world_below(w, 2);
    name_set(&s->end[SERVER].name, &s->end[SERVER].name_len, to, n);
    struct sockaddr_in from = { .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)(40000 + s->id % 20000)),
                                .sin_addr.s_addr = htonl(0x0a000000u + (uint32_t)s->id) };
    name_set(&s->end[CLIENT].name, &s->end[CLIENT].name_len, &from, sizeof(from));
    if (to->sa_family == AF_INET6) {
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = from.sin_port };
        six.sin6_addr.s6_addr[15] = (uint8_t)s->id;
        name_set(&s->end[CLIENT].name, &s->end[CLIENT].name_len, &six, sizeof(six));
    }
    if (to->sa_family == AF_UNIX) {
        struct sockaddr_un nameless = { .sun_family = AF_UNIX };
        name_set(&s->end[CLIENT].name, &s->end[CLIENT].name_len, &nameless, sizeof(sa_family_t));
    }
    s->here_at = w->now + 2 * s->latency;
    s->port = vport_find(net, &s->end[SERVER].name, SOCK_STREAM);
    if (s->port)
        list_push_back(&s->port->queue, &s->waiting);
    else
        s->refused = true;
    return s;
}

/* The SYN is there: queued, or dropped when the queue is full, and then it comes again. */
static void handshake(struct vport *p, struct vstream *s, stoa_time now)
{
    if (p->queued <= p->backlog) {
        s->connected = true;
        p->queued++;
        list_unlink(&s->waiting);
        list_push_back(&p->queue, &s->waiting);
        return;
    }
    s->here_at = now + (STOA_SEC << s->tries);
    s->tries += s->tries < 4;
}

bool vport_is_ready(const struct vport *p)
{
    return p->queued > 0;
}

struct vstream *vport_accept(struct vport *p)
{
    list_each (node, &p->queue) {
        struct vstream *s = list_owner(node, struct vstream, waiting);
        if (!s->connected)
            continue;
        list_unlink(node);
        p->queued--;
        s->port = NULL;
        return s;
    }
    return NULL;
}

/* ---- datagrams ---- */

void vnet_send_to(struct vnet *net, const void *p, size_t n, const struct sockaddr_storage *from,
                  socklen_t from_len, const struct sockaddr_storage *to, socklen_t to_len)
{
    struct vdatagram *d = malloc(sizeof(*d) + n);
    check(d);
    list_init(&d->node);
    name_set(&d->from, &d->from_len, from, from_len);
    name_set(&d->to, &d->to_len, to, to_len);
    d->at = net->w->now + (stoa_time)world_size(net->w, 1, 50) * STOA_MS / 10;
    d->n = n;
    if (n)
        memcpy(d->bytes, p, n);
    struct vport *port = vport_find(net, to, SOCK_DGRAM);
    list_push_back(port ? &port->datagrams : &net->datagrams, &d->node);
}

static struct vdatagram *datagram_find(const struct list *l, const struct sockaddr_storage *to,
                                       stoa_time now)
{
    list_each (node, l) {
        struct vdatagram *d = list_owner(node, struct vdatagram, node);
        if (d->at <= now && (!to || name_eq(&d->to, to)))
            return d;
    }
    return NULL;
}

bool vport_has_datagram(const struct vnet *net, const struct vport *p)
{
    return datagram_find(&p->datagrams, NULL, net->w->now) != NULL;
}

struct vdatagram *vport_datagram(struct vnet *net, struct vport *p)
{
    struct vdatagram *d = datagram_find(&p->datagrams, NULL, net->w->now);
    if (d)
        list_unlink(&d->node);
    return d;
}

struct vdatagram *vnet_datagram(struct vnet *net, const struct sockaddr_storage *to)
{
    struct vdatagram *d = datagram_find(&net->datagrams, to, net->w->now);
    if (d)
        list_unlink(&d->node);
    return d;
}

/* ---- time ---- */

void vnet_settle(struct vnet *net)
{
    list_each (node, &net->streams) {
        struct vstream *s = list_owner(node, struct vstream, node);
        if (s->port && !s->connected && s->here_at <= net->w->now)
            handshake(s->port, s, net->w->now);
        vstream_settle(s);
    }
}

static stoa_time datagrams_next(const struct list *l, stoa_time now, stoa_time best)
{
    list_each (node, l) {
        stoa_time at = list_owner(node, struct vdatagram, node)->at;
        best = at > now && at < best ? at : best;
    }
    return best;
}

stoa_time vnet_next(const struct vnet *net)
{
    stoa_time now = net->w->now, best = datagrams_next(&net->datagrams, now, STOA_NEVER);
    list_each (node, &net->ports) {
        const struct vport *p = list_owner(node, struct vport, node);
        best = datagrams_next(&p->datagrams, now, best);
    }
    list_each (node, &net->streams) {
        stoa_time at = vstream_next(list_owner(node, struct vstream, node));
        best = at < best ? at : best;
    }
    return best;
}
