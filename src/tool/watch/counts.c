/* tool/watch/counts.c -- see counts.h. */
#include "tool/watch/counts.h"

static const char *const names[WATCH_COUNTERS] = {
    [WATCH_OVERFLOWS] = "TcpExtListenOverflows", [WATCH_SYN_FULL] = "TcpExtTCPReqQFullDrop",
    [WATCH_COOKIES] = "TcpExtSyncookiesSent",    [WATCH_LISTEN_DROPS] = "TcpExtListenDrops",
    [WATCH_RETRANS] = "TcpRetransSegs",          [WATCH_RESETS_SENT] = "TcpOutRsts",
    [WATCH_RESETS_GOT] = "TcpEstabResets",       [WATCH_PASSIVE_OPENS] = "TcpPassiveOpens",
};

void watch_counts_init(struct watch_counts *c)
{
    *c = (struct watch_counts){ 0 };
    for (int i = 0; i < WATCH_COUNTERS; i++)
        c->all[i].name = names[i];
}

/* "ListenOverflows", as /proc/net/netstat has it. */
static const char *short_name(const char *name)
{
    struct stoa_str s = str_of(name);
    return name + (str_starts(s, STR("TcpExt")) ? 6 : 3);
}

static uint64_t growth(const struct watch_counts *c, int i)
{
    int64_t grown = counter_growth(&c->all[i]);
    return c->at && grown > 0 ? (uint64_t)grown : 0;
}

void watch_counts_take(struct watch_counts *c, const struct io_sys *sys, stoa_time now,
                       struct watch_count ret[WATCH_COUNTERS])
{
    double span_s = (double)(now - c->at) / (double)STOA_SEC;
    for (int i = 0; i < DROPS_COUNTERS; i++)
        c->grown_before[i] = (int64_t)growth(c, i);
    bool is_read = counters_read(sys, c->all, WATCH_COUNTERS) == 0;
    for (int i = 0; i < WATCH_COUNTERS; i++) {
        uint64_t grown = growth(c, i);
        bool has_rate = c->at && span_s > 0;
        ret[i] = (struct watch_count){
            .name = short_name(names[i]),
            .is_known = is_read && c->all[i].is_known,
            .total = c->all[i].value > 0 ? (uint64_t)c->all[i].value : 0,
            .grown = grown,
            .per_s = has_rate ? (double)grown / span_s : WATCH_UNKNOWN,
        };
    }
    c->at = now;
}

void watch_counts_growth(const struct watch_counts *c, int64_t ret[DROPS_COUNTERS])
{
    for (int i = 0; i < DROPS_COUNTERS; i++)
        ret[i] = (int64_t)growth(c, i) + c->grown_before[i];
}
