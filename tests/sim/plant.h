/* sim/plant.h -- faults planted on purpose: each kind must be found, or nothing here proves
 * anything. */
#ifndef SIM_PLANT_H
#define SIM_PLANT_H

#include "sim/run.h"

/* returns PLANT_NONE when there is no such name. */
enum plant plant_named(const char *name);

/* Runs one seed, twice when the second time may differ. */
void plant_run(uint64_t seed, enum plant plant, bool verbose, struct outcome *ret);

/* Plants every kind in one seed after another until it is found by what should find it.
 *   returns  how many kinds were not. */
int plant_all(void);

#endif
