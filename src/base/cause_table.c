/* base/cause_table.c -- the catalogue itself; see cause.h. Each stage's first entries are those that an
 * errno alone points to; those without an errno are found by whoever looks closer. A stage's last
 * entry stands for every error that the others do not name. */
#include "base/cause_table.h"

#include "base/exit_code.h"
#include "base/sys.h"

const struct stoa_cause cause_table[] = {
    {
        .id = "resolve.not_found",
        .stage = STOA_STAGE_RESOLVE,
        .exit_code = EXIT_NAME_UNKNOWN,
        .what = "the name has no address",
        .rules_out = "The network was not asked for a connection: no packet went to the service "
                     "itself.",
        .hint = "Check the spelling; `getent ahosts NAME` asks the same source.",
        .page = "The name service answered, and its answer is that there is no such name, or "
                "none with an address of the family asked for (-4, -6). A name that exists only "
                "in one network's own name service gives this everywhere else.",
    },
    {
        .id = "resolve.other_family",
        .stage = STOA_STAGE_RESOLVE,
        .exit_code = EXIT_NAME_UNKNOWN,
        .what = "the address is of the other family than was asked for",
        .rules_out = "Nobody was asked, and no packet was sent.",
        .hint = "Leave -4 or -6 out, or give an address of that family.",
        .page = "192.0.2.7 is an address of IPv4, 2001:db8::7 one of IPv6, and neither stands for "
                "the other: what is reached at the one may be something else at the other. With a "
                "name instead of an address -4 and -6 choose among those that it has.",
    },
    {
        .id = "resolve.temporary",
        .stage = STOA_STAGE_RESOLVE,
        .exit_code = EXIT_NAME_SERVICE,
        .what = "the name service did not answer",
        .rules_out = "Nothing is known about the name itself.",
        .hint = "Try again; look at /etc/resolv.conf and whether its servers can be reached.",
        .page = "No server of /etc/resolv.conf answered in time, or one answered that it failed "
                "itself (SERVFAIL). A numeric address avoids the question.",
    },
    {
        .id = "resolve.bad_address",
        .stage = STOA_STAGE_RESOLVE,
        .exit_code = EXIT_USAGE,
        .what = "the address cannot be read",
        .rules_out = "Nobody was asked, and no packet was sent.",
        .hint = "Write HOST:PORT, [IPV6]:PORT, udp://HOST:PORT or unix:PATH.",
        .page = "What was given is not of a form that an address has; the message says where.",
    },
    {
        .id = "resolve.unknown_service",
        .stage = STOA_STAGE_RESOLVE,
        .exit_code = EXIT_USAGE,
        .what = "no service has the name that stands for the port",
        .rules_out = "Nobody was asked for the host, and no packet was sent.",
        .hint =
            "Give the port's number; `getent services` lists the names that there are, each for "
            "tcp or udp.",
        .page = "Behind the last colon stands a number from 0 to 65535 or the name of a service, "
                "which is looked up in /etc/services, for the protocol that is spoken. Small "
                "systems and containers often lack that file: then only numbers will do.",
    },
    {
        .id = "resolve.failed",
        .stage = STOA_STAGE_RESOLVE,
        .exit_code = EXIT_NAME_UNKNOWN,
        .what = "the name does not resolve",
        .hint = "Give a numeric address.",
        .page = "getaddrinfo(3) refused for a reason of its own, which the message tells.",
    },
    {
        .id = "socket.no_descriptors",
        .stage = STOA_STAGE_SOCKET,
        .errs = { EMFILE, ENFILE },
        .exit_code = EXIT_LOCAL,
        .what = "no descriptor is free for a socket",
        .rules_out = "The network plays no part in it.",
        .hint = "`ulimit -n` is this process's limit (EMFILE), fs.file-max the machine's "
                "(ENFILE).",
        .page = "Every socket is a descriptor. EMFILE: this process holds as many as "
                "RLIMIT_NOFILE allows; ENFILE: the whole machine does. A process that grows to "
                "its limit usually leaks: connections in CLOSE_WAIT are those that the peer "
                "closed and the process did not.",
    },
    {
        .id = "socket.no_family",
        .stage = STOA_STAGE_SOCKET,
        .errs = { EAFNOSUPPORT },
        .exit_code = EXIT_LOCAL,
        .what = "this machine does not have that address family",
        .rules_out = "The network plays no part in it.",
        .hint = "Give an IPv4 address (-4), or enable IPv6.",
        .page = "The kernel was built or started without IPv6, or a container forbids the "
                "family.",
    },
    {
        .id = "socket.failed",
        .stage = STOA_STAGE_SOCKET,
        .exit_code = EXIT_LOCAL,
        .what = "the kernel gives no socket",
        .rules_out = "The network plays no part in it.",
        .page = "socket(2) failed for another reason: no memory (ENOMEM, ENOBUFS), or a rule of "
                "the system that forbids it (EACCES, EPERM).",
    },
    {
        .id = "bind.in_use",
        .stage = STOA_STAGE_BIND,
        .errs = { EADDRINUSE },
        .exit_code = EXIT_PORT_IN_USE,
        .what = "another socket listens on that address and port",
        .rules_out = "The address belongs to this machine and the port needs no permission.",
        .hint = "Stop the other one, or choose another port (-l :PORT; port 0 picks a free "
                "one).",
        .page = "Two sockets share an address and port only when both asked for it (SO_REUSEPORT) "
                "and belong to the same user. The message names the process that holds it when it "
                "is yours or you are root, else its user and service; `ss -ltnp` does the same.",
    },
    {
        .id = "bind.in_use_wildcard",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PORT_IN_USE,
        .what = "a listener on all addresses has that port",
        .rules_out = "Nobody listens on the given address alone.",
        .hint = "Stop the other one, or choose another port.",
        .page = "A listener on 0.0.0.0 or [::] holds the port on every address of its family, "
                "and a given address cannot be taken out of it.",
    },
    {
        .id = "bind.in_use_one_address",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PORT_IN_USE,
        .what = "a listener on one address has that port, and all addresses were asked for",
        .rules_out = "Nobody listens on all addresses of that family.",
        .hint = "Stop the other one, choose another port, or listen on one address that is free.",
        .page = "0.0.0.0 and [::] are every address of their family at once: as long as one of "
                "them has a listener on that port, all of them cannot be had.",
    },
    {
        .id = "bind.in_use_dual_stack",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PORT_IN_USE,
        .what = "a listener of the other address family has that port",
        .rules_out = "No listener of the same family has it.",
        .hint = "Stop the other one, choose another port, or have the IPv6 one set IPV6_V6ONLY.",
        .page = "An IPv6 wildcard socket is dual-stack unless it sets IPV6_V6ONLY: [::]:80 "
                "holds 0.0.0.0:80, too, and conflicts with an IPv4 listener in either order.",
    },
    {
        .id = "bind.in_use_other_user",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PORT_IN_USE,
        .what = "another user's sockets share that port among themselves",
        .rules_out = "SO_REUSEPORT alone does not help.",
        .hint = "Run as the same user, or choose another port.",
        .page = "The holder allows sharing (SO_REUSEPORT), but the kernel lets only sockets of "
                "one user share, so that nobody can steal another's connections.",
    },
    {
        .id = "bind.in_use_time_wait",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PORT_IN_USE,
        .what = "ended connections of that port are in TIME_WAIT",
        .rules_out = "No process holds the port.",
        .hint = "Wait a minute, or choose another port.",
        .page = "The side that closes first remembers the connection for 60 s, so that late "
                "segments cannot reach its successor. That blocks bind unless both servers, the "
                "earlier one and the new one, set SO_REUSEADDR before bind: stoa does. "
                "`ss -tan state time-wait` shows them; they have no process, which is why lsof "
                "shows nothing.",
    },
    {
        .id = "bind.in_use_connection",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PORT_IN_USE,
        .what = "a live connection has that port",
        .rules_out = "Nobody listens on the port.",
        .hint = "Choose another port, or end that connection.",
        .page = "An outgoing connection's own ephemeral port, or a connection left over from an "
                "earlier listener that had not set SO_REUSEADDR, holds the port. Listeners "
                "should stay out of net.ipv4.ip_local_port_range, or reserve their port in "
                "ip_local_reserved_ports.",
    },
    {
        .id = "bind.no_ports",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PORT_IN_USE,
        .what = "no free port is left to pick",
        .rules_out = "It is not about one port: all of the range are taken.",
        .hint = "Look at net.ipv4.ip_local_port_range and `ss -tan | wc -l`.",
        .page = "bind to port 0 picks from the ephemeral range; EADDRINUSE then means that "
                "every port of it is in use on that address.",
    },
    {
        .id = "bind.permission",
        .stage = STOA_STAGE_BIND,
        .errs = { EACCES, EPERM },
        .exit_code = EXIT_PERMISSION,
        .what = "that port needs a privilege",
        .rules_out = "Whether the port is free is not known yet.",
        .hint = "Use a port from net.ipv4.ip_unprivileged_port_start on (usually 1024), give "
                "the binary CAP_NET_BIND_SERVICE, or have systemd hand over the socket.",
        .page = "Ports below net.ipv4.ip_unprivileged_port_start are for processes with "
                "CAP_NET_BIND_SERVICE in the user namespace that owns the network namespace. "
                "`setcap cap_net_bind_service=+ep FILE` gives it to a binary.",
    },
    {
        .id = "bind.forbidden",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PERMISSION,
        .what = "a rule of this machine forbids to bind that address or port",
        .rules_out = "It is no privileged port: net.ipv4.ip_unprivileged_port_start is below it.",
        .hint = "Look at what confines the process: SELinux or AppArmor (`dmesg`, ausearch), "
                "Landlock, a BPF program of its control group, systemd's SocketBindDeny=.",
        .page = "bind(2) says EACCES or EPERM for a port that needs no privilege when a security "
                "module, a Landlock rule or a BPF program at the control group refuses it. The "
                "kernel does not tell which one.",
    },
    {
        .id = "bind.not_local",
        .stage = STOA_STAGE_BIND,
        .errs = { EADDRNOTAVAIL },
        .exit_code = EXIT_BIND,
        .what = "the address does not belong to this machine",
        .rules_out = "The port plays no part in it.",
        .hint = "`ip addr` lists those that do; 0.0.0.0 or [::] stands for all of them.",
        .page = "No interface has the address: it is another machine's, it went away with an "
                "interface, or an IPv6 address is still being checked for duplicates "
                "(tentative, for a second or two after it was added). IP_FREEBIND or "
                "net.ipv4.ip_nonlocal_bind allow it all the same.",
    },
    {
        .id = "bind.no_scope",
        .stage = STOA_STAGE_BIND,
        .errs = { EINVAL },
        .exit_code = EXIT_BIND,
        .what = "a link-local address needs its interface",
        .rules_out = "The port plays no part in it.",
        .hint = "Write it as [fe80::1%eth0]:PORT.",
        .page = "Every interface has the same link-local network fe80::/64: the address alone "
                "does not say which one is meant.",
    },
    {
        .id = "bind.unix_no_folder",
        .stage = STOA_STAGE_BIND,
        .errs = { ENOENT, ENOTDIR },
        .exit_code = EXIT_BIND,
        .what = "the folder of the Unix socket does not exist",
        .hint = "Make the folder first, or choose another path.",
        .page = "bind(2) makes the socket's file, but no folder on the way to it.",
    },
    {
        .id = "bind.unix_permission",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PERMISSION,
        .what = "no permission to make the Unix socket in its folder",
        .hint = "Choose a folder that this user may write, such as $XDG_RUNTIME_DIR.",
        .page = "A socket's file is made like any other: that needs write and search permission "
                "for the folder.",
    },
    {
        .id = "bind.unix_in_use",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PORT_IN_USE,
        .what = "another server has that Unix socket",
        .rules_out = "It is not known to be left over from a dead server.",
        .hint = "Stop the other one, or choose another path.",
        .page = "A Unix socket's file outlives its server: then connect says ECONNREFUSED and "
                "stoa removes it. This one was answered, or does not let this user connect.",
    },
    {
        .id = "bind.unix_stale",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_PERMISSION,
        .what = "a dead server's Unix socket lies there and cannot be removed",
        .rules_out = "Nobody answers on it.",
        .hint = "Remove the file as its owner, or choose another path.",
        .page =
            "A Unix socket's file outlives its server, and stoa removes one that nobody answers "
            "on. To remove a file takes write permission for its folder, and in a folder with "
            "the sticky bit, such as /tmp, the file must be this user's own.",
    },
    {
        .id = "bind.unix_no_socket",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_BIND,
        .what = "there is a file of that name that is no socket",
        .hint = "Choose another path; stoa removes nothing that is not a dead socket.",
        .page = "bind(2) says EADDRINUSE for any file at the path.",
    },
    {
        .id = "bind.failed",
        .stage = STOA_STAGE_BIND,
        .exit_code = EXIT_BIND,
        .what = "the kernel does not bind the address",
        .page = "An error of bind(2) that is rare: EROFS, ELOOP and ENAMETOOLONG come from the "
                "path of a Unix socket, EAFNOSUPPORT from a family that does not fit.",
    },
    {
        .id = "listen.in_use",
        .stage = STOA_STAGE_LISTEN,
        .errs = { EADDRINUSE },
        .exit_code = EXIT_PORT_IN_USE,
        .what = "another socket listens on that address and port",
        .rules_out = "The address belongs to this machine and the port needs no permission.",
        .hint = "Stop the other one, or choose another port.",
        .page = "When both sockets have set SO_REUSEADDR, bind lets them pass and listen(2) "
                "finds the conflict.",
    },
    {
        .id = "listen.backlog_cut",
        .stage = STOA_STAGE_LISTEN,
        .exit_code = EXIT_FINE,
        .what = "the backlog was cut to net.core.somaxconn",
        .rules_out = "The server listens all the same.",
        .hint = "sysctl -w net.core.somaxconn=N, before the server starts.",
        .page = "The accept queue holds at most min(backlog, somaxconn) + 1 connections; a "
                "larger backlog is cut without an error. Connections beyond it wait in the "
                "client for its SYN to be sent again, 1 s later.",
    },
    {
        .id = "listen.failed",
        .stage = STOA_STAGE_LISTEN,
        .exit_code = EXIT_BIND,
        .what = "the kernel does not let the socket listen",
        .page = "An error of listen(2): the protocol has no listeners (EOPNOTSUPP), or the "
                "socket is no longer what it was.",
    },
    {
        .id = "accept.queue_full",
        .stage = STOA_STAGE_ACCEPT,
        .exit_code = EXIT_FINE,
        .what = "the accept queue is full: connections are made faster than the process accepts "
                "them",
        .rules_out = "Network and firewall: the handshakes arrive.",
        .hint = "Find what keeps the process from accepting; only then raise backlog and "
                "somaxconn.",
        .page = "The kernel completes handshakes by itself and puts the connections into the "
                "accept queue. When it is full, SYNs are dropped (the client tries again after "
                "1 s, 3 s, 7 s) and final ACKs ignored, so that some clients believe to be "
                "connected. ListenOverflows in /proc/net/netstat counts it; with "
                "net.ipv4.tcp_abort_on_overflow=1 the client sees a reset instead.",
    },
    {
        .id = "accept.syn_queue_full",
        .stage = STOA_STAGE_ACCEPT,
        .exit_code = EXIT_FINE,
        .what = "the SYN queue is full: handshakes are begun faster than they are completed",
        .rules_out = "The process: these connections are not its to accept yet.",
        .hint = "Look whether the clients are real (a SYN flood); net.ipv4.tcp_syncookies=1 "
                "keeps the service reachable.",
        .page = "Half-open handshakes wait in the SYN queue for the client's ACK. With SYN "
                "cookies nothing is dropped (TCPReqQFullDoCookies, SyncookiesSent), without "
                "them SYNs are (TCPReqQFullDrop). The kernel's log speaks of SYN flooding also "
                "when merely the backlog is small.",
    },
    {
        .id = "accept.queue_filling",
        .stage = STOA_STAGE_ACCEPT,
        .exit_code = EXIT_FINE,
        .what = "the accept queue is more than half full: connections wait for the process",
        .rules_out =
            "Network and firewall: the handshakes are complete. Nobody was turned away yet.",
        .hint =
            "Find what keeps the process from accepting: `stoa watch :PORT` shows what it and its "
            "connections are at, and of a stoa server its cores, too.",
        .page = "A connection that waits in the accept queue is established for its client, which "
                "may have sent its request already; no access log of the process counts that time. "
                "The queue empties when the process accepts: a core that is busy or blocked, the "
                "limit of connections, or a lack of descriptors keep it from that.",
    },
    {
        .id = "accept.syn_queue_filling",
        .stage = STOA_STAGE_ACCEPT,
        .exit_code = EXIT_FINE,
        .what = "the SYN queue is more than half full: handshakes are begun faster than completed",
        .rules_out = "The process: these connections are not its to accept yet.",
        .hint =
            "Look whether the clients are real (`ss -tn state syn-recv`): they may be far away, "
            "behind a firewall that drops their ACKs, or forged.",
        .page = "A half-open handshake waits for the client's ACK, and the SYN-ACK is sent again "
                "after 1 s, 3 s, 7 s. The SYN queue holds as many as the backlog.",
    },
    {
        .id = "accept.syn_cookies",
        .stage = STOA_STAGE_ACCEPT,
        .exit_code = EXIT_FINE,
        .what = "the SYN queue is full: SYN cookies are sent instead",
        .rules_out = "Nobody was turned away: who answers a cookie is connected.",
        .hint =
            "Look whether the clients are real (a SYN flood); else raise backlog and somaxconn.",
        .page =
            "With net.ipv4.tcp_syncookies=1 the kernel keeps nothing of a handshake that finds "
            "the SYN queue full, and puts what it needs into its SYN-ACK (SyncookiesSent). Such "
            "connections lose some options of TCP, and their handshake time is not known.",
    },
    {
        .id = "accept.syn_dropped",
        .stage = STOA_STAGE_ACCEPT,
        .exit_code = EXIT_FINE,
        .what = "the kernel dropped SYNs, and neither queue was full",
        .rules_out = "The process: these connections are not its to accept yet.",
        .hint = "Raise net.ipv4.tcp_max_syn_backlog, or set net.ipv4.tcp_syncookies=1.",
        .page = "Without SYN cookies the last quarter of tcp_max_syn_backlog is kept for clients "
                "whose address is known from before; SYNs of others are dropped and counted as "
                "ListenDrops alone. Lack of memory for a handshake is counted so, too.",
    },
    {
        .id = "accept.no_descriptors",
        .stage = STOA_STAGE_ACCEPT,
        .errs = { EMFILE, ENFILE },
        .exit_code = EXIT_FINE,
        .what = "no descriptor is free for another connection: accepting pauses",
        .rules_out = "Network and clients.",
        .hint = "Raise `ulimit -n`, or close idle connections sooner.",
        .page = "The connections wait in the accept queue meanwhile; open ones go on. It "
                "resumes when one has gone.",
    },
    {
        .id = "accept.connections_max",
        .stage = STOA_STAGE_ACCEPT,
        .exit_code = EXIT_FINE,
        .what = "as many connections are open as --max-connections allows: accepting pauses",
        .rules_out = "Network and clients.",
        .hint = "Raise --max-connections, or close idle connections sooner.",
        .page = "The connections wait in the accept queue meanwhile; open ones go on.",
    },
    {
        .id = "accept.no_memory",
        .stage = STOA_STAGE_ACCEPT,
        .errs = { ENOMEM, ENOBUFS },
        .exit_code = EXIT_FINE,
        .what = "there is no memory for another connection: accepting pauses",
        .rules_out = "Network and clients.",
        .hint = "Look at the memory of the machine or of the control group.",
        .page = "The connections wait in the accept queue meanwhile; it is tried again.",
    },
    {
        .id = "accept.failed",
        .stage = STOA_STAGE_ACCEPT,
        .exit_code = EXIT_FINE,
        .what = "accepting failed",
        .page = "accept(2) also passes on errors that a connection had before it was accepted; "
                "those are passed over.",
    },
    {
        .id = "connect.refused",
        .stage = STOA_STAGE_CONNECT,
        .errs = { ECONNREFUSED },
        .exit_code = EXIT_REFUSED,
        .what = "the host answered that nothing listens on that port",
        .rules_out = "Name, route and host are fine: a reset came back within a round trip. A "
                     "firewall that drops is ruled out.",
        .hint = "On the host: `ss -ltn` shows what listens, and on which address.",
        .page = "A SYN to a port without a listener is answered by a reset. A firewall can "
                "forge the same reset; it differs in that it comes already at a TTL too small "
                "to reach the host (--walk finds out).",
    },
    {
        .id = "connect.refused_by_firewall",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_REFUSED,
        .what = "a firewall rejected the connection (ICMP port unreachable)",
        .rules_out = "The network reaches that device; the service itself never saw the SYN.",
        .hint = "Ask whoever runs that device; the rule is one with `reject`.",
        .page = "A host does not answer a TCP SYN with ICMP port unreachable by itself: that is "
                "what a `reject` rule sends by default. The error queue of the socket names the "
                "sender.",
    },
    {
        .id = "connect.refused_by_device",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_REFUSED,
        .what = "a device before the host sent the reset",
        .rules_out = "The service and its host: they never saw the SYN.",
        .hint = "Ask whoever runs the device at that hop.",
        .page = "The reset came back for SYNs with a TTL too small to reach the host: a "
                "firewall or load balancer forges it in the host's name.",
    },
    {
        .id = "connect.refused_udp",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_REFUSED,
        .what = "the host answered that nothing listens on that UDP port",
        .rules_out = "Name, route and host are fine: an answer came back. A firewall that drops is "
                     "ruled out.",
        .hint = "On the host: `ss -lun` shows what listens, and on which address.",
        .page = "A datagram to a port without a socket is answered by ICMP port unreachable; the "
                "kernel tells it to the socket that sent, at its next call. A firewall's `reject` "
                "rule sends the same.",
    },
    {
        .id = "connect.wrong_address",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_REFUSED,
        .what = "the process listens on another address of this machine only",
        .rules_out = "The process runs and the port is right.",
        .hint = "Connect to the address it listens on, or have it listen on this one (or on "
                "0.0.0.0 or [::]).",
        .page = "A listener on 127.0.0.1 is not reached through the machine's other addresses, "
                "one on an IPv4 address not over IPv6.",
    },
    {
        .id = "connect.self",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_REFUSED,
        .what = "the socket connected to itself: nothing listens there",
        .rules_out = "A listener on that port.",
        .hint = "Start the service; keep its port out of net.ipv4.ip_local_port_range.",
        .page = "When the target is a port of the ephemeral range on this machine, the kernel "
                "may pick that very port for the client; both ends then open at once (RFC 9293 "
                "section 3.5) and the socket talks to itself.",
    },
    {
        .id = "connect.unix_missing",
        .stage = STOA_STAGE_CONNECT,
        .errs = { ENOENT, ENOTDIR },
        .exit_code = EXIT_REFUSED,
        .what = "there is no socket at that path",
        .hint = "Check the path; the server makes the file when it starts.",
        .page = "connect(2) found no file.",
    },
    {
        .id = "connect.unix_no_socket",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_REFUSED,
        .what = "what lies at that path is not a socket",
        .rules_out = "A server that has ended: that would have left a socket behind.",
        .hint = "Check the path; `ls -l` shows an `s` in front of a socket.",
        .page = "connect(2) says ECONNREFUSED for a file of any other kind, too; a look at the "
                "file tells them apart.",
    },
    {
        .id = "connect.unix_wrong_type",
        .stage = STOA_STAGE_CONNECT,
        .errs = { EPROTOTYPE },
        .exit_code = EXIT_REFUSED,
        .what = "the Unix socket at that path is not one of byte streams",
        .rules_out = "Path and permission; somebody holds that socket.",
        .hint = "`ss -x` shows the type of each (u_str, u_dgr, u_seq).",
        .page = "The server's socket takes datagrams (syslog's does) or packets in sequence; a "
                "stream cannot be connected to it (EPROTOTYPE).",
    },
    {
        .id = "connect.unix_stale",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_REFUSED,
        .what = "nobody listens on that Unix socket",
        .rules_out = "The path is right and may be used.",
        .hint = "Start the server; the file is left over from one that has ended.",
        .page = "A Unix socket's file outlives its server.",
    },
    {
        .id = "connect.unix_permission",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_PERMISSION,
        .what = "no permission to use that Unix socket",
        .rules_out = "The socket exists.",
        .hint = "Its file needs write permission for this user, its folders search permission.",
        .page = "Connecting to a Unix socket needs write permission for its file.",
    },
    {
        .id = "connect.timeout",
        .stage = STOA_STAGE_CONNECT,
        .errs = { ETIMEDOUT },
        .exit_code = EXIT_CONNECT_TIMEOUT,
        .what = "nobody answered",
        .rules_out = "A closed port and a firewall that rejects: those answer.",
        .hint = "Try --walk to see how far the packets get; then ask for a firewall that drops, "
                "a wrong address, or a host that is down.",
        .page = "SYNs went out and nothing at all came back. A firewall drops them on the way "
                "there or the answers on the way back, the address is nobody's behind a router "
                "that stays silent, or the server's accept queue is full, which looks the same "
                "from outside.",
    },
    {
        .id = "connect.queue_full",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_CONNECT_TIMEOUT,
        .what = "the listener on this machine does not accept: its accept queue is full",
        .rules_out = "Network and firewall: the kernel itself dropped the SYN.",
        .hint = "Find what keeps that process from accepting; `stoa explain accept.queue_full` "
                "says more.",
        .page = "Seen on this machine's own listener: as many connections wait to be accepted "
                "as its backlog allows. The process is stuck, stopped or too slow.",
    },
    {
        .id = "connect.queue_full_unix",
        .stage = STOA_STAGE_CONNECT,
        .errs = { EAGAIN },
        .exit_code = EXIT_CONNECT_TIMEOUT,
        .what = "the Unix socket's accept queue is full",
        .rules_out = "Path and permission.",
        .hint = "Find what keeps that process from accepting.",
        .page = "A nonblocking connect to a Unix socket whose backlog is full says EAGAIN.",
    },
    {
        .id = "connect.timeout_own_firewall_out",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_CONNECT_TIMEOUT,
        .what = "this machine's own firewall drops the SYN",
        .rules_out = "Everything beyond this machine: the SYN never left it.",
        .hint = "`nft list ruleset` (or iptables -S OUTPUT) on this machine.",
        .page = "The kernel tried to send (TCPRetransFail grows) and no packet went out (Ip: "
                "OutTransmits does not).",
    },
    {
        .id = "connect.timeout_own_firewall_in",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_CONNECT_TIMEOUT,
        .what = "answers arrive and this machine's own firewall drops them",
        .rules_out = "The way there and the host: somebody answers.",
        .hint = "`nft list ruleset` (or iptables -S INPUT) on this machine.",
        .page = "Packets arrive at the interface for every SYN (Ip: InReceives grows), and none "
                "is delivered.",
    },
    {
        .id = "connect.own_firewall_rejects",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_LOCAL,
        .what = "this machine's own firewall rejects the SYN",
        .rules_out = "Everything beyond this machine: the SYN never left it.",
        .hint = "`nft list ruleset` (or iptables -S OUTPUT) on this machine.",
        .page = "An ICMP error came back whose sender is this machine itself: a `reject` rule of "
                "its own. The first does not end the attempt, since it comes while the socket is "
                "locked; the one for the SYN that is tried again, a second later, does.",
    },
    {
        .id = "connect.hops_exceeded",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_UNREACHABLE,
        .what = "the packets ran out of hops on the way",
        .rules_out = "A firewall: routers passed the packets on until their time to live was over.",
        .hint = "Ask whoever runs the router that answered; two routers that send to each other "
                "are the usual reason.",
        .page = "ICMP time exceeded (type 11, IPv6: 3): a routing loop, or a time to live that "
                "was set too small (net.ipv4.ip_default_ttl).",
    },
    {
        .id = "connect.beyond_scope",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_UNREACHABLE,
        .what = "a router does not pass packets from our address on",
        .rules_out = "The way up to that router.",
        .hint = "Give this machine a global IPv6 address; a link-local one does not leave the "
                "link.",
        .page = "ICMPv6 destination unreachable, code 2: the source address has a smaller scope "
                "than the way to the target.",
    },
    {
        .id = "connect.source_prohibited",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_UNREACHABLE,
        .what = "a router forbids our source address",
        .rules_out = "The way up to that router, and the service.",
        .hint = "Is the source address one that the provider of that link gave? Then ask whoever "
                "runs that router.",
        .page = "ICMPv6 destination unreachable, code 5: the packet failed an ingress or egress "
                "policy (RFC 4443). Machines with two providers meet it.",
    },
    {
        .id = "connect.net_unreachable",
        .stage = STOA_STAGE_CONNECT,
        .errs = { ENETUNREACH },
        .exit_code = EXIT_UNREACHABLE,
        .what = "a router has no route to that network",
        .rules_out = "This machine and the way up to that router.",
        .hint = "Ask whoever runs that router.",
        .page = "ICMP network unreachable (code 0, 6 or 11, IPv6: no route), sent by the router "
                "that the error queue names.",
    },
    {
        .id = "connect.net_prohibited",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_UNREACHABLE,
        .what = "a router forbids that network",
        .rules_out = "This machine and the way up to that router.",
        .hint = "Ask whoever runs that router: it is a rule, not a fault.",
        .page = "ICMP network administratively prohibited (code 9).",
    },
    {
        .id = "connect.host_unreachable",
        .stage = STOA_STAGE_CONNECT,
        .errs = { EHOSTUNREACH, EHOSTDOWN },
        .exit_code = EXIT_UNREACHABLE,
        .what = "the last router cannot find the host",
        .rules_out = "The way up to that router, and a firewall that drops.",
        .hint = "Is the host up, and its address right?",
        .page = "ICMP host unreachable (code 1 or 7, IPv6: address unreachable). The last "
                "router asked for the host's link address (ARP, neighbour discovery) and nobody "
                "answered; that takes it about 3 s.",
    },
    {
        .id = "connect.host_prohibited",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_UNREACHABLE,
        .what = "a router forbids that host",
        .rules_out = "This machine and the way up to that router.",
        .hint = "Ask whoever runs that router: it is a rule, not a fault.",
        .page = "ICMP host administratively prohibited (code 10).",
    },
    {
        .id = "connect.admin_prohibited",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_UNREACHABLE,
        .what = "a firewall forbids the connection (ICMP administratively prohibited)",
        .rules_out = "This machine and the way up to that device.",
        .hint = "Ask whoever runs that device: it is a rule, not a fault.",
        .page = "ICMP communication administratively prohibited (code 13; IPv6 code 1, for "
                "which connect says EACCES).",
    },
    {
        .id = "connect.protocol_unreachable",
        .stage = STOA_STAGE_CONNECT,
        .errs = { ENOPROTOOPT },
        .exit_code = EXIT_UNREACHABLE,
        .what = "a device says that it does not speak TCP",
        .rules_out = "The way up to that device.",
        .hint = "Ask whoever runs that device.",
        .page = "ICMP protocol unreachable (code 2): no host sends it for TCP by itself, a "
                "firewall's rule does.",
    },
    {
        .id = "connect.no_neighbour",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_UNREACHABLE,
        .what = "the next hop, the host or the gateway to it, does not answer on the own network",
        .rules_out = "The port, and every firewall behind that hop: no SYN left this machine.",
        .hint =
            "`ip route get ADDRESS` tells which: with `via`, the gateway named there is absent, "
            "without it the host. Is it up, its address right, its cable in? `ip neigh` shows "
            "FAILED for it.",
        .page = "Nobody answered the question for the next hop's link address (ARP, neighbour "
                "discovery), so that the SYN never left this machine. The next hop is the host "
                "itself where it is on the own network, and else the gateway of the route to it: "
                "then every address behind that gateway fails in the same way, while hosts of the "
                "own network answer. (IPv6 passes over a gateway that it has just found absent, if "
                "there is another route: the next try may go there.) A wrong netmask makes a far "
                "host look like one of the own network.",
    },
    {
        .id = "connect.reset",
        .stage = STOA_STAGE_CONNECT,
        .errs = { ECONNRESET },
        .exit_code = EXIT_CONNECT_RESET,
        .what = "the connection was reset as soon as it was made",
        .rules_out = "Somebody is there, and answers.",
        .hint = "Look whether the server's accept queue overflows "
                "(net.ipv4.tcp_abort_on_overflow=1), a load balancer in between has no server, "
                "or the process resets what it accepts.",
        .page = "The handshake was answered, and a reset followed at once, before anything was "
                "sent. A reset in place of the answer is connect.refused; one that comes a "
                "moment later is reply.reset_before.",
    },
    {
        .id = "connect.not_unicast",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_LOCAL,
        .what = "no connection can go to a multicast or broadcast address",
        .rules_out = "Everything beyond this machine: no packet was sent.",
        .hint = "Give the address of one host.",
        .page = "TCP connects two hosts. connect(2) says ENETUNREACH for such an address, or "
                "EACCES for datagrams to a broadcast address.",
    },
    {
        .id = "connect.no_route_local",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_LOCAL,
        .what = "this machine has no route to that address",
        .rules_out = "Everything beyond this machine: no packet was sent.",
        .hint = "`ip route get ADDRESS` shows what it decides; is the interface up, is there a "
                "default route?",
        .page = "connect(2) failed at once with ENETUNREACH: no route, or its interface is "
                "down.",
    },
    {
        .id = "connect.route_unreachable",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_LOCAL,
        .what = "this machine's routing table says that the address is unreachable",
        .rules_out = "Everything beyond this machine: no packet was sent.",
        .hint = "`ip route get ADDRESS` shows what it decides, and which table says so.",
        .page = "connect(2) failed at once with EHOSTUNREACH: somebody set an `unreachable` "
                "route, as software for tunnels and containers does for networks that must not "
                "leak.",
    },
    {
        .id = "connect.route_prohibited",
        .stage = STOA_STAGE_CONNECT,
        .errs = { EACCES, EPERM },
        .exit_code = EXIT_LOCAL,
        .what = "this machine's routing table or firewall forbids that address",
        .rules_out = "Everything beyond this machine: no packet was sent.",
        .hint = "`ip route get ADDRESS`, `ip rule`, `nft list ruleset`.",
        .page = "connect(2) failed at once: a `prohibit` route (EACCES), or an OUTPUT rule that "
                "rejects (EPERM). A broadcast address without SO_BROADCAST says EACCES, too.",
    },
    {
        .id = "connect.no_scope",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_LOCAL,
        .what = "a link-local address lacks its interface",
        .rules_out = "Everything beyond this machine: no packet was sent.",
        .hint = "Write [fe80::1%eth0]:PORT; `ip -6 addr` lists the interfaces.",
        .page = "Every interface has the network fe80::/10, so the address alone does not say "
                "where to send to: connect(2) says EINVAL.",
    },
    {
        .id = "connect.route_blackhole",
        .stage = STOA_STAGE_CONNECT,
        .errs = { EINVAL },
        .exit_code = EXIT_LOCAL,
        .what = "this machine's routing table drops that address",
        .rules_out = "Everything beyond this machine: no packet was sent.",
        .hint = "`ip route get ADDRESS` shows what it decides.",
        .page = "connect(2) failed at once with EINVAL: a `blackhole` route.",
    },
    {
        .id = "connect.no_ports",
        .stage = STOA_STAGE_CONNECT,
        .errs = { EADDRNOTAVAIL },
        .exit_code = EXIT_NO_PORTS,
        .what = "no ephemeral port is left for connections to that address and port",
        .rules_out = "Everything beyond this machine: no packet was sent.",
        .hint = "Keep connections alive instead of making new ones; "
                "net.ipv4.ip_local_port_range says how many there are; `ss -tan state "
                "time-wait` what holds them.",
        .page = "Each connection to one address and port needs another local port, also while "
                "it is in TIME_WAIT (60 s): about 28,000 in 60 s. Asked to bind an address that "
                "is not this machine's, the kernel says the same.",
    },
    {
        .id = "connect.cancelled",
        .stage = STOA_STAGE_CONNECT,
        .errs = { ECANCELED },
        .exit_code = EXIT_FINE,
        .what = "another address won the race",
        .page = "Both families are tried at once, 250 ms apart (RFC 8305); the first that "
                "connects is used and the others are given up.",
    },
    {
        .id = "connect.given_up",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_INTERNAL,
        .what = "the attempt was given up by the program itself",
        .rules_out = "Nothing: no answer had come yet.",
        .page = "The task that connects was cancelled, since the program ends or needs the "
                "connection no more.",
    },
    {
        .id = "connect.failed",
        .stage = STOA_STAGE_CONNECT,
        .exit_code = EXIT_LOCAL,
        .what = "the connection could not be made",
        .page = "An error of connect(2) that is rare.",
    },
    {
        .id = "request.malformed",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_FINE,
        .what = "the request is not valid HTTP",
        .page = "Answered 400 with one line that says what is wrong, and the connection is "
                "closed: where the next request would begin cannot be known.",
    },
    {
        .id = "request.head_timeout",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_FINE,
        .what = "the head of the request did not come whole in time",
        .page = "Answered 408. Time runs from the head's first byte and is not extended by more "
                "bytes, so that nobody can hold a connection by sending a byte now and then.",
    },
    {
        .id = "request.body_timeout",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_FINE,
        .what = "the body of the request stopped coming",
        .page = "Answered 408 when nothing was answered yet.",
    },
    {
        .id = "request.head_too_large",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_FINE,
        .what = "the head of the request is too large",
        .page = "Answered 431. Cookies that grew are the usual reason.",
    },
    {
        .id = "request.target_too_long",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_FINE,
        .what = "the request line is too long",
        .page = "Answered 414.",
    },
    {
        .id = "request.body_too_large",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_FINE,
        .what = "the body of the request is too large",
        .page = "Answered 413, before the body was read where its length was announced.",
    },
    {
        .id = "request.method_unknown",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_FINE,
        .what = "the method is unknown",
        .page = "Answered 501.",
    },
    {
        .id = "request.version",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_FINE,
        .what = "the version of HTTP is not spoken here",
        .page = "Answered 505.",
    },
    {
        .id = "request.other_protocol",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_FINE,
        .what = "the client speaks another protocol",
        .page = "A TLS ClientHello, an HTTP/2 preface or the like on a plain HTTP/1.1 port. "
                "Answered 400 where that makes sense.",
    },
    {
        .id = "request.truncated",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_FINE,
        .what = "the client left in the middle of its request",
        .page = "The connection ended, or was reset, before the head or the body was whole.",
    },
    {
        .id = "request.body_late",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_DEADLINE,
        .what = "the body of the request did not come to its end in time",
        .rules_out = "The network and the peer: nothing was sent yet, for the body is read first.",
        .hint = "Look at what writes to that file or pipe; a larger -m waits longer.",
        .page =
            "-d @FILE reads all of FILE before anything else is done, and the time of -m runs "
            "meanwhile. A FIFO that nobody opens for writing, and a pipe or a terminal that stays "
            "open, have no end.",
    },
    {
        .id = "request.reset",
        .stage = STOA_STAGE_REQUEST,
        .errs = { EPIPE, ECONNRESET },
        .exit_code = EXIT_REPLY_RESET,
        .what = "the connection was reset while the request was being sent",
        .rules_out = "The connection was made.",
        .hint = "Look at the peer: it closed before it had read the request, or a device in "
                "between did.",
        .page = "The peer closed its end with bytes unread, has ended, or refuses what it read "
                "so far without a lingering close (a 413 that becomes a reset).",
    },
    {
        .id = "request.stalled",
        .stage = STOA_STAGE_REQUEST,
        .errs = { ETIMEDOUT },
        .exit_code = EXIT_REPLY_TIMEOUT,
        .what = "the peer does not take the request",
        .rules_out = "The connection was made.",
        .hint = "Look at the peer: it accepts and does not read.",
        .page = "The peer's receive buffer is full, and the rest waits on this machine.",
    },
    {
        .id = "request.unacknowledged",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_REPLY_TIMEOUT,
        .what = "the peer's machine does not acknowledge the request",
        .rules_out = "The port: the handshake was completed. The process plays no part in it yet.",
        .hint = "Does a small request pass and a large one not? Then packets of full size are "
                "dropped on the way (MTU). Else the way or the machine has gone meanwhile.",
        .page = "The connection was made, the request was sent, and again, and no acknowledgement "
                "came. A machine that went down, a device that has forgotten the connection, or a "
                "path that drops large packets and the ICMP messages about them.",
    },
    {
        .id = "request.failed",
        .stage = STOA_STAGE_REQUEST,
        .exit_code = EXIT_REPLY_RESET,
        .what = "the request could not be sent",
        .page = "An error of send(2) that is rare.",
    },
    {
        .id = "reply.closed",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_CLOSED,
        .what = "the peer closed without a byte of a reply",
        .rules_out = "Network and listener: the connection was made and ended in order.",
        .hint = "Look at the peer's log: it hung up instead of an answer. Does it speak this "
                "protocol?",
        .page = "An orderly end (FIN) instead of a reply: a worker that ended, an idle time-out "
                "that met the request, an access rule that hangs up, maybe before it read the "
                "request.",
    },
    {
        .id = "reply.reset_before",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_RESET,
        .what = "the peer reset the connection before a byte of the reply, and had not "
                "acknowledged the request",
        .rules_out = "The port is open: the handshake was completed.",
        .hint = "Look whether the process behind the listener crashes, or a load balancer has "
                "no server.",
        .page = "The reset came before the peer acknowledged the whole request: at accept, or "
                "while it was reading.",
    },
    {
        .id = "reply.reset_after_request",
        .stage = STOA_STAGE_REPLY,
        .errs = { ECONNRESET },
        .exit_code = EXIT_REPLY_RESET,
        .what = "the peer took the request and reset the connection instead of a reply",
        .rules_out = "The port is open and the request arrived.",
        .hint = "Look at the peer's log: it has read the request, or died with it unread.",
        .page = "A process that ends or closes with unread bytes resets; so does one that "
                "aborts on purpose.",
    },
    {
        .id = "reply.reset_within",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_RESET,
        .what = "the peer reset the connection in the middle of its reply",
        .rules_out = "The request was understood: a reply had begun.",
        .hint = "Look at the peer's log; what came is not whole.",
        .page = "The process ended while it was sending, or closed with bytes unread (a missing "
                "lingering close).",
    },
    {
        .id = "reply.timeout",
        .stage = STOA_STAGE_REPLY,
        .errs = { ETIMEDOUT },
        .exit_code = EXIT_REPLY_TIMEOUT,
        .what = "the peer took the request and did not reply in time",
        .rules_out = "Network and listener: the request was acknowledged.",
        .hint = "Look at what the handler waits for; a larger -m waits longer.",
        .page = "The peer's kernel acknowledged the request; its process has not answered.",
    },
    {
        .id = "reply.never_read",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_TIMEOUT,
        .what = "the process on this machine never reads the connection",
        .rules_out = "Network and firewall.",
        .hint = "The process is stuck or stopped: look at it with its own tools, or `cat "
                "/proc/PID/stack`.",
        .page = "Seen on this machine's own socket: the request lies unread in the receive "
                "buffer, or the connection still in the accept queue.",
    },
    {
        .id = "reply.stalled_head",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_TIMEOUT,
        .what = "the reply stopped within its head",
        .rules_out = "The port: the peer speaks HTTP.",
        .hint = "Look at the peer: it began to answer and did not go on.",
        .page = "Bytes of the reply's head came, then none until the deadline, and the connection "
                "is still open.",
    },
    {
        .id = "reply.stalled",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_TIMEOUT,
        .what = "the reply stopped in the middle",
        .rules_out = "The request was understood: a reply had begun.",
        .hint = "Look at what the handler waits for; a larger -m waits longer.",
        .page = "Bytes of the reply came, then none until the deadline, and the connection is "
                "still open.",
    },
    {
        .id = "reply.truncated",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_TRUNCATED,
        .what = "the reply ended before the length that it announced",
        .rules_out = "The connection itself: it ended in order.",
        .hint = "What came is not whole: do not use it. Look at the peer's log.",
        .page = "Content-Length announced more bytes than came before the peer closed.",
    },
    {
        .id = "reply.truncated_chunks",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_TRUNCATED,
        .what = "the reply ended before its last chunk",
        .rules_out = "The connection itself: it ended in order.",
        .hint = "What came is not whole: do not use it. Look at the peer's log.",
        .page = "A chunked body ends with a chunk of size 0; the peer closed before that.",
    },
    {
        .id = "reply.truncated_head",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_TRUNCATED,
        .what = "the reply ended within its head",
        .rules_out = "The connection itself: it ended in order.",
        .hint = "Look at the peer's log.",
        .page = "The peer closed before the empty line that ends the head.",
    },
    {
        .id = "reply.malformed_head",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_MALFORMED,
        .what = "the head of the reply is not valid HTTP",
        .rules_out = "The connection itself.",
        .hint = "Look at what the peer runs: a line of its head breaks the protocol.",
        .page = "The message says what is wrong; what follows cannot be trusted.",
    },
    {
        .id = "reply.malformed_length",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_MALFORMED,
        .what = "the length of the reply is ambiguous or no number",
        .rules_out = "The connection itself.",
        .hint = "Look at what the peer, or a proxy in between, runs.",
        .page = "Two lengths, a length together with chunks, or a length that is no number or "
                "too large to be counted: two readers could read it differently (request "
                "smuggling), so nothing of it is used.",
    },
    {
        .id = "reply.malformed_coding",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_MALFORMED,
        .what = "the reply has a transfer coding that is unknown or malformed",
        .rules_out = "The connection itself.",
        .hint = "Look at what the peer, or a proxy in between, runs.",
        .page = "Transfer-Encoding names something other than chunked, chunked twice or not last, "
                "or stands in a reply of HTTP/1.0: where the reply ends is not certain. Nobody "
                "asked for such a coding (TE); Content-Encoding is another field and is fine.",
    },
    {
        .id = "reply.malformed_chunk",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_MALFORMED,
        .what = "a chunk of the reply is malformed",
        .rules_out = "The connection itself, and the head.",
        .hint = "Look at what the peer runs.",
        .page = "A chunk's size is no hexadecimal number or too large to be counted, no line end "
                "follows its data, or the trailer section behind the last one is malformed or "
                "too long.",
    },
    {
        .id = "reply.excess",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_MALFORMED,
        .what = "more bytes came than the reply announced",
        .rules_out = "The connection itself.",
        .hint = "Look at what the peer runs: its Content-Length is too small, or a body stands "
                "where there is none.",
        .page = "Bytes behind the end of a reply that nobody asked for: the length is wrong, and "
                "the body probably cut; or a body follows a status that has none (204, 304).",
    },
    {
        .id = "reply.head_endless",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_MALFORMED,
        .what = "the head of the reply does not end",
        .rules_out = "The connection itself.",
        .hint = "Look at what the peer runs.",
        .page = "More bytes or fields came than a head may have, or one interim reply (1xx) "
                "after the other and no final one.",
    },
    {
        .id = "reply.not_http",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_PROTOCOL,
        .what = "the peer does not speak HTTP",
        .rules_out = "Network and listener: a process answers on that port.",
        .hint = "Is it the right port? The first bytes are shown.",
        .page = "What came does not begin as a reply of HTTP/1 does.",
    },
    {
        .id = "reply.tls",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_PROTOCOL,
        .what = "the peer speaks TLS on that port",
        .rules_out = "Network and listener: a process answers on that port.",
        .hint = "Use https:// with a client that has TLS, or the plain port.",
        .page = "The first bytes are a TLS record (an alert, usually): the server took our "
                "request for a broken ClientHello.",
    },
    {
        .id = "reply.ssh",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_PROTOCOL,
        .what = "the peer is an SSH server",
        .rules_out = "Network and listener: a process answers on that port.",
        .hint = "Use ssh, or another port.",
        .page = "The first bytes are \"SSH-\".",
    },
    {
        .id = "reply.http2",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_PROTOCOL,
        .what = "the peer speaks HTTP/2 only",
        .rules_out = "Network and listener: a process answers on that port.",
        .hint = "Use a client that speaks HTTP/2 without TLS (prior knowledge), or another "
                "port.",
        .page = "The first bytes are an HTTP/2 SETTINGS or GOAWAY frame.",
    },
    {
        .id = "reply.greeting",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_PROTOCOL,
        .what = "the peer greets like a server of mail or files",
        .rules_out = "Network and listener: a process answers on that port.",
        .hint = "Is it the right port? The greeting is shown.",
        .page = "The first bytes are a greeting as of SMTP or FTP (\"220 \"), POP3 (\"+OK \") or "
                "IMAP (\"* OK \").",
    },
    {
        .id = "reply.version",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_PROTOCOL,
        .what = "the reply is of a version of HTTP that is not 1",
        .rules_out = "Network and listener: a process answers on that port.",
        .hint = "Look at what the peer runs.",
        .page = "The status line begins with HTTP/ and another major version than 1. HTTP/2 and "
                "HTTP/3 have no such line: somebody wrote it by hand.",
    },
    {
        .id = "reply.http_error",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_HTTP_ERROR,
        .what = "the reply is an HTTP error",
        .rules_out = "Connection and protocol.",
        .hint = "The status and the body say more.",
        .page = "With --fail, a status of 400 and above is a failure.",
    },
    {
        .id = "reply.redirects_many",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_MALFORMED,
        .what = "the replies lead on and on: more than 10 redirects",
        .rules_out = "Connection and protocol.",
        .hint =
            "Look at the exchanges (-v): two that lead to one another are a loop, often of http "
            "and https, or of a host with and without www.",
        .page = "With -L, redirects are followed, at most 10 of them.",
    },
    {
        .id = "reply.redirect_malformed",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_MALFORMED,
        .what = "the reply leads to what is no URL",
        .rules_out = "Connection and protocol.",
        .hint = "Look at what the peer runs: its Location field is wrong.",
        .page = "The Location of a redirect, resolved against the URL that was asked for (RFC 3986 "
                "section 5.2), cannot be asked for: its host is missing, its port is no port.",
    },
    {
        .id = "reply.redirect_scheme",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_PROTOCOL,
        .what = "the reply leads to another scheme than http",
        .rules_out = "Connection and protocol.",
        .hint = "Ask there with a client that has the scheme; most often it is https.",
        .page = "With -L, redirects are followed from http to http only: there is no TLS yet, and "
                "no server should lead a client to its files.",
    },
    {
        .id = "reply.none_udp",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_TIMEOUT,
        .what = "no datagram came back",
        .rules_out = "A closed port of a host that answers: ICMP would have said so.",
        .hint = "Does the service answer such data at all? A larger -m waits longer.",
        .page = "UDP has no handshake: a service that does not answer this datagram, a firewall "
                "that drops it or its answer, and a host that is not there all look the same.",
    },
    {
        .id = "reply.deadline",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_DEADLINE,
        .what = "the deadline for all of it has passed",
        .hint = "A larger -m waits longer; the stages say where the time went.",
        .page = "The time given with -m ran out between stages.",
    },
    {
        .id = "reply.failed",
        .stage = STOA_STAGE_REPLY,
        .exit_code = EXIT_REPLY_RESET,
        .what = "the reply could not be received",
        .page = "An error of recv(2) that is rare.",
    },
    {
        .id = "close.send_timeout",
        .stage = STOA_STAGE_CLOSE,
        .exit_code = EXIT_FINE,
        .what = "the client takes nothing of its reply",
        .page = "Nothing was acknowledged for --send-timeout: the client is gone or does not "
                "read. The connection was reset.",
    },
    {
        .id = "close.client_gone",
        .stage = STOA_STAGE_CLOSE,
        .errs = { EPIPE, ECONNRESET },
        .exit_code = EXIT_FINE,
        .what = "the client left before it had its whole reply",
        .page = "The client closed or reset its end while the reply was being sent.",
    },
    {
        .id = "close.file_shrank",
        .stage = STOA_STAGE_CLOSE,
        .exit_code = EXIT_FINE,
        .what = "the file became shorter while it was being sent",
        .page = "Less than the announced length can be sent: the connection was ended, so that "
                "the client does not take the part for the whole.",
    },
    {
        .id = "close.failed",
        .stage = STOA_STAGE_CLOSE,
        .exit_code = EXIT_FINE,
        .what = "the connection ended with an error",
        .page = "An error that is rare.",
    },
};

const size_t cause_table_count = sizeof cause_table / sizeof *cause_table;
