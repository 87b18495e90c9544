/* tool/watch/words.c -- see words.h. */
#include "tool/watch/words.h"

#include "app/words.h"

#include <stdio.h>

const char *watch_count(char *buf, uint64_t n)
{
    if (n < 1000)
        snprintf(buf, WATCH_WORD_BYTES, "%u", (unsigned)n);
    else if (n < 1000000)
        snprintf(buf, WATCH_WORD_BYTES, "%u,%03u", (unsigned)(n / 1000), (unsigned)(n % 1000));
    else if (n < 1000000000)
        snprintf(buf, WATCH_WORD_BYTES, "%.1fM", (double)n / 1e6);
    else
        snprintf(buf, WATCH_WORD_BYTES, "%.1fG", (double)n / 1e9);
    return buf;
}

const char *watch_dropped(char *buf, uint64_t n)
{
    char count[WATCH_WORD_BYTES];
    snprintf(buf, WATCH_DROPPED_BYTES, "%s %s", watch_count(count, n),
             str_counted(n, "SYN or ACK", "SYNs or ACKs"));
    return buf;
}

const char *watch_bytes(char *buf, uint64_t n)
{
    buf[words_size(buf, n)] = 0;
    return buf;
}

const char *watch_rate(char *buf, double per_s)
{
    char count[WATCH_WORD_BYTES];
    if (per_s < 0)
        snprintf(buf, WATCH_WORD_BYTES, "-");
    else if (per_s > 0 && per_s < 9.95)
        snprintf(buf, WATCH_WORD_BYTES, "%.1f/s", per_s);
    else
        snprintf(buf, WATCH_WORD_BYTES, "%.20s/s", watch_count(count, (uint64_t)(per_s + 0.5)));
    return buf;
}

const char *watch_span(char *buf, stoa_time span)
{
    static const struct {
        stoa_time from, unit;
        const char *name;
    } steps[] = {
        { 172800 * STOA_SEC, 86400 * STOA_SEC, "d" }, { 7200 * STOA_SEC, 3600 * STOA_SEC, "h" },
        { 120 * STOA_SEC, 60 * STOA_SEC, "min" },     { STOA_SEC - STOA_MS / 2, STOA_SEC, "s" },
        { STOA_MS - STOA_US / 2, STOA_MS, "ms" },     { 0, STOA_US, "us" },
    };
    int i = 0;
    if (span < 0) {
        snprintf(buf, WATCH_WORD_BYTES, "-");
        return buf;
    }
    while (span < steps[i].from)
        i++;
    double v = (double)span / (double)steps[i].unit;
    bool is_short = v < 9.95 && (steps[i].unit == STOA_MS || steps[i].unit == STOA_SEC);
    snprintf(buf, WATCH_WORD_BYTES, "%.*f %s", is_short ? 1 : 0, v, steps[i].name);
    return buf;
}

/* What has been seen says enough once it is not much less than what may be. */
const char *watch_close_wait_age(char *buf, const struct watch_conns *c)
{
    char span[WATCH_WORD_BYTES];
    bool is_known = c->close_wait_least * 2 >= c->close_wait_most;
    stoa_time shown = is_known ? c->close_wait_least : c->close_wait_most;
    bool is_most = !is_known && c->close_wait_most >= 0;
    snprintf(buf, WATCH_WORD_BYTES, "%s%.20s", is_most ? "< " : "", watch_span(span, shown));
    return buf;
}

const char *watch_queue(char *buf, const struct watch_listener *l)
{
    if (l->sockets > 1)
        snprintf(buf, WATCH_WORD_BYTES, "%u/%u of %d", (unsigned)l->fullest_queue,
                 (unsigned)l->fullest_queue_max, l->sockets);
    else
        snprintf(buf, WATCH_WORD_BYTES, "%u/%u", (unsigned)l->fullest_queue,
                 (unsigned)l->fullest_queue_max);
    return buf;
}
