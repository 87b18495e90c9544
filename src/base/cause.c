/* base/cause.c -- see cause.h. The entry with err 0 ends each stage: it stands for all others. */
#include "base/cause.h"

#include "base/sys.h"

#include <string.h>

static const struct cause causes[] = {
    { "resolve.failed", "resolve", "the name does not resolve",
      "Check the spelling, or give a numeric address.", 0, EXIT_RESOLVE },

    { "socket.no_descriptors", "socket", "this process may open no more descriptors",
      "Raise the limit (ulimit -n).", EMFILE, EXIT_BIND },
    { "socket.no_family", "socket", "this machine does not have that address family",
      "Give an IPv4 address, or enable IPv6.", EAFNOSUPPORT, EXIT_BIND },
    { "socket.failed", "socket", "the kernel gives no socket", NULL, 0, EXIT_BIND },

    { "bind.in_use", "bind", "another socket has that address and port",
      "Stop the other one, or choose another port (-l :PORT; port 0 picks a free one).", EADDRINUSE,
      EXIT_PORT_IN_USE },
    { "bind.permission", "bind", "permission denied",
      "Ports below net.ipv4.ip_unprivileged_port_start (usually 1024) need root or "
      "CAP_NET_BIND_SERVICE; a Unix socket needs write permission for its folder. Choose another "
      "one.",
      EACCES, EXIT_PERMISSION },
    { "bind.not_local", "bind", "the address does not belong to this machine",
      "`ip addr` lists those that do; 0.0.0.0 or [::] stands for all of them, --lan likewise.",
      EADDRNOTAVAIL, EXIT_BIND },
    { "bind.no_folder", "bind", "the folder of the Unix socket does not exist",
      "Make the folder first, or choose another path.", ENOENT, EXIT_BIND },
    { "bind.failed", "bind", "the kernel does not bind it", NULL, 0, EXIT_BIND },

    { "listen.in_use", "listen", "another socket listens on that address and port",
      "Stop the other one, or choose another port (-l :PORT; port 0 picks a free one).", EADDRINUSE,
      EXIT_PORT_IN_USE },
    { "listen.failed", "listen", "the kernel does not let it listen", NULL, 0, EXIT_BIND },
};

const struct cause *cause_find(const char *stage, int err)
{
    const struct cause *last = &causes[sizeof causes / sizeof *causes - 1];
    for (const struct cause *c = causes; c < last; c++)
        if (strcmp(c->stage, stage) == 0 && (c->err == -err || c->err == 0))
            return c;
    return last;
}
