/* sim/vfd.c -- the table of descriptors: see vkernel.h. */
#include "sim/vkernel.h"

#include "sim/vfd.h"

#include <errno.h>

static int number_free(struct vkernel *k)
{
    int from = k->fds_reuse ? FDS_FIRST : k->fds_next;
    for (int i = 0; i < FDS_MAX - FDS_FIRST; i++) {
        int fd = FDS_FIRST + (from - FDS_FIRST + i) % (FDS_MAX - FDS_FIRST);
        if (k->fds[fd].kind == FD_FREE)
            return fd;
    }
    return -1;
}

int vfd_new(struct vkernel *k, struct vfd content)
{
    int fd = number_free(k);
    if (k->fds_open >= k->fds_limit || fd < 0)
        return -EMFILE;
    k->fds[fd] = content;
    k->fds_open++;
    k->fds_next = fd + 1;
    return fd;
}

struct vfd *vfd_get(struct vkernel *k, int fd, enum vfd_kind kind, const char *who)
{
    if (fd < FDS_FIRST || fd >= FDS_MAX || k->fds[fd].kind == FD_FREE) {
        world_fail(k->w, "%s: descriptor %d is not open", who, fd);
        return NULL;
    }
    struct vfd *f = &k->fds[fd];
    if (kind != FD_FREE && f->kind != kind) {
        world_fail(k->w, "%s: descriptor %d is of another kind", who, fd);
        return NULL;
    }
    return f;
}

static void vfd_release(struct vkernel *k, struct vfd *f)
{
    switch (f->kind) {
    case FD_STREAM:
        if (world_plants(k->w, PLANT_CLOSE_RESETS))
            f->stream->end[SERVER].linger0 = true;
        if (!world_plants(k->w, PLANT_FIN_LOST))
            vstream_close(f->stream, SERVER);
        break;
    case FD_PORT: vport_free(&k->net, f->port); break;
    case FD_FILE: vdisk_drop(f->node); break;
    case FD_FREE: break;
    }
    *f = (struct vfd){ .kind = FD_FREE };
    k->fds_open--;
}

int vfd_close(struct vkernel *k, int fd)
{
    struct vfd *f = vfd_get(k, fd, FD_FREE, "close");
    if (!f)
        return -EBADF;
    if (f->users) {
        world_fail(k->w, "close: an operation is under way on descriptor %d", fd);
        return -EBADF;
    }
    if (world_plants(k->w, PLANT_CLOSE_LOST))
        return 0;
    vfd_release(k, f);
    if (world_plants(k->w, PLANT_CLOSE_TWICE))
        return vfd_close(k, fd);
    return 0;
}

static const char *const kinds[] = { "free", "listener", "connection", "file" };

void vfds_done(struct vkernel *k)
{
    for (int fd = 0; fd < FDS_MAX; fd++) {
        struct vfd *f = &k->fds[fd];
        if (f->kind == FD_FREE)
            continue;
        world_fail(k->w, "left open: descriptor %d, a %s (%d in all)", fd, kinds[f->kind],
                   k->fds_open);
        vfd_release(k, f);
    }
}
