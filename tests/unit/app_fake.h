/* A folder served from a scripted disk, to a scripted connection (http_fake.h): for the unit tests of
 * app/. The disk is an array of nodes that a test changes as it likes; it counts calls, fails where
 * it is told to, and checks that every descriptor is closed once. Bytes are read from real files
 * without a name, so that conn_send_file can take them. */
#ifndef TESTS_APP_FAKE_H
#define TESTS_APP_FAKE_H

/* Not every test needs all of this. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "http_fake.h"

#include "app/files.h"
#include "base/list.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>

struct node {
    const char *path; /* as disk.h's; NULL = nothing is here */
    mode_t mode;
    const char *bytes;
    size_t n;
    size_t more; /* stat says that it is so much larger than it is, as in /sys */
    ino_t ino;
    int64_t modified_s, changed_ns; /* changed_ns: after the clock's start; 0 = long ago */
    int err;                        /* of opening it, if not 0 */
    int err_read;                   /* of opening it for reading, of reading it */
    bool is_cold;                   /* not in memory: only a helper thread gets it */
    void (*on_read)(struct node *node);
};

enum { DISK_NODES = 64, DISK_FDS = 4096 };

struct fake_disk {
    struct io_sys sys;
    struct node nodes[DISK_NODES];
    int of_fd[DISK_FDS]; /* a node's index + 1; 0 = closed */
    int open;
    unsigned calls, opens, offloads;
    bool is_path[DISK_FDS];
    bool listed[DISK_FDS];
    int root;
    int64_t start_ns;
};

static struct fake_disk disk; /* the calls have no context but io_sys */

static struct node *disk_at(const char *path)
{
    for (int i = 0; i < DISK_NODES; i++)
        if (disk.nodes[i].path && strcmp(disk.nodes[i].path, path) == 0)
            return &disk.nodes[i];
    return NULL;
}

static int disk_put_fd(struct node *node, bool is_path)
{
    int fd = memfd_create("fake", MFD_CLOEXEC);
    assert_true(fd >= 0 && fd < DISK_FDS);
    if (node->n && !is_path)
        assert_int_equal(write(fd, node->bytes, node->n), node->n);
    disk.of_fd[fd] = (int)(node - disk.nodes) + 1;
    disk.is_path[fd] = is_path;
    disk.listed[fd] = false;
    disk.open++;
    return fd;
}

static int fake_open(const struct io_sys *s, int dirfd, const char *path, int flags, bool no_wait)
{
    (void)s;
    disk.calls++;
    disk.opens += !(flags & O_PATH);
    assert_int_equal(dirfd, disk.root);
    assert_true(*path && *path != '/');
    struct node *node = disk_at(path);
    if (strlen(path) > 255)
        return -ENAMETOOLONG;
    if (!node)
        return -ENOENT;
    if (node->is_cold && no_wait)
        return -EAGAIN;
    if (node->err)
        return node->err;
    if (flags & O_PATH)
        return disk_put_fd(node, true);
    assert_true(S_ISREG(node->mode) || S_ISDIR(node->mode)); /* others must never be opened */
    return node->err_read ? node->err_read : disk_put_fd(node, false);
}

static struct node *disk_of(int fd)
{
    assert_true(fd >= 0 && fd < DISK_FDS && disk.of_fd[fd] != 0);
    disk.calls++;
    return &disk.nodes[disk.of_fd[fd] - 1];
}

static int fake_stat(const struct io_sys *s, int fd, struct stat *ret)
{
    (void)s;
    const struct node *node = disk_of(fd);
    *ret = (struct stat){
        .st_mode = node->mode,
        .st_ino = node->ino,
        .st_size = (off_t)(node->n + node->more),
        .st_mtim.tv_sec = node->modified_s,
    };
    if (node->changed_ns) {
        ret->st_ctim.tv_sec = (disk.start_ns + node->changed_ns) / STOA_SEC;
        ret->st_ctim.tv_nsec = (disk.start_ns + node->changed_ns) % STOA_SEC;
    }
    return 0;
}

static ssize_t fake_read_at(const struct io_sys *s, int fd, void *buf, size_t n, off_t at,
                            bool no_wait)
{
    (void)s;
    struct node *node = disk_of(fd);
    assert_false(disk.is_path[fd]);
    if (node->is_cold && no_wait)
        return -EAGAIN;
    if (node->err_read)
        return node->err_read;
    if (node->on_read) {
        node->on_read(node);
        assert_int_equal(pwrite(fd, node->bytes, node->n, 0), node->n);
    }
    size_t left = (size_t)at < node->n ? node->n - (size_t)at : 0;
    if (n > left)
        n = left;
    if (n > 3)
        n = n / 2 + 1; /* short reads */
    memcpy(buf, node->bytes + at, n);
    return (ssize_t)n;
}

static ssize_t fake_read_dir(const struct io_sys *s, int fd, void *buf, size_t n)
{
    (void)s;
    const struct node *folder = disk_of(fd);
    size_t at = 0, prefix = strcmp(folder->path, ".") == 0 ? 0 : strlen(folder->path) + 1;
    if (disk.listed[fd])
        return 0;
    disk.listed[fd] = true;
    for (int i = 0; i < DISK_NODES; i++) {
        const char *path = disk.nodes[i].path;
        if (!path ||
            (prefix && (strncmp(path, folder->path, prefix - 1) != 0 || path[prefix - 1] != '/')))
            continue;
        const char *name = path + prefix;
        if (strchr(name, '/'))
            continue;
        struct dirent *e = (void *)((char *)buf + at);
        e->d_reclen = (unsigned short)((offsetof(struct dirent, d_name) + strlen(name) + 8) & ~7u);
        memcpy(e->d_name, name, strlen(name) + 1);
        at += e->d_reclen;
        assert_true(at < n);
    }
    return (ssize_t)at;
}

static int fake_close(const struct io_sys *s, int fd)
{
    (void)s;
    disk_of(fd);
    disk.of_fd[fd] = 0;
    disk.open--;
    return close(fd);
}

static void fake_random(const struct io_sys *s, void *buf, size_t n)
{
    (void)s;
    memset(buf, 0x5a, n);
}

/* core/offload.c's, at once. */
int core_offload(struct core *core, int (*fn)(const struct io_sys *sys, void *arg), void *arg)
{
    disk.offloads++;
    return fn(core->sys, arg);
}

/* ---- the site ---- */

struct site {
    struct fake_mem mem;
    struct files *files;
    struct http_service service;
    stoa_conn c;
    struct fake_reply reply;
};

static struct node *disk_add(const char *path, mode_t mode, const char *bytes)
{
    static ino_t ino = 1000;
    for (int i = 0; i < DISK_NODES; i++) {
        struct node *node = &disk.nodes[i];
        if (node->path)
            continue;
        *node = (struct node){
            .path = path,
            .mode = mode,
            .bytes = bytes,
            .n = strlen(bytes),
            .ino = ++ino,
            .modified_s = 780000000,
        };
        return node;
    }
    fail_msg("the disk is full");
    return NULL;
}

static void disk_init(void)
{
    disk = (struct fake_disk){
        .sys = {
            .open_beneath = fake_open,
            .stat = fake_stat,
            .read_at = fake_read_at,
            .read_dir = fake_read_dir,
            .close = fake_close,
            .random = fake_random,
        },
        .root = 77,
    };
    disk_add(".", S_IFDIR, "");
}

/* opt: root, mem and cores are set here. */
static int site_open(struct site *s, struct files_options opt, size_t fail_at)
{
    *s = (struct site){ 0 };
    fake_mem_init(&s->mem, fail_at);
    fake_init(&s->c, STR(""));
    s->c.core.sys = &disk.sys;
    s->c.core.mem = &s->mem.mem;
    disk.start_ns = s->c.io.now.real_ns;
    opt.root = disk.root;
    opt.mem = &s->mem.mem;
    opt.cores = 1;
    int r = files_new(&s->files, &opt);
    if (r < 0)
        return r;
    s->service = (struct http_service){ .handler = files_serve, .arg = s->files };
    r = http_service_init(&s->service, 1, &s->mem.mem);
    if (r < 0)
        files_free(s->files);
    return r;
}

static void site_done(struct site *s)
{
    http_service_done(&s->service);
    files_free(s->files);
    fake_done(&s->c);
    assert_int_equal(s->mem.live, 0);
    assert_int_equal(disk.open, 0);
}

static void site_pass(struct site *s, stoa_time span)
{
    s->c.io.now.mono_ns += span;
    s->c.io.now.real_ns += span;
}

/* Sends the request, and gives its response. more: fields, with their line ends. */
static struct fake_reply *site_ask(struct site *s, const char *method, const char *target,
                                   const char *more)
{
    static char text[8192];
    size_t at = 0;
    int n =
        snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, target, more);
    s->c.script = (struct stoa_str){ text, (size_t)n };
    s->c.out_n = 0;
    conn_consume(&s->c, fake_unread(&s->c)); /* of a connection that was turned away */
    fake_run(&s->c, &s->service);
    enum method m = strcmp(method, "HEAD") == 0 ? METHOD_HEAD : METHOD_GET;
    assert_true(fake_next_reply(&s->c, &at, m, &s->reply));
    if (at != s->c.out_n)
        fail_msg("more than one response: %.*s", (int)s->c.out_n, s->c.out);
    assert_int_equal(disk.open, 0);
    return &s->reply;
}

static struct fake_reply *site_get(struct site *s, const char *target)
{
    return site_ask(s, "GET", target, "");
}

/* A response's field as a string; "" when it has none. Valid until the next but three. */
static const char *field_of_reply(const struct fake_reply *r, const char *name)
{
    static char texts[4][1024];
    static unsigned next;
    struct stoa_str v = head_find(&r->head, str_of(name));
    char *to = texts[next++ % 4];
    snprintf(to, sizeof texts[0], "%.*s", (int)v.n, v.p ? v.p : "");
    return to;
}

static const char *body_of_reply(struct fake_reply *r)
{
    assert_true(r->body_n < sizeof r->body);
    r->body[r->body_n] = 0;
    return r->body;
}

static const struct files_options plain = { .cache_s = -1 };

static void open_site(struct site *s, struct files_options opt)
{
    assert_int_equal(site_open(s, opt, 0), 0);
}

#define assert_reply(reply, want_status, want_body)                                                \
    do {                                                                                           \
        struct fake_reply *got_ = (reply);                                                         \
        assert_int_equal(got_->status, want_status);                                               \
        assert_string_equal(body_of_reply(got_), want_body);                                       \
    } while (0)

#pragma GCC diagnostic pop

#endif
