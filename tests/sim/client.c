/* sim/client.c -- how a scripted client acts: see client.h. */
#include "sim/client.h"

#include "base/check.h"
#include "sim/topics.h"

#include <errno.h>
#include <stdio.h>

/* ---- beginning ---- */

/* How many times the step's span passes. */
static stoa_time sends(const struct client *c, const struct step *step)
{
    size_t piece = step->piece < c->room_up ? step->piece : c->room_up;
    return step->act == ACT_SEND ? (stoa_time)(c->out.n / piece + 1) : 1;
}

/* How long a good client waits at most: what it takes by itself, and generous time for the rest. */
static stoa_time patience(const struct client *c)
{
    stoa_time span = 20 * STOA_SEC;
    uint64_t bytes = c->out.n + c->expect.n;
    for (unsigned i = 0; i < c->steps_n; i++)
        span += c->steps[i].span * sends(c, &c->steps[i]);
    for (unsigned i = 0; i < c->asks_n; i++)
        bytes += c->asks[i].n + 1000;
    span += (stoa_time)(bytes / c->grain) * 40 * STOA_MS;
    size_t read = c->read_most < c->grain ? c->read_most : c->grain;
    span += (stoa_time)(bytes / read + 3) * c->read_gap;
    return c->server->set.is_tight ? span + 2000 * STOA_SEC : span;
}

void client_init(struct client *c, struct server *server, int id, stoa_time begins, bool good)
{
    struct world *w = server->w;
    *c = (struct client){ .w = w, .server = server, .id = id, .begins = begins, .wake = begins };
    buf_init(&c->out, &mem_default, NULL, 0);
    buf_init(&c->expect, &mem_default, NULL, 0);
    heard_init(&c->heard);
    c->room_up = world_size(w, 1, 65536);
    c->room_down = world_size(w, 1, 65536);
    c->grain = c->room_up < c->room_down ? c->room_up : c->room_down;
    c->read_most = 65536;
    c->manner = manner_draw(w, good);
    c->manner->script(c);
    if (c->asks_n)
        heard_clear(&c->heard, c->asks[0].is_head);
    c->deadline = begins + (c->manner->is_good ? patience(c) : 400 * STOA_SEC);
}

void client_done(struct client *c)
{
    buf_done(&c->out);
    buf_done(&c->expect);
    heard_done(&c->heard);
}

void step_add(struct client *c, enum act act, size_t to, size_t piece, stoa_time span)
{
    check(c->steps_n < STEPS_MAX);
    c->steps[c->steps_n++] = (struct step){ act, to, piece, span };
}

/* ---- hearing ---- */

static void client_over(struct client *c, enum ending how)
{
    c->ending = how;
    c->ended = c->w->now;
    c->done = true;
    world_note(c->w, "client-end", c->id, how);
    judge_end(c);
    if (c->manner->verdict)
        c->manner->verdict(c);
    if (c->s && how != END_REFUSED)
        vstream_close(c->s, CLIENT);
}

static void hear_whole(struct client *c)
{
    struct ask *a = &c->asks[c->answered];
    if (c->heard.status < 200) {
        if (!a->expects || a->continued || c->heard.status != 100)
            client_fail(c, "an interim reply that was not asked for");
        a->continued = true;
        heard_clear(&c->heard, a->is_head);
        return;
    }
    a->answered = c->w->now;
    judge_reply(c);
    /* Without memory, or before the head is whole, nobody knows the method: a body may come. */
    bool unread = c->heard.status == 503 || c->heard.status == 408;
    c->tolerant = a->is_head && unread && c->said_close;
    c->answered++;
    heard_clear(&c->heard, c->answered < c->asks_n && c->asks[c->answered].is_head);
    if (c->said_close) { /* no more is sent; the end is all that can come */
        c->read_gap = c->read_wake = 0;
        c->mute = true;
        c->steps_n = c->step = 0;
        step_add(c, ACT_HEAR_END, 0, 0, 15 * STOA_SEC);
        c->step_began = c->w->now;
    }
}

static void hear_bytes(struct client *c, const char *p, size_t n)
{
    while (n > 0 && !world_failed(c->w)) {
        if (c->tolerant)
            return;
        if (c->answered == c->asks_n || !c->asks[c->answered].begun) {
            client_fail(c, "%zu bytes that nobody asked for", n);
            return;
        }
        size_t used = heard_feed(&c->heard, p, n);
        p += used;
        n -= used;
        if (c->heard.state == HEARD_WRONG)
            client_fail(c, "a reply that is wrong: %s", c->heard.why);
        else if (c->heard.state == HEARD_WHOLE)
            hear_whole(c);
    }
}

/* Reads a while. returns false when nothing is there. */
static bool hear(struct client *c)
{
    char bytes[1500];
    size_t most = c->read_most < sizeof(bytes) ? c->read_most : sizeof(bytes);
    ssize_t n = vstream_recv(c->s, CLIENT, bytes, most);
    if (n == -EAGAIN)
        return false;
    if (n < 0) {
        client_over(c, END_RESET);
        return false;
    }
    if (n == 0) {
        if (c->answered < c->asks_n && heard_has_begun(&c->heard) && heard_end(&c->heard))
            hear_whole(c);
        client_over(c, END_FIN);
        return false;
    }
    world_note(c->w, "client-hears", c->id, n);
    if (c->manner->hear)
        c->manner->hear(c, bytes, (size_t)n);
    else
        hear_bytes(c, bytes, (size_t)n);
    if (c->read_gap)
        c->read_wake = c->w->now + c->read_gap;
    return !c->read_gap && !world_failed(c->w);
}

/* ---- acting ---- */

/* For a person who reads the trace. */
static void client_show(const struct client *c)
{
    char line[300];
    printf("%s: client %d, windows %zu and %zu\n", c->manner->name, c->id, c->room_up,
           c->room_down);
    for (unsigned i = 0; i < c->asks_n; i++) {
        const struct ask *a = &c->asks[i];
        struct stoa_str head = { c->out.p + a->from, a->body_at - a->from };
        printf("  %2u %-8s bytes %zu..%zu..%zu  %s\n", i, a->topic->name, a->from, a->body_at,
               a->to, str_escape(line, sizeof(line), head));
    }
}

static void mark_sent(struct client *c)
{
    for (unsigned i = c->answered; i < c->asks_n; i++) {
        struct ask *a = &c->asks[i];
        if (!a->begun && c->sent > a->from)
            a->begun = c->w->now;
        if (!a->sent && c->sent >= a->to)
            a->sent = c->w->now;
    }
}

/* returns whether the step is done. */
static bool act_send(struct client *c, const struct step *step)
{
    while (c->sent < step->to && !c->mute) {
        if (c->send_wake > c->w->now)
            return false;
        size_t n = step->to - c->sent < step->piece ? step->to - c->sent : step->piece;
        ssize_t r = vstream_send(c->s, CLIENT, c->out.p + c->sent, n, false);
        if (r == -EAGAIN)
            return false;
        if (r < 0) { /* the reset will be heard, after what came before it */
            c->mute = true;
            return true;
        }
        c->sent += (size_t)r;
        mark_sent(c);
        world_note(c->w, "client-sends", c->id, r);
        if (step->span) {
            c->send_wake = c->w->now + step->span;
            return c->sent == step->to;
        }
    }
    return true;
}

static void act_end(struct client *c, enum act act)
{
    if (act == ACT_RESET)
        vstream_reset(c->s, CLIENT);
    if (act == ACT_VANISH)
        vstream_vanish(c->s);
    client_over(c, END_OWN);
}

static bool step_is_over(const struct client *c, const struct step *step)
{
    return c->w->now - c->step_began >= step->span;
}

/* The rest of the script is about a request that is written now. */
static void act_again(struct client *c)
{
    const struct ask *a = ask_add(c, &topic_again, false);
    if (c->w->verbose)
        client_show(c);
    heard_clear(&c->heard, a->is_head);
    step_add(c, ACT_SEND, a->to, 65536, 0);
    step_add(c, ACT_REPLIES, c->asks_n, 0, 0);
    step_add(c, ACT_HEAR_END, 0, 0, 15 * STOA_SEC);
}

static bool act(struct client *c, const struct step *step)
{
    switch (step->act) {
    case ACT_SEND: return act_send(c, step);
    case ACT_REPLIES: return c->answered >= step->to;
    case ACT_HEARD: return c->heard_n >= step->to;
    case ACT_CONTINUE:
        return c->answered >= step->to || c->asks[c->answered].continued || step_is_over(c, step);
    case ACT_PAUSE: return step_is_over(c, step);
    case ACT_DEAF: c->deaf = true; return true;
    case ACT_FINISH: vstream_shutdown(c->s, CLIENT, SHUT_WR); return true;
    case ACT_AGAIN: act_again(c); return true;
    case ACT_HEAR_END:
        if (!step_is_over(c, step))
            return false;
        client_over(c, END_NOT_YET);
        return true;
    default: act_end(c, step->act); return true;
    }
}

static bool is_quiet(const struct client *c)
{
    return c->done || world_failed(c->w) || c->wake > c->w->now;
}

static void client_play(struct client *c)
{
    while (!is_quiet(c) && !c->deaf && c->read_wake <= c->w->now && hear(c))
        ;
    while (!is_quiet(c) && c->step < c->steps_n && act(c, &c->steps[c->step])) {
        c->step++;
        c->step_began = c->w->now;
    }
    if (!is_quiet(c) && c->step == c->steps_n)
        client_over(c, END_OWN);
}

static void client_begin(struct client *c)
{
    if (c->w->verbose)
        client_show(c);
    enum door door = c->manner->door;
    if (door == DOOR_HTTP && world_below(c->w, 4) == 0)
        door = DOOR_SHARED;
    const struct door_name *to = &c->server->doors[door];
    c->s = vnet_connect(&c->server->k->net, (const struct sockaddr *)&to->name, to->len, c->room_up,
                        c->room_down);
    world_note(c->w, c->manner->name, c->id, c->s->id);
}

static void client_give_up(struct client *c)
{
    if (c->manner->is_good && !client_is_excused(c))
        client_fail(c, "waited in vain: %u of %u replies, step %u of %u", c->answered, c->asks_n,
                    c->step, c->steps_n);
    if (c->s)
        vstream_reset(c->s, CLIENT);
    client_over(c, END_OWN);
}

void client_turn(struct client *c)
{
    struct vstream *s = c->s;
    if (c->manner->turn)
        c->manner->turn(c);
    else if (c->w->now >= c->deadline)
        client_give_up(c);
    else if (!s)
        client_begin(c);
    else if (s->refused)
        client_over(c, END_REFUSED);
    else if (s->connected) {
        vstream_settle(s);
        c->step_began = c->step_began ? c->step_began : c->w->now;
        if (c->deaf && (s->end[CLIENT].was_reset || !s->end[SERVER].open))
            client_over(c, END_RESET);
        else
            client_play(c);
    }
}

/* ---- when ---- */

static bool step_is_ready(const struct client *c)
{
    if (c->step == c->steps_n)
        return true;
    const struct step *step = &c->steps[c->step];
    switch (step->act) {
    case ACT_SEND:
        return c->mute || c->sent >= step->to || c->s->end[CLIENT].was_reset ||
               (c->send_wake <= c->w->now && vstream_room(c->s, CLIENT));
    case ACT_REPLIES: return c->answered >= step->to;
    case ACT_HEARD: return c->heard_n >= step->to;
    case ACT_CONTINUE:
        return c->answered >= step->to || c->asks[c->answered].continued || step_is_over(c, step);
    case ACT_PAUSE:
    case ACT_HEAR_END: return step_is_over(c, step);
    default: return true;
    }
}

bool client_is_ready(const struct client *c)
{
    if (c->done)
        return false;
    if (c->w->now >= c->deadline)
        return true;
    if (c->wake > c->w->now)
        return false;
    if (!c->s || (c->s->refused && c->s->here_at <= c->w->now))
        return true;
    if (!c->s->connected)
        return false;
    bool hears = c->deaf ? !c->s->end[SERVER].open || c->s->end[CLIENT].was_reset
                         : c->read_wake <= c->w->now && vstream_is_readable(c->s, CLIENT);
    if (hears)
        return true;
    return step_is_ready(c);
}

bool client_is_resting(const struct client *c)
{
    if (c->done || c->deaf || c->manner->hear || c->step == c->steps_n)
        return false;
    enum act act = c->steps[c->step].act;
    bool all = c->answered == c->asks_n || !c->asks[c->answered].begun;
    return all && !c->said_close && (act == ACT_PAUSE || act == ACT_HEAR_END);
}

stoa_time client_next(const struct client *c)
{
    stoa_time now = c->w->now, best = c->deadline;
    if (c->done)
        return STOA_NEVER;
    if (c->wake > now && c->wake < best)
        best = c->wake;
    if (c->send_wake > now && c->send_wake < best)
        best = c->send_wake;
    if (c->read_wake > now && c->read_wake < best)
        best = c->read_wake;
    if (c->step < c->steps_n) {
        const struct step *step = &c->steps[c->step];
        bool timed =
            step->act == ACT_CONTINUE || step->act == ACT_PAUSE || step->act == ACT_HEAR_END;
        stoa_time at = c->step_began + step->span;
        if (timed && at > now && at < best)
            best = at;
    }
    return best;
}
