/* tool/watch/verdict.c -- see verdict.h. */
#include "tool/watch/verdict.h"

#include "base/cause.h"
#include "tool/watch/words.h"

#include <stdarg.h>
#include <stdio.h>

static const stoa_time OLD_CLOSE_WAIT = 10 * STOA_SEC; /* a process that closes does so in less */

const char *watch_queue_cause(const struct watch_listener *l, const int64_t counted[DROPS_COUNTERS])
{
    struct drops_look look = { .queue = l->fullest_queue,
                               .queue_max = l->fullest_queue_max,
                               .syn_queue = l->conns.states[DIAG_SYN_RECV],
                               .dropped = l->dropped };
    memcpy(look.counted, counted, sizeof look.counted);
    return drops_cause(drops_judge(&look));
}

/* ---- the list ---- */

/* Where the next one goes: the list is full of others once all are at least as bad. NULL = nowhere. */
static struct watch_verdict *make_room(struct watch_picture *p, enum watch_level level)
{
    int at = p->verdicts, last = p->verdicts;
    if (p->verdicts == WATCH_VERDICTS_MAX)
        last--;
    else
        p->verdicts++;
    while (at > 0 && p->verdict[at - 1].level < level)
        at--;
    if (at == WATCH_VERDICTS_MAX)
        return NULL;
    memmove(&p->verdict[at + 1], &p->verdict[at], (size_t)(last - at) * sizeof *p->verdict);
    return &p->verdict[at];
}

struct found {
    enum watch_level level;
    int listener;
    const char *cause;
    const char *next; /* NULL = the cause's, if it has one */
};

__attribute__((format(printf, 3, 4))) static void say(struct watch_picture *p,
                                                      const struct found *f, const char *fmt, ...)
{
    struct watch_verdict *v = make_room(p, f->level);
    const struct stoa_cause *cause = f->cause ? stoa_cause_find(f->cause) : NULL;
    const char *next = f->next ? f->next : cause && cause->hint ? cause->hint : "";
    va_list args;
    if (!v)
        return;
    *v = (struct watch_verdict){ .level = f->level, .listener = f->listener, .cause = f->cause };
    va_start(args, fmt);
    vsnprintf(v->text, sizeof v->text, fmt, args);
    va_end(args);
    snprintf(v->next, sizeof v->next, "%s", next);
}

/* ---- queues ---- */

/* "; 12 SYNs or ACKs dropped in the last 1.0 s": no clients, who try again, and are counted again. */
static const char *dropped_words(char *buf, size_t n, const struct watch_picture *p,
                                 const struct watch_listener *l)
{
    char count[WATCH_DROPPED_BYTES], span[WATCH_WORD_BYTES];
    buf[0] = 0;
    if (l->dropped)
        snprintf(buf, n, "; %s dropped in the last %s", watch_dropped(count, l->dropped),
                 watch_span(span, p->span));
    return buf;
}

static void judge_accept_queue(struct watch_picture *p, int i, const char *cause)
{
    const struct watch_listener *l = &p->listener[i];
    char dropped[80], queue[WATCH_WORD_BYTES];
    bool is_full = l->fullest_queue >= l->fullest_queue_max;
    bool drops = l->dropped > 0;
    /* The catalogue's step is to look at it alone. */
    const char *next = p->target.aim == WATCH_ALL
                           ? NULL
                           : "Find what keeps the process from accepting: a core that is busy or "
                             "blocked, its limit of connections, or a lack of descriptors.";
    say(p, &(struct found){ drops ? WATCH_BAD : WATCH_WARNING, i, cause, next },
        "accept queue %s (%s): the process does not accept fast enough%s",
        is_full || drops ? "full" : "more than half full", watch_queue(queue, l),
        dropped_words(dropped, sizeof dropped, p, l));
}

static void judge_syn_queue(struct watch_picture *p, int i, const char *cause)
{
    const struct watch_listener *l = &p->listener[i];
    char dropped[80], count[WATCH_WORD_BYTES];
    const struct stoa_cause *c = stoa_cause_find(cause);
    say(p, &(struct found){ l->dropped ? WATCH_BAD : WATCH_WARNING, i, cause, NULL },
        "%s (%s half-open)%s", c ? c->what : cause,
        watch_count(count, l->conns.states[DIAG_SYN_RECV]),
        dropped_words(dropped, sizeof dropped, p, l));
}

static void judge_queues(struct watch_picture *p, int i)
{
    const char *cause = p->listener[i].cause;
    if (!cause)
        return;
    if (strcmp(cause, "accept.queue_full") == 0 || strcmp(cause, "accept.queue_filling") == 0)
        judge_accept_queue(p, i, cause);
    else
        judge_syn_queue(p, i, cause);
}

/* ---- connections ---- */

static void judge_close_wait(struct watch_picture *p, int i)
{
    const struct watch_conns *c = &p->listener[i].conns;
    uint64_t count = c->states[DIAG_CLOSE_WAIT] - c->gave_up;
    char n[WATCH_WORD_BYTES], age[WATCH_WORD_BYTES];
    if (count == 0 || c->close_wait_most < OLD_CLOSE_WAIT)
        return;
    /* Seen once, they may have come to it just now, after a long silence. */
    bool was_seen = c->close_wait_least > 0;
    say(p,
        &(struct found){ was_seen ? WATCH_WARNING : WATCH_NOTE, i, NULL,
                         "Look where the process handles the end of input (a read that returns 0): "
                         "it must close the connection there." },
        "%s %s in CLOSE_WAIT, the oldest %s: the %s closed, the process does not",
        watch_count(n, count), str_counted(count, "connection", "connections"),
        watch_close_wait_age(age, c), str_counted(count, "client has", "clients have"));
}

static void judge_gave_up(struct watch_picture *p, int i)
{
    uint64_t count = p->listener[i].conns.gave_up;
    char n[WATCH_WORD_BYTES];
    if (count == 0)
        return;
    say(p,
        &(struct found){ WATCH_WARNING, i, NULL,
                         "Find what keeps the process from accepting: it will serve clients that "
                         "are gone first." },
        "%s %s gave up waiting in the accept queue", watch_count(n, count),
        str_counted(count, "client", "clients"));
}

static void judge_late(struct watch_picture *p, int i)
{
    const struct watch_conns *c = &p->listener[i].conns;
    char bytes[WATCH_WORD_BYTES], n[WATCH_WORD_BYTES];
    if (c->late_conns == 0)
        return;
    say(p,
        &(struct found){
            WATCH_WARNING, i, NULL,
            "Find what the process waits for, or is busy with: a debugger or a profiler "
            "shows where it is." },
        "reads nothing: %s unread on %s %s for more than a second",
        watch_bytes(bytes, c->late_bytes), watch_count(n, c->late_conns),
        str_counted(c->late_conns, "connection", "connections"));
}

static void judge_stuck(struct watch_picture *p, int i)
{
    const struct watch_conns *c = &p->listener[i].conns;
    char n[WATCH_WORD_BYTES];
    if (c->stuck_conns == 0)
        return;
    say(p,
        &(struct found){
            WATCH_WARNING, i, NULL,
            "The clients do not read: look at them, and let the process limit how long "
            "a reply may take." },
        "the peer takes nothing: the %s of %s %s closed",
        str_counted(c->stuck_conns, "window", "windows"), watch_count(n, c->stuck_conns),
        str_counted(c->stuck_conns, "connection is", "connections are"));
}

static void judge_retrans(struct watch_picture *p, int i)
{
    const struct watch_conns *c = &p->listener[i].conns;
    char n[WATCH_WORD_BYTES];
    if (c->retrans_conns == 0)
        return;
    say(p,
        &(struct found){ WATCH_NOTE, i, NULL,
                         "Look at the way to those clients: packets are lost, or they are gone; "
                         "--sort retransmits shows them." },
        "%s %s without an answer: what was sent is being sent again",
        watch_count(n, c->retrans_conns),
        str_counted(c->retrans_conns, "connection", "connections"));
}

/* ---- the process ---- */

static bool is_loopback(const struct addr *a)
{
    if (a->family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static void judge_reach(struct watch_picture *p)
{
    char host[ADDR_TEXT_BYTES];
    for (int i = 0; i < p->listeners; i++)
        if (!is_loopback(&p->listener[i].addr))
            return;
    if (p->listeners == 0)
        return;
    say(p,
        &(struct found){ WATCH_NOTE, -1, NULL,
                         "Where others are to reach it, let it listen on 0.0.0.0 or [::]." },
        "listening on %s only: no other machine reaches it",
        addr_format_host(&p->listener[0].addr, host, sizeof host));
}

static void judge_process(struct watch_picture *p)
{
    if (p->is_stopped)
        say(p,
            &(struct found){ WATCH_BAD, -1, NULL,
                             "`kill -CONT` of its pid lets it go on, unless a debugger has it." },
            "the process is stopped (SIGSTOP, Ctrl-Z or a debugger): it runs nothing, and clients "
            "wait");
}

static void judge_draining(struct watch_picture *p)
{
    char n[WATCH_WORD_BYTES];
    if (!watch_drains(p))
        return;
    uint64_t count = (uint64_t)p->stoa->conns + p->stoa->conns_more;
    const struct found f = { WATCH_NOTE, -1, NULL, "" };
    if (count == 0)
        say(p, &f,
            "the server drains: no connection is left to be finished, and it takes no new ones");
    else
        say(p, &f, "the server drains: %s %s being finished, and it takes no new ones",
            watch_count(n, count), str_counted(count, "connection is", "connections are"));
}

static void judge_cores(struct watch_picture *p)
{
    int worst = -1, still = 0;
    char span[WATCH_WORD_BYTES];
    if (!p->has_stoa || p->is_stopped)
        return;
    for (int i = 0; i < p->stoa->cores; i++) {
        still += p->stoa->still[i] >= STATUS_BUSY_AFTER;
        if (worst < 0 || p->stoa->still[i] > p->stoa->still[worst])
            worst = i;
    }
    if (still == 0)
        return;
    say(p,
        &(struct found){
            WATCH_BAD, -1, NULL,
            "A handler there does not let go of its core: it spins, or blocks in a call "
            "of its own; a debugger shows where." },
        "core %d stands still for %s (%d of %d %s): its connections wait", worst,
        watch_span(span, p->stoa->still[worst]), still, p->stoa->cores,
        str_counted((uint64_t)still, "does", "do"));
}

/* ---- all of it ---- */

void watch_judge(struct watch_picture *p)
{
    p->verdicts = 0;
    judge_process(p);
    judge_draining(p);
    judge_cores(p);
    for (int i = 0; i < p->listeners; i++) {
        judge_queues(p, i);
        judge_gave_up(p, i);
        judge_late(p, i);
        judge_close_wait(p, i);
        judge_stuck(p, i);
        judge_retrans(p, i);
    }
    if (p->target.aim != WATCH_ALL && !watch_drains(p))
        judge_reach(p);
    if (p->target.aim != WATCH_ALL && !watch_drains(p) && p->listeners == 0)
        say(p,
            &(struct found){ WATCH_BAD, -1, "connect.refused",
                             "Look whether it is being started again, or why it ended." },
            "nobody listens at %s any more: clients are refused", p->target.text);
    if (p->verdicts == 0 || p->verdict[0].level == WATCH_NOTE)
        say(p, &(struct found){ WATCH_FINE, -1, NULL, "" }, "nothing wrong seen");
}
