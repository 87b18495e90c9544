"""bench/stages.py -- what the stage clock costs: the same server with it and without it, slice by slice
in turn, so that what drifts drifts for both; and both started anew again and again (see compare.py).

Used by bench/run. Knows what it may cost: a share of a small request, a time for a connection.
"""
import statistics

import load
import server

SHARE = 0.03  # of the CPU time of a small request
EACH_US = 0.5  # for a connection, beyond its request's
ROWS = ("small, kept alive", "small, a connection each")


def pair(kind):
    """A kind of stoa, with the clock and without."""
    off = type(kind.__name__ + "Off", (kind,), {"options": ("--stages", "off"),
                                                "name": kind.name + ", off"})
    return kind, off


def differences(row, kind, cpus, work, plan, method):
    """[(us with it, us without it)] of slices that were made one after the other."""
    found = []
    on, off = pair(kind)
    for _ in range(2 * plan.starts):
        with on(cpus[0], work) as a, off(cpus[0], work) as b:
            for s in (a, b):
                load.run_slice(row, s, cpus, 0.1, method)
            for i in range(4):
                first, second = (a, b) if i % 2 else (b, a)
                some = {s: load.run_slice(row, s, cpus, 0.25 * plan.scale, method) for s in (first, second)}
                found.append((some[a]["us"], some[b]["us"]))
    return found


def measure_all(kinds, rows, cpus, work, plan, method):
    return [{"row": row.name, "server": kind.name, "us": differences(row, kind, cpus, work, plan, method)}
            for row in rows if row.name in ROWS
            for kind in kinds if issubclass(kind, server.Stoa)]


def describe(found):
    lines = ["The stage clock: microseconds of CPU per request, with it and without it; medians of pairs",
             "%-28s%-14s%8s%8s%8s%8s" % ("", "", "on", "off", "more", "share")]
    for f in found:
        on, off = (statistics.median(u[i] for u in f["us"]) for i in (0, 1))
        more = statistics.median(a - b for a, b in f["us"])
        limit = max(SHARE * off, EACH_US if "each" in f["row"] else 0)
        lines.append("%-28s%-14s%8.2f%8.2f%8.2f%7.1f%%  at most %.2f: %s" % (
            f["row"], f["server"], on, off, more, 100 * more / off, limit,
            "met" if more <= limit else "missed"))
    return lines
