/* net/why_bind.c -- see why_bind.h. bind(2), ip(7), ipv6(7), unix(7). */
#include "net/why_bind.h"

#include "net/why_in_use.h"
#include "probe/holder.h"
#include "probe/own_addr.h"
#include "probe/proc_file.h"

#include <errno.h>
#include <stdio.h>

/* ---- permission ---- */

/* Below the limit it is the limit; else some rule of the machine's, which tells nobody that it was it:
 * a security module, Landlock, a BPF program. */
static void why_forbidden(struct net_failure *f, const struct io_sys *sys)
{
    int64_t limit;
    bool is_known = proc_number(sys, "/proc/sys/net/ipv4/ip_unprivileged_port_start", &limit) == 0;
    uint16_t port = addr_port(&f->at); /* 0: a free one, which is above the limit */
    if (f->err == -EPERM || port == 0 || (is_known && port >= limit)) {
        f->cause = stoa_cause_find("bind.forbidden");
        return;
    }
    if (is_known)
        snprintf(f->detail, sizeof f->detail,
                 "here, ports below %lld do (net.ipv4.ip_unprivileged_port_start)",
                 (long long)limit);
}

/* ---- addresses ---- */

enum { LIST_BYTES = 280 };

struct list_of_own {
    const struct addr *wanted;
    bool link_local;   /* list those only */
    bool is_tentative; /* the machine has the wanted one, but not yet */
    int count, left_out;
    size_t used;
    char text[LIST_BYTES + 20]; /* "127.0.0.1, ::1 and 12 more" */
};

static void add_text(struct list_of_own *l, const char *text)
{
    size_t room = LIST_BYTES - l->used;
    int n = snprintf(l->text + l->used, room, "%s%s", l->used ? ", " : "", text);
    if ((size_t)n < room && l->left_out == 0)
        l->used += (size_t)n;
    else
        l->left_out++;
    l->text[l->used] = 0;
}

static int note_own(void *ctx, const struct own_addr *own)
{
    struct list_of_own *l = ctx;
    char text[ADDR_TEXT_BYTES];
    struct addr a = { .len = own->family == AF_INET ? sizeof own->v4 : sizeof own->v6 };
    memcpy(&a.any, &own->any, a.len);
    if (own->is_tentative && a.family == l->wanted->family &&
        IN6_ARE_ADDR_EQUAL(&a.v6.sin6_addr, &l->wanted->v6.sin6_addr))
        l->is_tentative = true;
    bool is_link_local = a.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a.v6.sin6_addr);
    if (is_link_local != l->link_local)
        return 0;
    l->count++;
    add_text(l, addr_format_host(&a, text, sizeof text));
    return 0;
}

/* Names the addresses that can be bound: all that are good everywhere, or the link-local ones. */
static bool list_own(struct list_of_own *l, const struct io_sys *sys, const struct stoa_mem *mem)
{
    int r = own_addr_each(sys, mem, note_own, l);
    if (r < 0 || l->count == 0)
        return false;
    if (l->left_out)
        snprintf(l->text + l->used, sizeof l->text - l->used, " and %d more", l->left_out);
    return true;
}

static void why_not_local(struct net_failure *f, const struct io_sys *sys,
                          const struct stoa_mem *mem)
{
    struct list_of_own l = { .wanted = &f->at };
    bool are_listed = list_own(&l, sys, mem);
    if (l.is_tentative)
        snprintf(f->detail, sizeof f->detail,
                 "the machine has it, but is still asking the network whether another has it, too "
                 "(tentative)");
    else if (are_listed)
        snprintf(f->detail, sizeof f->detail, "this machine has %s", l.text);
}

static void why_no_scope(struct net_failure *f, const struct io_sys *sys,
                         const struct stoa_mem *mem)
{
    bool is_link_local = f->at.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&f->at.v6.sin6_addr);
    if (!is_link_local || f->at.v6.sin6_scope_id) {
        f->cause = stoa_cause_find("bind.failed");
        return;
    }
    struct list_of_own l = { .wanted = &f->at, .link_local = true };
    if (list_own(&l, sys, mem))
        snprintf(f->detail, sizeof f->detail, "this machine has %s", l.text);
}

/* ---- paths ---- */

/* Cuts the last name off: "/run/a/s" -> "/run/a" -> "/run" -> "/"; "s" -> ".". returns false when
 * there is nothing left to cut. */
static bool cut_name(char *path)
{
    char *slash = strrchr(path, '/');
    if (strcmp(path, "/") == 0 || strcmp(path, ".") == 0)
        return false;
    if (!slash)
        strcpy(path, ".");
    else if (slash == path)
        path[1] = 0;
    else
        *slash = 0;
    return true;
}

/* The outermost name on the way that is not there, or is no folder. */
static void why_no_folder(struct net_failure *f, const struct io_sys *sys)
{
    char path[sizeof f->at.un.sun_path], missing[sizeof path] = "", text[200];
    struct stat st;
    int r;
    memcpy(path, f->at.un.sun_path, sizeof path);
    while ((r = cut_name(path) ? sys->lstat(sys, path, &st) : 1) == -ENOENT || r == -ENOTDIR)
        strcpy(missing, path);
    if (r != 0)
        return;
    if (f->err == -ENOTDIR)
        snprintf(f->detail, sizeof f->detail, "%s is no folder",
                 str_escape(text, sizeof text, str_of(path)));
    else if (missing[0])
        snprintf(f->detail, sizeof f->detail, "there is no %s",
                 str_escape(text, sizeof text, str_of(missing)));
}

/* Whose the folder is. One above it may be the one that forbids: the innermost that we may see is
 * named. */
static void why_no_permission(struct net_failure *f, const struct io_sys *sys)
{
    char path[sizeof f->at.un.sun_path], text[200], user[64];
    struct stat st;
    int r;
    memcpy(path, f->at.un.sun_path, sizeof path);
    bool is_there = sys->lstat(sys, path, &st) == 0; /* a dead one, that we cannot remove */
    f->cause = stoa_cause_find(is_there ? "bind.unix_stale" : "bind.unix_permission");
    do
        r = cut_name(path) ? sys->lstat(sys, path, &st) : 1;
    while (r < 0);
    if (r == 0)
        snprintf(f->detail, sizeof f->detail, "the folder %s is of %s, mode %04o",
                 str_escape(text, sizeof text, str_of(path)),
                 holder_format_user(sys, st.st_uid, user, sizeof user), st.st_mode & 07777);
}

static void why_path(struct net_failure *f, const struct io_sys *sys, const struct stoa_mem *mem)
{
    switch (f->err) {
    case -EADDRINUSE: why_path_in_use(f, sys, mem); break;
    case -ENOENT:
    case -ENOTDIR: why_no_folder(f, sys); break;
    case -EACCES:
    case -EPERM: why_no_permission(f, sys); break;
    default: break;
    }
}

static void why_port(struct net_failure *f, int type, const struct io_sys *sys,
                     const struct stoa_mem *mem)
{
    switch (f->err) {
    case -EADDRINUSE: why_port_in_use(f, type, sys, mem); break;
    case -EACCES:
    case -EPERM: why_forbidden(f, sys); break;
    case -EADDRNOTAVAIL: why_not_local(f, sys, mem); break;
    case -EINVAL: why_no_scope(f, sys, mem); break;
    default: break;
    }
}

void why_bind(struct net_failure *f, int type, const struct io_sys *sys, const struct stoa_mem *mem)
{
    bool is_path = f->at.family == AF_UNIX;
    if (f->at.len == 0)
        return;
    if (f->stage == STOA_STAGE_LISTEN && f->err == -EADDRINUSE && !is_path)
        why_port_in_use(f, type, sys, mem);
    else if (f->stage == STOA_STAGE_BIND && is_path)
        why_path(f, sys, mem);
    else if (f->stage == STOA_STAGE_BIND)
        why_port(f, type, sys, mem);
}
