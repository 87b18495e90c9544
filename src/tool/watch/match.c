/* tool/watch/match.c -- see match.h. */
#include "tool/watch/match.h"

void watch_addr_set(struct addr *to, const union diag_addr *from)
{
    bool is_v6 = from->family == AF_INET6;
    if (!is_v6 || !IN6_IS_ADDR_V4MAPPED(&from->v6.sin6_addr)) {
        addr_set(to, &from->any, is_v6 ? sizeof from->v6 : sizeof from->v4);
        return;
    }
    *to = (struct addr){ .len = sizeof to->v4 };
    to->v4.sin_family = AF_INET;
    to->v4.sin_port = from->v6.sin6_port;
    memcpy(&to->v4.sin_addr, &from->v6.sin6_addr.s6_addr[12], sizeof to->v4.sin_addr);
}

int watch_addr_compare(const struct addr *a, const struct addr *b)
{
    int port_a = addr_port(a), port_b = addr_port(b);
    if (port_a != port_b)
        return port_a - port_b;
    if (a->family != b->family)
        return a->family == AF_INET ? -1 : 1;
    if (a->family == AF_INET)
        return memcmp(&a->v4.sin_addr, &b->v4.sin_addr, sizeof a->v4.sin_addr);
    int r = memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr);
    return r ? r
             : (a->v6.sin6_scope_id > b->v6.sin6_scope_id) -
                   (a->v6.sin6_scope_id < b->v6.sin6_scope_id);
}

int watch_host_fit(const struct watch_listener *l, const struct addr *local, uint32_t ifindex)
{
    int bound = l->ifindex ? 4 : 0;
    if (l->ifindex && ifindex && l->ifindex != ifindex)
        return 0;
    if (addr_is_same_host(&l->addr, local))
        return 3 + bound;
    if (!addr_is_wildcard(&l->addr))
        return 0;
    if (l->addr.family == local->family)
        return 2 + bound;
    return l->addr.family == AF_INET6 && !l->v6_only ? 1 + bound : 0;
}

/* The first with the port of `local`. */
static int first_of_port(const struct watch_listener *list, int count, uint16_t port)
{
    int low = 0, high = count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (addr_port(&list[middle].addr) < port)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int watch_listener_of(const struct watch_listener *list, int count, const struct addr *local,
                      uint32_t ifindex)
{
    uint16_t port = addr_port(local);
    int best = -1, best_fit = 0;
    for (int i = first_of_port(list, count, port); i < count; i++) {
        if (addr_port(&list[i].addr) != port)
            break;
        int fit = watch_host_fit(&list[i], local, ifindex);
        if (fit > best_fit) {
            best = i;
            best_fit = fit;
        }
    }
    return best;
}

bool watch_is_target(const struct watch_target *t, const struct watch_listener *list, int count,
                     int i)
{
    switch (t->aim) {
    case WATCH_PORT: return addr_port(&list[i].addr) == t->port;
    case WATCH_HOST:
        for (int a = 0; a < t->addrs; a++)
            if (watch_host_fit(&list[i], &t->addr[a], 0))
                return true;
        return false;
    case WATCH_ADDR:
        for (int a = 0; a < t->addrs; a++)
            if (watch_listener_of(list, count, &t->addr[a], 0) == i)
                return true;
        return false;
    default: return true;
    }
}
