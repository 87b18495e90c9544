"""bench/load.py -- one slice of load on one server, and what the server's CPU time came to.

Knows the load generators, and how to tell that other work was in the way; not which slices are
wanted. Used by compare.py, stages.py and calls.py.
"""
import os
import re
import signal
import subprocess
import time

import server

HERE = os.path.dirname(os.path.abspath(__file__))
DISTURBED = 0.05  # of the two CPUs' time: then a slice does not count
BURNERS = 3  # a quarter of a CPU is left to the server: less than any row's load gives it to do


class Row:
    """What is asked for, of whom, and how it should compare."""

    def __init__(self, name, path=None, connections=64, close=False, pipelined=1, seconds=0.5, groups=1,
                 floors=False, target=None, megabytes=0):
        self.name = name
        self.path = path  # of a file; None = the small response
        self.connections = connections
        self.close = close
        self.pipelined = pipelined
        self.seconds = seconds  # of a slice
        self.groups = groups    # of slices, from one start of the servers to the next
        self.floors = floors
        self.target = target
        self.megabytes = megabytes  # of one response, where those in flight at the end matter

    def command(self, port, seconds):
        once = ["-1"] if self.close else []
        return [os.path.join(server.BUILD, "bench", "ask"), "-c", str(self.connections),
                "-p", str(self.pipelined), *once, "-t", "%.3f" % seconds, str(port), self.path or ""]

    def wrk_command(self, port):
        """The same by wrk, which ends at SIGINT: its own option counts in whole seconds."""
        header = ["-H", "Connection: close"] if self.close else []
        script = "pipeline.lua" if self.pipelined > 1 else "count.lua"
        return ["wrk", "-t1", "-c%d" % self.connections, "-d60", "--timeout", "10",
                "-s", os.path.join(HERE, "wrk", script), *header,
                "http://127.0.0.1:%d/%s" % (port, self.path or "")]


ROWS = [
    Row("small, kept alive", groups=4, floors=True, target=0.85),
    Row("small, a connection each", close=True, seconds=0.2, groups=4, floors=True, target=0.90),
    Row("small, pipelined x16", pipelined=16, floors=True),
    Row("small, 512 connections", connections=512, seconds=1.0, floors=True),
    Row("file of 1 KiB", path="1k.bin", groups=4, target=0.80),
    Row("file of 100 KiB", path="100k.bin", groups=2),
    Row("file of 10 MiB, 8 connections", path="10m.bin", connections=8, seconds=1.0, groups=4, target=1.0,
        megabytes=10),
]
FILES = {"1k.bin": 1 << 10, "100k.bin": 100 << 10, "10m.bin": 10 << 20}


def make_site(folder):
    """The files, with bytes of all kinds, and old: neither server believes that they still change."""
    os.makedirs(folder)
    for name, size in FILES.items():
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(os.urandom(size))
        os.utime(path, (1600000000, 1600000000))


def idle_seconds(cpus):
    """How long these CPUs have had nothing to do."""
    idle = 0
    for line in server.read_file("/proc/stat").splitlines():
        word = line.split()
        if word and word[0] in {"cpu%d" % c for c in cpus}:
            idle += int(word[4]) + int(word[5])
    return idle / server.TICK


class TimeWaits:
    """When the kernel's table of ended connections is full, closing costs less: that row waits."""

    def __init__(self):
        self.most = int(server.read_file("/proc/sys/net/ipv4/tcp_max_tw_buckets") or 0)

    def have_room_for(self, more):
        now = re.search(r"\btw (\d+)", server.read_file("/proc/net/sockstat"))
        return not now or int(now.group(1)) + more < self.most * 0.9


class Method:
    """How the load is made."""

    def __init__(self, wrk=False, burners=BURNERS, first=False):
        self.wrk = wrk          # by wrk instead of bench/ask.c
        self.burners = burners  # bench/burn.c on the server's CPU
        self.first = first      # the load runs before all other work on its CPU


def run_load(row, port, cpu, seconds, method):
    """returns what the load counted, and its CPU time."""
    command = row.wrk_command(port) if method.wrk else row.command(port, seconds)
    p = server.start(command, cpu, method.first, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        if method.wrk:
            time.sleep(seconds)
            os.kill(p.pid, signal.SIGINT)
        out = p.stdout.read().decode(errors="replace")
    except BaseException:
        os.kill(p.pid, signal.SIGKILL)
        raise
    finally:
        p.stdout.close()
        _, p.returncode, usage = os.wait4(p.pid, 0)
    found = re.search(r"^total (\d+) (\d+) (\d+) (\d+) (\d+)", out, re.M)
    if not found:
        raise SystemExit("the load failed: " + out)
    counted = dict(zip(("requests", "bytes", "us", "errors", "refused"), map(int, found.groups())))
    return counted, usage.ru_utime + usage.ru_stime


class Burners:
    """with Burners(cpu, n): so many bench/burn.c run there. Afterwards .seconds is the CPU time that they
    took."""

    def __init__(self, cpu, count):
        command = [os.path.join(server.BUILD, "bench", "burn")]
        self.processes = [server.start(command, cpu) for _ in range(count)]
        self.seconds = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for p in self.processes:
            os.kill(p.pid, signal.SIGKILL)
            _, p.returncode, usage = os.wait4(p.pid, 0)
            self.seconds += usage.ru_utime + usage.ru_stime


def run_slice(row, s, cpus, seconds, method):
    """Load on a running server. returns the slice: microseconds of CPU per request, and what else is
    known of it."""
    s.settle()
    began, idle, cpu = time.monotonic(), idle_seconds(cpus), s.cpu()
    with Burners(cpus[0], method.burners) as burners:
        counted, client = run_load(row, s.port, cpus[1], seconds, method)
    took = (time.monotonic() - began) * len(set(cpus))
    idle = idle_seconds(cpus) - idle
    s.settle()
    used = [after - before for after, before in zip(s.cpu(), cpu)]
    # The last responses of large files are cut off in the middle.
    requests = counted["bytes"] / (row.megabytes << 20) if row.megabytes else counted["requests"]
    if requests == 0 or counted["errors"] or counted["refused"]:
        raise SystemExit("%s, %s: it did not answer: %s" % (row.name, s.name, counted))
    return {
        "us": used[0] * 1e6 / requests,
        "user_ticks": used[1],
        "system_ticks": used[2],
        "client_us": client * 1e6 / requests,
        "per_second": requests / (counted["us"] / 1e6),
        "other": max(0.0, took - idle - used[0] - client - burners.seconds) / took,
    }
