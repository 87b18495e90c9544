/* tool/watch/listen.c -- see listen.h. */
#include "tool/watch/listen.h"

#include "tool/watch/match.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* How much one socket had dropped. */
struct dropped {
    uint64_t cookie;
    uint32_t drops;
};

void watch_listen_init(struct watch_listen *l, struct diag *diag, const struct stoa_mem *mem)
{
    *l = (struct watch_listen){ .diag = diag };
    buf_init(&l->sockets, mem, NULL, 0);
    buf_init(&l->listeners, mem, NULL, 0);
    buf_init(&l->before, mem, NULL, 0);
    buf_init(&l->drops, mem, NULL, 0);
}

void watch_listen_done(struct watch_listen *l)
{
    buf_done(&l->sockets);
    buf_done(&l->listeners);
    buf_done(&l->before);
    buf_done(&l->drops);
}

/* ---- the sockets ---- */

static int add_socket(void *ctx, const struct diag_socket *s)
{
    struct buf *to = ctx;
    struct watch_socket one = { .of = *s };
    watch_addr_set(&one.addr, &s->local);
    buf_add(to, &one, sizeof one);
    return to->failed ? -ENOMEM : 0;
}

/* Where one listens: two sockets with the same place are one listener. */
struct place {
    const struct addr *addr;
    uint32_t ifindex;
};

static int compare_places(struct place a, struct place b)
{
    int r = watch_addr_compare(a.addr, b.addr);
    return r ? r : (a.ifindex > b.ifindex) - (a.ifindex < b.ifindex);
}

static struct place socket_at(const struct watch_socket *s)
{
    return (struct place){ &s->addr, s->of.ifindex };
}

static struct place listener_at(const struct watch_listener *l)
{
    return (struct place){ &l->addr, l->ifindex };
}

static int compare_sockets(const void *a, const void *b)
{
    const struct watch_socket *x = a, *y = b;
    int r = compare_places(socket_at(x), socket_at(y));
    return r ? r : (x->of.inode > y->of.inode) - (x->of.inode < y->of.inode);
}

static int compare_cookies(const void *a, const void *b)
{
    const struct dropped *x = a, *y = b;
    return (x->cookie > y->cookie) - (x->cookie < y->cookie);
}

/* By how much the socket's drops grew. One that was not there before dropped all of them since. */
static uint32_t growth(const struct watch_listen *l, const struct diag_socket *s)
{
    size_t count = l->drops.n / sizeof(struct dropped);
    struct dropped wanted = { .cookie = s->cookie };
    const struct dropped *was =
        count ? bsearch(&wanted, l->drops.p, count, sizeof wanted, compare_cookies) : NULL;
    if (!l->at)
        return 0;
    return s->drops - (was ? was->drops : 0);
}

static void keep_drops(struct watch_listen *l)
{
    int count;
    const struct watch_socket *sockets = watch_listen_sockets(l, &count);
    buf_clear(&l->drops);
    for (int i = 0; i < count; i++) {
        struct dropped one = { .cookie = sockets[i].of.cookie, .drops = sockets[i].of.drops };
        buf_add(&l->drops, &one, sizeof one);
    }
    if (l->drops.n)
        qsort(l->drops.p, l->drops.n / sizeof(struct dropped), sizeof(struct dropped),
              compare_cookies);
}

/* ---- the listeners ---- */

static void begin_listener(struct watch_listener *to, const struct watch_socket *s)
{
    *to = (struct watch_listener){ .addr = s->addr,
                                   .ifindex = s->of.ifindex,
                                   .v6_only = s->of.v6_only,
                                   .holder = { .uid = s->of.uid } };
    char text[ADDR_TEXT_BYTES], at[16] = "";
    bool has_zone = s->addr.family == AF_INET6 && s->addr.v6.sin6_scope_id;
    if (to->ifindex && !has_zone)
        snprintf(at, sizeof at, "%%%u", (unsigned)to->ifindex);
    snprintf(to->name, sizeof to->name, "%.70s%s", addr_format(&s->addr, text, sizeof text), at);
    to->conns.retransmits_per_s = WATCH_UNKNOWN;
    to->conns.close_wait_least = to->conns.close_wait_most = WATCH_UNKNOWN;
}

static void add_to_listener(const struct watch_listen *l, struct watch_listener *to,
                            const struct diag_socket *s)
{
    to->sockets++;
    to->queue += s->rqueue;
    to->queue_max += s->wqueue;
    to->drops += s->drops;
    to->dropped += growth(l, s);
    bool is_fuller =
        (uint64_t)s->rqueue * to->fullest_queue_max > (uint64_t)to->fullest_queue * s->wqueue;
    if (to->sockets == 1 || is_fuller) {
        to->fullest_queue = s->rqueue;
        to->fullest_queue_max = s->wqueue;
    }
}

/* One listener for the sockets from the first on that listen at the same place. returns how many. */
static int add_listener(struct watch_listen *l, struct watch_socket *first, int count, int index)
{
    struct watch_listener one;
    int n = 0;
    begin_listener(&one, first);
    while (n < count && compare_places(socket_at(first), socket_at(&first[n])) == 0) {
        first[n].listener = index;
        add_to_listener(l, &one, &first[n].of);
        n++;
    }
    buf_add(&l->listeners, &one, sizeof one);
    return n;
}

/* Both lists are in the same order. */
static void keep_knowledge(struct watch_listen *l)
{
    int count, old_count = (int)(l->before.n / sizeof(struct watch_listener)), old = 0;
    struct watch_listener *now = watch_listen_all(l, &count);
    const struct watch_listener *was = (const void *)l->before.p;
    for (int i = 0; i < count; i++) {
        struct place at = listener_at(&now[i]);
        while (old < old_count && compare_places(listener_at(&was[old]), at) < 0)
            old++;
        if (old == old_count || compare_places(listener_at(&was[old]), at) != 0)
            continue;
        now[i].conns = was[old].conns;
        now[i].holder = was[old].holder;
        memcpy(now[i].who, was[old].who, sizeof now[i].who);
    }
}

static void set_rates(struct watch_listen *l, stoa_time now)
{
    int count;
    struct watch_listener *all = watch_listen_all(l, &count);
    double span_s = (double)(now - l->at) / (double)STOA_SEC;
    for (int i = 0; i < count; i++)
        all[i].drops_per_s = l->at && span_s > 0 ? (double)all[i].dropped / span_s : WATCH_UNKNOWN;
}

static void group(struct watch_listen *l)
{
    int count;
    struct watch_socket *sockets = watch_listen_sockets(l, &count);
    struct buf before = l->before;
    l->before = l->listeners;
    l->listeners = before;
    buf_clear(&l->listeners);
    if (count)
        qsort(sockets, (size_t)count, sizeof *sockets, compare_sockets);
    for (int i = 0, index = 0; i < count; index++)
        i += add_listener(l, &sockets[i], count - i, index);
}

int watch_listen_take(struct watch_listen *l, stoa_time now)
{
    struct diag_query q = { .family = AF_UNSPEC,
                            .protocol = IPPROTO_TCP,
                            .states = 1 << DIAG_LISTEN };
    buf_clear(&l->sockets);
    int r = diag_each(l->diag, &q, add_socket, &l->sockets);
    if (r < 0)
        return r;
    group(l);
    keep_knowledge(l);
    set_rates(l, now);
    keep_drops(l);
    l->at = now;
    return l->listeners.failed || l->drops.failed ? -ENOMEM : 0;
}
