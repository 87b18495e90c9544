/* sim/server.h -- the server under test: the real core, net, http and app on simulated ground, and
 * what core/rt.c does with threads, done turn by turn. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "core/service.h"
#include "http/serve.h"
#include "sim/ram.h"
#include "sim/shelf.h"
#include "sim/simio.h"

enum { CORES_MAX = 3 };

/* What this seed's server is told. */
struct settings {
    int cores;
    int backlog;
    int conns_max; /* 0 = enough */
    bool is_tight; /* connections or descriptors are few: clients wait for one another */
    stoa_time idle, head_within, body_within, send_within;
    uint64_t body_max;
    size_t head_max, line_max;
    stoa_time grace;
    uint32_t requests_max; /* per connection; 0 = no limit */
};

/* Where it can be met (doors.c). */
enum door {
    DOOR_HTTP,   /* a socket per core */
    DOOR_SHARED, /* HTTP, too: a socket that was handed over, for all cores */
    DOOR_ECHO,
    DOOR_LINES,
    DOOR_DATAGRAM,
    DOORS
};

struct door_name {
    struct sockaddr_storage name;
    socklen_t len;
};

enum phase { PHASE_RUNS, PHASE_DRAINS, PHASE_CUT, PHASE_ENDED };

struct score { /* one core */
    struct core core;
    struct simio io;
    struct timer end_of_grace;
    enum phase phase;
    bool is_open;
    size_t started; /* services, from the first on */
};

struct server {
    struct world *w;
    struct vkernel *k;
    struct ram *ram;
    struct settings set;
    struct stoa_rt *rt;
    struct stoa_log log;
    struct http_service http;
    struct shelf shelf;
    struct files *files;
    int root; /* the folder's descriptor; -1 = not open */
    struct door_name doors[DOORS];
    struct score cores[CORES_MAX];
    stoa_time stopped; /* when it was told to; 0 = not */
    stoa_time stop_at; /* the end of the grace */
    uint64_t turns;
    uint64_t deferred, defers_run; /* by a handler of sim/site.c */
    uint64_t exchanges;            /* with a response, as the access log would have them */
};

/* returns  0; -ENOMEM and the like: it could not start, and is told to stop: cores that have begun
 *          must still be turned until server_has_ended. */
int server_start(struct server *s, struct world *w, struct vkernel *k, struct ram *ram);

/* doors.c: opens all listeners. returns 0, < 0. */
int doors_open(struct server *s);

bool server_is_ready(const struct server *s, int core);
stoa_time server_next(const struct server *s);
void server_turn(struct server *s, int core);

/* As stoa_stop. */
void server_stop(struct server *s, stoa_time grace);
bool server_has_ended(const struct server *s);

/* After its end, or when it could not start. */
void server_free(struct server *s);

#endif
