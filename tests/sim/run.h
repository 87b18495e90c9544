/* sim/run.h -- one run: a world, a server, its clients, from a seed to the end where nothing is
 * left. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "sim/world.h"

struct outcome {
    bool failed;
    char failure[600];
    uint64_t trace, notes, replies, planted;
};

/* A failure of `first` when `second`, of the same seed, went another way. */
void outcome_compare(struct outcome *first, const struct outcome *second);

void run_seed(uint64_t seed, enum plant plant, bool verbose, struct outcome *ret);

#endif
