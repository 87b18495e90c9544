/* stage/way.c -- see way.h. */
#include "stage/way.h"

static int64_t clamp(int64_t v, int64_t least, int64_t most)
{
    return v < least ? least : v > most ? most : v;
}

struct stage_wait stage_way_split(int64_t from, const struct stage_came *came, int64_t until)
{
    int64_t read = clamp(came->read, from, until);
    int64_t rx = clamp(came->rx ? came->rx : read, from, read);
    int64_t idle = clamp(came->idle, rx, read);
    return (struct stage_wait){ .client = (uint64_t)(rx - from),
                                .buffer = (uint64_t)(read - idle),
                                .core = (uint64_t)(idle - rx + (until - read)) };
}
