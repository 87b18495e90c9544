/* sim/manners.c -- in which manner clients behave, a row each: good ones, and rude ones. A script
 * says what is sent when; a verdict is what a manner demands besides the rules of judge.c. */
#include "sim/manners.h"
#include "sim/topics.h"

/* How late the server may be with a time limit, as its client sees it. */
enum { SLACK_MS = 1500 };

static struct ask *last_ask(struct client *c)
{
    return &c->asks[c->asks_n - 1];
}

/* Sends a request as a good client does: waits for a 100 where it asked for one. */
static void send_ask(struct client *c, const struct ask *a)
{
    struct world *w = c->w;
    size_t piece = world_size(w, 1 + a->to / 50, 65536);
    if (a->expects) {
        step_add(c, ACT_SEND, a->body_at, piece, 0);
        step_add(c, ACT_CONTINUE, c->asks_n, 0, STOA_SEC);
    }
    step_add(c, ACT_SEND, a->to, piece, 0);
}

static void hear_all(struct client *c)
{
    step_add(c, ACT_REPLIES, c->asks_n, 0, 0);
}

static void hear_end(struct client *c)
{
    step_add(c, ACT_HEAR_END, 0, 0, 15 * STOA_SEC);
}

/* ---- good ---- */

static void one(struct client *c)
{
    send_ask(c, ask_add(c, NULL, false));
    hear_all(c);
    hear_end(c);
}

/* One request after another; sometimes with a rest between them. */
static void kept(struct client *c)
{
    struct world *w = c->w;
    for (uint64_t n = world_size(w, 1, ASKS_MAX); n > 0; n--) {
        struct ask *a = ask_add(c, NULL, n > 1 || world_below(w, 2));
        send_ask(c, a);
        hear_all(c);
        if (a->closes) {
            hear_end(c);
            return;
        }
        if (world_below(w, 4) == 0)
            step_add(c, ACT_PAUSE, 0, 0, world_between(w, 0, c->server->set.idle / 3));
    }
}

/* All requests at once. */
static void pipelining(struct client *c)
{
    struct world *w = c->w;
    size_t piece = world_size(w, 1, 65536);
    for (uint64_t n = world_size(w, 2, ASKS_MAX); n > 0; n--)
        if (ask_add(c, NULL, n > 1 || world_below(w, 2))->closes)
            break;
    piece = piece < c->out.n / 200 ? c->out.n / 200 : piece;
    step_add(c, ACT_SEND, c->out.n, piece, 0);
    hear_all(c);
    if (last_ask(c)->closes)
        hear_end(c);
}

/* Sends n bytes in about so many pieces, all within `span`. */
static void dribble(struct client *c, size_t to, size_t n, size_t pieces, stoa_time span)
{
    size_t piece = 1 + n / pieces, fits = piece < c->room_up ? piece : c->room_up;
    step_add(c, ACT_SEND, to, piece, world_between(c->w, 0, span / (stoa_time)(n / fits + 1)));
}

/* A few bytes at a time, but within the limits. */
static void dribbling(struct client *c)
{
    struct world *w = c->w;
    const struct ask *a = ask_add(c, NULL, world_below(w, 2));
    dribble(c, a->body_at, a->body_at - a->from, (size_t)world_between(w, 5, 40),
            c->server->set.head_within / 3);
    dribble(c, a->to, a->to - a->body_at, (size_t)world_between(w, 1, 6),
            c->server->set.body_within);
    hear_all(c);
    if (a->closes)
        hear_end(c);
}

/* Reads slowly, but it does. */
static void unhurried(struct client *c)
{
    struct world *w = c->w;
    struct ask *a = ask_add(c, NULL, false);
    send_ask(c, a);
    hear_all(c);
    hear_end(c);
    uint64_t n = a->n + 600;
    c->read_most = world_size(w, n / 60, 2000);
    size_t read = c->read_most < c->room_down ? c->read_most : c->room_down;
    c->read_gap = world_between(w, 1, c->server->set.send_within / 3 / (stoa_time)(n / read + 1));
}

/* Says that no more comes from it, and still wants its replies. */
static void half_closing(struct client *c)
{
    struct world *w = c->w;
    for (uint64_t n = world_size(w, 1, 4); n > 0; n--) {
        struct ask *a = ask_add(c, NULL, n > 1 || world_below(w, 2));
        a->may_close = true;
        if (a->closes)
            break;
    }
    step_add(c, ACT_SEND, c->out.n, 65536, 0);
    if (world_below(w, 2))
        step_add(c, ACT_PAUSE, 0, 0, world_between(w, 0, 100) * STOA_MS);
    step_add(c, ACT_FINISH, 0, 0, 0);
    hear_all(c);
    hear_end(c);
}

/* Is silent after its replies until the server ends the connection. */
static void resting(struct client *c)
{
    struct ask *a = ask_add(c, NULL, true);
    send_ask(c, a);
    hear_all(c);
    if (a->closes)
        hear_end(c);
    else
        step_add(c, ACT_HEAR_END, 0, 0, c->server->set.idle + SLACK_MS * STOA_MS);
}

/* Asks for a file, and later whether it has changed. */
static void returning(struct client *c)
{
    struct ask *a = ask_add(c, page_topics, true);
    send_ask(c, a);
    hear_all(c);
    if (world_below(c->w, 2))
        step_add(c, ACT_PAUSE, 0, 0, world_between(c->w, 0, 3000) * STOA_MS);
    step_add(c, ACT_AGAIN, 0, 0, 0);
}

/* Did the server end the connection `limit` after `from`? */
static void verdict_limit(struct client *c, stoa_time from, stoa_time limit, const char *what)
{
    stoa_time took = c->ended - from;
    if (client_is_excused(c) || c->server->stopped || c->said_close || !from)
        return;
    if (c->ending != END_FIN && c->ending != END_RESET)
        client_fail(c, "%s: the connection is still there after %.3f s of %.3f", what,
                    (double)took / 1e9, (double)limit / 1e9);
    else if (took < limit)
        client_fail(c, "%s: ended after %.3f s of %.3f", what, (double)took / 1e9,
                    (double)limit / 1e9);
}

static void resting_verdict(struct client *c)
{
    if (c->answered == 1)
        verdict_limit(c, c->asks[0].begun, c->server->set.idle, "idle");
}

/* ---- rude ---- */

/* Some requests, as if everything were well. */
static void ask_some(struct client *c)
{
    for (uint64_t n = world_size(c->w, 1, 6); n > 0; n--)
        if (ask_add(c, NULL, true)->closes)
            break;
}

static void break_off(struct client *c, enum act how)
{
    struct world *w = c->w;
    ask_some(c);
    step_add(c, ACT_SEND, world_size(w, 0, c->out.n), world_size(w, 1 + c->out.n / 50, 65536), 0);
    if (world_below(w, 2))
        step_add(c, ACT_PAUSE, 0, 0, world_between(w, 0, 300) * STOA_MS);
    step_add(c, how, 0, 0, 0);
}

static void resetting(struct client *c)
{
    break_off(c, ACT_RESET);
}

static void closing(struct client *c)
{
    if (world_below(c->w, 2)) /* with replies unread */
        step_add(c, ACT_DEAF, 0, 0, 0);
    break_off(c, ACT_CLOSE);
}

static void vanishing(struct client *c)
{
    break_off(c, ACT_VANISH);
}

/* Asks, and never reads. */
static void deaf(struct client *c)
{
    ask_some(c);
    step_add(c, ACT_DEAF, 0, 0, 0);
    step_add(c, ACT_SEND, c->out.n, 65536, 0);
    step_add(c, ACT_HEAR_END, 0, 0, 300 * STOA_SEC);
}

static void deaf_verdict(struct client *c)
{
    if (!client_is_excused(c) && c->ending == END_NOT_YET && !c->server->set.is_tight)
        client_fail(c, "the server waits for ever for one who does not read");
}

static void silent(struct client *c)
{
    step_add(c, ACT_HEAR_END, 0, 0, c->server->set.idle + SLACK_MS * STOA_MS);
}

static void silent_verdict(struct client *c)
{
    if (!c->server->set.is_tight)
        verdict_limit(c, c->s ? c->s->here_at : 0, c->server->set.idle, "silent");
}

static void half_sent(struct client *c, size_t n)
{
    step_add(c, ACT_SEND, n, 65536, 0);
    step_add(c, ACT_HEAR_END, 0, 0, last_ask(c)->number[0] + SLACK_MS * STOA_MS);
}

/* Sends a part of a head, and then nothing: 408. */
static void half(struct client *c)
{
    struct ask *a = ask_add(c, NULL, true);
    while (a->is_head) { /* whether the server knows already that there is no body, is unknown */
        c->asks_n = 0;
        buf_clear(&c->out);
        memset(a, 0, sizeof(*a));
        a = ask_add(c, NULL, true);
    }
    a->topic = &topic_half;
    a->closes = true;
    a->number[0] = c->server->set.head_within;
    size_t n = (size_t)world_between(c->w, (int64_t)a->from + 3, (int64_t)a->body_at - 1);
    half_sent(c, n);
}

/* The same with a body: the handler waits for it. */
static void half_body(struct client *c)
{
    struct ask *a = ask_add(c, &topic_half_body, true);
    a->closes = true;
    a->number[0] = c->server->set.body_within;
    half_sent(c, (size_t)world_between(c->w, (int64_t)a->body_at, (int64_t)a->to - 1));
}

static void half_verdict(struct client *c)
{
    const struct ask *a = &c->asks[0];
    if (client_is_excused(c) || c->server->stopped || c->server->set.is_tight)
        return;
    if (c->answered == 0)
        client_fail(c, "half a request is not answered");
    else if (a->answered - a->begun < a->number[0])
        client_fail(c, "half a request is given up too early");
}

static void wrong(struct client *c)
{
    bool garbage = world_below(c->w, 4) == 0;
    if (world_below(c->w, 2))
        ask_add(c, NULL, true);
    if (!c->asks_n || !last_ask(c)->closes) {
        ask_add(c, garbage ? &topic_garbage : &topic_wrong, false);
        if (world_below(c->w, 2)) /* what is behind it is never read */
            buf_fmt(&c->out, "GET /text HTTP/1.1\r\nHost: sim\r\n\r\n");
    }
    step_add(c, ACT_SEND, c->out.n, world_size(c->w, 1 + c->out.n / 50, 65536), 0);
    hear_all(c);
    hear_end(c);
}

static const struct manner manners[] = {
    { .name = "one", .weight = 8, .is_good = true, .script = one },
    { .name = "kept", .weight = 8, .is_good = true, .script = kept },
    { .name = "pipelining", .weight = 6, .is_good = true, .script = pipelining },
    { .name = "dribbling", .weight = 3, .is_good = true, .script = dribbling },
    { .name = "unhurried", .weight = 3, .is_good = true, .script = unhurried },
    { .name = "half-closing", .weight = 3, .is_good = true, .script = half_closing },
    { .name = "returning", .weight = 4, .is_good = true, .script = returning },
    { .name = "resting",
      .weight = 2,
      .is_good = true,
      .is_long = true,
      .script = resting,
      .verdict = resting_verdict },
    { .name = "wrong", .weight = 4, .is_good = true, .script = wrong },
    { .name = "resetting", .weight = 3, .script = resetting },
    { .name = "closing", .weight = 3, .script = closing },
    { .name = "vanishing", .weight = 2, .is_long = true, .script = vanishing },
    { .name = "deaf", .weight = 1, .is_long = true, .script = deaf, .verdict = deaf_verdict },
    { .name = "silent", .weight = 1, .is_long = true, .script = silent, .verdict = silent_verdict },
    { .name = "half-body",
      .weight = 2,
      .is_long = true,
      .script = half_body,
      .verdict = half_verdict },
    { .name = "half", .weight = 2, .is_long = true, .script = half, .verdict = half_verdict },
};

/* Draws one of n rows, or keeps what was found before; sum: the weights so far. */
static const struct manner *draw(struct world *w, bool good, const struct manner *rows, size_t n,
                                 uint64_t *sum, const struct manner *found)
{
    for (size_t i = 0; i < n; i++) {
        if (good && (!rows[i].is_good || rows[i].is_long))
            continue;
        *sum += rows[i].weight;
        if (world_below(w, *sum) < rows[i].weight)
            found = &rows[i];
    }
    return found;
}

const struct manner *manner_draw(struct world *w, bool good)
{
    uint64_t sum = 0;
    size_t n = sizeof(manners) / sizeof(*manners);
    const struct manner *m = draw(w, good, manners, n, &sum, NULL);
    return draw(w, good, talk_manners, talk_manners_n, &sum, m);
}
