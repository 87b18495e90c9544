"""bench/compare.py -- rows of load on one server after the other, in groups, and what the groups say.

A group is one slice of load on each server of a row, in an order that chance decides, right after
each other. So what drifts from minute to minute drifts for all of a group, and the ratio to nginx is
taken within it; the median of the groups' ratios counts. A group during which other work was in the
way is made again. The servers are started anew several times: where a process happens to get its
memory makes it up to a tenth faster or slower for as long as it lives. Used by bench/run.
"""
import contextlib
import random
import statistics
import sys
import time

import load
import server


def servers_of(row, kinds):
    """The kinds that a row compares, in the order of the table."""
    allowed = {kind.io for kind in kinds if issubclass(kind, server.Stoa)}
    floors = server.floor_kinds(row.close) if row.floors else []
    return kinds + [f for f in floors if f.io in allowed]


def open_servers(rows, kinds, cpus, work, site, stack):
    """Each server once for the small response and once for files. returns {row: {name: server}}."""
    running, found = {}, {}
    for row in rows:
        for kind in servers_of(row, kinds):
            key = (kind, bool(row.path))
            if key not in running:
                s = kind(cpus[0], work, site if row.path else None)
                running[key] = stack.enter_context(s)
            found.setdefault(row, {})[kind.name] = running[key]
    return found


def progress(text):
    if sys.stderr.isatty():
        print("\r\033[K  " + text, end="", file=sys.stderr, flush=True)


def run_group(row, servers, cpus, plan, method):
    """returns {name: slice}."""
    found = {}
    for name in random.sample(list(servers), len(servers)):
        progress("%s, %s" % (row.name, name))
        found[name] = load.run_slice(row, servers[name], cpus, row.seconds * plan.scale, method)
    return found


def other_work(group):
    return max(s["other"] for s in group.values())


def run_groups(running, done, cpus, plan, method):
    """Group after group until each row has those of this start, or its time is over; into done."""
    end = time.monotonic() + plan.within / plan.starts
    time_waits = load.TimeWaits()
    left = {row: row.groups for row in running}
    for row, servers in running.items():
        for s in servers.values():
            load.run_slice(row, s, cpus, 0.1, method)  # pages are touched, files are cached
    while any(n > 0 for n in left.values()) and time.monotonic() < end:
        todo = [row for row in running if left[row] > 0]
        for row in random.sample(todo, len(todo)):
            if row.close and not time_waits.have_room_for(int(row.seconds * 25000 * len(running[row]))):
                continue
            group = run_group(row, running[row], cpus, plan, method)
            done[row].append(group)
            left[row] -= other_work(group) <= load.DISTURBED
    progress("")


def measure(rows, kinds, cpus, work, site, plan, method):
    """returns {row: [group]}."""
    done = {row: [] for row in rows}
    for _ in range(plan.starts):
        with contextlib.ExitStack() as stack:
            running = open_servers(rows, kinds, cpus, work, site, stack)
            run_groups(running, done, cpus, plan, method)
    return done


def sum_up_server(name, groups):
    slices = [g[name] for g in groups]
    result = {k: statistics.median(s[k] for s in slices) for k in ("us", "client_us", "per_second")}
    user, system = (sum(s[k] for s in slices) for k in ("user_ticks", "system_ticks"))
    result["user_us"] = result["us"] * user / (user + system) if user + system else 0.0
    ratios = sorted(g[name]["us"] / g["nginx"]["us"] for g in groups)
    result["ratio"] = statistics.median(ratios)
    result["low"], result["high"] = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
    return result


def sum_up(groups, least):
    """returns ({name: medians}, how many groups they are of, how many of those were disturbed): of
    those that nothing disturbed; when these are too few, of the least disturbed."""
    clean = [g for g in groups if other_work(g) <= load.DISTURBED]
    if len(clean) < least:
        clean = sorted(groups, key=other_work)[:least]
    disturbed = sum(other_work(g) > load.DISTURBED for g in clean)
    return {name: sum_up_server(name, clean) for name in groups[0]}, len(clean), disturbed
