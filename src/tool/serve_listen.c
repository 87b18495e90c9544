/* tool/serve_listen.c -- see serve_listen.h. */
#include "tool/serve_listen.h"

#include "app/builtin.h"
#include "base/cause.h"
#include "base/error.h"
#include "base/sys.h"
#include "net/datagram.h"
#include "tool/systemd.h"
#include "tool/wrap.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

enum { PORT_TRIES = 16, RESOLVED_MAX = 8 };

static const char *const scheme_text[] = { "http://", "tcp://", "udp://" };

/* An errno of bind(2) means one thing for a port and another for the file of a Unix socket. */
static const struct stoa_cause *find_cause(const char *what, const struct net_failure *f)
{
    bool is_file = str_starts(str_of(what), STR("unix:")) && f->stage == STOA_STAGE_BIND;
    if (is_file && f->err == -EADDRINUSE)
        return stoa_cause_find("bind.unix_in_use");
    if (is_file && f->err == -EACCES)
        return stoa_cause_find("bind.unix_permission");
    return cause_of(f->stage, f->err);
}

static int say_failure(const char *what, const struct net_failure *f)
{
    const struct stoa_cause *c = find_cause(what, f);
    fprintf(stderr, "stoa: cannot listen on %s: %s\n", what, f->why[0] ? f->why : c->what);
    fprintf(stderr, "  stage %s, %s (%s), cause %s\n", stoa_stage_name(c->stage),
            error_name(f->err), stoa_strerror(f->err), c->id);
    if (c->hint)
        print_wrapped(stderr, "  try:", 7, c->hint);
    return c->exit_code;
}

/* "http://127.0.0.1:8080/", "tcp://...", "unix:/path". */
static void say_where(const char *before, enum serve_scheme scheme, const struct addr *a)
{
    char text[ADDR_TEXT_BYTES];
    bool is_unix = a->family == AF_UNIX;
    fprintf(stderr, "stoa: %s %s%s%s\n", before, is_unix ? "" : scheme_text[scheme],
            addr_format(a, text, sizeof text), scheme == SERVE_HTTP && !is_unix ? "/" : "");
}

static bool is_wildcard(const struct addr *a)
{
    return (a->family == AF_INET && a->v4.sin_addr.s_addr == htonl(INADDR_ANY)) ||
           (a->family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr));
}

/* A wildcard is no address that one can type into a browser: name those that are. */
static void say_reachable(enum serve_scheme scheme, const struct addr *bound)
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
        say_where("reachable at", scheme, &a);
    }
    freeifaddrs(all);
}

static void announce(const struct serve_options *o, enum serve_scheme scheme, const struct addr *a)
{
    if (o->quiet)
        return;
    say_where("listening on", scheme, a);
    if (is_wildcard(a))
        say_reachable(scheme, a);
}

static int open_one(struct stoa_rt *rt, const struct serve_services *how, enum serve_scheme scheme,
                    struct addr *a, struct net_failure *f)
{
    struct listener *l;
    if (scheme == SERVE_UDP)
        return datagram_open(rt, a, echo_datagram, NULL, f);
    return listener_open(rt, a, scheme == SERVE_HTTP ? &how->http : &how->raw, &l, f);
}

/* A machine without IPv6 still has "localhost". */
static bool is_missing_family(const struct net_failure *f)
{
    return f->err == -EADDRNOTAVAIL || f->err == -EAFNOSUPPORT;
}

/* Whether a port is free on all of these addresses; port 0 in the first: one that is free there. */
static bool port_is_free(struct addr *all, int count, int type)
{
    int fds[RESOLVED_MAX], opened = 0;
    bool is_free = true;
    for (int i = 0; i < count; i++) {
        int on = 1, fd = socket(all[i].family, type | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        fds[opened++] = fd;
        addr_set_port(&all[i], addr_port(&all[0]));
        if (all[i].family == AF_INET6)
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        int r = sys_int(bind(fd, &all[i].any, all[i].len));
        is_free = is_free && r != -EADDRINUSE;
        if (r == 0)
            getsockname(fd, &all[i].any, &all[i].len);
    }
    while (opened > 0)
        close(fds[--opened]);
    return is_free;
}

/* "localhost:0" is to be one port on 127.0.0.1 and ::1. */
static void pick_port(struct addr *all, int count, int type)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        addr_set_port(&all[0], 0);
        if (port_is_free(all, count, type))
            return;
    }
}

/* Opens every address of a name. */
static int open_all(struct stoa_rt *rt, const struct serve_services *how,
                    const struct serve_options *o, const struct serve_address *at,
                    struct net_failure *f)
{
    struct addr all[RESOLVED_MAX];
    const char *why = "";
    int type = at->scheme == SERVE_UDP ? SOCK_DGRAM : SOCK_STREAM, opened = 0;
    int count = addr_resolve(&at->parts, type, all, RESOLVED_MAX, &why);
    if (count < 0) {
        *f = (struct net_failure){ .stage = STOA_STAGE_RESOLVE, .err = count };
        snprintf(f->why, sizeof f->why, "%s", why);
        return count;
    }
    if (count > 1 && addr_port(&all[0]) == 0)
        pick_port(all, count, type);
    uint16_t port = addr_port(&all[0]);
    for (int i = 0; i < count; i++) {
        addr_set_port(&all[i], port);
        int r = open_one(rt, how, at->scheme, &all[i], f);
        if (r < 0 && count > 1 && is_missing_family(f) && (opened || i + 1 < count))
            continue;
        if (r < 0)
            return r;
        port = addr_port(&all[i]);
        opened++;
        announce(o, at->scheme, &all[i]);
    }
    return 0;
}

static int adopt_all(struct stoa_rt *rt, const struct serve_options *o,
                     const struct serve_services *how, int sockets)
{
    for (int i = 0; i < sockets; i++) {
        struct listener *l;
        struct net_failure f = { .err = 0 };
        char what[64];
        snprintf(what, sizeof what, "socket %d, handed over by the service manager",
                 SYSTEMD_FIRST_FD + i);
        if (listener_adopt(rt, SYSTEMD_FIRST_FD + i, o->echo ? &how->raw : &how->http, &l, &f) < 0)
            return say_failure(what, &f);
        announce(o, o->echo ? SERVE_TCP : SERVE_HTTP, listener_addr(l));
    }
    return 0;
}

int serve_listen(struct stoa_rt *rt, const struct serve_options *o,
                 const struct serve_services *how, int sockets)
{
    if (sockets > 0 && !o->addresses_given)
        return adopt_all(rt, o, how, sockets);
    for (int i = 0; i < o->address_count; i++) {
        struct net_failure f = { .err = 0 };
        char what[200];
        if (open_all(rt, how, o, &o->addresses[i], &f) < 0)
            return say_failure(
                f.addr[0] ? f.addr : str_escape(what, sizeof what, str_of(o->addresses[i].text)),
                &f);
    }
    return 0;
}
