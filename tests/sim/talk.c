/* sim/talk.c -- manners of those who speak no HTTP: with the raw handlers, and by datagrams. */
#include "sim/manners.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

/* ---- streams ---- */

/* What is heard must be what is expected, byte for byte. */
static void hear_raw(struct client *c, const char *p, size_t n)
{
    if (n > c->expect.n - c->heard_n)
        client_fail(c, "%zu bytes more than expected", n - (c->expect.n - c->heard_n));
    else if (memcmp(c->expect.p + c->heard_n, p, n) != 0)
        client_fail(c, "other bytes than expected, behind %zu", c->heard_n);
    c->heard_n += n;
}

/* All has been heard, and then the end. */
static void raw_verdict(struct client *c)
{
    if (!client_is_excused(c) && !c->server->stopped && c->heard_n != c->expect.n)
        client_fail(c, "%zu of %zu bytes heard", c->heard_n, c->expect.n);
}

static void say_content(struct client *c)
{
    struct world *w = c->w;
    size_t n = (size_t)world_size(w, 0, c->grain * 100 < 50000 ? c->grain * 100 : 50000);
    char *to = buf_room(&c->out, n + 1);
    if (to)
        content_copy(world_random(w), 0, to, n);
    c->out.n += n;
    buf_add(&c->expect, c->out.p, n);
}

static void say_all(struct client *c)
{
    struct world *w = c->w;
    step_add(c, ACT_SEND, c->out.n, world_size(w, 1 + c->out.n / 50, 65536), 0);
}

/* With few connections allowed it may take long until the server comes to this one. */
static void hear_end(struct client *c)
{
    step_add(c, ACT_HEAR_END, 0, 0, (c->server->set.is_tight ? 2000 : 15) * STOA_SEC);
}

static void echoing(struct client *c)
{
    say_content(c);
    say_all(c);
    if (world_below(c->w, 2)) /* before all of it is back, or after */
        step_add(c, ACT_HEARD, c->expect.n, 0, 0);
    step_add(c, ACT_FINISH, 0, 0, 0);
    hear_end(c);
}

/* "=N" and the bytes that come back; "*N" and the lines of N tasks. */
static void say_special(struct client *c)
{
    int n = (int)world_between(c->w, 1, 8);
    if (world_below(c->w, 2)) {
        buf_fmt(&c->out, "=%d\n%.*s", n, n, "\n\r\n*7\n=8");
        buf_fmt(&c->expect, "%.*s", n, "\n\r\n*7\n=8");
        return;
    }
    buf_fmt(&c->out, "*%d\n", n);
    for (int i = 0; i < n; i++)
        buf_fmt(&c->expect, "this is task %d, one of several that write to this\n", i);
}

/* Lines, each answered by its length; the last one may lack its end. */
static void lining(struct client *c)
{
    struct world *w = c->w;
    static const char text[] = "a line that is read up to its end, and no further, whatever comes";
    uint64_t lines = world_size(w, 0, c->grain < 100 ? 4 : 30);
    for (uint64_t i = 0; i < lines; i++) {
        int n = (int)world_below(w, sizeof(text));
        if (c->grain >= 100 && world_below(w, 6) == 0 && i + 1 < lines) {
            say_special(c);
            continue;
        }
        bool ends = i + 1 < lines || world_below(w, 2);
        buf_fmt(&c->out, "%.*s%s", n, text, !ends ? "" : world_below(w, 2) ? "\r\n" : "\n");
        if (ends || n)
            buf_fmt(&c->expect, "%d%s\n", n, ends ? "" : " without an end");
    }
    say_all(c);
    step_add(c, ACT_FINISH, 0, 0, 0);
    hear_end(c);
}

/* A line that is too long: the handler fails, and the connection is reset. */
static void overlong(struct client *c)
{
    for (int i = 0; i < 30; i++)
        buf_fmt(&c->out, "ten bytes ");
    say_all(c);
    hear_end(c);
}

static void overlong_verdict(struct client *c)
{
    if (!client_is_excused(c) && !c->server->stopped && c->ending != END_RESET)
        client_fail(c, "a handler failed, but the connection was not reset");
}

static void breaking(struct client *c)
{
    static const enum act ends[] = { ACT_RESET, ACT_VANISH, ACT_CLOSE };
    say_content(c);
    if (world_below(c->w, 3) == 0)
        step_add(c, ACT_DEAF, 0, 0, 0);
    step_add(c, ACT_SEND, world_below(c->w, c->out.n + 1), 65536, 0);
    step_add(c, ACT_PAUSE, 0, 0, world_between(c->w, 0, 100) * STOA_MS);
    step_add(c, ends[world_below(c->w, 3)], 0, 0, 0);
}

static void mute(struct client *c)
{
    step_add(c, ACT_HEAR_END, 0, 0, c->server->set.idle + 2 * STOA_SEC);
}

static void mute_verdict(struct client *c)
{
    if (!client_is_excused(c) && !c->server->stopped && !c->server->set.is_tight &&
        (c->ending != END_RESET || c->ended - c->s->here_at < c->server->set.idle))
        client_fail(c, "who says nothing is not reset when its time is over");
}

/* ---- datagrams ---- */

enum { DATAGRAM_BYTES_MAX = 1200, DATAGRAM_PATIENCE_S = 5 };

static void asking(struct client *c)
{
    c->datagrams = (unsigned)world_size(c->w, 1, DATAGRAMS_MAX);
    c->deadline = c->begins + 60 * STOA_SEC;
}

static struct sockaddr_storage own_name(const struct client *c)
{
    struct sockaddr_storage a = { 0 };
    struct sockaddr_in *in = (void *)&a;
    *in = (struct sockaddr_in){ .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)(5000 + c->id)),
                                .sin_addr.s_addr = htonl(0x0a010001u) };
    return a;
}

static void datagram_send(struct client *c, unsigned i)
{
    char bytes[DATAGRAM_BYTES_MAX];
    struct sockaddr_storage from = own_name(c);
    const struct door_name *to = &c->server->doors[DOOR_DATAGRAM];
    /* The first has no bytes by chance; from its content each of the others is known. */
    size_t n = i == 0 && world_below(c->w, 2) ? 0 : world_size(c->w, 8, sizeof(bytes));
    content_copy(c->content + i, 0, bytes, n);
    c->datagram_bytes[i] = n;
    vnet_send_to(&c->server->k->net, bytes, n, &from, sizeof(struct sockaddr_in), &to->name,
                 to->len);
    world_note(c->w, "client-datagram", c->id, (int64_t)n);
}

static void datagram_hear(struct client *c, const struct vdatagram *d)
{
    for (unsigned i = 0; i < c->datagrams; i++) {
        uint64_t bit = (uint64_t)1 << i;
        if (c->datagram_bytes[i] != d->n || !content_is(c->content + i, 0, d->bytes, d->n))
            continue;
        if (c->datagrams_back & bit)
            client_fail(c, "a datagram came back twice");
        c->datagrams_back |= bit;
        return;
    }
    client_fail(c, "a datagram of %zu bytes that was never sent", d->n);
}

static void datagram_turn(struct client *c)
{
    struct sockaddr_storage name = own_name(c);
    struct vdatagram *d;
    if (c->step == 0) {
        c->step = 1;
        c->content = world_random(c->w);
        c->disasters = c->w->disasters;
        for (unsigned i = 0; i < c->datagrams; i++)
            datagram_send(c, i);
        c->deadline = c->w->now + DATAGRAM_PATIENCE_S * STOA_SEC;
    }
    while ((d = vnet_datagram(&c->server->k->net, &name))) {
        datagram_hear(c, d);
        free(d);
    }
    bool all = c->datagrams_back == ((uint64_t)1 << c->datagrams) - 1;
    bool excused = c->disasters != c->w->disasters || c->server->stopped;
    c->done = all || c->w->now >= c->deadline;
    if (c->done && !all && !excused)
        client_fail(c, "datagrams were not answered");
    c->wake = c->w->now + 10 * STOA_MS;
}

const struct manner talk_manners[] = {
    { .name = "echoing",
      .weight = 4,
      .is_good = true,
      .door = DOOR_ECHO,
      .script = echoing,
      .hear = hear_raw,
      .verdict = raw_verdict },
    { .name = "lining",
      .weight = 3,
      .is_good = true,
      .door = DOOR_LINES,
      .script = lining,
      .hear = hear_raw,
      .verdict = raw_verdict },
    { .name = "overlong",
      .weight = 1,
      .door = DOOR_LINES,
      .script = overlong,
      .hear = hear_raw,
      .verdict = overlong_verdict },
    { .name = "breaking", .weight = 2, .door = DOOR_ECHO, .script = breaking, .hear = hear_raw },
    { .name = "mute",
      .weight = 1,
      .is_long = true,
      .door = DOOR_ECHO,
      .script = mute,
      .hear = hear_raw,
      .verdict = mute_verdict },
    { .name = "asking",
      .weight = 3,
      .is_good = true,
      .door = DOOR_DATAGRAM,
      .script = asking,
      .turn = datagram_turn },
};
const size_t talk_manners_n = sizeof(talk_manners) / sizeof(*talk_manners);
