/* tool/serve/systemd.h -- what a service manager and its service say to each other: sockets handed over
 * (sd_listen_fds(3)) and the state told back (sd_notify(3)), spoken without libsystemd. */
#ifndef TOOL_SYSTEMD_H
#define TOOL_SYSTEMD_H

enum { SYSTEMD_FIRST_FD = 3 };

/* How many listening sockets were handed to this process, from SYSTEMD_FIRST_FD on. Takes the
 * variables out of the environment, so that no child takes the sockets for its own. */
int systemd_sockets(void);

struct systemd_notify {
    int fd; /* -1 = nobody listens */
};

/* Connects to $NOTIFY_SOCKET, when there is one. */
struct systemd_notify systemd_notify_open(void);

/* Sends a state ("READY=1"). From a signal handler, too: send(2) only. */
void systemd_notify_say(struct systemd_notify n, const char *state);

#endif
