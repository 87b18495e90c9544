/* net/addr.c -- see addr.h. */
#include "net/addr.h"
#include "io/io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>

/* ---- reading ---- */

static int wrong(const char **why, const char *sentence)
{
    *why = sentence;
    return -EINVAL;
}

static int split_unix(struct stoa_str path, struct addr_parts *ret, const char **why)
{
    if (path.n == 0)
        return wrong(why, "the path is missing: unix:PATH");
    if (path.n >= sizeof ret->path)
        return wrong(why, "the path of a Unix socket has at most 107 bytes");
    if (memchr(path.p, 0, path.n))
        return wrong(why, "there is a zero byte in the path");
    *ret = (struct addr_parts){ .is_unix = true };
    memcpy(ret->path, path.p, path.n);
    return 0;
}

static bool is_host_byte(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f && !strchr("/\\\"'@?#[]", c);
}

static int check_host(struct stoa_str host, const char **why)
{
    if (host.n >= sizeof((struct addr_parts *)0)->host)
        return wrong(why, "the host name is longer than 255 bytes");
    for (size_t i = 0; i < host.n; i++)
        if (!is_host_byte(host.p[i]))
            return wrong(why, "there is a character in the host that no host name has");
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return str_lower(c) >= 'a' && str_lower(c) <= 'z';
}

/* As in /etc/services: "http", "ms-wbt-server". */
static bool is_service_name(struct stoa_str s)
{
    if (s.n >= sizeof((struct addr_parts *)0)->port || !is_letter(s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (!is_letter(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return true;
}

static int check_port(struct stoa_str port, const char **why)
{
    if (port.n == 0)
        return wrong(why, "the port is missing after the colon; 0 picks a free one");
    size_t digits = 0;
    while (digits < port.n && is_digit(port.p[digits]))
        digits++;
    if (digits < port.n && !is_service_name(port))
        return wrong(why, "the port is neither a number nor the name of a service");
    uint64_t number;
    if (digits == port.n && !(str_to_u64(port, &number) && number <= 65535))
        return wrong(why, "a port is a number from 0 to 65535");
    return 0;
}

/* "[v6]:port": text starts with the bracket. */
static int split_brackets(struct stoa_str text, struct stoa_str *host, struct stoa_str *port,
                          const char **why)
{
    size_t end = str_find(text, ']');
    if (end == text.n)
        return wrong(why, "the bracket of the IPv6 address is not closed: [::1]:8080");
    *host = (struct stoa_str){ text.p + 1, end - 1 };
    if (str_find(*host, ':') == host->n)
        return wrong(why, "only an IPv6 address stands in brackets: [::1]:8080");
    *port = str_from(text, end + 1);
    if (port->n == 0 || port->p[0] != ':')
        return wrong(why, "the port is missing after the bracket: [::1]:8080");
    *port = str_from(*port, 1);
    return 0;
}

static int split_plain(struct stoa_str text, struct stoa_str *host, struct stoa_str *port,
                       const char **why)
{
    size_t colon = str_find(text, ':');
    if (colon == text.n)
        return wrong(why, "the port is missing: host:port, or :port");
    *host = (struct stoa_str){ text.p, colon };
    *port = str_from(text, colon + 1);
    if (str_starts(*port, STR("//")))
        return wrong(why, "a scheme does not belong here: host:port");
    if (str_find(*port, ':') < port->n)
        return wrong(why, "an IPv6 address stands in brackets: [::1]:8080");
    return 0;
}

int addr_split(struct stoa_str text, struct addr_parts *ret, const char **why)
{
    if (text.n == 0)
        return wrong(why, "the address is empty: host:port, :port, [v6]:port or unix:PATH");
    if (str_starts(text, STR("unix:")))
        return split_unix(str_from(text, 5), ret, why);
    struct stoa_str host, port;
    int r = text.p[0] == '[' ? split_brackets(text, &host, &port, why)
                             : split_plain(text, &host, &port, why);
    if (r == 0)
        r = check_host(host, why);
    if (r == 0)
        r = check_port(port, why);
    if (r < 0)
        return r;
    *ret = (struct addr_parts){ 0 };
    memcpy(ret->host, host.p, host.n);
    /* Leading zeros may be more than there is room for. */
    while (port.n > 5 && port.p[0] == '0')
        port = str_from(port, 1);
    memcpy(ret->port, port.p, port.n);
    return 0;
}

/* ---- resolving ---- */

static void set_unix(struct addr *a, const char *path)
{
    *a = (struct addr){ .un = { .sun_family = AF_UNIX } };
    size_t n = strlen(path);
    memcpy(a->un.sun_path, path, n + 1);
    a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
}

static bool has_already(const struct addr *list, int count, const struct addr *a)
{
    for (int i = 0; i < count; i++)
        if (list[i].len == a->len && memcmp(&list[i].any, &a->any, a->len) == 0)
            return true;
    return false;
}

/* What getaddrinfo's error says: -ENOENT, -EAFNOSUPPORT, -EAGAIN, -EINVAL, -EIO. */
static int name_error(int e)
{
    switch (e) {
    case EAI_NONAME:
    case EAI_NODATA: return -ENOENT;
    case EAI_ADDRFAMILY: return -EAFNOSUPPORT;
    case EAI_AGAIN: return -EAGAIN;
    case EAI_SERVICE: return -EINVAL;
    default: return -EIO;
    }
}

static const char *why_not(int e, const char *host)
{
    if (e == EAI_SERVICE)
        return "no service has the name that stands for the port";
    if (e == EAI_NONAME && strchr(host, '%'))
        return "this machine has no interface of the name behind the %";
    return gai_strerror(e);
}

/* Adds what the name means to the `count` that are there. returns how many there are then. */
static int look_up(const char *host, const char *port, const struct addr_query *q, struct addr *ret,
                   int count, int max, const char **why)
{
    struct addrinfo hints = { .ai_socktype = q->socktype, .ai_family = q->family }, *found;
    if (q->numeric)
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    int e = getaddrinfo(host, port, &hints, &found);
    if (e != 0) {
        *why = why_not(e, host);
        return name_error(e);
    }
    for (struct addrinfo *f = found; f && count < max; f = f->ai_next) {
        struct addr a = { .len = f->ai_addrlen };
        if (f->ai_family != AF_INET && f->ai_family != AF_INET6)
            continue;
        memcpy(&a.any, f->ai_addr, f->ai_addrlen);
        if (!has_already(ret, count, &a))
            ret[count++] = a;
    }
    freeaddrinfo(found);
    if (count)
        return count;
    *why = "the name has no IP address";
    return -ENOENT;
}

static bool machine_has_ipv6(void)
{
    const struct io_sys *sys = io_sys_kernel();
    int fd = sys->socket(sys, AF_INET6, SOCK_STREAM, 0);
    if (fd >= 0)
        sys->close(sys, fd);
    return fd >= 0;
}

/* Whatever /etc/hosts says: both, in this order. */
static int look_up_localhost(const char *port, const struct addr_query *q, struct addr *ret,
                             int max, const char **why)
{
    int count = 0;
    if (q->family != AF_INET6)
        count = look_up("127.0.0.1", port, q, ret, 0, max, why);
    if (count >= 0 && q->family != AF_INET)
        count = look_up("::1", port, q, ret, count, max, why);
    return count;
}

int addr_look_up(const struct addr_parts *parts, const struct addr_query *q, struct addr *ret,
                 int max, const char **why)
{
    if (parts->is_unix) {
        set_unix(ret, parts->path);
        return 1;
    }
    if (!parts->host[0])
        return look_up(machine_has_ipv6() ? "::" : "0.0.0.0", parts->port, q, ret, 0, max, why);
    if (str_eq_nocase(str_of(parts->host), STR("localhost")))
        return look_up_localhost(parts->port, q, ret, max, why);
    return look_up(parts->host, parts->port, q, ret, 0, max, why);
}

int addr_resolve(const struct addr_parts *parts, int socktype, struct addr *ret, int max,
                 const char **why)
{
    int r = addr_look_up(parts, &(struct addr_query){ .socktype = socktype }, ret, max, why);
    return r < 0 ? -EINVAL : r;
}

/* ---- writing ---- */

static char *format_unix(const struct addr *a, char *buf, size_t n)
{
    size_t head = offsetof(struct sockaddr_un, sun_path);
    struct stoa_str path = { a->un.sun_path, a->len > head ? a->len - head : 0 };
    /* A name in the abstract namespace starts with a zero byte, written as '@' by custom. */
    bool is_abstract = path.n > 1 && path.p[0] == 0;
    if (is_abstract)
        path = str_from(path, 1);
    else
        path.n = path.n ? strnlen(path.p, path.n) : 0;
    size_t at = (size_t)snprintf(buf, n, "unix:%s", is_abstract ? "@" : "");
    if (at < n)
        str_escape(buf + at, n - at, path);
    return buf;
}

static void format_v4(const void *ip, char *buf, size_t n)
{
    if (!inet_ntop(AF_INET, ip, buf, (socklen_t)n))
        buf[0] = 0;
}

/* returns whether it is one that needs brackets. */
static bool format_v6(const struct sockaddr_in6 *v6, char *buf, size_t n)
{
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        format_v4(&v6->sin6_addr.s6_addr[12], buf, n);
        return false;
    }
    if (!inet_ntop(AF_INET6, &v6->sin6_addr, buf, (socklen_t)n))
        buf[0] = 0;
    size_t at = strlen(buf);
    if (v6->sin6_scope_id)
        snprintf(buf + at, n - at, "%%%u", v6->sin6_scope_id);
    return true;
}

/* Writes the host. returns whether it needs brackets before a port. */
static bool format_host(const struct addr *a, char *buf, size_t n)
{
    if (a->family == AF_INET6)
        return format_v6(&a->v6, buf, n);
    if (a->family == AF_INET)
        format_v4(&a->v4.sin_addr, buf, n);
    else
        snprintf(buf, n, "%s", a->family == AF_UNIX ? "unix:" : "?");
    return false;
}

char *addr_format(const struct addr *a, char *buf, size_t n)
{
    if (a->family == AF_UNIX)
        return format_unix(a, buf, n);
    char host[INET6_ADDRSTRLEN + 12];
    bool brackets = format_host(a, host, sizeof host);
    if (a->family != AF_INET && a->family != AF_INET6)
        snprintf(buf, n, "%s", host);
    else
        snprintf(buf, n, brackets ? "[%s]:%u" : "%s:%u", host, addr_port(a));
    return buf;
}

char *addr_format_peer(const struct addr *a, char *buf, size_t n)
{
    bool is_nameless = a->family == AF_UNIX && a->len <= offsetof(struct sockaddr_un, sun_path);
    if (!is_nameless)
        return addr_format(a, buf, n);
    snprintf(buf, n, "a Unix socket");
    return buf;
}

char *addr_format_host(const struct addr *a, char *buf, size_t n)
{
    format_host(a, buf, n);
    return buf;
}

bool addr_is_wildcard(const struct addr *a)
{
    if (a->family == AF_INET6)
        return IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
    return a->family == AF_INET && a->v4.sin_addr.s_addr == htonl(INADDR_ANY);
}

bool addr_is_multicast(const struct addr *a)
{
    if (a->family == AF_INET6)
        return IN6_IS_ADDR_MULTICAST(&a->v6.sin6_addr);
    in_addr_t ip = ntohl(a->v4.sin_addr.s_addr);
    return a->family == AF_INET && (IN_MULTICAST(ip) || ip == INADDR_BROADCAST);
}

bool addr_is_same_host(const struct addr *a, const struct addr *b)
{
    if (a->family != b->family)
        return false;
    if (a->family == AF_INET6)
        return IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr);
    return a->family == AF_INET && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

void addr_set(struct addr *a, const struct sockaddr *from, socklen_t len)
{
    *a = (struct addr){ .len = len < sizeof a->un ? len : (socklen_t)sizeof a->un };
    memcpy(&a->any, from, a->len);
}

uint16_t addr_port(const struct addr *a)
{
    if (a->family == AF_INET6)
        return ntohs(a->v6.sin6_port);
    return a->family == AF_INET ? ntohs(a->v4.sin_port) : 0;
}

void addr_set_port(struct addr *a, uint16_t port)
{
    if (a->family == AF_INET6)
        a->v6.sin6_port = htons(port);
    else if (a->family == AF_INET)
        a->v4.sin_port = htons(port);
}
