#!/usr/bin/env python3
"""bench/calls.py -- which system calls a request takes, counted by strace under load.

strace slows the server, so that more has come each time that it looks: under a lighter load there are
more waits per request than are printed here. Used by bench/run; by itself: `BUILD=build bench/calls.py`.
"""
import os
import re
import signal
import subprocess
import tempfile
import time

import load
import server

SECONDS = 0.6
SHOWN = 0.005  # per request: what is rarer is left out


def can_trace():
    """Whether strace is here, and allowed to look into others."""
    try:
        return subprocess.run(["strace", "-qc", "-o", os.devnull, "true"],
                              stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def count(row, s, cpu, work):
    """returns {name: calls per request}, the most frequent first."""
    path = os.path.join(work, "strace")
    tracer = subprocess.Popen(["strace", "-f", "-c", "-q", "-U", "calls,name", "-o", path,
                               *(a for pid in s.pids() for a in ("-p", str(pid)))],
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + server.WITHIN
        while not all("TracerPid:\t%d\n" % tracer.pid in server.read_file("/proc/%d/status" % p)
                      for p in s.pids()):
            if tracer.poll() is not None or time.monotonic() > end:
                raise SystemExit("strace could not look into " + s.name)
            time.sleep(0.01)
        counted, _ = load.run_load(row, s.port, cpu, SECONDS, load.Method())
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
    found = re.findall(r"^ *(\d+) +(\w+)$", server.read_file(path), re.M)
    calls = {name: int(n) / counted["requests"] for n, name in found if name != "total"}
    return dict(sorted(calls.items(), key=lambda item: -item[1]))


def measure_all(kinds, rows, cpus, work, site):
    results = {}
    for row in rows:
        for kind in kinds:
            with kind(cpus[0], work, site if row.path else None) as s:
                results.setdefault(row.name, {})[kind.name] = count(row, s, cpus[1], work)
    return results


def describe(results):
    """The part of the table."""
    lines = ["System calls per request, counted by strace under load"]
    for row, by_server in results.items():
        lines.append("  " + row)
        for name, calls in by_server.items():
            shown = ", ".join("%s %.2f" % (call, n) for call, n in calls.items() if n >= SHOWN)
            lines.append("    %-12s%6.2f   %s" % (name, sum(calls.values()), shown))
    return lines


def main():
    cpus = server.cpus()
    with tempfile.TemporaryDirectory(dir=server.BUILD) as work:
        work = os.path.abspath(work)
        site = os.path.join(work, "site")
        load.make_site(site)
        kinds = [server.Nginx] + server.stoa_kinds()
        print("\n".join(describe(measure_all(kinds, load.ROWS, cpus, work, site))))


if __name__ == "__main__":
    main()
