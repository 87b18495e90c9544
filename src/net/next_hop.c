/* net/next_hop.c -- see next_hop.h. */
#include "net/next_hop.h"
#include "probe/route.h"

#include <stdio.h>

void next_hop_find(struct attempt *a)
{
    struct route route;
    const struct sockaddr *from = a->from.family == a->to.family ? &a->from.any : NULL;
    if (a->has_hop || !attempt_is_tcp(a) ||
        route_find(a->core->sys, a->core->mem, &a->to.any, from, &route) < 0)
        return;
    a->has_hop = true;
    if (route.gateway.family != AF_UNSPEC)
        addr_set(&a->gateway, &route.gateway.any, sizeof route.gateway);
}

void next_hop_look(struct attempt *a, struct stoa_try *t)
{
    char text[ADDR_TEXT_BYTES];
    if (t->cause != stoa_cause_find("connect.no_neighbour"))
        return;
    next_hop_find(a);
    if (!a->has_hop)
        return;
    bool is_direct = a->gateway.family == AF_UNSPEC;
    size_t n = strlen(t->detail);
    snprintf(t->detail + n, sizeof t->detail - n, "%sthe next hop is the %s%s", n > 0 ? "; " : "",
             is_direct ? "host itself" : "gateway ",
             is_direct ? "" : addr_format_host(&a->gateway, text, sizeof text));
}
