/* sim/vnet.h -- virtual sockets that are bound: listeners with their accept queues, datagram
 * sockets with their datagrams; and how a client's connect() finds one.
 *
 * Knows no descriptors: sim/calls.c does. */
#ifndef SIM_VNET_H
#define SIM_VNET_H

#include "sim/vstream.h"

struct vdatagram {
    struct list node;
    struct sockaddr_storage from, to;
    socklen_t from_len, to_len;
    stoa_time at; /* arrives */
    size_t n;
    char bytes[];
};

/* What socket(2) makes. */
struct vport {
    struct list node; /* in net.ports */
    int family, type;
    struct sockaddr_storage name;
    socklen_t name_len;
    bool bound, listening, reuse_port;
    int backlog;
    struct list queue;     /* streams that wait for accept */
    int queued;            /* of them, those whose handshake is done */
    struct list datagrams; /* that came and are not read */
};

struct vnet {
    struct world *w;
    struct list ports;
    struct list streams;   /* all there ever were */
    struct list datagrams; /* to clients: each takes its own out */
    int streams_made;
    uint16_t vport_next;
};

void vnet_init(struct vnet *net, struct world *w);
void vnet_done(struct vnet *net);

struct vport *vport_new(struct vnet *net, int family, int type);

/* Whoever waits in its queue is reset. */
void vport_free(struct vnet *net, struct vport *p);

/* returns 0, -EADDRINUSE, -EINVAL. */
int vport_bind(struct vnet *net, struct vport *p, const struct sockaddr *a, socklen_t n);
int vport_listen(struct vnet *net, struct vport *p, int backlog);

/* Takes the oldest connection out of the queue; NULL = it is empty. */
struct vstream *vport_accept(struct vport *p);
bool vport_is_ready(const struct vport *p);

/* Begins a handshake; stream->connected or ->refused tell how it ended. */
struct vstream *vnet_connect(struct vnet *net, const struct sockaddr *to, socklen_t n,
                             size_t room_up, size_t room_down);

/* Sends a datagram. `from` is the port's name, or a client's. */
void vnet_send_to(struct vnet *net, const void *p, size_t n, const struct sockaddr_storage *from,
                  socklen_t from_len, const struct sockaddr_storage *to, socklen_t to_len);

/* The oldest datagram that came to the port; NULL = none. Yours, to free(). */
struct vdatagram *vport_datagram(struct vnet *net, struct vport *p);
bool vport_has_datagram(const struct vnet *net, const struct vport *p);

/* The oldest datagram that came to a client of this name. Yours. */
struct vdatagram *vnet_datagram(struct vnet *net, const struct sockaddr_storage *to);

/* Lets happen what is due: handshakes, arrivals. */
void vnet_settle(struct vnet *net);
stoa_time vnet_next(const struct vnet *net);

#endif
