/* stage/view.c -- see view.h. */
#include "stage/view.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* ---- what can be believed ---- */

/* Whether a table lies within the file, with entries that have at least what we know of them. */
static bool is_within(const struct stage_view *v, const struct stoa_stage_table *t, size_t least)
{
    return t->size >= least && t->size % 8 == 0 && t->offset % 8 == 0 && t->offset <= v->bytes &&
           t->count <= (v->bytes - t->offset) / t->size;
}

int stage_view_init(struct stage_view *v, const void *base, size_t bytes)
{
    const struct stoa_stage_head *head = base;
    if (bytes < sizeof *head || memcmp(head->magic, "stoa\0stg", sizeof head->magic) != 0)
        return -EINVAL;
    if (head->version != 1)
        return -EPROTONOSUPPORT;
    struct stage_view now = { base, bytes, head->cores, head->listeners, head->conns };
    if (head->bytes < sizeof *head ||
        !is_within(&now, &now.cores, sizeof(struct stoa_stage_core)) ||
        !is_within(&now, &now.listeners, sizeof(struct stoa_stage_listener)) ||
        !is_within(&now, &now.conns, sizeof(struct stoa_stage_conn)))
        return -EINVAL;
    *v = now;
    return 0;
}

static const void *entry(const struct stage_view *v, const struct stoa_stage_table *t, uint32_t i)
{
    return v->base + t->offset + (size_t)i * t->size;
}

/* Ends a text and replaces what would not be fit to print: ours never has any. */
static void tame(char *text, size_t n)
{
    text[n - 1] = 0;
    for (char *c = text; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
}

/* ---- the head ---- */

const struct stoa_stage_head *stage_view_head(const struct stage_view *v)
{
    return (const void *)v->base;
}

void stage_view_span_name(const struct stage_view *v, enum stoa_span span, char ret[24])
{
    memcpy(ret, stage_view_head(v)->spans[span], 24);
    tame(ret, 24);
}

void stage_view_cause_name(const struct stage_view *v, int cause, char ret[40])
{
    memcpy(ret, stage_view_head(v)->causes[cause], 40);
    tame(ret, 40);
}

uint32_t stage_view_cores(const struct stage_view *v)
{
    return v->cores.count;
}

uint32_t stage_view_listeners(const struct stage_view *v)
{
    struct stoa_stage_table now = v->listeners;
    now.count = __atomic_load_n(&stage_view_head(v)->listeners.count, __ATOMIC_ACQUIRE);
    return is_within(v, &now, sizeof(struct stoa_stage_listener)) ? now.count : v->listeners.count;
}

uint32_t stage_view_conns(const struct stage_view *v)
{
    return v->conns.count;
}

uint32_t stage_view_conns_used(const struct stage_view *v, uint32_t i, uint32_t *first)
{
    uint32_t each = v->conns.count / v->cores.count;
    uint64_t used = stage_read(&stage_view_core(v, i)->conns_used);
    *first = i * each;
    return used < each ? (uint32_t)used : each;
}

/* ---- entries ---- */

const struct stoa_stage_core *stage_view_core(const struct stage_view *v, uint32_t i)
{
    return entry(v, &v->cores, i);
}

void stage_view_name_peer(char peer[48])
{
    union {
        sa_family_t family;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a;
    char text[INET6_ADDRSTRLEN];
    memcpy(&a, peer, sizeof a);
    peer[0] = 0;
    if (a.family == AF_INET && inet_ntop(AF_INET, &a.v4.sin_addr, text, sizeof text))
        snprintf(peer, 48, "%.15s:%d", text, ntohs(a.v4.sin_port));
    else if (a.family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr))
        snprintf(peer, 48, "%u.%u.%u.%u:%d", a.v6.sin6_addr.s6_addr[12], a.v6.sin6_addr.s6_addr[13],
                 a.v6.sin6_addr.s6_addr[14], a.v6.sin6_addr.s6_addr[15], ntohs(a.v6.sin6_port));
    else if (a.family == AF_INET6 && inet_ntop(AF_INET6, &a.v6.sin6_addr, text, sizeof text))
        snprintf(peer, 48, "[%.39s]:%d", text, ntohs(a.v6.sin6_port));
}

bool stage_view_conn(const struct stage_view *v, uint32_t i, struct stoa_stage_conn *ret)
{
    const struct stoa_stage_conn *c = entry(v, &v->conns, i);
    if (__atomic_load_n(&c->at, __ATOMIC_ACQUIRE) == STOA_AT_NOTHING ||
        !stage_get_bytes(ret, c, sizeof *ret, &c->seq))
        return false;
    return ret->at > STOA_AT_NOTHING && ret->at < STOA_ATS;
}

bool stage_view_listener(const struct stage_view *v, uint32_t i, struct stoa_stage_listener *ret)
{
    const struct stoa_stage_listener *l = entry(v, &v->listeners, i);
    if (!stage_get_bytes(ret, l, sizeof *ret, &l->seq))
        return false;
    tame(ret->name, sizeof ret->name);
    return true;
}

/* ---- the slowest ---- */

/* Puts r into its place among ret[0..n-1], slowest first. returns the new n. */
static int rank(struct stoa_stage_request *ret, int n, int max, const struct stoa_stage_request *r)
{
    int at = n;
    while (at > 0 && ret[at - 1].took < r->took)
        at--;
    if (at == max)
        return n;
    int last = n < max ? n : max - 1;
    memmove(&ret[at + 1], &ret[at], (size_t)(last - at) * sizeof *ret);
    ret[at] = *r;
    return last + 1;
}

static void tame_request(struct stoa_stage_request *r)
{
    tame(r->method, sizeof r->method);
    tame(r->path, sizeof r->path);
    tame(r->peer, sizeof r->peer);
    tame(r->cause, sizeof r->cause);
}

int stage_view_slowest(const struct stage_view *v, struct stoa_stage_request *ret, int max)
{
    int n = 0;
    for (uint32_t i = 0; max > 0 && i < 2 * v->cores.count; i++) {
        const struct stoa_stage_core *core = stage_view_core(v, i / 2);
        const uint32_t *seq = &core->slow[i % 2].seq;
        uint32_t count = __atomic_load_n(&core->slow[i % 2].count, __ATOMIC_RELAXED);
        for (uint32_t k = 0; k < count && k < STOA_SLOWEST; k++) {
            struct stoa_stage_request r;
            if (!stage_get_bytes(&r, &core->slow[i % 2].worst[k], sizeof r, seq))
                continue;
            tame_request(&r);
            n = rank(ret, n, max, &r);
        }
    }
    return n;
}

void stage_histogram_sum(const struct stage_view *v, enum stoa_span span,
                         struct stoa_stage_histogram *ret)
{
    *ret = (struct stoa_stage_histogram){ 0 };
    for (uint32_t i = 0; i < v->cores.count; i++) {
        const struct stoa_stage_core *core = stage_view_core(v, i);
        stage_histogram_collect(ret, span < STOA_SPANS ? &core->spans[span] : &core->took);
    }
}
