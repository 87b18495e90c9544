/* core/stages.c -- see stages.h. */
#include "core/stages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Whether what lies at path is a file of ours. */
static bool is_ours(const struct io_sys *sys, const char *path)
{
    char magic[8];
    int fd = sys->open_path(sys, path, O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t n = sys->read_at(sys, fd, magic, sizeof magic, 0, false);
    sys->close(sys, fd);
    return n == sizeof magic && memcmp(magic, "stoa\0stg", sizeof magic) == 0;
}

static int make(const struct io_sys *sys, const char *path, size_t bytes)
{
    int fd = sys->make_file(sys, path, STAGE_FILE_NAME, bytes);
    if (fd != -EEXIST || !is_ours(sys, path))
        return fd;
    sys->unlink(sys, path); /* whoever still reads it keeps it */
    return sys->make_file(sys, path, STAGE_FILE_NAME, bytes);
}

int stages_open(struct stages *s, const struct io_sys *sys, const char *path,
                const struct stage_shape *shape)
{
    void *memory;
    size_t bytes = stage_table_bytes(shape);
    int fd = make(sys, path, bytes);
    if (fd < 0)
        return fd;
    int r = sys->map(sys, fd, bytes, true, &memory);
    if (r < 0) {
        sys->close(sys, fd);
        return r;
    }
    *s = (struct stages){ .bytes = bytes, .fd = fd, .stamps = -1 };
    stage_table_init(&s->table, memory, shape);
    struct io_clock now = sys->clock(sys);
    struct stoa_stage_head *head = s->table.head;
    head->started = head->mono_ns = now.mono_ns;
    head->real_ns = now.real_ns;
    stage_wall_set(&s->table.wall, now.mono_ns, now.real_ns);
    return 0;
}

void stages_keep_stamps(struct stages *s, const struct io_sys *sys)
{
    if (s->table.head && s->stamps < 0)
        s->stamps = sys->keep_stamps(sys);
}

void stages_close(struct stages *s, const struct io_sys *sys)
{
    if (!s->table.head)
        return;
    sys->unmap(sys, s->table.head, s->bytes);
    sys->close(sys, s->fd);
    if (s->stamps >= 0)
        sys->close(sys, s->stamps);
    *s = (struct stages){ .fd = -1, .stamps = -1 };
}
