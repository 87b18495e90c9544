"""Crowds for a network namespace of the test's own (own_net.py): clients that fill the accept queue,
SYNs that fill the SYN queue, and what ss(8) says of both."""
import errno
import shutil
import socket
import struct
import subprocess

import own_net

OURS, THEIRS = "10.9.9.1", "10.9.9.5"  # an address of ours, and one that never answers


def ss(*filters):
    out = subprocess.run(["ss", "-Htn", *filters], capture_output=True, text=True, check=True).stdout
    return [line.split() for line in out.splitlines()]


def begin_to_connect(port):
    s = socket.socket()
    s.setblocking(False)
    assert s.connect_ex(("127.0.0.1", port)) == errno.EINPROGRESS
    return s


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def send_syns(port, count):
    """SYNs from an address that never answers: what they begin stays half open."""
    source, target = socket.inet_aton(THEIRS), socket.inet_aton(OURS)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        for i in range(count):
            def tcp(check):
                return struct.pack("!HHIIBBHHH", 2000 + i, port, 1, 0, 5 << 4, 2, 65535, check, 0)
            check = checksum(source + target + struct.pack("!BBH", 0, 6, 20) + tcp(0))
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, source, target)
            s.sendto(ip + tcp(check), (OURS, 0))


def netstat(*names):
    """Counters of the namespace, by the names that /proc/net/netstat has."""
    with open("/proc/self/net/netstat") as f:
        lines = [line.split() for line in f]
    keys, values = [line for line in lines if line[0] == "TcpExt:"]
    return {name: int(values[keys.index(name)]) for name in names}


def half_open(port):
    return len(ss("state", "syn-recv", "sport", "=", f":{port}"))


def run(*command):
    p = subprocess.run(command, capture_output=True, text=True)
    if p.returncode:
        own_net.skip(f"{' '.join(command)}: {p.stderr.strip()}")


def enter():
    """Moves into a namespace with one neighbour, whose hardware is not there."""
    if not shutil.which("ss") or not shutil.which("ip"):
        own_net.skip("there is no ss, or no ip")
    own_net.enter()
    run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there")
    for name in ("here", "there"):
        run("ip", "link", "set", name, "up")
    run("ip", "addr", "add", OURS + "/24", "dev", "here")
    run("ip", "neigh", "replace", THEIRS, "lladdr", "02:00:00:00:00:99", "dev", "here", "nud",
        "permanent")
