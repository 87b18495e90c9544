/* stage/wall.c -- see wall.h. */
#include "stage/wall.h"

/* After the clock was set back by much: bytes do not lie unread for longer. */
static const int64_t DOUBT_MAX_NS = 60 * (int64_t)1000000000;

/* While completions are delivered, newer bytes come, which the delivery then finds. */
static const int64_t AHEAD_MAX_NS = 50 * (int64_t)1000000;

void stage_wall_set(struct stage_wall *w, int64_t mono, int64_t real)
{
    /* Set back by d: a stamp from before seems to be d later than it is. */
    int64_t back = w->offset - (real - mono);
    back = back < 0 ? 0 : back > DOUBT_MAX_NS ? DOUBT_MAX_NS : back;
    w->offset = real - mono;
    w->doubt = mono + back;
}

int64_t stage_wall_mono(const struct stage_wall *w, int64_t stamp, int64_t now)
{
    int64_t mono = stamp - w->offset;
    if (stamp == 0 || mono < w->doubt || mono > now + AHEAD_MAX_NS)
        return 0;
    return mono < now ? mono : now;
}
