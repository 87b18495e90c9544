/* net/why_in_use.c -- see why_in_use.h. TCP-STAGES section 4; inet_csk_bind_conflict() in the kernel. */
#include "net/why_in_use.h"

#include "probe/diag.h"
#include "probe/holder.h"
#include "probe/proc_file.h"

#include <fcntl.h>
#include <stdio.h>

/* How a socket is in the way of an address; the worst has the last word. */
enum clash {
    CLASH_NONE,
    CLASH_OTHER_FAMILY, /* a dual-stack wildcard against an address of IPv4 */
    CLASH_WILDCARD,
    CLASH_SAME,
};

static void addr_of(const union diag_addr *from, socklen_t len, struct addr *ret)
{
    *ret = (struct addr){ .len = len };
    memcpy(&ret->un, from, len < sizeof ret->un ? len : sizeof ret->un);
}

static bool is_same_v4(const struct addr *v4, const struct in6_addr *mapped)
{
    return IN6_IS_ADDR_V4MAPPED(mapped) && memcmp(&v4->v4.sin_addr, &mapped->s6_addr[12], 4) == 0;
}

static enum clash clash_in_family(const struct addr *a, const struct addr *b)
{
    bool is_same = a->family == AF_INET ? a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr
                                        : IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr);
    if (is_same)
        return CLASH_SAME;
    return addr_is_wildcard(a) || addr_is_wildcard(b) ? CLASH_WILDCARD : CLASH_NONE;
}

/* Whether s is in the way of a, which is on the same port: stoa's own IPv6 wildcard is dual-stack,
 * its other addresses are not. */
static enum clash clash_of(const struct addr *a, const struct diag_socket *s)
{
    struct addr b;
    addr_of(&s->local, s->local_len, &b);
    if (a->family == b.family)
        return clash_in_family(a, &b);
    if (a->family == AF_INET6)
        return addr_is_wildcard(a) ? CLASH_OTHER_FAMILY : CLASH_NONE;
    if (is_same_v4(a, &b.v6.sin6_addr))
        return CLASH_SAME;
    return addr_is_wildcard(&b) && !s->v6_only ? CLASH_OTHER_FAMILY : CLASH_NONE;
}

/* ---- the search ---- */

struct search {
    const struct addr *a;
    enum clash clash; /* of `found`; CLASH_NONE = nothing found */
    struct diag_socket found;
    int sharers;  /* sockets on the same address as `found`, it included */
    bool is_told; /* the kernel tells of sockets at all */
};

static bool is_same_place(const struct diag_socket *x, const struct diag_socket *y)
{
    return x->local_len == y->local_len && memcmp(&x->local, &y->local, x->local_len) == 0;
}

/* A socket that somebody has is a better answer than one that is past. */
static bool is_better(const struct search *w, enum clash clash, const struct diag_socket *s)
{
    if (w->clash == CLASH_NONE)
        return true;
    bool is_past = s->state == DIAG_TIME_WAIT, was_past = w->found.state == DIAG_TIME_WAIT;
    return is_past != was_past ? was_past : clash > w->clash;
}

static int note(void *ctx, const struct diag_socket *s)
{
    struct search *w = ctx;
    enum clash clash = clash_of(w->a, s);
    if (clash == CLASH_NONE)
        return 0;
    if (is_better(w, clash, s)) {
        w->clash = clash;
        w->found = *s;
        w->sharers = 1;
    } else if (is_same_place(s, &w->found) && s->state == w->found.state) {
        w->sharers++;
        if (s->expires_ms > w->found.expires_ms)
            w->found.expires_ms = s->expires_ms;
    }
    return 0;
}

/* In both families: each may be in the way of the other. returns whether something was found. */
static bool search(struct diag *d, struct search *w, int type, int states)
{
    static const sa_family_t families[] = { AF_INET, AF_INET6 };
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        struct diag_query q = { .family = families[i],
                                .protocol = type == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP,
                                .states = states,
                                .local_port = addr_port(w->a) };
        if (diag_each(d, &q, note, w) == 0)
            w->is_told = true;
    }
    return w->clash != CLASH_NONE;
}

/* ---- what is said ---- */

enum {
    WHO_BYTES = HOLDER_TEXT_BYTES + 20,
    PLACE_BYTES = 72, /* of an address that is no path */
};

/* What stands after "/proc/self": this process's own number. 0 = not known. */
static uint64_t own_pid(const struct io_sys *sys)
{
    char text[20];
    uint64_t pid;
    ssize_t n = sys->read_link(sys, AT_FDCWD, "/proc/self", text, sizeof text);
    return n > 0 && str_to_u64((struct stoa_str){ text, (size_t)n }, &pid) ? pid : 0;
}

/* The effective user: not the owner of /proc/self, which is root's where capabilities were given to
 * the binary. returns UINT32_MAX when not known. */
static uint32_t own_user(const struct io_sys *sys)
{
    struct proc_words w;
    struct stoa_str word;
    uint64_t uid = UINT32_MAX;
    if (proc_words_open(&w, sys, "/proc/self/status") < 0)
        return UINT32_MAX;
    while (proc_words_next(&w, &word))
        if (str_eq(word, STR("Uid:")) && proc_words_next(&w, &word) && proc_words_next(&w, &word) &&
            str_to_u64(word, &uid))
            break;
    proc_words_close(&w);
    return (uint32_t)uid;
}

static void format_holder(const struct io_sys *sys, const struct diag_socket *s, char *buf,
                          size_t n)
{
    struct holder h;
    char text[HOLDER_TEXT_BYTES];
    holder_find(sys, s, &h);
    bool is_own = h.pid && own_pid(sys) == (uint64_t)h.pid;
    snprintf(buf, n, "%s%s", holder_format(&h, text, sizeof text),
             is_own ? ": this very process" : "");
}

static void say_listener(struct net_failure *f, const struct search *w, const struct io_sys *sys)
{
    static const char *const ids[] = { [CLASH_OTHER_FAMILY] = "bind.in_use_dual_stack",
                                       [CLASH_WILDCARD] = "bind.in_use_wildcard",
                                       [CLASH_SAME] = "bind.in_use" };
    const struct diag_socket *s = &w->found;
    struct addr at;
    char where[PLACE_BYTES], who[WHO_BYTES], sharing[40] = "";
    addr_of(&s->local, s->local_len, &at);
    format_holder(sys, s, who, sizeof who);
    bool is_ours_wider = w->clash == CLASH_WILDCARD && addr_is_wildcard(w->a);
    f->cause = stoa_cause_find(is_ours_wider ? "bind.in_use_one_address" : ids[w->clash]);
    if (w->sharers > 1 && s->uid != own_user(sys))
        f->cause = stoa_cause_find("bind.in_use_other_user");
    if (w->sharers > 1)
        snprintf(sharing, sizeof sharing, " (%d sockets share it)", w->sharers);
    snprintf(f->detail, sizeof f->detail, "%s%s is held by %s%s",
             addr_format(&at, where, sizeof where), sharing, who,
             s->state == DIAG_BOUND ? "; it is bound, but does not listen" : "");
}

static void say_connection(struct net_failure *f, const struct search *w, const struct io_sys *sys)
{
    const struct diag_socket *s = &w->found;
    struct addr at, to;
    char from[PLACE_BYTES], peer[PLACE_BYTES], who[WHO_BYTES] = "no process any more";
    addr_of(&s->local, s->local_len, &at);
    addr_of(&s->remote, s->local_len, &to);
    if (s->inode)
        format_holder(sys, s, who, sizeof who);
    f->cause = stoa_cause_find("bind.in_use_connection");
    snprintf(f->detail, sizeof f->detail, "the connection %s -> %s (%s) is held by %s",
             addr_format(&at, from, sizeof from), addr_format(&to, peer, sizeof peer),
             diag_state_name(s->state), who);
}

static void say_time_wait(struct net_failure *f, const struct search *w)
{
    f->cause = stoa_cause_find("bind.in_use_time_wait");
    snprintf(f->detail, sizeof f->detail, "%d ended %s in TIME_WAIT, for %u s more", w->sharers,
             str_counted((uint64_t)w->sharers, "connection of that port is",
                         "connections of that port are"),
             (unsigned)((w->found.expires_ms + 999) / 1000));
}

static void say_no_ports(struct net_failure *f, const struct io_sys *sys)
{
    struct proc_words w;
    struct stoa_str word;
    f->cause = stoa_cause_find("bind.no_ports");
    if (proc_words_open(&w, sys, "/proc/sys/net/ipv4/ip_local_port_range") < 0)
        return;
    char first[PROC_WORD_MAX] = "";
    if (proc_words_next(&w, &word))
        snprintf(first, sizeof first, "%.*s", (int)word.n, word.p);
    if (proc_words_next(&w, &word))
        snprintf(f->detail, sizeof f->detail,
                 "each of the ports %s to %.*s (net.ipv4.ip_local_port_range) is in use", first,
                 (int)word.n, word.p);
    proc_words_close(&w);
}

static void look_for_holder(struct net_failure *f, int type, struct diag *d,
                            const struct io_sys *sys)
{
    struct search w = { .a = &f->at };
    /* Datagram sockets have no other states that matter, and the listening ones are the cheap ones
     * to ask for. */
    int first = type == SOCK_DGRAM ? DIAG_ALL_STATES : 1 << DIAG_LISTEN | 1 << DIAG_BOUND;
    if (search(d, &w, type, first)) {
        say_listener(f, &w, sys);
        return;
    }
    if (type == SOCK_STREAM && search(d, &w, type, DIAG_ALL_STATES)) {
        if (w.found.state == DIAG_TIME_WAIT)
            say_time_wait(f, &w);
        else
            say_connection(f, &w, sys);
    } else if (w.is_told) {
        snprintf(f->detail, sizeof f->detail,
                 "no socket is seen on it: it has gone meanwhile, or is bound and does not listen "
                 "(Linux tells of such sockets since 6.8)");
    }
}

void why_port_in_use(struct net_failure *f, int type, const struct io_sys *sys,
                     const struct stoa_mem *mem)
{
    if (addr_port(&f->at) == 0) {
        say_no_ports(f, sys);
        return;
    }
    const struct stoa_cause *before = f->cause;
    struct diag d;
    diag_init(&d, sys, mem);
    look_for_holder(f, type, &d, sys);
    diag_done(&d);
    if (f->stage != STOA_STAGE_BIND)
        f->cause = before;
}

/* ---- Unix sockets ---- */

struct file_search {
    const char *path;
    struct stat st;
    bool found;
    struct diag_socket socket;
};

/* By its file; by the path where a file system stands in for another (overlayfs). A socket that was
 * connected to has the same name as the one that listens, which comes first. */
static int note_file(void *ctx, const struct diag_socket *s)
{
    struct file_search *w = ctx;
    bool is_it = diag_is_file(s, &w->st) ||
                 (w->path[0] == '/' && strcmp(s->local.un.sun_path, w->path) == 0);
    if (!is_it)
        return 0;
    w->socket = *s;
    w->found = true;
    return s->state == DIAG_LISTEN;
}

void why_path_in_use(struct net_failure *f, const struct io_sys *sys, const struct stoa_mem *mem)
{
    struct file_search w = { .path = f->at.un.sun_path };
    char who[WHO_BYTES];
    if (sys->lstat(sys, w.path, &w.st) < 0)
        return;
    if (!S_ISSOCK(w.st.st_mode)) {
        f->cause = stoa_cause_find("bind.unix_no_socket");
        return;
    }
    f->cause = stoa_cause_find("bind.unix_in_use");
    struct diag d;
    diag_init(&d, sys, mem);
    struct diag_query q = { .family = AF_UNIX, .states = DIAG_ALL_STATES };
    int r = diag_each(&d, &q, note_file, &w);
    diag_done(&d);
    if (w.found) {
        format_holder(sys, &w.socket, who, sizeof who);
        snprintf(f->detail, sizeof f->detail, "it is held by %s", who);
    } else if (r == 0) {
        snprintf(
            f->detail, sizeof f->detail,
            "nobody is seen on it, but this user may not ask it: if its server is gone, remove "
            "the file");
    }
}
