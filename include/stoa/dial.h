/* stoa/dial.h -- the client's half: names, addresses, attempts, and a diagnosis when they fail.
 * Time, errors, owner, threads, waits: see stoa.h. */
#ifndef STOA_DIAL_H
#define STOA_DIAL_H

#include <stoa/cause.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { STOA_TRIES_MAX = 16, STOA_HOPS_MAX = 32, STOA_ADDR_TEXT = 120 };

/* One address tried. Texts are terminated and escaped. */
struct stoa_try {
    char to[STOA_ADDR_TEXT];   /* "192.0.2.7:80" */
    char from[STOA_ADDR_TEXT]; /* what the kernel chose; "" = it came to no choice */
    char by[STOA_ADDR_TEXT]; /* who answered instead of the peer (ICMP): a router, a firewall; "" =
                                  nobody */
    stoa_time began, took;
    int err;                        /* 0 = connected; -ECANCELED = another address won the race */
    const struct stoa_cause *cause; /* NULL = connected */
    int syns;                       /* SYNs sent; 0 = none left this machine, or not TCP */
    stoa_time rtt;                  /* of the handshake; 0 = not known */
    int icmp_type, icmp_code;       /* of what `by` said; -1 = nothing */
    int soft_err;         /* an ICMP error (-errno) that came while SYNs were still sent, and
                                        did not end the attempt; 0 = none */
    bool is_local;        /* the target is an address of this machine */
    int queue, queue_max; /* its listener's accept queue, when is_local; -1 = not known */
    char detail[200];     /* what else is known, a clause; "" = nothing */
};

/* How a connection came about, or did not. Ten KiB: better not on a task's stack. */
struct stoa_report {
    stoa_time resolve_took;
    int addresses;                  /* that the name has */
    int count;                      /* tries, in the order in which they began */
    int winner;                     /* index of the try that connected; -1 = none */
    const struct stoa_cause *cause; /* why none did; NULL = connected */
    char detail[200];               /* more words on it, a clause; "" = none */
    struct stoa_try tries[STOA_TRIES_MAX];
};

struct stoa_dial {
    const char *addr; /* "host:port", "[::1]:80", "udp://host:port", "unix:/path"; "tcp://" may
                         stand before the first two */
    int family;       /* AF_INET or AF_INET6 only; 0 = both */
    const char *at;   /* a numeric address to use for the name, or "unix:/path"; NULL = ask the name
                         service */
    stoa_time within; /* for all of it; 0 = only the task's deadline, and the kernel's patience */
    struct stoa_report *report; /* filled in, on success and on failure; NULL = not wanted */
};

/* Connects: to all addresses of the name, 250 ms apart and both families in turn (RFC 8305), the
 * first that answers wins. Over UDP that is the first: nothing is asked of the peer; each stoa_write
 * is a datagram then, each stoa_read gives bytes of one (empty ones are passed over), and an ICMP
 * port unreachable makes either fail with -ECONNREFUSED.                           [waits]
 *   returns  0 and *ret, owned by t; -ECONNREFUSED, -ETIMEDOUT, -EHOSTUNREACH, -ENETUNREACH,
 *            -ECANCELED...: of the attempt that tells most; -EINVAL (an address that cannot be read, or a
 *            port by a name that no service has), -ENOENT (no such name, an address of the other
 *            family, or no socket at that path), -EAGAIN (the name service did not answer, or a Unix
 *            socket's backlog is full), -EIO (the name service failed in another way); the report
 *            says more. */
STOA_API int stoa_dial(stoa_task *t, stoa_conn **ret, const struct stoa_dial *d);

/* Closes c, which stoa_dial made, earlier than its owner ends; no task may wait for it. NULL is fine.
 * In order: what was written is delivered. */
STOA_API void stoa_close(stoa_conn *c);

/* A hop on the way to an address: who answered SYNs of that TTL. */
struct stoa_hop {
    char by[STOA_ADDR_TEXT]; /* "" = nobody */
    stoa_time rtt;
    int err;     /* 0 = connected from here on; -ECONNREFUSED = a reset came; -ETIMEDOUT = silence;
                -EHOSTUNREACH = time exceeded or another ICMP error, from `by` */
    bool forged; /* a reset, yet a datagram with that TTL did not get as far as the host: a device
                    before it sent the reset in its name (connect.refused_by_device) */
};

/* Finds the hop that refuses or swallows connections to a numeric address ("192.0.2.1:80"), without
 * privileges: SYNs of growing TTL, answers read from the error queue.              [waits]
 *   within   per hop; four are asked at a time.
 *   max      1..STOA_HOPS_MAX.
 *   returns  how many hops were found out (1..max): up to the one that connects, resets or says by ICMP
 *            that it goes no further; or, when all beyond some hop are silent, up to the first of
 *            those; < 0: -EINVAL (address, within, max), -ETIMEDOUT, -ECANCELED, -ENOMEM. */
STOA_API int stoa_walk(stoa_task *t, const char *addr, stoa_time within, struct stoa_hop *hops,
                       int max);

#ifdef __cplusplus
}
#endif
#endif
