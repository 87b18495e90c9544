/* app/status_json.h -- a struct status as one JSON object, without a line end: what /stages answers,
 * and what each event of /events carries.
 *
 *   server       pid, version, io, cores, uptime_s, time (seconds since 1970), draining,
 *                alive: of each core, seconds since it last looked for work; 0 = it waits for some;
 *                stuck_after_s: a core with more is stuck, for /healthz, too
 *   rates        a second, over the last second: requests, connections, bytes_out, bytes_in
 *   totals       since the start: requests, connections, bytes_in, bytes_out, statuses by class
 *                ("none": the connection ended before one was sent); open: connections now
 *   listeners    name; queue, queue_max, queue_peak, backlog_asked: of the accept queue; fullest: how
 *                full its fullest socket is (1 = to its limit); syn_queue; drops: its own, drops_per_s;
 *                of its network namespace: overflows, syn_drops, syn_cookies, listen_drops
 *   spans        in the order in which they pass, a program's own last: name, count, rate (a second),
 *                p50_us, p90_us, p99_us, max_us: of the last ten seconds, null when there was none;
 *                grade: exact, bounded (the upper bound is shown), estimated
 *   took         whole requests, likewise
 *   at           how many connections are in which state
 *   causes       id, count, per_s: those that occurred, the most frequent first
 *   slowest      requests of the last ten to twenty seconds, slowest first; spans in microseconds,
 *                [least, most] of a bounded one
 *   connections  those that are longest in their state, idle ones last; connections_more: how many
 *                are not shown
 *
 * Everything that peers sent is escaped twice: as text (\xNN), then as JSON. */
#ifndef APP_STATUS_JSON_H
#define APP_STATUS_JSON_H

#include "app/status.h"
#include "base/buf.h"

/* t: what is known from before. */
void status_json(struct buf *b, const struct status *s, const struct trend *t);

#endif
