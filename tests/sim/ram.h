/* sim/ram.h -- the server's memory: counted, filled with junk, sometimes not to be had. */
#ifndef SIM_RAM_H
#define SIM_RAM_H

#include "base/list.h"
#include "sim/world.h"

#include <stoa/embed.h>

struct ram {
    struct stoa_mem mem; /* what the server is given */
    struct world *w;
    struct list blocks; /* allocated now */
    size_t live, bytes; /* how many, how much */
    size_t bytes_most;
};

void ram_init(struct ram *m, struct world *w);

/* Says what is still allocated, as a failure, and frees it. */
void ram_done(struct ram *m);

#endif
