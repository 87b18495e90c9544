/* sim/vfd.h -- the table of descriptors, for sim/vkernel.c alone. */
#ifndef SIM_VFD_H
#define SIM_VFD_H

#include "sim/vkernel.h"

/* returns the number; -EMFILE. */
int vfd_new(struct vkernel *k, struct vfd content);

/* returns 0; -EBADF, and the run has failed. */
int vfd_close(struct vkernel *k, int fd);

/* Says what is still open, and closes it. */
void vfds_done(struct vkernel *k);

#endif
