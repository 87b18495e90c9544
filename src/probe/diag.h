/* probe/diag.h -- the kernel's sockets, as sock_diag(7) tells of them: TCP, UDP and Unix sockets of
 * all processes in our network namespace, without privileges. Knows no process: a socket has an
 * inode number, and holder.h finds who has it open.
 *
 * What it costs: the listening sockets of a machine about 20 us, one connection (diag_find) 3 us. Other
 * states walk the kernel's whole hash: 0.3 to 5 ms, by the size of the hash, which goes by the machine's
 * memory, and more with many sockets. So ask once, by state and port, and not on a core that has
 * connections to serve: on a helper thread.
 *
 * Used by net/ (who has the port, how full is the queue) and by the command. Each function may be
 * called on any thread; one thread at a time per struct diag. */
#ifndef PROBE_DIAG_H
#define PROBE_DIAG_H

#include "probe/netlink.h"

#include <netinet/in.h>
#include <sys/un.h>

/* The kernel's numbers (enum in net/tcp_states.h). A UDP socket is DIAG_ESTABLISHED when connected,
 * else DIAG_CLOSE; so is a Unix socket, which may be DIAG_LISTEN, too. */
enum diag_state {
    DIAG_ESTABLISHED = 1,
    DIAG_SYN_SENT,
    DIAG_SYN_RECV, /* in the SYN queue: no process has it yet */
    DIAG_FIN_WAIT1,
    DIAG_FIN_WAIT2,
    DIAG_TIME_WAIT, /* no process has it any more */
    DIAG_CLOSE,
    DIAG_CLOSE_WAIT,
    DIAG_LAST_ACK,
    DIAG_LISTEN,
    DIAG_CLOSING,
    DIAG_BOUND = 13, /* bound, and neither listening nor connected (told since Linux 6.8) */
};

/* "LISTEN", ... as ss(8) and RFC 9293 write it; "?" for a number that is none. Static. */
const char *diag_state_name(int state);

enum { DIAG_ALL_STATES = -1 };

union diag_addr {
    sa_family_t family;
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un; /* the path as it was bound, terminated if it fits; un.sun_path[0] = 0:
                              an abstract name follows; of a socket without a name: local_len */
};

/* What TCP_INFO says (tcp(7); the units are the kernel's). */
struct diag_tcp {
    uint32_t rtt_us, rttvar_us, min_rtt_us, rto_us;
    uint32_t snd_mss, snd_cwnd; /* cwnd in segments */
    uint32_t total_retrans;     /* segments sent again, the SYN included */
    uint32_t unacked;           /* segments; of a listener: the accept queue's length */
    uint32_t last_data_sent_ms, last_data_received_ms;
    uint32_t notsent_bytes;
    uint64_t bytes_acked, bytes_received;
    uint64_t busy_us, rwnd_limited_us, sndbuf_limited_us;
};

struct diag_socket {
    union diag_addr local, remote; /* remote: not of Unix sockets */
    socklen_t local_len;
    uint8_t state; /* enum diag_state */
    uint8_t type;  /* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
    uint8_t timer; /* 0 none, 1 retransmission, 2 keepalive, 3 TIME_WAIT, 4 zero-window probe */
    uint8_t
        retrans; /* how often that timer has fired in a row; DIAG_SYN_RECV: SYN-ACKs sent again */
    uint32_t expires_ms; /* until it fires */
    /* A listener: connections in its accept queue, and how many that may be (the kernel accepts one
     * more). Else bytes: received and not read, sent and not acknowledged. */
    uint32_t rqueue, wqueue;
    uint32_t drops;   /* SYNs and final ACKs of a listener, datagrams of a UDP socket */
    uint32_t uid;     /* of who made it; UINT32_MAX = not told */
    uint32_t inode;   /* 0 = no process has it: SYN_RECV, TIME_WAIT, not yet accepted */
    uint32_t ifindex; /* bound to that interface; 0 = to none */
    uint64_t cgroup;  /* of who made it, for cgroup.h; 0 = not told */
    uint64_t cookie;
    bool v6_only; /* [::] that leaves IPv4 to others */
    bool has_tcp; /* tcp is filled in: it was asked for, and the state has it */
    struct diag_tcp tcp;
    uint32_t peer_inode;         /* a Unix socket's; 0 = none, or gone */
    uint32_t file_dev, file_ino; /* a Unix socket's file: diag_is_file() */
};

struct diag_query {
    sa_family_t family; /* AF_INET, AF_INET6 (with its dual-stack sockets), AF_UNIX; AF_UNSPEC: both
                           of the first, of TCP only, in one walk, which costs half of two */
    uint8_t protocol;   /* IPPROTO_TCP, IPPROTO_UDP; not looked at for AF_UNIX */
    bool tcp;           /* fill in diag_socket.tcp */
    int states;         /* 1 << DIAG_LISTEN | ...; DIAG_ALL_STATES */
    uint16_t local_port, remote_port; /* host order; 0 = any; not looked at for AF_UNIX */
};

struct diag {
    struct netlink netlink;
};

/* Opens nothing yet; needs 8 KiB of mem while it is in use. */
void diag_init(struct diag *d, const struct io_sys *sys, const struct stoa_mem *mem);
void diag_done(struct diag *d);

/* The socket is borrowed until the return. returns 0 = go on; > 0 = enough; < 0 = give up. */
typedef int diag_visit(void *ctx, const struct diag_socket *s);

/* Visits each socket that q asks for. Sockets come and go meanwhile: one may be missed or told twice.
 *   returns  0; what visit returned; -ENOENT: this kernel cannot tell of that family or protocol;
 *            -ENOMEM, -EMFILE; -ENOSYS, -EAFNOSUPPORT: nothing of the kind here. */
int diag_each(struct diag *d, const struct diag_query *q, diag_visit *visit, void *ctx);

/* The TCP socket that a segment from `remote` to `local` would meet: the connection, else the listener
 * (one of them where several share the port; `remote` then may have the port 0). One look into the
 * hash, whatever the number of sockets.
 *   local, remote  of one family.
 *   returns  0 and *ret; -ENOENT: nobody; else as diag_each. */
int diag_find(struct diag *d, const union diag_addr *local, const union diag_addr *remote,
              struct diag_socket *ret);

/* Whether s is the Unix socket whose file lstat(2) shows as st. */
bool diag_is_file(const struct diag_socket *s, const struct stat *st);

#endif
