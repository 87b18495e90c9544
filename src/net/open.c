/* net/open.c -- see open.h. */
#include "net/open.h"

#include <errno.h>

enum {
    ADDRS_MAX = 8,  /* of one name */
    TRIES_MAX = 16, /* to find a port that is free on all of them */
};

static const char *cause_of_name(int err)
{
    switch (err) {
    case -ENOENT: return "resolve.not_found";
    case -EAGAIN: return "resolve.temporary";
    case -EINVAL: return "resolve.unknown_service";
    default: return "resolve.failed";
    }
}

static int resolve(struct stoa_str text, const struct opener *o, struct addr *ret,
                   struct net_failure *failure)
{
    struct addr_parts parts;
    const struct addr_query q = { .socktype = o->socktype };
    const char *why, *id = "resolve.bad_address";
    int max = o->max < ADDRS_MAX ? o->max : ADDRS_MAX;
    int n = addr_split(text, &parts, &why);
    if (n == 0 && parts.is_unix && o->socktype != SOCK_STREAM) {
        why = "datagrams come to host:port only";
        n = -EINVAL;
    }
    if (n == 0) {
        n = addr_look_up(&parts, &q, ret, max, &why);
        id = cause_of_name(n);
    }
    if (n >= 0)
        return n;
    net_failed(failure, STOA_STAGE_RESOLVE, -EINVAL, NULL, why);
    failure->cause = stoa_cause_find(id);
    str_escape(failure->addr, sizeof failure->addr, text);
    return -EINVAL;
}

static void drop_last(struct stoa_rt *rt, int count)
{
    for (; count > 0; count--)
        service_drop(list_owner(rt_services(rt)->prev, struct service, node));
}

/* The machine lacks this address, which another may make up for: "localhost" where IPv6 is off. */
static bool is_lacking(int err)
{
    return err == -EADDRNOTAVAIL || err == -EAFNOSUPPORT;
}

/* Tries once. returns how many were opened; < 0: none. *port: what the first one got. */
static int open_once(struct stoa_rt *rt, const struct opener *o, const struct addr *addrs, int n,
                     uint16_t *port, struct net_failure *failure)
{
    int opened = 0, r = 0;
    for (int i = 0; i < n; i++) {
        struct addr a = addrs[i];
        if (opened > 0)
            addr_set_port(&a, *port);
        struct net_failure now;
        r = o->open(o->ctx, rt, &a, opened, &now);
        if (r == 0) {
            *port = addr_port(&a);
            opened++;
            continue;
        }
        *failure = now;
        if (!is_lacking(r))
            break;
    }
    if (r == 0 || (is_lacking(r) && opened > 0))
        return opened;
    drop_last(rt, opened);
    return r;
}

int open_all(struct stoa_rt *rt, struct stoa_str text, const struct opener *o,
             struct net_failure *failure)
{
    struct addr addrs[ADDRS_MAX];
    int n = resolve(text, o, addrs, failure);
    if (n < 0)
        return n;
    int r = -EADDRINUSE;
    /* Any port will do, but the one that is free on the first address may be taken on another. */
    bool any_port = n > 1 && addr_port(&addrs[0]) == 0;
    for (int tries = any_port ? TRIES_MAX : 1; r == -EADDRINUSE && tries > 0; tries--) {
        uint16_t port = 0;
        r = open_once(rt, o, addrs, n, &port, failure);
    }
    return r;
}
