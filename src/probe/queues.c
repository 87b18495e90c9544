/* probe/queues.c -- see queues.h. tcp(7): of a listener, tcpi_unacked is the queue's length and
 * tcpi_sacked its limit (since Linux 2.6.24); SO_MEMINFO: since 4.12. */
#include "probe/queues.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

int queues_read(const struct io_sys *sys, int fd, struct queues *ret)
{
    struct tcp_info info = { 0 };
    uint32_t meminfo[SK_MEMINFO_VARS] = { 0 };
    socklen_t info_n = sizeof info, meminfo_n = sizeof meminfo;
    int r = sys->get_option(sys, fd, IPPROTO_TCP, TCP_INFO, &info, &info_n);
    if (r < 0)
        return r == -ENOPROTOOPT ? -EOPNOTSUPP : r;
    r = sys->get_option(sys, fd, SOL_SOCKET, SO_MEMINFO, meminfo, &meminfo_n);
    if (r < 0)
        return r;
    *ret = (struct queues){ info.tcpi_unacked, info.tcpi_sacked, meminfo[SK_MEMINFO_DROPS] };
    return 0;
}
