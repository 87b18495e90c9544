/* tool/serve/listen.c -- see listen.h. */
#include "tool/serve/listen.h"

#include "app/builtin.h"
#include "base/error.h"
#include "net/datagram.h"
#include "net/why_bind.h"
#include "probe/proc_file.h"
#include "tool/serve/systemd.h"
#include "tool/wrap.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>

enum { RESOLVED_MAX = 8 };

static const char *const scheme_text[] = { "http://", "tcp://", "udp://" };

static int say_failure(const char *what, const struct net_failure *f)
{
    const struct stoa_cause *c = f->cause;
    fprintf(stderr, "stoa: cannot listen on %s: %s\n", what, f->why ? f->why : c->what);
    if (f->detail[0])
        print_wrapped(stderr, "", 2, f->detail);
    fprintf(stderr, "  stage %s, %s (%s), cause %s\n", stoa_stage_name(c->stage),
            error_name(f->err), stoa_strerror(f->err), c->id);
    if (c->hint)
        print_wrapped(stderr, "  try:", 7, c->hint);
    return c->exit_code;
}

/* The kernel cuts a backlog without an error. */
static void say_cut_backlog(const struct serve_options *o, const struct io_sys *sys)
{
    const struct stoa_cause *c = stoa_cause_find("listen.backlog_cut");
    int64_t max;
    bool is_known = proc_number(sys, "/proc/sys/net/core/somaxconn", &max) == 0;
    if (!is_known || o->backlog <= max || o->quiet)
        return;
    fprintf(stderr, "stoa: warning: %s: %d asked for, %lld given\n", c->what, o->backlog,
            (long long)max);
    fprintf(stderr, "  stage %s, cause %s\n", stoa_stage_name(c->stage), c->id);
    print_wrapped(stderr, "  try:", 7, c->hint);
}

/* "http://127.0.0.1:8080/", "tcp://...", "unix:/path". */
static void say_where(struct buf *said, const char *before, enum serve_scheme scheme,
                      const struct addr *a)
{
    char text[ADDR_TEXT_BYTES];
    bool is_unix = a->family == AF_UNIX;
    buf_fmt(said, "stoa: %s %s%s%s\n", before, is_unix ? "" : scheme_text[scheme],
            addr_format(a, text, sizeof text), scheme == SERVE_HTTP && !is_unix ? "/" : "");
}

/* A wildcard is no address that one can type into a browser: name those that are. */
static void say_reachable(struct buf *said, enum serve_scheme scheme, const struct addr *bound)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) < 0)
        return;
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        struct addr a = { .len = sizeof a.v4 };
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !(i->ifa_flags & IFF_UP))
            continue;
        memcpy(&a.v4, i->ifa_addr, sizeof a.v4);
        addr_set_port(&a, addr_port(bound));
        say_where(said, "reachable at", scheme, &a);
    }
    freeifaddrs(all);
}

static void announce(struct buf *said, enum serve_scheme scheme, const struct addr *a)
{
    say_where(said, "listening on", scheme, a);
    if (addr_is_wildcard(a))
        say_reachable(said, scheme, a);
}

static int open_datagrams(struct stoa_rt *rt, const struct serve_address *at, struct buf *said,
                          struct net_failure *f)
{
    struct addr bound[RESOLVED_MAX];
    int n = datagram_open_all(rt, at->text, echo_datagram, NULL, bound, RESOLVED_MAX, f);
    for (int i = 0; i < n; i++)
        announce(said, at->scheme, &bound[i]);
    return n;
}

static int open_streams(struct stoa_rt *rt, const struct serve_services *how,
                        const struct serve_address *at, struct buf *said, struct net_failure *f)
{
    struct listener *opened[RESOLVED_MAX];
    const struct listener_options *opt = at->scheme == SERVE_HTTP ? &how->http : &how->raw;
    int n = listener_open_all(rt, at->text, opt, opened, RESOLVED_MAX, f);
    for (int i = 0; i < n; i++)
        announce(said, at->scheme, listener_addr(opened[i]));
    return n;
}

static int adopt_all(struct stoa_rt *rt, const struct serve_options *o,
                     const struct serve_services *how, int sockets, struct buf *said)
{
    for (int i = 0; i < sockets; i++) {
        struct listener *l;
        struct net_failure f;
        char what[64];
        snprintf(what, sizeof what, "socket %d, handed over by the service manager",
                 SYSTEMD_FIRST_FD + i);
        if (listener_adopt(rt, SYSTEMD_FIRST_FD + i, o->echo ? &how->raw : &how->http, &l, &f) < 0)
            return say_failure(what, &f);
        announce(said, o->echo ? SERVE_TCP : SERVE_HTTP, listener_addr(l));
    }
    return 0;
}

static int open_all(struct stoa_rt *rt, const struct serve_options *o,
                    const struct serve_services *how, struct buf *said)
{
    bool has_streams = false;
    for (int i = 0; i < o->address_count; i++) {
        const struct serve_address *at = &o->addresses[i];
        struct net_failure f;
        bool is_udp = at->scheme == SERVE_UDP;
        int r = is_udp ? open_datagrams(rt, at, said, &f) : open_streams(rt, how, at, said, &f);
        if (r < 0) {
            why_bind(&f, is_udp ? SOCK_DGRAM : SOCK_STREAM, rt_sys(rt), rt_mem(rt));
            return say_failure(f.addr, &f);
        }
        has_streams = has_streams || !is_udp;
    }
    if (has_streams)
        say_cut_backlog(o, rt_sys(rt));
    return 0;
}

int serve_listen(struct stoa_rt *rt, const struct serve_options *o,
                 const struct serve_services *how, int sockets, struct buf *said)
{
    if (sockets > 0 && !o->addresses_given)
        return adopt_all(rt, o, how, sockets, said);
    return open_all(rt, o, how, said);
}

int serve_listen_admin(struct stoa_rt *rt, const struct serve_options *o, struct admin **ret,
                       struct buf *said)
{
    const struct addr *a;
    struct net_failure f;
    *ret = NULL;
    if (!o->admin)
        return 0;
    if (admin_open(ret, rt, o->admin, &f) < 0) {
        why_bind(&f, SOCK_STREAM, rt_sys(rt), rt_mem(rt));
        return say_failure(f.addr, &f);
    }
    for (int i = 0; (a = admin_addr(*ret, i)); i++)
        say_where(said, "admin pages at", SERVE_HTTP, a);
    return 0;
}
