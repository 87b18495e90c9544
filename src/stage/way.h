/* stage/way.h -- when bytes came, and what the time before they were looked at was spent on: pure
 * arithmetic on moments of the monotonic clock (0 = unknown). */
#ifndef STAGE_WAY_H
#define STAGE_WAY_H

#include <stdbool.h>
#include <stdint.h>

/* Of bytes that came together. */
struct stage_came {
    int64_t rx; /* received by the kernel */
    int64_t
        idle; /* the core, which had been busy, began to wait for such; 0 = it was idle before */
    int64_t read; /* taken from the kernel */
};

/* What a wait for bytes was, in ns; adds up to its whole. */
struct stage_wait {
    uint64_t client; /* nothing had come */
    uint64_t buffer; /* they were there, and an idle core did not read them yet */
    uint64_t core;   /* it was busy with others */
};

/* Splits the time from `from` to `until`, at whose end the bytes of `came` were looked at. Where the
 * kernel's stamp is missing all until the read counts as the client's. */
struct stage_wait stage_way_split(int64_t from, const struct stage_came *came, int64_t until);

/* When a reply's last byte was acknowledged: asked for with its send, told by the kernel some time
 * after. */
enum stage_ack { STAGE_ACK_NONE, STAGE_ACK_WANTED, STAGE_ACK_ASKED, STAGE_ACK_AWAITED };

/* What a core keeps of one connection. */
struct stage_way {
    int64_t handed; /* the reply of an awaited ACK, to the kernel; 0 = it is of no use */
    uint8_t ack;    /* enum stage_ack */
    bool is_tcp;
    bool has_peer; /* it was asked who it is */
};

#endif
