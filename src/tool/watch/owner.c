/* tool/watch/owner.c -- see owner.h. */
#include "tool/watch/owner.h"

#include "probe/proc_file.h"
#include "tool/watch/pace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHECKED_EACH = 32 }; /* sockets each time whether their process is there still */

struct known {
    uint32_t inode;
    int pid;        /* 0 = none that can be seen */
    bool is_target; /* the process that was aimed at has it */
};

void watch_owner_init(struct watch_owner *o, const struct io_sys *sys, const struct stoa_mem *mem)
{
    *o = (struct watch_owner){ .sys = sys };
    buf_init(&o->known, mem, NULL, 0);
    buf_init(&o->next, mem, NULL, 0);
}

void watch_owner_done(struct watch_owner *o)
{
    buf_done(&o->known);
    buf_done(&o->next);
}

void watch_owner_aim(struct watch_owner *o, int pid)
{
    if (o->pid == pid)
        return;
    o->pid = pid;
    o->pid_error = 0;
    o->due = 0;
    buf_clear(&o->known);
}

static int compare(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

static const struct known *find(const struct watch_owner *o, uint32_t inode)
{
    struct known wanted = { .inode = inode };
    size_t count = o->known.n / sizeof wanted;
    return count ? bsearch(&wanted, o->known.p, count, sizeof wanted, compare) : NULL;
}

bool watch_owner_has(const struct watch_owner *o, uint32_t inode)
{
    const struct known *k = find(o, inode);
    return k && k->is_target;
}

/* ---- the search ---- */

static bool has_unknown(const struct watch_owner *o, const struct watch_socket *sockets, int count)
{
    for (int i = 0; i < count; i++)
        if (!find(o, sockets[i].of.inode))
            return true;
    return false;
}

/* Whether a process is gone that was found to have one: another one has it, too. Some at a time: each
 * takes 2 us. */
static bool has_orphans(struct watch_owner *o, const struct watch_socket *sockets, int count)
{
    for (int i = 0; i < count && i < CHECKED_EACH; i++) {
        o->checked = (o->checked + 1) % count;
        const struct known *k = find(o, sockets[o->checked].of.inode);
        if (k && k->pid && !proc_is_there(o->sys, k->pid))
            return true;
    }
    return false;
}

/* Marks those of the list that the process has. holder_search has sorted both lists alike. */
static void mark(struct known *known, const struct holder_of *list, int count)
{
    for (int i = 0; i < count; i++)
        known[i].is_target = list[i].pid != 0;
}

/* Finds the holders of all sockets anew: a search for one costs as much. */
static void search(struct watch_owner *o, const struct watch_socket *sockets, int count)
{
    struct buf list;
    buf_init(&list, o->known.mem, NULL, 0);
    for (int i = 0; i < count; i++) {
        struct holder_of one = { .inode = sockets[i].of.inode };
        buf_add(&list, &one, sizeof one);
    }
    struct holder_of *all = (void *)list.p;
    buf_clear(&o->next);
    if (!list.failed) {
        holder_search(o->sys, 0, all, count);
        for (int i = 0; i < count; i++) {
            struct known one = { .inode = all[i].inode, .pid = all[i].pid };
            buf_add(&o->next, &one, sizeof one);
        }
    }
    if (!list.failed && !o->next.failed) {
        if (o->pid && (o->pid_error = holder_search(o->sys, o->pid, all, count)) == 0)
            mark((void *)o->next.p, all, count);
        struct buf old = o->known;
        o->known = o->next;
        o->next = old;
    }
    buf_done(&list);
}

/* ---- in words ---- */

static void put_who(struct watch_listener *l)
{
    const struct holder *h = &l->holder;
    if (h->pid)
        snprintf(l->who, sizeof l->who, "%d %s", h->pid, h->command);
    else if (h->unit[0])
        snprintf(l->who, sizeof l->who, "%s", h->unit);
    else if (h->user[0])
        snprintf(l->who, sizeof l->who, "user %s", h->user);
    else if (h->uid != UINT32_MAX)
        snprintf(l->who, sizeof l->who, "user %u", (unsigned)h->uid);
}

/* The process that was aimed at, where it has one of the listener's sockets; else the first's. */
static void describe(struct watch_owner *o, struct watch_listener *l,
                     const struct watch_socket *sockets)
{
    const struct known *k = find(o, sockets[0].of.inode);
    int pid = k ? k->pid : 0;
    for (int i = 0; i < l->sockets; i++)
        if (watch_owner_has(o, sockets[i].of.inode))
            pid = o->pid;
    if (!k || (l->who[0] && l->holder.pid == pid && l->holder.uid == sockets[0].of.uid))
        return;
    holder_describe(o->sys, &sockets[0].of, pid, &l->holder);
    put_who(l);
}

void watch_owner_take(struct watch_owner *o, struct watch_listen *l, stoa_time now)
{
    int count, listeners;
    struct watch_socket *sockets = watch_listen_sockets(l, &count);
    struct watch_listener *all = watch_listen_all(l, &listeners);
    if (now < o->due || !(has_unknown(o, sockets, count) || has_orphans(o, sockets, count)))
        return;
    stoa_time before = watch_cpu_time();
    search(o, sockets, count);
    for (int i = 0, at = 0; i < listeners; i++) {
        describe(o, &all[i], &sockets[at]);
        at += all[i].sockets;
    }
    o->due = now + WATCH_PACE * (watch_cpu_time() - before);
}
