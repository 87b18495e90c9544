/* tool/serve/systemd.c -- see systemd.h. */
#include "tool/serve/systemd.h"

#include "base/str.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static uint64_t number_of(const char *variable)
{
    const char *text = getenv(variable);
    uint64_t n;
    return text && str_to_u64(str_of(text), &n) ? n : 0;
}

int systemd_sockets(void)
{
    uint64_t pid = number_of("LISTEN_PID"), count = number_of("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (pid != (uint64_t)getpid() || count > 1024)
        return 0;
    for (int i = 0; i < (int)count; i++)
        fcntl(SYSTEMD_FIRST_FD + i, F_SETFD, FD_CLOEXEC);
    return (int)count;
}

struct systemd_notify systemd_notify_open(void)
{
    struct systemd_notify none = { -1 };
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path ? strlen(path) : 0;
    if (n == 0 || n >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
        return none;
    memcpy(to.sun_path, path, n);
    if (path[0] == '@')
        to.sun_path[0] = 0; /* an abstract address */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, len) == 0)
        return (struct systemd_notify){ fd };
    if (fd >= 0)
        close(fd);
    return none;
}

void systemd_notify_say(struct systemd_notify n, const char *state)
{
    if (n.fd >= 0)
        send(n.fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT);
}
