/* net/addr.h -- addresses as people write them, and back. Resolving a name may block: only before
 * stoa_run, or on a helper thread. */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include "base/str.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct addr {
    socklen_t len;
    union {
        sa_family_t family;
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un un;
    };
};

enum { ADDR_TEXT_BYTES = 120 }; /* enough for any address in words, terminated */

/* Splits "host:port", ":port", "[v6]:port", "unix:PATH" and checks the form.
 *   returns  0; -EINVAL and *why, a static sentence that says what is wrong.
 *   unix     ret->path is set, terminated, host is empty. ":port" = empty host: all interfaces. */
struct addr_parts {
    char host[256];
    char port[16]; /* number or service name */
    char path[108];
    bool is_unix;
};
int addr_split(struct stoa_str text, struct addr_parts *ret, const char **why);

/* All addresses that the parts mean, in getaddrinfo's order. An empty host gives the IPv6 wildcard
 * (dual-stack) where the machine has IPv6, else 0.0.0.0. "localhost" gives 127.0.0.1 and ::1.
 *   returns  how many (1..max); -EINVAL and *why for a name that does not resolve (gai_strerror). */
int addr_resolve(const struct addr_parts *parts, int socktype, struct addr *ret, int max,
                 const char **why);

/* The same for whoever wants to know more, or less. */
struct addr_query {
    int socktype;
    int family;   /* AF_INET, AF_INET6: only that; 0 = both */
    bool numeric; /* asks nobody: -ENOENT for a name, or for the name of a service */
};

/*   returns  how many (1..max); and *why: -ENOENT (no such name, or no address of that family),
 *            -EAFNOSUPPORT (a numeric address of the other family), -EAGAIN (the name service did not
 *            answer), -EINVAL (no service has the name that stands for the port), -EIO (anything
 *            else). */
int addr_look_up(const struct addr_parts *parts, const struct addr_query *q, struct addr *ret,
                 int max, const char **why);

/* "127.0.0.1:80", "[::1]:80", "unix:/path"; escaped where a path has odd bytes. An IPv4 peer of a
 * dual-stack socket (::ffff:127.0.0.1) is written as what it is. returns buf. */
char *addr_format(const struct addr *a, char *buf, size_t n);

/* The same for a peer in a sentence: who connects to a Unix socket seldom has an address, and is
 * "a Unix socket" then. returns buf. */
char *addr_format_peer(const struct addr *a, char *buf, size_t n);

/* The host part alone: "127.0.0.1", "::1", "fe80::1%2" (the interface by number), "unix:".
 * returns buf. */
char *addr_format_host(const struct addr *a, char *buf, size_t n);

/* From what the kernel's calls fill in. */
void addr_set(struct addr *a, const struct sockaddr *from, socklen_t len);

bool addr_is_wildcard(const struct addr *a);                        /* 0.0.0.0 or [::] */
bool addr_is_multicast(const struct addr *a);                       /* and 255.255.255.255 */
bool addr_is_same_host(const struct addr *a, const struct addr *b); /* but for the port */
uint16_t addr_port(const struct addr *a);                           /* host order; 0 for Unix */
void addr_set_port(struct addr *a, uint16_t port);

#endif
