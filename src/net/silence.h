/* net/silence.h -- whether this machine's own firewall is why nobody answers, from the counters of the
 * network namespace: they grow while SYNs are sent again. Used by net/race.c and net/dial.c. */
#ifndef NET_SILENCE_H
#define NET_SILENCE_H

#include "net/attempt.h"
#include "probe/counters.h"

#include <stoa/dial.h>

enum { SILENCE_COUNTERS = 18 };

struct silence {
    bool begun;
    struct counter all[SILENCE_COUNTERS];
};

/* The moment for silence_begin after an attempt began: before the first SYN is sent again (1 s), and
 * not before most connections are made, since it costs some 50 us. */
#define SILENCE_AFTER (500 * STOA_MS)

void silence_begin(struct silence *s, const struct io_sys *sys);

/* All attempts have ended. Without silence_begin nothing is known. */
void silence_end(struct silence *s, const struct io_sys *sys);

/* Makes the tries say it, which diagnose() has filled in for these attempts. */
void silence_explain(const struct silence *s, const struct attempt *attempts,
                     struct stoa_try *tries, int count);

#endif
