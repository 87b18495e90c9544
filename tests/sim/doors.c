/* sim/doors.c -- the addresses at which the server under test can be met: HTTP on a socket per core,
 * HTTP on one socket of all cores that was handed over, raw handlers, datagrams. */
#include "app/builtin.h"
#include "base/check.h"
#include "net/datagram.h"
#include "net/listener.h"
#include "sim/server.h"
#include "sim/site.h"

#include <string.h>

/* 127.0.0.1 or ::1, a free port. */
static struct addr loopback(struct server *s, bool v4)
{
    if (!v4 && world_below(s->w, 3) == 0)
        return (
            struct addr){ .len = sizeof(struct sockaddr_in6),
                          .v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT } };
    return (struct addr){
        .len = sizeof(struct sockaddr_in),
        .v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) },
    };
}

static void door_name(struct server *s, enum door door, const struct addr *a)
{
    memcpy(&s->doors[door].name, &a->any, a->len);
    s->doors[door].len = a->len;
}

static int open_http(struct server *s)
{
    struct addr a = loopback(s, false);
    struct listener_options opt = {
        .backlog = s->set.backlog,
        .idle = s->set.idle,
        .serve = http_serve,
        .arg = &s->http,
        .stamps = world_below(s->w, 2),
    };
    struct listener *l;
    struct net_failure why;
    int r = listener_open(s->rt, &a, &opt, &l, &why);
    door_name(s, DOOR_HTTP, &a);
    return r;
}

/* A socket that somebody else has made, as systemd does. */
static int make_shared(struct server *s, struct addr *a)
{
    const struct io_sys *sys = &s->k->sys;
    *a = (struct addr){ .len = sizeof(a->un), .un = { .sun_family = AF_UNIX } };
    strcpy(a->un.sun_path, "/run/sim");
    int fd = sys->socket(sys, AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return fd;
    sys->bind(sys, fd, &a->any, a->len);
    sys->listen(sys, fd, s->set.backlog);
    return fd;
}

static int open_shared(struct server *s)
{
    struct addr a;
    struct listener_options opt = { .idle = s->set.idle, .serve = http_serve, .arg = &s->http };
    struct listener *l;
    struct net_failure why;
    int fd = make_shared(s, &a);
    if (fd < 0)
        return fd;
    int r = listener_adopt(s->rt, fd, &opt, &l, &why);
    if (r < 0)
        s->k->sys.close(&s->k->sys, fd);
    door_name(s, DOOR_SHARED, &a);
    return r;
}

static int open_raw(struct server *s, enum door door, conn_service *serve)
{
    struct addr a = loopback(s, false);
    struct listener_options opt = {
        .backlog = s->set.backlog, .idle = s->set.idle, .serve = serve, .greet = true
    };
    struct listener *l;
    struct net_failure why;
    int r = listener_open(s->rt, &a, &opt, &l, &why);
    door_name(s, door, &a);
    return r;
}

static int open_datagrams(struct server *s)
{
    struct addr a = loopback(s, true);
    struct net_failure why;
    int r = datagram_open(s->rt, &a, echo_datagram, NULL, &why);
    door_name(s, DOOR_DATAGRAM, &a);
    return r;
}

int doors_open(struct server *s)
{
    int r = open_http(s);
    r = r ? r : open_shared(s);
    r = r ? r : open_raw(s, DOOR_ECHO, world_below(s->w, 2) ? echo_serve : site_echo);
    r = r ? r : open_raw(s, DOOR_LINES, site_lines);
    return r ? r : open_datagrams(s);
}
