"""A small internet for the tests: network namespaces with a client, two routers and a server,

    client 10.77.1.2 -- 10.77.1.1 r1 10.77.2.1 -- 10.77.2.2 r2 10.77.3.1 -- 10.77.3.2 server

and the same in IPv6, 2001:db8:1::2 to 2001:db8:3::2. More clients stand beside the first, for what
changes a machine's own routes, firewall or ports: 10.77.11.2, 10.77.12.2, ...

The namespaces bear this process's id in their names; those of earlier runs that died are removed."""
import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

from own_net import libc, skip

WITHIN = 60  # seconds: how long anything may take before the test gives up
CLONE_NEWNET = 0x40000000
NETNS = "/run/netns"
FILES = "/etc/netns"  # `ip netns exec NAME` puts the files of /etc/netns/NAME over those of /etc


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=WITHIN)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def remove(name):
    shutil.rmtree(f"{FILES}/{name}", ignore_errors=True)
    with contextlib.suppress(OSError):
        os.rmdir(FILES)  # when it is empty
    with contextlib.suppress(OSError):
        run("ip", "netns", "del", name)


def remove_leftovers():
    """Namespaces of earlier runs whose process is gone."""
    for folder in (NETNS, FILES):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            owner = re.fullmatch(r"stoa-bed-(\d+)-\w+", name)
            if owner and not os.path.exists(f"/proc/{owner.group(1)}"):
                remove(name)


class Host:
    """One namespace: a machine of the bed."""

    def __init__(self, role):
        self.name = f"stoa-bed-{os.getpid()}-{role}"
        self.address = {}  # 4: "10.77.1.2", 6: "2001:db8:1::2"
        self.addresses = set()  # all of them
        run("ip", "netns", "add", self.name)

    def ip(self, *lines):
        """Commands of ip(8), run here: host.ip("route add default via 10.77.1.1")."""
        run("ip", "-n", self.name, "-batch", "-", text="\n".join(lines) + "\n")

    def nft(self, text):
        run("ip", "netns", "exec", self.name, "nft", "-f", "-", text=text)

    def inside(self, work):
        """What work() returns, called here: in a thread that has moved to this namespace. Sockets
        that it makes stay here, and so do threads that it starts."""
        result = []

        def thread():
            try:
                with open(f"{NETNS}/{self.name}") as f:
                    if libc.setns(f.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                result.append((work(), None))
            except BaseException as e:  # raised again by whoever waits for it
                result.append((None, e))

        t = threading.Thread(target=thread)
        t.start()
        t.join()
        value, wrong = result[0]
        if wrong:
            raise wrong
        return value

    def sysctl(self, name, value, optional=False):
        def write():
            with open("/proc/sys/net/" + name, "w") as f:
                f.write(str(value))
        with contextlib.suppress(FileNotFoundError) if optional else contextlib.nullcontext():
            self.inside(write)

    def firewall(self, rules, hook, family="inet"):
        """Rules of nft(8), at a hook: ["tcp dport 80 drop"]."""
        if rules:
            chain = f"add chain {family} stoa {hook}"
            self.nft("\n".join([f"add table {family} stoa",
                                chain + f" {{ type filter hook {hook} priority 0; }}",
                                *(f"add rule {family} stoa {hook} {r}" for r in rules)]))

    def listen(self, port=0, backlog=64, host="::", only_v6=False):
        """A listener for both families that nobody accepts from."""
        def make():
            s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            if ":" in host:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only_v6))
            s.bind((host, port))
            s.listen(backlog)
            return s
        return self.inside(make)

    def files(self, **texts):
        """Files of /etc as they are for processes here: files(hosts="...")."""
        os.makedirs(f"{FILES}/{self.name}", exist_ok=True)
        for name, text in texts.items():
            with open(f"{FILES}/{self.name}/{name}", "w") as f:
                f.write(text)

    def run(self, *command, cpu=None, **popen):
        """Runs a command here to its end; returns a CompletedProcess."""
        pin = (lambda: os.sched_setaffinity(0, {cpu})) if cpu is not None else None
        return subprocess.run(["ip", "netns", "exec", self.name, *command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=WITHIN, preexec_fn=pin, **popen)


class Bed:
    """with Bed() as bed: ... ; ends the process with 77 where there can be none."""

    def __init__(self):
        self.hosts, self.lock, self.clients = [], threading.Lock(), 0
        cpus = sorted(os.sched_getaffinity(0))
        # The routers work on another CPU than the clients, so that an answer does not come while
        # connect(2) still holds the socket, which no real network can do.
        self.client_cpu = cpus[0] if len(cpus) > 1 else None
        self.router_cpu = cpus[1] if len(cpus) > 1 else None

    def __enter__(self):
        if os.getuid() != 0:
            skip("a bed of network namespaces needs root")
        for tool in ("ip", "nft"):
            if not shutil.which(tool):
                skip(f"there is no {tool}(8) here")
        self.on_signal = {s: signal.signal(s, lambda *_: sys.exit(1))
                          for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
        remove_leftovers()
        try:
            self.probe()
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for s in self.on_signal:
            signal.signal(s, signal.SIG_IGN)  # nothing is left behind
        for host in self.hosts:
            remove(host.name)
        for s, old in self.on_signal.items():
            signal.signal(s, old)

    def probe(self):
        try:
            h = self.host("probe")
            h.firewall(["tcp dport 1 reject with tcp reset"], "forward")
            if h.run("true").returncode != 0:
                raise OSError(h.run("true").stderr.strip())
        except OSError as e:
            self.__exit__()
            skip(f"no network namespace with a firewall can be made here: {e}")

    def host(self, role):
        with self.lock:
            h = Host(role)
            self.hosts.append(h)
        h.sysctl("ipv6/conf/all/disable_ipv6", 0)
        h.sysctl("ipv6/conf/default/disable_ipv6", 0)
        h.sysctl("ipv6/conf/all/accept_dad", 0)
        h.sysctl("ipv6/conf/default/accept_dad", 0)
        h.ip("link set lo up")
        return h

    def cable(self, a, a_end, b, b_end, net):
        """Joins a and b by a network, of which a has the address .2 (or ::2), b .1."""
        run("ip", "link", "add", a_end, "netns", a.name, "type", "veth", "peer", "name", b_end,
            "netns", b.name)
        for host, end, n in ((a, a_end, 2), (b, b_end, 1)):
            host.addresses |= {f"10.77.{net}.{n}", f"2001:db8:{net}::{n}"}
            host.ip(f"addr add 10.77.{net}.{n}/24 brd + dev {end}",
                    f"addr add 2001:db8:{net}::{n}/64 dev {end} nodad",
                    f"link set {end} up")
        a.address = {4: f"10.77.{net}.2", 6: f"2001:db8:{net}::2"}
        if self.router_cpu is not None:
            mask = f"{1 << self.router_cpu:x}"
            b.run("sh", "-c", f"echo {mask} > /sys/class/net/{b_end}/queues/rx-0/rps_cpus")

    def build(self):
        r1, r2, server = map(self.host, ("r1", "r2", "server"))
        self.r1, self.r2, self.server = r1, r2, server
        for router in (r1, r2):
            for name, value in (("ipv4/ip_forward", 1), ("ipv6/conf/all/forwarding", 1),
                                ("ipv4/conf/all/send_redirects", 0),
                                ("ipv4/conf/default/send_redirects", 0)):
                router.sysctl(name, value)
        for host in (r1, r2, server):  # an answer for each packet, however many
            host.sysctl("ipv4/icmp_ratemask", 0)
            host.sysctl("ipv6/icmp/ratelimit", 0)
        self.cable(r2, "r2a", r1, "r1b", 2)
        self.cable(server, "s0", r2, "r2b", 3)
        r1.ip("route add 10.77.3.0/24 via 10.77.2.2",
              "route add 2001:db8:3::/64 via 2001:db8:2::2")
        r2.ip("route add 10.77.0.0/16 via 10.77.2.1",
              "route add 2001:db8::/32 via 2001:db8:2::1")
        server.ip("route add default via 10.77.3.1", "route add ::/0 via 2001:db8:3::1")
        self.client = self.new_client(1)
        for v in (4, 6):  # the very first packet waits for the neighbours on its way
            with contextlib.suppress(ConnectionRefusedError):
                self.client.inside(lambda: socket.create_connection((server.address[v], 1), WITHIN))

    def new_client(self, net=None):
        """Another client. Its SYNs are sent once more, a second after the first, and the kernel gives
        up 2 s later."""
        with self.lock:
            self.clients += 1
            number = self.clients
        net = net or 9 + number
        c = self.host(f"client{number}")
        self.cable(c, "c0", self.r1, f"to{number}", net)
        c.ip(f"route add default via 10.77.{net}.1",
             f"route add ::/0 via 2001:db8:{net}::1")
        c.net = net
        c.sysctl("ipv4/tcp_syn_retries", 1)
        c.sysctl("ipv4/tcp_syn_linear_timeouts", 0, optional=True)
        return c
