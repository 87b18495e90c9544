/* sim/world.c -- chance, time and memory of one run: see world.h. */
#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How often a mishap happens in a seed that has it at all, per 1000 occasions. */
static const struct {
    const char *name;
    uint16_t most;
    bool disaster;
} mishaps[MISHAP_COUNT] = {
    [MISHAP_RECV_SHORT] = { "recv-short", 700, false },
    [MISHAP_SEND_SHORT] = { "send-short", 700, false },
    [MISHAP_SEND_AGAIN] = { "send-again", 300, false },
    [MISHAP_WRITABLE_FALSE] = { "writable-false", 300, false },
    [MISHAP_DELAY] = { "delay", 500, false },
    [MISHAP_ONE_BY_ONE] = { "one-by-one", 1000, false },
    [MISHAP_CANCEL_LATE] = { "cancel-late", 700, false },
    [MISHAP_CHUNK_LACK] = { "chunk-lack", 100, false },
    [MISHAP_NOBUFS] = { "nobufs", 500, false },
    [MISHAP_IDLE_TURN] = { "idle-turn", 200, false },
    [MISHAP_BUSY] = { "busy", 20, false },
    [MISHAP_RECV_ENDS] = { "recv-ends", 300, false },
    [MISHAP_ACCEPT] = { "accept", 300, false },
    [MISHAP_OPEN_AGAIN] = { "open-again", 500, false },
    [MISHAP_READ_AGAIN] = { "read-again", 500, false },
    [MISHAP_NOT_CACHED] = { "not-cached", 500, false },
    [MISHAP_READ_SHORT] = { "read-short", 500, false },
    [MISHAP_OPTION] = { "option", 200, false },
    [MISHAP_DISK] = { "disk", 100, false },
    [MISHAP_ALLOC] = { "alloc", 30, true },
    [MISHAP_SUBMIT] = { "submit", 30, true },
    [MISHAP_OPEN] = { "open", 100, true },
    [MISHAP_READ] = { "read", 50, true },
    [MISHAP_SEND] = { "send", 20, true },
    [MISHAP_CUT] = { "cut", 30, false },
    [MISHAP_LOST] = { "lost", 10, false },
    [MISHAP_CLOCK_JUMP] = { "clock-jump", 20, true },
    [MISHAP_REAL_JUMP] = { "real-jump", 20, false },
};

const char *mishap_name(enum mishap m)
{
    return mishaps[m].name;
}

static void odds_draw(struct world *w)
{
    bool calm = world_below(w, 8) == 0;
    bool spare = world_below(w, 2) == 0; /* no disasters: everything must go right */
    for (int m = 0; m < MISHAP_COUNT; m++) {
        bool has = world_below(w, 3) == 0;
        uint16_t odds = (uint16_t)world_size(w, 1, mishaps[m].most);
        if (!has || calm || (spare && mishaps[m].disaster))
            odds = 0;
        w->odds[m] = odds;
        if (odds && w->verbose)
            printf("  %-16s %u in 1000\n", mishaps[m].name, odds);
    }
}

void world_init(struct world *w, uint64_t seed, enum plant plant, bool verbose)
{
    *w = (struct world){ .seed = seed,
                         .chance = seed * 0x9e3779b97f4a7c15u + 0x1234567,
                         .now = 1000 * STOA_SEC,
                         .real_ahead = INT64_C(1780000000) * STOA_SEC,
                         .trace = 0xcbf29ce484222325u,
                         .plant = plant,
                         .verbose = verbose };
    odds_draw(w);
}

/* splitmix64: every state has a successor, none is bad. */
uint64_t world_random(struct world *w)
{
    uint64_t z = w->chance += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t world_below(struct world *w, uint64_t n)
{
    return n <= 1 ? 0 : world_random(w) % n;
}

int64_t world_between(struct world *w, int64_t from, int64_t to)
{
    return from + (int64_t)world_below(w, (uint64_t)(to - from) + 1);
}

uint64_t world_size(struct world *w, uint64_t from, uint64_t to)
{
    unsigned bits = 0;
    while (bits < 63 && (to - from) >> bits)
        bits++;
    uint64_t mask = ((uint64_t)1 << world_below(w, bits + 1)) - 1;
    uint64_t n = from + (world_random(w) & mask);
    return n > to ? to : n;
}

bool world_chance(struct world *w, unsigned in_1000)
{
    return in_1000 && world_below(w, 1000) < in_1000;
}

bool world_mishap(struct world *w, enum mishap m)
{
    if (w->calm || !world_chance(w, w->odds[m]))
        return false;
    w->happened[m]++;
    if (mishaps[m].disaster) {
        w->disasters++;
        w->last_mishap = w->now;
    }
    world_note(w, mishaps[m].name, m, w->disasters);
    return true;
}

bool world_plants(struct world *w, enum plant p)
{
    if (w->plant != p || world_below(w, 16))
        return false;
    w->planted++;
    world_note(w, "planted", p, 0);
    return true;
}

void world_pass(struct world *w, stoa_time span)
{
    w->now += span;
}

static void trace_add(struct world *w, const void *p, size_t n)
{
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        w->trace = (w->trace ^ b[i]) * 0x100000001b3u;
}

void world_note(struct world *w, const char *what, int64_t a, int64_t b)
{
    int64_t all[3] = { w->now, a, b };
    trace_add(w, what, strlen(what));
    trace_add(w, all, sizeof(all));
    w->notes++;
    if (w->verbose)
        printf("%14.6f  %-16s %lld %lld\n", (double)w->now / 1e9, what, (long long)a, (long long)b);
}

void world_fail(struct world *w, const char *fmt, ...)
{
    if (world_failed(w))
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(w->failure, sizeof(w->failure), fmt, ap);
    va_end(ap);
    if (w->verbose)
        printf("%14.6f  FAILED: %s\n", (double)w->now / 1e9, w->failure);
}
