/* tool/watch/words.h -- numbers as `stoa watch` writes them: short, for narrow columns. */
#ifndef TOOL_WATCH_WORDS_H
#define TOOL_WATCH_WORDS_H

#include "tool/watch/picture.h"

enum { WATCH_WORD_BYTES = 24 };

/* The text, or "-" where nothing is known: the method of a request that was none. */
static inline const char *watch_text(const char *text)
{
    return text[0] ? text : "-";
}

/* Each returns buf, of WATCH_WORD_BYTES. */

/* "7", "12,345", "1.2M". */
const char *watch_count(char *buf, uint64_t n);

/* What a listener's kernel dropped: "1 SYN or ACK", "12 SYNs or ACKs". Of WATCH_DROPPED_BYTES. */
enum { WATCH_DROPPED_BYTES = WATCH_WORD_BYTES + 16 };
const char *watch_dropped(char *buf, uint64_t n);

/* "0 B", "1.2 MiB". */
const char *watch_bytes(char *buf, uint64_t n);

/* A rate: "12/s", "0.3/s"; "-" when it is not known. */
const char *watch_rate(char *buf, double per_s);

/* How long: "40 us", "3.1 ms", "12 s", "3 min", "5 h", "2 d"; "-" when it is not known. */
const char *watch_span(char *buf, stoa_time span);

/* The age of the oldest CLOSE_WAIT: "3 min" as far as it has been seen, "< 3 min" where only the upper
 * bound says something; "-" when there is none. */
const char *watch_close_wait_age(char *buf, const struct watch_conns *c);

/* The accept queue: "3/128"; and of several sockets that of the fullest: "3/128 of 4". */
const char *watch_queue(char *buf, const struct watch_listener *l);

#endif
