/* sim/client.h -- scripted clients: what they ask (topics.c), in which manner (manners.c), and what
 * may come back (judge.c). client.c makes them act, one small turn at a time.
 *
 * A good client keeps to the protocol and to the server's time limits, and must get what it asked
 * for. A rude one does not; what it gets as a whole reply must still be right. */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include "sim/heard.h"
#include "sim/server.h"

struct topic;
struct manner;
struct client;

/* A range of bytes that is asked for: from = -1: the last `to` ones; to = -1: up to the end. */
struct span {
    int64_t from, to;
};

/* A request that a client makes. */
struct ask {
    const struct topic *topic;
    size_t from, body_at, to; /* its bytes in client.out: head, body */
    bool is_head;             /* HEAD */
    bool is_old;              /* HTTP/1.0 */
    bool closes;              /* the connection ends after it: its own wish, or because it must */
    bool may_close;           /* the server may end it */
    bool expects;             /* Expect: 100-continue */
    bool continued;           /* 100 has come */
    uint64_t content, n;      /* what it uploads, or gets: as many bytes of this content */
    int64_t number[3];        /* the topic's own */
    struct ventry *entry;     /* a file */
    struct span ranges[3];    /* of it; none = all */
    unsigned ranges_n;
    char tag[64];          /* If-None-Match */
    stoa_time begun, sent; /* its first, its last byte; 0 = not yet */
    stoa_time answered;    /* the reply was whole */
};

enum act {
    ACT_SEND,     /* up to the offset `to`, in pieces of `piece` bytes, `span` after one another */
    ACT_REPLIES,  /* wait for `to` replies in all */
    ACT_HEARD,    /* wait for `to` bytes, where no HTTP is spoken */
    ACT_CONTINUE, /* wait for a 100 or a reply, at most `span` */
    ACT_PAUSE,    /* do nothing for `span` */
    ACT_DEAF,     /* read no more */
    ACT_FINISH,   /* half-close */
    ACT_HEAR_END, /* wait for the server's end, at most `span` */
    ACT_AGAIN,    /* ask for the same file again, if it has changed (pages.c) */
    ACT_CLOSE,
    ACT_RESET,
    ACT_VANISH
};

struct step {
    enum act act;
    size_t to, piece;
    stoa_time span;
};

/* How a connection ended, as its client sees it. */
enum ending { END_NOT_YET, END_FIN, END_RESET, END_OWN /* the client ended it */, END_REFUSED };

enum { ASKS_MAX = 12, STEPS_MAX = 64, DATAGRAMS_MAX = 20 };

struct manner {
    const char *name;
    unsigned weight;
    bool is_good;
    bool is_long; /* takes the server's time limits to end */
    enum door door;
    void (*script)(struct client *c);
    void (*hear)(struct client *c, const char *p, size_t n); /* NULL = HTTP */
    void (*turn)(struct client *c);    /* instead of all that client.c does; may be NULL */
    void (*verdict)(struct client *c); /* of its own, at its end; may be NULL */
};

struct client {
    struct world *w;
    struct server *server;
    int id;
    const struct manner *manner;
    stoa_time begins, deadline;
    struct vstream *s; /* NULL before it begins */
    size_t room_up, room_down, grain;

    struct buf out; /* all that it is going to send */
    size_t sent;
    struct ask asks[ASKS_MAX];
    unsigned asks_n, answered;
    unsigned turned_away; /* replies of a server that had no memory for the request */
    struct step steps[STEPS_MAX];
    unsigned steps_n, step;
    stoa_time step_began;

    struct heard heard;
    char tag[64], date[64]; /* the ETag and Last-Modified heard first */
    size_t read_most;       /* bytes per turn */
    stoa_time read_gap;
    bool deaf, mute;                /* reads no more; sends no more */
    bool said_close;                /* the last reply did */
    bool tolerant;                  /* what still comes does not matter */
    stoa_time wake;                 /* does nothing before */
    stoa_time send_wake, read_wake; /* sends nothing, reads nothing before */

    /* Where no HTTP is spoken (talk.c): */
    struct buf expect; /* what must be heard */
    size_t heard_n;
    uint64_t content;
    unsigned datagrams;
    size_t datagram_bytes[DATAGRAMS_MAX];
    uint64_t datagrams_back; /* a bit for each */
    uint32_t disasters;

    enum ending ending;
    stoa_time ended;
    bool done;
};

/* Draws a manner and what to ask. good: one of the good ones. */
void client_init(struct client *c, struct server *server, int id, stoa_time begins, bool good);
void client_done(struct client *c);

/* Can it do something now? When by itself at the latest? */
bool client_is_ready(const struct client *c);
stoa_time client_next(const struct client *c);
void client_turn(struct client *c);

/* Has it nothing to ask for at present, and nothing to hear? */
bool client_is_resting(const struct client *c);

/* ---- for topics.c and manners.c ---- */

const struct manner *manner_draw(struct world *w, bool good);
void step_add(struct client *c, enum act act, size_t to, size_t piece, stoa_time span);

/* Appends a request about a topic (NULL = drawn by chance) to out. keep: the connection goes on. */
struct ask *ask_add(struct client *c, const struct topic *topic, bool keep);

/* Writes the start of a request without a body, up to its last field; and its end. */
void request_begin(struct client *c, struct ask *a, bool keep, const char *method,
                   const char *target);
void request_end(struct client *c, struct ask *a);

/* Fails unless the reply has this status. */
bool status_is(struct client *c, int status);

/* Whether the reply to a was cut short because its file became shorter. */
bool page_may_break(const struct client *c, const struct ask *a);

/* ---- judge.c ---- */

/* Whether something that is not the server's fault befell the connection. */
bool client_is_excused(const struct client *c);

/* A whole reply to the next ask has come. */
void judge_reply(struct client *c);

/* The connection has ended: was that right? */
void judge_end(struct client *c);

/* Fails the run, with the client's name. */
__attribute__((format(printf, 2, 3))) void client_fail(struct client *c, const char *fmt, ...);

#endif
