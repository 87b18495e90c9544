/* sim/judge.c -- what a client may and may not hear: the rules that hold for every reply and for
 * every end of a connection. What a reply must say is in topics.c. */
#include "base/date.h"
#include "sim/client.h"
#include "sim/topics.h"

#include <stdarg.h>
#include <stdio.h>

void client_fail(struct client *c, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    const char *topic = c->answered < c->asks_n ? c->asks[c->answered].topic->name : "-";
    world_fail(c->w, "client %d (%s, asks %s, %u of %u answered): %s", c->id, c->manner->name,
               topic, c->answered, c->asks_n, text);
}

/* The server cuts what still runs when its grace is over. */
static bool was_cut(const struct client *c)
{
    return c->server->stopped && c->w->now >= c->server->stop_at;
}

bool client_is_excused(const struct client *c)
{
    return was_cut(c) || (c->s && (c->s->cut || c->s->disasters != c->w->disasters));
}

/* ---- replies ---- */

/* What a server in need answers instead of what was asked for. */
static bool is_apology(int status)
{
    return status == 408 || status == 500 || status == 503 || status == 504;
}

static void judge_date(struct client *c, const struct ask *a)
{
    struct stoa_str date = heard_field(&c->heard, STR("Date"));
    int64_t s, now_s = world_real(c->w) / STOA_SEC;
    if (!date.p && c->heard.status == 503) { /* without memory for an exchange */
        c->turned_away++;
        return;
    }
    if (!date_parse(date, now_s, &s))
        client_fail(c, "no Date, or a bad one: %.*s", (int)date.n, date.p ? date.p : "");
    else if (!c->w->happened[MISHAP_REAL_JUMP] &&
             (s > now_s || s < (a->begun + c->w->real_ahead) / STOA_SEC - 1))
        client_fail(c, "a Date that is %lld s off", (long long)(now_s - s));
}

/* Does the connection end after this reply, and may it? */
static void judge_persistence(struct client *c, const struct ask *a)
{
    const struct heard *h = &c->heard;
    bool may = a->closes || a->may_close || a->topic->is_wrong || client_is_excused(c);
    uint32_t max = c->server->set.requests_max;
    may |= max && c->answered + 1 == max;
    bool ends = h->close || (a->is_old && !h->keep_alive);
    if (ends && !may && !c->server->stopped && c->manner->is_good)
        client_fail(c, "the reply ends the connection without need");
    if (!ends && a->closes)
        client_fail(c, "the reply does not say that the connection ends");
    c->said_close = ends || a->closes;
}

static void keep_field(const struct heard *h, struct stoa_str name, char *to, size_t n)
{
    struct stoa_str value = heard_field(h, name);
    to[0] = 0;
    if (value.p && value.n < n) {
        memcpy(to, value.p, value.n);
        to[value.n] = 0;
    }
}

void judge_reply(struct client *c)
{
    const struct ask *a = &c->asks[c->answered];
    if (c->answered == 0) {
        keep_field(&c->heard, STR("ETag"), c->tag, sizeof(c->tag));
        keep_field(&c->heard, STR("Last-Modified"), c->date, sizeof(c->date));
    }
    world_note(c->w, "client-reply", c->id, c->heard.status);
    judge_date(c, a);
    judge_persistence(c, a);
    bool in_need = client_is_excused(c) || c->server->set.is_tight;
    if (is_apology(c->heard.status) && in_need)
        return;
    if (a->topic->breaks && c->heard.status == 200)
        client_fail(c, "a reply that broke off looks whole");
    else if (!a->sent && !a->may_close && !a->topic->is_wrong && c->manner->is_good)
        client_fail(c, "status %d before the request was whole", c->heard.status);
    else
        a->topic->judge(c, a);
}

/* ---- ends ---- */

/* May a reply that is under way have broken off? The reset takes along what was sent before it. */
static bool may_break(const struct client *c)
{
    for (unsigned i = c->answered; i < c->asks_n; i++)
        if (c->asks[i].sent && (c->asks[i].topic->breaks || page_may_break(c, &c->asks[i])))
            return true;
    return false;
}

static void judge_good_end(struct client *c)
{
    const struct ask *a = c->answered < c->asks_n ? &c->asks[c->answered] : NULL;
    bool begun = heard_has_begun(&c->heard);
    bool breaks = may_break(c);
    if (c->ending == END_REFUSED && !c->server->stopped)
        client_fail(c, "refused");
    else if (c->ending == END_RESET && !breaks && (begun || !c->server->stopped))
        client_fail(c, "reset by the server");
    else if (c->ending == END_NOT_YET)
        client_fail(c, "the server does not end the connection");
    else if (begun && !breaks)
        client_fail(c, "a reply that is not whole");
    else if (a && !breaks && !c->said_close && !c->server->stopped)
        client_fail(c, "the connection ended before the reply");
}

void judge_end(struct client *c)
{
    if (c->manner->is_good && !client_is_excused(c) && !world_failed(c->w))
        judge_good_end(c);
}
