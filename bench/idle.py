#!/usr/bin/env python3
"""bench/idle.py -- what 10,000 connections cost that wait between requests: the process's memory, and as
information the kernel's, both ends of the connections together.

Used by bench/run; by itself it prints its part of the table: `BUILD=build bench/idle.py`.
"""
import re
import resource
import socket
import tempfile

import server

COUNT = 10000
AT_ONCE = 64  # are opened, and ask, together
TARGET = 1024  # bytes of the process's memory for each, at most
SPARE = 256  # descriptors for everything else


def raise_limit():
    """returns how many connections the descriptors suffice for."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * COUNT if hard == resource.RLIM_INFINITY else min(hard, 2 * COUNT)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    # stoa keeps an eighth of them for other things.
    return min(COUNT, wanted - wanted // 8 - SPARE)


def slab():
    """What the kernel has in small objects, sockets among them."""
    return int(re.search(r"^Slab: +(\d+) kB", server.read_file("/proc/meminfo"), re.M).group(1)) * 1024


def ask(sockets):
    """One request on each; the responses are read to their ends."""
    for s in sockets:
        s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for s in sockets:
        got = b""
        while not got.endswith(server.TEXT.encode()):
            more = s.recv(4096)
            if not more:
                raise SystemExit("idle: the server closed a connection")
            got += more


def open_many(port, count):
    sockets = []
    while len(sockets) < count:
        some = [socket.create_connection(("127.0.0.1", port), 10)
                for _ in range(min(AT_ONCE, count - len(sockets)))]
        ask(some)
        sockets += some
    return sockets


def close_all(sockets):
    for s in sockets:
        s.close()


def measure(kind, cpu, work):
    """returns bytes per connection, of the process and of the kernel."""
    count = raise_limit()
    with kind(cpu, work) as s:
        close_all(open_many(s.port, AT_ONCE))
        s.settle()
        before, kernel = s.memory(), slab()
        sockets = open_many(s.port, count)
        s.settle()
        after, kernel = s.memory(), slab() - kernel
        ask(sockets[:1] + sockets[-1:])  # they are all still there
        close_all(sockets)
        s.settle()
    return {"connections": count, "bytes": (after - before) / count, "before": before,
            "after": after, "kernel": kernel / count}


def measure_all(kinds, cpu, work):
    return {kind.name: measure(kind, cpu, work) for kind in kinds}


def describe(results):
    """The part of the table."""
    count = min(r["connections"] for r in results.values())
    lines = ["%d idle connections, each after one request: bytes per connection" % count,
             "%-14s%12s%16s%18s   %s" % ("", "process", "process, empty", "kernel, both ends",
                                         "target: at most %d" % TARGET)]
    for name, r in results.items():
        verdict = ""
        if name.startswith("stoa"):
            verdict = "met" if r["bytes"] <= TARGET else "missed"
        lines.append("%-14s%12.0f%12.1f MiB%18.0f   %s" %
                     (name, r["bytes"], r["before"] / (1 << 20), r["kernel"], verdict))
    return lines


def main():
    cpu, _ = server.cpus()
    with tempfile.TemporaryDirectory(dir=server.BUILD) as work:
        work = server.os.path.abspath(work)
        print("\n".join(describe(measure_all([server.Nginx] + server.stoa_kinds(), cpu, work))))


if __name__ == "__main__":
    main()
