/* stage/wall.h -- the kernel's stamps, which are of CLOCK_REALTIME, as moments of CLOCK_MONOTONIC. The
 * two differ by a constant, until somebody sets the clock: then a stamp may be of before or after,
 * and is discarded rather than guessed at. (What NTP does slowly, it does to both.) */
#ifndef STAGE_WALL_H
#define STAGE_WALL_H

#include <stdbool.h>
#include <stdint.h>

enum { STAGE_WALL_APART_NS = 100000 /* two readings that a busy machine pulls apart */ };

struct stage_wall {
    int64_t offset; /* real - mono */
    int64_t doubt;  /* stamps that seem to be of before are of no use */
};

/* Whether two clocks, read together, differ as they did. */
static inline bool stage_wall_agrees(const struct stage_wall *w, int64_t mono, int64_t real)
{
    int64_t apart = real - mono - w->offset;
    return apart < STAGE_WALL_APART_NS && apart > -STAGE_WALL_APART_NS;
}

/* They do not, and it is no accident: the clock was set since the last look. Also the first look. */
void stage_wall_set(struct stage_wall *w, int64_t mono, int64_t real);

/* A stamp as a moment; 0 = unknown.
 *   now      of CLOCK_MONOTONIC, later than the stamp, but for how the two clocks were read. */
int64_t stage_wall_mono(const struct stage_wall *w, int64_t stamp, int64_t now);

#endif
