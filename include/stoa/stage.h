/* stoa/stage.h -- where the time of each connection and request goes: the layout of the mapped file
 * that a server writes as it works, so that another process can read it, even when the server hangs.
 *
 * Data only, but for the functions at the end. The file: a head, then its tables, each at the
 * offset, with the count and the size of an entry that the head tells. A reader takes these from the
 * head and not from its own header: entries may grow at their end.
 *
 * Who writes    Each core writes its own entries, with plain stores and no lock. An entry with a
 *               `seq` is odd while it is being written: read seq (acquire), copy, read it again; the
 *               copy is good when both are the same even number. Single counters are read as they are.
 * Moments       nanoseconds of CLOCK_MONOTONIC of the machine, as struct stoa_stage_head's `real_ns`
 *               less `mono_ns` added gives CLOCK_REALTIME. 0 = not yet. */
#ifndef STOA_STAGE_H
#define STOA_STAGE_H

#include <stoa.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stoa_http;

/* Where time goes, in the order in which it passes. The first two belong to a connection, and are part
 * of its first request's way; the others to each request, add up to its whole and do not overlap. */
enum stoa_span {
    STOA_SPAN_HANDSHAKE, /* from the SYN-ACK to the client's ACK (tcpi_rtt at accept) */
    STOA_SPAN_ACCEPT, /* established, and not yet accepted: bounds only (tcpi_last_data_sent); and
                            held, over the limit of connections (STOA_AT_HELD) */
    STOA_SPAN_QUEUED, /* the request was here already while its connection waited for that */
    STOA_SPAN_BUFFER, /* in the receive buffer: received by the kernel, not read by an idle core */
    STOA_SPAN_CORE,   /* waiting for the core: it ran others while the bytes, or the task, waited */
    STOA_SPAN_HEAD,   /* from the head's first byte to its last: a client that sends in pieces */
    STOA_SPAN_BODY,   /* waiting for the request's body */
    STOA_SPAN_HANDLER, /* the program's own work, without what it waited for body and client */
    STOA_SPAN_SEND,    /* waiting for the client to take the reply */
    STOA_SPAN_NETWORK, /* sampled: from the last byte handed over to the client's ACK of it */
    STOA_SPAN_MARKS,   /* the first of the program's own (stoa_stage_mark), parts of HANDLER */
    STOA_SPANS = STOA_SPAN_MARKS + 6
};

/* How good a number is. */
enum stoa_grade { STOA_UNKNOWN, STOA_EXACT, STOA_BOUNDED, STOA_ESTIMATED };

/* What a connection is at, now. */
enum stoa_at {
    STOA_AT_NOTHING, /* the entry is free */
    STOA_AT_READY,   /* waits for the core */
    STOA_AT_HEAD,    /* part of a head has come */
    STOA_AT_BODY,    /* the handler waits for the request's body */
    STOA_AT_HANDLER, /* the handler runs, or waits for something of its own */
    STOA_AT_SEND,    /* waits for the client to take bytes */
    STOA_AT_IDLE,    /* between requests */
    STOA_AT_LINGER,  /* closed in order; waits for the client's end */
    STOA_AT_HELD,    /* accepted over the limit (stoa_options.conns_max); waits for another's end */
    STOA_ATS
};

struct stoa_span_time {
    uint64_t ns;    /* of STOA_BOUNDED: the upper bound */
    uint64_t least; /* of STOA_BOUNDED: the lower bound; else = ns */
};

/* One request, or what was of it when it ended. */
struct stoa_stage_request {
    int64_t began;   /* when the kernel had received its first bytes; of its connection's first:
                          the same, so that `took` is what the client waited for after it had sent */
    int64_t took;    /* until its last byte was handed to the kernel; sum of QUEUED..SEND */
    uint16_t status; /* 0 = none was sent */
    uint8_t first;   /* 1: of its connection: HANDSHAKE and ACCEPT count */
    uint8_t core;
    uint32_t listener;         /* index */
    uint64_t bytes;            /* of the reply's body */
    char method[8];            /* terminated; escaped, as path is */
    char path[80];             /* cut; no query */
    char peer[48];             /* address without port, or "a Unix socket" */
    char cause[40];            /* id of what failed; "" = nothing did */
    uint8_t grade[STOA_SPANS]; /* enum stoa_grade */
    struct stoa_span_time span[STOA_SPANS];
};

/* A connection that is open. Aligned to a cache line. */
struct stoa_stage_conn {
    uint32_t seq;
    uint8_t at; /* enum stoa_at */
    uint8_t reserved[3];
    uint32_t listener;
    uint32_t requests; /* begun */
    int64_t since;     /* when it came to `at` */
    int64_t accepted;
    uint64_t in, out; /* bytes read and written */
    char peer[48];    /* as the kernel has it: a struct sockaddr_in or sockaddr_in6; else zeroes */
    uint64_t handshake; /* ns; 0 = unknown: by SYN cookie, or not asked (one a millisecond is) */
    uint64_t queue_least, queue_most;
    uint32_t synack_retries;
    uint32_t reserved2;
};

/* Counts of a span's times: bucket i of a log-linear scale with 8 steps an octave of microseconds
 * (stoa_bucket_le). */
enum { STOA_BUCKETS = 8 * 27 };
struct stoa_stage_histogram {
    uint64_t count;
    uint64_t sum_ns;
    uint64_t buckets[STOA_BUCKETS];
};

enum { STOA_STATUSES = 6, STOA_CAUSES_MAX = 160, STOA_SLOWEST = 16 };

/* What one core has counted. Aligned to a page. */
struct stoa_stage_core {
    int64_t alive;      /* when its loop last turned: a hung core stands still */
    int64_t busy_since; /* when the turn began that is under way; 0 = it waits for the kernel */
    uint64_t accepted, closed, requests, bytes_in, bytes_out;
    uint64_t
        conns_used; /* entries of its part of the connections, from the first, that were ever in
                            use: the others were never touched, and a look at one takes memory */
    uint64_t statuses[STOA_STATUSES]; /* [2] = 2xx; [0] = none was sent */
    uint64_t causes[STOA_CAUSES_MAX]; /* by the head's names of causes */
    struct stoa_stage_histogram spans[STOA_SPANS];
    struct stoa_stage_histogram took;
    /* The slowest of the present and of the last ten seconds. */
    struct {
        uint32_t seq;
        uint32_t count;
        int64_t from; /* when these ten seconds began */
        struct stoa_stage_request worst[STOA_SLOWEST];
    } slow[2];
};

/* A listener, as the first core looks at it ten times a second. */
struct stoa_stage_listener {
    uint32_t seq;
    char name[124]; /* "http://127.0.0.1:8080/" */
    uint32_t queue; /* accept queue: now, its limit, the most since the start */
    uint32_t queue_max;
    uint32_t queue_peak;
    uint32_t backlog_asked; /* larger than queue_max: cut by somaxconn */
    uint64_t syn_queue;     /* request sockets now */
    uint64_t drops;         /* of the listener's own (SK_MEMINFO_DROPS) */
    /* What the network namespace counted since the server's start. */
    uint64_t overflows;    /* accept queue full (ListenOverflows) */
    uint64_t syn_drops;    /* SYN queue full (TCPReqQFullDrop) */
    uint64_t syn_cookies;  /* sent instead (SyncookiesSent) */
    uint64_t listen_drops; /* all of them (ListenDrops) */
    uint32_t fullest;      /* how full its fullest socket's queue is: thousandths of the limit */
    uint32_t reserved;
    /* Of `drops`, by what they were laid to. */
    uint64_t by_queue;     /* accept.queue_full */
    uint64_t by_syn_queue; /* accept.syn_queue_full */
    uint64_t by_none;      /* accept.syn_dropped */
};

struct stoa_stage_table {
    uint64_t offset;
    uint32_t count, size; /* entries; bytes of each */
};

struct stoa_stage_head {
    char magic[8];            /* "stoa\0stg" */
    uint32_t version;         /* 1; grows when a reader of the old one would read wrong */
    uint32_t bytes;           /* of this head */
    int64_t pid, started;     /* `started`: mono */
    int64_t mono_ns, real_ns; /* read together, renewed every second */
    char io[8];               /* "uring", "epoll" */
    char release[16];         /* STOA_VERSION */
    uint32_t draining;        /* 1: it stops */
    uint32_t marks;           /* how many of the program's own spans are named */
    char spans[STOA_SPANS][24];
    char causes[STOA_CAUSES_MAX][40];
    struct stoa_stage_table cores, listeners, conns; /* conns: in equal parts, one for each core */
};

/* Upper bound of histogram bucket i, in ns, which belongs to it; the last one's is INT64_MAX. [any] */
STOA_API int64_t stoa_bucket_le(int i);

/* From now on the time of x is counted to `name`, too, until the next mark or the handler's end; NULL
 * = to the handler alone again.
 *   name     a static text; the first 6 different ones of a runtime are kept apart.
 *   returns  0, also where the clock is off; -ENOSPC (one too many: it counts to the handler alone);
 *            -EINVAL (longer than 23, empty, or other characters than a field's name has). */
STOA_API int stoa_stage_mark(struct stoa_http *x, const char *name);

#ifdef __cplusplus
}
#endif
#endif
