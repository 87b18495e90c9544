/* tool/call/look.c -- see look.h. A socket that is closed and not yet forgotten is in the kernel's
 * tables still; which of its states it is in says which side ended first. */
#include "tool/call/look.h"

#include "base/sys.h"
#include "probe/holder.h"
#include "tool/call/words.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* "192.0.2.7:80", "[2001:db8::7]:80", "[fe80::1%2]:80". */
static bool read_addr(const char *text, union diag_addr *ret)
{
    struct addr_parts parts;
    const char *why;
    uint64_t port;
    *ret = (union diag_addr){ 0 };
    if (addr_split(str_of(text), &parts, &why) < 0 || parts.is_unix ||
        !str_to_u64(str_of(parts.port), &port))
        return false;
    char *zone = strchr(parts.host, '%');
    if (zone)
        *zone++ = 0;
    if (inet_pton(AF_INET, parts.host, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons((uint16_t)port);
        return true;
    }
    ret->v6.sin6_family = AF_INET6;
    ret->v6.sin6_port = htons((uint16_t)port);
    ret->v6.sin6_scope_id = zone ? (uint32_t)strtoul(zone, NULL, 10) : 0;
    return inet_pton(AF_INET6, parts.host, &ret->v6.sin6_addr) == 1;
}

/* Who connects to 0.0.0.0 or [::] is connected to the address that it has itself. */
static bool read_ends(const struct call_exchange *x, union diag_addr *local, union diag_addr *peer)
{
    if (!read_addr(x->report.local, local) || !read_addr(x->report.peer, peer))
        return false;
    if (peer->v4.sin_family == AF_INET && peer->v4.sin_addr.s_addr == htonl(INADDR_ANY))
        peer->v4.sin_addr = local->v4.sin_addr;
    else if (peer->v6.sin6_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&peer->v6.sin6_addr))
        peer->v6.sin6_addr = local->v6.sin6_addr;
    return true;
}

/* returns the state; DIAG_CLOSE = it is forgotten; < 0 = the kernel does not tell. */
static int state_of(struct diag *d, const struct call_exchange *x)
{
    union diag_addr local, peer;
    struct diag_socket s;
    if (!read_ends(x, &local, &peer))
        return -EINVAL;
    int r = diag_find(d, &local, &peer, &s);
    if (r == -ENOENT || (r == 0 && s.state == DIAG_LISTEN))
        return DIAG_CLOSE;
    return r < 0 ? r : s.state;
}

/* It is forgotten: either side's reset did that, or the peer's end came before ours. */
static const char *how_forgotten(const struct call_report *r, const struct call_exchange *x)
{
    bool was_reset = x == r->last && (r->err == -ECONNRESET || r->err == -EPIPE);
    return was_reset ? "RST received" : x->is_whole ? "FIN received, FIN sent" : "RST sent";
}

static const char *how_ended(const struct call_report *r, const struct call_exchange *x, int state)
{
    switch (state) {
    case DIAG_FIN_WAIT1: return "FIN sent";
    case DIAG_FIN_WAIT2: return "FIN sent and acknowledged";
    case DIAG_CLOSING:
    case DIAG_TIME_WAIT: return "FIN sent, FIN received";
    case DIAG_CLOSE_WAIT: return "FIN received";
    case DIAG_LAST_ACK: return "FIN received, FIN sent";
    case DIAG_CLOSE: return how_forgotten(r, x);
    default: return "closed";
    }
}

static bool is_reused(const struct call_exchange *x)
{
    const struct stoa_report *d = &x->report.dial;
    return d->count == 0 && !d->cause && x->report.peer[0];
}

void call_look_at_ends(struct call_report *r)
{
    struct diag d;
    if (r->o->scheme != CALL_HTTP && r->o->scheme != CALL_TCP)
        return;
    diag_init(&d, io_sys_kernel(), &mem_default);
    for (struct call_exchange *x = r->first; x; x = x->next) {
        if (x->next && is_reused(x->next)) {
            x->ended = "not yet: kept for the next request";
            x->end_state = "ESTABLISHED";
            continue;
        }
        int state = state_of(&d, x);
        if (state < 0)
            continue;
        x->ended = how_ended(r, x, state);
        x->end_state = state == DIAG_CLOSE ? "CLOSED" : diag_state_name(state);
    }
    diag_done(&d);
}

/* ---- a peer on this machine ---- */

/* A process that has the connection and leaves all of the request unread. */
static void say_unread(const struct diag_socket *s, uint64_t bytes, char *detail, size_t n)
{
    struct holder h;
    char who[300], count[CALL_WORD_BYTES];
    holder_find(io_sys_kernel(), s, &h);
    snprintf(detail, n, "%s of the request lie unread in the receive buffer of %s",
             call_bytes(count, bytes), holder_format(&h, who, sizeof who));
}

bool call_look_at_peer(const struct call_report *r, char *detail, size_t n)
{
    const struct stoa_http_report *h = &r->last->report;
    union diag_addr local, peer;
    struct diag_socket s;
    struct diag d;
    if (!read_ends(r->last, &local, &peer))
        return false;
    diag_init(&d, io_sys_kernel(), &mem_default);
    bool is_here = diag_find(&d, &peer, &local, &s) == 0 && s.state != DIAG_LISTEN;
    diag_done(&d);
    if (is_here && s.inode == 0 && s.state != DIAG_TIME_WAIT)
        snprintf(detail, n, "nobody has accepted the connection: it waits in the accept queue");
    else if (is_here && h->request_bytes > 0 && s.rqueue >= h->request_bytes)
        say_unread(&s, h->request_bytes, detail, n);
    else
        return false;
    return true;
}
