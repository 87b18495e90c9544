/* sim/world.h -- what a whole simulated run stands on: one seed, one clock, the odds of mishaps, a
 * hash of all that happened, and the first thing that was found wrong.
 *
 * Knows no sockets, no files, no server. Everything else in this folder asks it: for chance, for
 * the time, and to note what it did. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stoa.h>

#include <stdbool.h>

/* What can go wrong, besides what clients do on purpose. Drawn anew for each seed: some do not
 * happen at all, some often; one seed in eight is calm. The table in world.c has the odds. */
enum mishap {
    /* Harmless: a server may not even show that they happened. */
    MISHAP_RECV_SHORT,     /* fewer bytes than there are */
    MISHAP_SEND_SHORT,     /* fewer bytes taken than there is room for */
    MISHAP_SEND_AGAIN,     /* -EAGAIN although there is room */
    MISHAP_WRITABLE_FALSE, /* writable, and then it is not */
    MISHAP_DELAY,          /* what is ready completes later */
    MISHAP_ONE_BY_ONE,     /* one completion in a wait, although there are more */
    MISHAP_CANCEL_LATE,    /* something comes before the cancellation does */
    MISHAP_CHUNK_LACK,     /* no buffers for a while */
    MISHAP_NOBUFS,         /* recv_now: -ENOBUFS */
    MISHAP_IDLE_TURN,      /* a core turns without a reason */
    MISHAP_BUSY,           /* a turn takes long */
    MISHAP_RECV_ENDS,      /* receiving datagrams ends: -ENOMEM */
    MISHAP_ACCEPT,     /* -EMFILE, -ENFILE, -ENOMEM, -ENOBUFS, and the connection stays queued */
    MISHAP_OPEN_AGAIN, /* the way to a file is not in memory */
    MISHAP_READ_AGAIN, /* its bytes are not */
    MISHAP_NOT_CACHED, /* nor for sending */
    MISHAP_READ_SHORT, /* fewer bytes of a file than asked for */
    MISHAP_OPTION,     /* a socket option is refused */
    MISHAP_DISK,       /* a file changes while it is looked at */
    /* Disasters: whoever is connected then may lose its connection, or hear of it. */
    MISHAP_ALLOC,      /* no memory */
    MISHAP_SUBMIT,     /* an operation is not taken */
    MISHAP_OPEN,       /* -EMFILE, -ENFILE, -ENOMEM */
    MISHAP_READ,       /* -EIO */
    MISHAP_SEND,       /* -ENOBUFS, -ENOMEM */
    MISHAP_CUT,        /* the network resets a connection (a disaster for that one only) */
    MISHAP_LOST,       /* the network loses a connection: nothing comes any more, either way */
    MISHAP_CLOCK_JUMP, /* the machine slept */
    MISHAP_REAL_JUMP,  /* somebody set the date; harmless but for dates */
    MISHAP_COUNT
};

/* Faults planted on purpose, in what the server does and in what is done to it, to see that they
 * are found: the table in plant.c says by what. */
enum plant {
    PLANT_NONE,
    PLANT_SEND_DROP,    /* sent bytes vanish */
    PLANT_SEND_TWICE,   /* sent bytes are sent twice */
    PLANT_SEND_FLIP,    /* a sent byte changes */
    PLANT_SEND_LIE,     /* a short write is told as a full one */
    PLANT_RECV_DROP,    /* received bytes vanish */
    PLANT_RECV_FLIP,    /* a received byte changes */
    PLANT_SUBMIT_TWICE, /* an operation is submitted although it is under way */
    PLANT_DONE_TWICE,   /* a completion is delivered twice */
    PLANT_DONE_NEVER,   /* a completion is lost */
    PLANT_CANCEL_DEAF,  /* a cancellation is not heard */
    PLANT_CANCEL_LATE,  /* an operation is cancelled that is not under way */
    PLANT_ACCEPT_LOST,  /* an accepted connection is forgotten */
    PLANT_CHUNK_LOST,   /* a chunk is not given back */
    PLANT_CHUNK_TWICE,  /* a chunk is given back twice */
    PLANT_CLOSE_LOST,   /* a descriptor is not closed */
    PLANT_CLOSE_TWICE,  /* a descriptor is closed twice */
    PLANT_USE_CLOSED,   /* a descriptor is used after its close */
    PLANT_CLOSE_RESETS, /* a close in order becomes a reset */
    PLANT_FIN_LOST,     /* a close is not told to the peer */
    PLANT_TIMER_LATE,   /* waits end late */
    PLANT_TIMER_EARLY,  /* the server's clock runs ahead */
    PLANT_MEM_LOST,     /* memory is not freed */
    PLANT_MEM_SIZE,     /* memory is freed with another size */
    PLANT_FILE_FLIP,    /* a byte read from a file changes */
    PLANT_FILE_BLOCKS,  /* a file is read on the core's thread although it is not in memory */
    PLANT_SPIN,         /* waits end at once, again and again */
    PLANT_ORDER,        /* something happens by another chance than the seed's */
    PLANT_COUNT
};

enum { BUSY_MS_MAX = 50 }; /* how long a turn takes at most */

struct world {
    uint64_t seed;
    uint64_t chance;    /* state of the generator */
    stoa_time now;      /* CLOCK_MONOTONIC */
    int64_t real_ahead; /* CLOCK_REALTIME is so much ahead of it */
    uint64_t trace;     /* FNV-1a over all notes */
    uint64_t notes;
    bool verbose;

    uint16_t odds[MISHAP_COUNT]; /* in 1000 */
    uint64_t happened[MISHAP_COUNT];
    uint32_t disasters;    /* so many have happened; a connection compares */
    stoa_time last_mishap; /* of the last disaster */
    bool calm;             /* no mishaps any more */
    enum plant plant;
    uint64_t planted; /* times it was done */

    char failure[600]; /* the first thing found wrong; empty = none */
};

void world_init(struct world *w, uint64_t seed, enum plant plant, bool verbose);

/* Chance. below: 0..n-1; between: from..to; size: from..to, small ones as likely as large ones. */
uint64_t world_random(struct world *w);
uint64_t world_below(struct world *w, uint64_t n);
int64_t world_between(struct world *w, int64_t from, int64_t to);
uint64_t world_size(struct world *w, uint64_t from, uint64_t to);
bool world_chance(struct world *w, unsigned in_1000);

/* Does this mishap happen now? Counts and notes it. */
bool world_mishap(struct world *w, enum mishap m);

/* Is this fault planted here, now? */
bool world_plants(struct world *w, enum plant p); /* by chance */

static inline bool world_is_planted(const struct world *w, enum plant p)
{
    return w->plant == p;
}

/* Time goes on. */
void world_pass(struct world *w, stoa_time span);

static inline int64_t world_real(const struct world *w)
{
    return w->now + w->real_ahead;
}

/* Writes down what happened: into the hash, and on the terminal when verbose. */
void world_note(struct world *w, const char *what, int64_t a, int64_t b);

/* Something is wrong: kept when it is the first. */
__attribute__((format(printf, 2, 3))) void world_fail(struct world *w, const char *fmt, ...);

static inline bool world_failed(const struct world *w)
{
    return w->failure[0] != 0;
}

const char *mishap_name(enum mishap m);

#endif
