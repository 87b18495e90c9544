#!/usr/bin/env python3
"""`stoa watch` on queues that overflow, in a network namespace of our own: it tells the same numbers as
ss and /proc/net/netstat, and names the right cause. The server is not stoa: a socket that nobody
accepts from."""
import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]
import crowd  # noqa: E402
from crowd import OURS, begin_to_connect, half_open, netstat, send_syns, ss  # noqa: E402
from own_net import NOBODY, Sysctl  # noqa: E402
from stoa_process import STOA, WITHIN, run_tests  # noqa: E402

COUNTERS = ["ListenOverflows", "ListenDrops", "TCPReqQFullDrop", "SyncookiesSent"]
UNPRIVILEGED = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}


class Watched:
    """A listener that accepts nothing, and a `stoa watch` of it, by somebody without privileges."""

    def __init__(self, host, backlog):
        self.socket = socket.socket()
        self.socket.bind((host, 0))
        self.socket.listen(backlog)
        self.port = self.socket.getsockname()[1]
        self.before = netstat(*COUNTERS)
        self.watch = subprocess.Popen([STOA, "watch", "--json", "-i", "0.2", f":{self.port}"],
                                      stdout=subprocess.PIPE, **UNPRIVILEGED)

    def __enter__(self):
        self.next()
        return self

    def __exit__(self, *_):
        self.watch.kill()
        self.watch.communicate()
        self.socket.close()

    def next(self):
        assert select.select([self.watch.stdout], [], [], WITHIN)[0]
        return json.loads(self.watch.stdout.readline())

    def until(self, is_so):
        """The first picture of which it is so."""
        for _ in range(WITHIN * 5):
            seen = self.next()
            if is_so(seen, seen["listeners"][0]):
                return seen
        raise AssertionError(seen)

    def until_still(self, is_so):
        """The first of which it is so, and during which the namespace counted nothing: it agrees."""
        for _ in range(WITHIN * 5):
            before, now = netstat(*COUNTERS), time.time()
            while (seen := self.next())["time"] <= now:
                pass
            if before == netstat(*COUNTERS) and is_so(seen["listeners"][0]):
                assert {name: seen["counters"][name]["total"] for name in COUNTERS} == before, seen
                return seen["listeners"][0]
        raise AssertionError(seen)

    def by_ss(self):
        """What ss says: (queue, limit, drops)."""
        words = sum(ss("-lm", "sport", "=", f":{self.port}"), [])
        return int(words[1]), int(words[2]), int(re.search(r",d(\d+)\)", " ".join(words)).group(1))

    def counted(self, name):
        return netstat(name)[name] - self.before[name]


def verdict(seen):
    worst = seen["verdicts"][0]
    return worst["level"], worst["cause"], worst["text"]


def test_accept_queue_overflows():
    with Watched("127.0.0.1", 4) as w, contextlib.ExitStack() as clients:
        for _ in range(12):
            clients.enter_context(begin_to_connect(w.port))
        seen = w.until(lambda _, l: l["cause"] == "accept.queue_full")
        level, cause, text = verdict(seen)
        assert (level, cause) == ("bad", "accept.queue_full"), seen
        assert re.match(r"accept queue full \(5/4\): the process does not accept fast enough; "
                        r"(1 SYN or ACK|\d+ SYNs or ACKs) dropped in the last \d", text), text
        assert seen["listeners"][0]["drops_per_s"] > 0, seen
        l = w.until_still(lambda l: l["drops"] > 0)
        assert (l["queue"], l["queue_max"], l["drops"]) == w.by_ss(), (l, w.by_ss())
        assert (l["queue"], l["queue_max"]) == (5, 4), l
        assert w.counted("ListenOverflows") <= l["drops"] <= 2 * w.counted("ListenOverflows"), l
        assert l["cause"] == "accept.queue_filling" and l["drops_per_s"] == 0, l


def test_somebody_elses_queue_is_not_ours():
    with socket.socket() as other, Watched("127.0.0.1", 4) as w, contextlib.ExitStack() as clients:
        other.bind(("127.0.0.1", 0))
        other.listen(0)
        for _ in range(8):
            clients.enter_context(begin_to_connect(other.getsockname()[1]))
        seen = w.until(lambda p, _: p["counters"]["ListenOverflows"]["grown"] > 0)
        [l] = seen["listeners"]
        assert (l["drops"], l["queue"], l["cause"]) == (0, 0, None), l


def flood(backlog, cause):
    """A SYN queue that is too small: the picture that tells of it, and the numbers afterwards."""
    with Watched(OURS, backlog) as w:
        send_syns(w.port, 40)
        seen = w.until(lambda _, l: l["cause"] == cause)
        assert verdict(seen)[1] == cause, seen
        l = w.until_still(lambda l: l["syn_queue"] == half_open(w.port) > 0)
        assert (l["queue"], l["queue_max"], l["drops"]) == w.by_ss(), (l, w.by_ss())
        return verdict(seen), l, {name: w.counted(name) for name in COUNTERS}


def test_syn_queue_overflows():
    with Sysctl("net/ipv4/tcp_syncookies", 0):
        (level, _, text), l, counted = flood(8, "accept.syn_queue_full")
        assert level == "bad" and text.startswith("the SYN queue is full"), text
        assert (l["syn_queue"], l["drops"], counted["TCPReqQFullDrop"]) == (9, 31, 31), (l, counted)


def test_syn_cookies_instead():
    with Sysctl("net/ipv4/tcp_syncookies", 1):
        (level, *_), l, counted = flood(8, "accept.syn_cookies")
        assert level == "warning" and l["drops"] == 0, l
        assert (l["syn_queue"], counted["SyncookiesSent"]) == (9, 31), (l, counted)


def test_syns_of_strangers():
    with Sysctl("net/ipv4/tcp_syncookies", 0), Sysctl("net/ipv4/tcp_max_syn_backlog", 16):
        (level, *_), l, counted = flood(64, "accept.syn_dropped")
        assert level == "bad" and counted["TCPReqQFullDrop"] == 0, counted
        assert l["drops"] == counted["ListenDrops"] > 0, (l, counted)


crowd.enter()
run_tests(globals())
