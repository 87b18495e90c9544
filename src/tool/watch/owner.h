/* tool/watch/owner.h -- whose the listeners are: which process has their sockets open. A search reads
 * the descriptors of all processes, so it is made only when there is a socket that it has not been made
 * for, or a process is gone whose sockets stay, and paced by what it costs. */
#ifndef TOOL_WATCH_OWNER_H
#define TOOL_WATCH_OWNER_H

#include "tool/watch/listen.h"

struct watch_owner {
    const struct io_sys *sys;
    struct buf known, next; /* struct known, by inode */
    int pid;                /* the process whose sockets are told apart; 0 = none is */
    int pid_error;          /* why its descriptors cannot be seen (-EACCES, -ESRCH); 0 = they can */
    stoa_time due;          /* when the next search may be made */
    int checked;            /* where the check for processes that are gone goes on */
};

void watch_owner_init(struct watch_owner *o, const struct io_sys *sys, const struct stoa_mem *mem);
void watch_owner_done(struct watch_owner *o);

/* From the next look on the sockets of this process are told apart. 0 = of none. */
void watch_owner_aim(struct watch_owner *o, int pid);

/* Fills in who the listeners belong to. */
void watch_owner_take(struct watch_owner *o, struct watch_listen *l, stoa_time now);

/* Whether the process has this socket open. */
bool watch_owner_has(const struct watch_owner *o, uint32_t inode);

#endif
