/* probe/counters.h -- the network namespace's counters by name: /proc/net/netstat, snmp and snmp6.
 * They count for the whole namespace, not for a socket, and begin when it does: what matters is by
 * how much they grow. All three files cost 150 us, nearly all of it the kernel's for
 * writing them. */
#ifndef PROBE_COUNTERS_H
#define PROBE_COUNTERS_H

#include "io/io.h"

struct counter {
    const char *name; /* as nstat(8) writes it: "TcpExtListenOverflows", "IpInReceives",
                         "Ip6InReceives"; static */
    bool is_known;    /* this kernel has it */
    int64_t value;    /* at the last reading */
    int64_t before;   /* at the one before; at first: the same */
    int column;       /* the reader's */
};

/* Reads all of them at one moment, nearly.
 *   all      value, before and is_known are set; at first all but the names must be zero.
 *   returns  0; < 0: a file that one of them needs cannot be read; what was read is set. */
int counters_read(const struct io_sys *sys, struct counter *all, int count);

/* By how much it grew between the last two readings. */
static inline int64_t counter_growth(const struct counter *c)
{
    return c->value - c->before;
}

#endif
