/* sim/vkernel.c -- the calls of struct io_sys: see vkernel.h. */
#include "sim/vkernel.h"

#include "sim/vfd.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static struct vkernel *kernel_of(const struct io_sys *s)
{
    return list_owner(s, struct vkernel, sys);
}

/* Notes the result of a call, and returns it. */
static int64_t told(struct vkernel *k, const char *call, int fd, int64_t r)
{
    world_note(k->w, call, fd, r);
    return r;
}

int vkernel_lack(struct vkernel *k)
{
    static const int errs[] = { -EMFILE, -ENFILE, -ENOMEM, -ENOBUFS };
    return errs[world_below(k->w, 4)];
}

/* ---- sockets ---- */

static int sim_socket(const struct io_sys *s, int family, int type, int protocol)
{
    struct vkernel *k = kernel_of(s);
    (void)protocol;
    if (family == AF_NETLINK)
        return -EAFNOSUPPORT;
    type &= ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct vport *p = vport_new(&k->net, family, type);
    int fd = vfd_new(k, (struct vfd){ .kind = FD_PORT, .port = p });
    if (fd < 0)
        vport_free(&k->net, p);
    return (int)told(k, "socket", type, fd);
}

static int sim_bind(const struct io_sys *s, int fd, const struct sockaddr *a, socklen_t n)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, fd, FD_PORT, "bind");
    return (int)told(k, "bind", fd, f ? vport_bind(&k->net, f->port, a, n) : -EBADF);
}

static int sim_listen(const struct io_sys *s, int fd, int backlog)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, fd, FD_PORT, "listen");
    return (int)told(k, "listen", fd, f ? vport_listen(&k->net, f->port, backlog) : -EBADF);
}

/* Its clients are scripts (client.c): nobody in it dials. */
static int sim_connect(const struct io_sys *s, int fd, const struct sockaddr *a, socklen_t n)
{
    (void)a, (void)n;
    return (int)told(kernel_of(s), "connect", fd, -ENETUNREACH);
}

int vkernel_accept(struct vkernel *k, int fd)
{
    struct vfd *f = vfd_get(k, fd, FD_PORT, "accept");
    if (!f)
        return -EBADF;
    vnet_settle(&k->net);
    if (!vport_is_ready(f->port))
        return -EAGAIN;
    if (world_mishap(k->w, MISHAP_ACCEPT))
        return vkernel_lack(k);
    int made = vfd_new(k, (struct vfd){ .kind = FD_STREAM });
    if (made >= 0)
        k->fds[made].stream = vport_accept(f->port);
    if (made >= 0 && world_plants(k->w, PLANT_ACCEPT_LOST))
        return -EAGAIN;
    return (int)told(k, "accept", fd, made);
}

static int sim_accept(const struct io_sys *s, int fd)
{
    return vkernel_accept(kernel_of(s), fd);
}

static int sim_adopt(const struct io_sys *s, int fd)
{
    struct vkernel *k = kernel_of(s);
    return (int)told(k, "adopt", fd, vfd_get(k, fd, FD_FREE, "adopt") ? 0 : -EBADF);
}

static int sim_set_option(const struct io_sys *s, int fd, int level, int name, const void *v,
                          socklen_t n)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, fd, FD_FREE, "set_option");
    if (!f)
        return -EBADF;
    bool lingers = level == SOL_SOCKET && name == SO_LINGER && n >= sizeof(struct linger);
    if (f->kind == FD_STREAM && lingers) {
        const struct linger *l = v;
        f->stream->end[SERVER].linger0 = l->l_onoff && l->l_linger == 0;
        return (int)told(k, "linger", fd, l->l_onoff);
    }
    if (f->kind == FD_STREAM && world_mishap(k->w, MISHAP_OPTION))
        return -EINVAL;
    int on = 0;
    memcpy(&on, v, n < sizeof(on) ? n : sizeof(on));
    if (f->kind == FD_STREAM && level == SOL_SOCKET && name == SO_TIMESTAMPING)
        f->stream->stamps = on;
    if (f->kind == FD_PORT && level == SOL_SOCKET && name == SO_REUSEPORT)
        f->port->reuse_port = on;
    return (int)told(k, "set_option", fd, 0);
}

static int option_value(struct vfd *f, int name)
{
    int err = 0;
    switch (name) {
    case SO_TYPE: return f->kind == FD_STREAM ? SOCK_STREAM : f->port->type;
    case SO_DOMAIN: return f->kind == FD_STREAM ? AF_INET : f->port->family;
    case SO_ACCEPTCONN: return f->kind == FD_PORT && f->port->listening;
    case SO_ERROR:
        if (f->kind == FD_STREAM) {
            err = -f->stream->end[SERVER].err;
            f->stream->end[SERVER].err = 0;
        }
        return err;
    default: return 0;
    }
}

static int sim_get_option(const struct io_sys *s, int fd, int level, int name, void *v,
                          socklen_t *n)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, fd, FD_FREE, "get_option");
    if (!f)
        return -EBADF;
    int value = level == SOL_SOCKET ? option_value(f, name) : 0;
    memset(v, 0, *n);
    memcpy(v, &value, *n < sizeof(value) ? *n : sizeof(value));
    told(k, "get_option", fd, value);
    return 0;
}

static int name_give(const struct sockaddr_storage *name, socklen_t len, struct sockaddr_storage *a,
                     socklen_t *n)
{
    *a = *name;
    *n = len;
    return 0;
}

static int sim_local_name(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, fd, FD_FREE, "local_name");
    if (!f)
        return -EBADF;
    if (f->kind == FD_PORT)
        return name_give(&f->port->name, f->port->name_len, a, n);
    return name_give(&f->stream->end[SERVER].name, f->stream->end[SERVER].name_len, a, n);
}

static int sim_peer_name(const struct io_sys *s, int fd, struct sockaddr_storage *a, socklen_t *n)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, fd, FD_STREAM, "peer_name");
    if (!f)
        return -EBADF;
    vstream_settle(f->stream);
    if (f->stream->end[SERVER].was_reset)
        return -ENOTCONN;
    return name_give(&f->stream->end[CLIENT].name, f->stream->end[CLIENT].name_len, a, n);
}

/* ---- sending ---- */

/* How much of n bytes goes out now. returns < 0: none. */
static ssize_t send_allowed(struct vkernel *k, struct vfd *f, size_t n)
{
    vstream_settle(f->stream);
    bool dead = f->stream->end[SERVER].was_reset;
    if (!dead && world_mishap(k->w, MISHAP_SEND))
        return world_below(k->w, 2) ? -ENOBUFS : -ENOMEM;
    if (!dead && n && world_mishap(k->w, MISHAP_SEND_AGAIN))
        return -EAGAIN;
    if (n > 1 && world_mishap(k->w, MISHAP_SEND_SHORT))
        n = world_size(k->w, 1, n);
    return (ssize_t)n;
}

/* What is planted changes the bytes on their way: p is a copy of them. */
static ssize_t send_planted(struct vkernel *k, struct vstream *st, char *p, size_t n, bool more)
{
    if (world_plants(k->w, PLANT_SEND_DROP))
        return (ssize_t)n;
    if (n && world_plants(k->w, PLANT_SEND_FLIP))
        p[world_below(k->w, n)] ^= 1;
    ssize_t r = vstream_send(st, SERVER, p, n, more);
    if (r > 0 && world_plants(k->w, PLANT_SEND_TWICE))
        vstream_send(st, SERVER, p, (size_t)r, more);
    if (r > 0 && (size_t)r < n && world_plants(k->w, PLANT_SEND_LIE))
        return (ssize_t)n;
    return r;
}

static size_t gather(const struct msghdr *m, char *to, size_t n)
{
    size_t have = 0;
    for (size_t i = 0; i < m->msg_iovlen && have < n; i++) {
        size_t piece = m->msg_iov[i].iov_len < n - have ? m->msg_iov[i].iov_len : n - have;
        if (piece)
            memcpy(to + have, m->msg_iov[i].iov_base, piece);
        have += piece;
    }
    return have;
}

static size_t total(const struct msghdr *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->msg_iovlen; i++)
        n += m->msg_iov[i].iov_len;
    return n;
}

/* IP_PKTINFO, as the receiver was told it. */
static bool is_sent_from(const struct msghdr *m, const struct vport *p)
{
    const struct sockaddr_in *own = (const void *)&p->name;
    const struct cmsghdr *c = CMSG_FIRSTHDR(m);
    struct in_pktinfo info;
    if (!c || c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
        return false;
    memcpy(&info, CMSG_DATA(c), sizeof(info));
    return info.ipi_spec_dst.s_addr == own->sin_addr.s_addr;
}

static ssize_t datagram_send(struct vkernel *k, struct vport *p, const struct msghdr *m)
{
    char bytes[1500];
    struct sockaddr_storage to = { 0 };
    size_t n = total(m);
    if (!m->msg_name || m->msg_namelen > sizeof(to))
        return -EDESTADDRREQ;
    if (n > sizeof(bytes))
        return -EMSGSIZE;
    if (world_mishap(k->w, MISHAP_SEND))
        return world_below(k->w, 2) ? -EAGAIN : -ENOBUFS;
    if (!is_sent_from(m, p))
        world_fail(k->w, "a datagram is answered from another address than it was sent to");
    memcpy(&to, m->msg_name, m->msg_namelen);
    gather(m, bytes, n);
    vnet_send_to(&k->net, bytes, n, &p->name, p->name_len, &to, m->msg_namelen);
    return (ssize_t)n;
}

static ssize_t stream_send_all(struct vkernel *k, struct vfd *f, const struct msghdr *m, int flags)
{
    ssize_t n = send_allowed(k, f, total(m));
    if (n < 0)
        return n;
    size_t want = (size_t)n, room = vstream_room(f->stream, SERVER);
    /* One byte more than there is room for, so that the stream sees that it is too much. */
    size_t size = want < room + 1 ? want : room + 1;
    char *bytes = malloc(size + 1);
    gather(m, bytes, size);
    ssize_t r = send_planted(k, f->stream, bytes, size, flags & MSG_MORE);
    free(bytes);
    return r;
}

static ssize_t sim_send(const struct io_sys *s, int fd, const struct msghdr *m, int flags)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, fd, FD_FREE, "send");
    if (!f || f->kind == FD_FILE)
        return -EBADF;
    if (f->kind == FD_PORT)
        return told(k, "send_to", fd, datagram_send(k, f->port, m));
    return told(k, "send", fd, stream_send_all(k, f, m, flags));
}

static int sim_shutdown(const struct io_sys *s, int fd, int how)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, fd, FD_STREAM, "shutdown");
    return (int)told(k, "shutdown", fd, f ? vstream_shutdown(f->stream, SERVER, how) : -EBADF);
}

enum { STAGES_FD = 1 }; /* below those that are counted: memory that is mapped */

static int sim_close(const struct io_sys *s, int fd)
{
    struct vkernel *k = kernel_of(s);
    if (fd == STAGES_FD)
        return 0;
    int r = (int)told(k, "close", fd, vfd_close(k, fd));
    if (world_plants(k->w, PLANT_USE_CLOSED))
        sim_shutdown(s, fd, SHUT_WR);
    return r;
}

static int sim_unlink(const struct io_sys *s, const char *path)
{
    (void)path;
    return (int)told(kernel_of(s), "unlink", 0, 0);
}

static int sim_lstat(const struct io_sys *s, const char *path, struct stat *ret)
{
    (void)path, (void)ret;
    return (int)told(kernel_of(s), "lstat", 0, -ENOENT);
}

/* ---- files ---- */

/* Waiting for the disk on a core's thread holds up all of its connections. */
static void must_not_wait(struct vkernel *k, const char *call)
{
    if (!k->helper && !k->starting)
        world_fail(k->w, "%s: may wait for the disk on a core's thread", call);
}

/* Others work on these files, too. */
static void maybe_change(struct vkernel *k)
{
    if (world_mishap(k->w, MISHAP_DISK))
        vdisk_change(&k->disk);
}

static int sim_open_beneath(const struct io_sys *s, int dirfd, const char *path, int flags,
                            bool no_wait)
{
    struct vkernel *k = kernel_of(s);
    struct ventry *base = k->disk.root;
    struct vfd content = { .kind = FD_FILE };
    if (dirfd != AT_FDCWD) {
        struct vfd *f = vfd_get(k, dirfd, FD_FILE, "open_beneath");
        if (!f)
            return -EBADF;
        base = f->entry;
    }
    if (!no_wait)
        must_not_wait(k, "open_beneath");
    if (no_wait && world_mishap(k->w, MISHAP_OPEN_AGAIN))
        return -EAGAIN;
    maybe_change(k);
    if (world_mishap(k->w, MISHAP_OPEN))
        return (int)told(k, "open", dirfd, -EMFILE + (int)world_below(k->w, 2));
    int r = vdisk_open(&k->disk, base, path, flags, &content.node, &content.entry);
    if (r == 0 && (r = vfd_new(k, content)) < 0)
        vdisk_drop(content.node);
    return (int)told(k, path, dirfd, r);
}

static int sim_stat(const struct io_sys *s, int fd, struct stat *ret)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, fd, FD_FREE, "stat");
    if (f && f->kind == FD_PORT) {
        *ret = (struct stat){ .st_mode = S_IFSOCK, .st_ino = (ino_t)fd };
        return 0;
    }
    f = vfd_get(k, fd, FD_FILE, "stat");
    if (!f)
        return -EBADF;
    maybe_change(k);
    vdisk_stat(f->node, ret);
    return 0;
}

/* The bytes that a file has at `at`, up to n, or fewer by chance. returns -EIO. */
static ssize_t file_bytes(struct vkernel *k, struct vnode *node, off_t at, size_t n)
{
    if (world_mishap(k->w, MISHAP_READ))
        return -EIO;
    if ((uint64_t)at >= node->size)
        return 0;
    n = n < node->size - (uint64_t)at ? n : (size_t)(node->size - (uint64_t)at);
    if (n > 1 && world_mishap(k->w, MISHAP_READ_SHORT))
        n = world_size(k->w, 1, n);
    return (ssize_t)n;
}

static void file_copy(struct vkernel *k, struct vnode *node, off_t at, void *to, size_t n)
{
    content_copy(node->content, (uint64_t)at, to, n);
    if (n && world_plants(k->w, PLANT_FILE_FLIP))
        ((char *)to)[world_below(k->w, n)] ^= 4;
}

static ssize_t sim_read_at(const struct io_sys *s, int fd, void *buf, size_t n, off_t at,
                           bool no_wait)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, fd, FD_FILE, "read_at");
    if (!f)
        return -EBADF;
    if (S_ISDIR(f->node->mode))
        return -EISDIR;
    if (world_plants(k->w, PLANT_FILE_BLOCKS))
        no_wait = false;
    if (!no_wait)
        must_not_wait(k, "read_at");
    if (no_wait && world_mishap(k->w, MISHAP_READ_AGAIN))
        return told(k, "read_at", fd, -EAGAIN);
    maybe_change(k);
    f->was_cached |= !no_wait;
    ssize_t r = file_bytes(k, f->node, at, n);
    if (r > 0)
        file_copy(k, f->node, at, buf, (size_t)r);
    return told(k, "read_at", fd, r);
}

static bool sim_is_cached(const struct io_sys *s, int file, off_t at, size_t n)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, file, FD_FILE, "is_cached");
    (void)at;
    (void)n;
    if (!f || world_mishap(k->w, MISHAP_NOT_CACHED))
        return false;
    return f->was_cached = true;
}

static ssize_t sim_send_file(const struct io_sys *s, int fd, int file, off_t *at, size_t n)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *to = vfd_get(k, fd, FD_STREAM, "send_file");
    struct vfd *from = vfd_get(k, file, FD_FILE, "send_file");
    if (!to || !from)
        return -EBADF;
    if (!from->was_cached)
        must_not_wait(k, "send_file");
    ssize_t r = send_allowed(k, to, n);
    if (r < 0)
        return told(k, "send_file", fd, r);
    maybe_change(k);
    size_t room = vstream_room(to->stream, SERVER);
    r = file_bytes(k, from->node, *at, (size_t)r < room + 1 ? (size_t)r : room + 1);
    if (r > 0) {
        char *bytes = malloc((size_t)r);
        file_copy(k, from->node, *at, bytes, (size_t)r);
        r = send_planted(k, to->stream, bytes, (size_t)r, false);
        free(bytes);
    }
    if (r > 0)
        *at += r;
    return told(k, "send_file", fd, r);
}

static ssize_t sim_read_dir(const struct io_sys *s, int dirfd, void *buf, size_t n)
{
    struct vkernel *k = kernel_of(s);
    struct vfd *f = vfd_get(k, dirfd, FD_FILE, "read_dir");
    if (!f)
        return -EBADF;
    if (!S_ISDIR(f->node->mode))
        return -ENOTDIR;
    must_not_wait(k, "read_dir");
    return told(k, "read_dir", dirfd, vdisk_list(&k->disk, f->entry, &f->list_at, buf, n));
}

/* ---- what the kernel knows of others ---- */

/* Netlink, /proc and /sys: this kernel has none of them. */

static ssize_t sim_receive(const struct io_sys *s, int fd, struct msghdr *m, int flags)
{
    (void)s, (void)fd, (void)m, (void)flags;
    return -ENOSYS;
}

static int sim_open_path(const struct io_sys *s, const char *path, int flags)
{
    (void)s, (void)path, (void)flags;
    return -ENOSYS;
}

static ssize_t sim_read_link(const struct io_sys *s, int dirfd, const char *name, char *buf,
                             size_t n)
{
    (void)s, (void)dirfd, (void)name, (void)buf, (void)n;
    return -ENOSYS;
}

/* ---- memory that is mapped: nobody else sees it ---- */

static int sim_make_file(const struct io_sys *s, const char *path, const char *name, size_t bytes)
{
    (void)s, (void)path, (void)name, (void)bytes;
    return STAGES_FD;
}

static int sim_map(const struct io_sys *s, int fd, size_t bytes, bool writes, void **ret)
{
    (void)s, (void)fd, (void)writes;
    *ret = calloc(1, bytes);
    return *ret ? 0 : -ENOMEM;
}

static void sim_unmap(const struct io_sys *s, void *p, size_t bytes)
{
    (void)s, (void)bytes;
    free(p);
}

/* ---- clock and chance ---- */

static struct io_clock sim_clock(const struct io_sys *s)
{
    struct vkernel *k = kernel_of(s);
    stoa_time ahead = world_is_planted(k->w, PLANT_TIMER_EARLY) ? k->w->now / 100 : 0;
    return (struct io_clock){ k->w->now + ahead, world_real(k->w) };
}

static stoa_time sim_moment(const struct io_sys *s)
{
    return sim_clock(s).mono_ns;
}

static stoa_time sim_tick(const struct io_sys *s)
{
    (void)s;
    return 4 * STOA_MS;
}

/* Everything takes no time here. */
static stoa_time sim_cpu_time(const struct io_sys *s)
{
    (void)s;
    return 0;
}

/* Its sockets stamp from the first byte on. */
static int sim_keep_stamps(const struct io_sys *s)
{
    (void)s;
    return -EOPNOTSUPP;
}

static void sim_random(const struct io_sys *s, void *buf, size_t n)
{
    struct vkernel *k = kernel_of(s);
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)buf)[i] = (unsigned char)world_random(k->w);
}

void vkernel_init(struct vkernel *k, struct world *w)
{
    static const struct io_sys sys = {
        .socket = sim_socket,
        .bind = sim_bind,
        .listen = sim_listen,
        .connect = sim_connect,
        .accept = sim_accept,
        .adopt = sim_adopt,
        .set_option = sim_set_option,
        .get_option = sim_get_option,
        .local_name = sim_local_name,
        .peer_name = sim_peer_name,
        .send = sim_send,
        .receive = sim_receive,
        .send_file = sim_send_file,
        .shutdown = sim_shutdown,
        .close = sim_close,
        .unlink = sim_unlink,
        .lstat = sim_lstat,
        .open_beneath = sim_open_beneath,
        .open_path = sim_open_path,
        .stat = sim_stat,
        .read_at = sim_read_at,
        .is_cached = sim_is_cached,
        .read_dir = sim_read_dir,
        .read_link = sim_read_link,
        .make_file = sim_make_file,
        .map = sim_map,
        .unmap = sim_unmap,
        .keep_stamps = sim_keep_stamps,
        .clock = sim_clock,
        .moment = sim_moment,
        .tick = sim_tick,
        .cpu_time = sim_cpu_time,
        .random = sim_random,
    };
    memset(k, 0, sizeof(*k));
    k->sys = sys;
    k->w = w;
    k->fds_limit = FDS_MAX - FDS_FIRST;
    k->fds_reuse = world_below(w, 3) != 0;
    k->fds_next = FDS_FIRST;
    k->starting = true;
    vnet_init(&k->net, w);
    vdisk_init(&k->disk, w);
}

void vkernel_done(struct vkernel *k)
{
    vfds_done(k);
    vnet_done(&k->net);
    vdisk_done(&k->disk);
}
