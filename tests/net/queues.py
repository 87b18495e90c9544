#!/usr/bin/env python3
"""Queues that overflow, in a network namespace of our own: the page's numbers, the metrics and the log
say the same as ss and /proc/net/netstat, and name the right cause."""
import contextlib
import json
import os
import re
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]
import crowd  # noqa: E402
import openmetrics  # noqa: E402
from crowd import OURS, begin_to_connect, half_open, send_syns, ss  # noqa: E402
from own_net import Sysctl  # noqa: E402
from stoa_process import IO, WITHIN, Stoa, run_tests  # noqa: E402

COUNTERS = {"overflows": "ListenOverflows", "syn_drops": "TCPReqQFullDrop",
            "syn_cookies": "SyncookiesSent", "listen_drops": "ListenDrops"}
DROPPED = "accept.queue_full", "accept.syn_queue_full", "accept.syn_dropped"
METRICS = {"overflows": "stoa_netns_accept_queue_overflows",
           "syn_drops": "stoa_netns_syn_queue_drops",
           "syn_cookies": "stoa_netns_syn_cookies_sent",
           "listen_drops": "stoa_netns_listen_drops"}


def netstat():
    counted = crowd.netstat(*COUNTERS.values())
    return {key: counted[name] for key, name in COUNTERS.items()}


def ask(port, path):
    with socket.create_connection(("127.0.0.1", port), WITHIN) as s, s.makefile("rb") as f:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        head, _, body = f.read().partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()


class Watched:
    """A server that accepts nothing, and a follower of its events, which come once a second."""

    def __init__(self, io, listen, backlog):
        self.stoa = Stoa("--fault", "never-accept", "--backlog", str(backlog), "--admin",
                         "127.0.0.1:0", io=io, listen=listen)

    def __enter__(self):
        s = self.stoa
        s.__enter__()
        while not (m := re.search(rb"admin pages at http://127.0.0.1:(\d+)/", s.said)):
            assert s.read_more(WITHIN), s.said
        self.admin = int(m.group(1))
        self.events = socket.create_connection(("127.0.0.1", self.admin), WITHIN)
        self.events.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.lines = self.events.makefile("rb")
        self.before = netstat()
        return self

    def __exit__(self, *how):
        self.lines.close()
        self.events.close()
        self.stoa.__exit__(*how)

    def counted(self):
        """What the namespace has counted since then."""
        now = netstat()
        return {key: now[key] - self.before[key] for key in now}

    def until(self, is_so):
        """The first event of which it is so, and during which the namespace counted nothing."""
        for _ in range(WITHIN):
            before = self.counted()
            while not (line := self.lines.readline()).startswith(b"data: "):
                assert line, "the events ended"
            [seen] = json.loads(line[len("data: "):])["listeners"]
            if before == self.counted() and is_so(seen):
                return seen
        raise AssertionError((seen, before))

    def agrees(self, seen):
        return {key: seen[key] for key in COUNTERS} == self.counted()

    def metrics_agree(self, seen):
        m = openmetrics.read(ask(self.admin, "/metrics")[1])
        for key, name in METRICS.items():
            assert openmetrics.value(m, name, "_total") == seen[key], (name, seen)
        name = self.stoa.url
        for key, family in [("queue", "stoa_accept_queue"), ("queue_max", "stoa_accept_queue_limit"),
                            ("queue_peak", "stoa_accept_queue_peak"), ("syn_queue", "stoa_syn_queue")]:
            assert openmetrics.value(m, family, listener=name) == seen[key], (family, seen)
        assert openmetrics.value(m, "stoa_listener_drops", "_total", listener=name) == seen["drops"]
        laid = [openmetrics.value(m, "stoa_causes", "_total", cause=cause) for cause in DROPPED]
        assert sum(laid) == seen["drops"], (laid, seen)
        return dict(zip(DROPPED, laid))

    def said(self, cause):
        """The numbers of the warning with that cause: (queue, limit, SYN queue, dropped)."""
        self.stoa.wait_for(f"warning: {cause}: {self.stoa.url}: ")
        line = re.compile(rf"{re.escape(cause)}: .*\(accept queue (\d+) of (\d+), SYN queue (\d+)"
                          r"(?:; \d+ SYNs? or ACKs? dropped, (\d+) since the start)?\)\. [A-Z].*\n")
        while not (m := line.search(self.stoa.said.decode())):
            assert self.stoa.read_more(WITHIN), self.stoa.said
        return tuple(int(n or 0) for n in m.groups())


def each_io(test):
    def run():
        for io in IO:
            test(io)
    return run


# ---- the accept queue ----

@each_io
def test_accept_queue_overflows(io):
    with Watched(io, "127.0.0.1:0", 4) as w, contextlib.ExitStack() as clients:
        for _ in range(12):
            clients.enter_context(begin_to_connect(w.stoa.port))
        seen = w.until(lambda l: l["overflows"] > 0 and w.agrees(l))
        [[_, queue, limit, *_]] = ss("-l", "sport", "=", f":{w.stoa.port}")
        assert (seen["queue"], seen["queue_max"]) == (int(queue), int(limit)) == (5, 4), seen
        assert seen["queue_peak"] == 5 and seen["fullest"] == 1.25, seen
        assert seen["overflows"] == seen["listen_drops"] and seen["syn_drops"] == 0, seen
        # A dropped ACK counts twice there: first it is refused, then thrown away.
        assert seen["overflows"] <= seen["drops"] <= 2 * seen["overflows"], seen
        laid = w.metrics_agree(w.until(w.agrees))
        assert laid["accept.queue_full"] >= seen["drops"], (laid, seen)
        queue, limit, _, dropped = w.said("accept.queue_full")
        assert (queue, limit) == (5, 4) and 0 < dropped <= seen["drops"]
        status, why = ask(w.admin, "/readyz")
        assert status == 503 and "more than half full: 5 of 4 wait" in why, why


def test_somebody_elses_queue_is_not_ours():
    with socket.socket() as other, Watched(IO[0], "127.0.0.1:0", 4) as w, \
            contextlib.ExitStack() as clients:
        other.bind(("127.0.0.1", 0))
        other.listen(0)
        for _ in range(8):
            clients.enter_context(begin_to_connect(other.getsockname()[1]))
        seen = w.until(lambda l: l["overflows"] > 0 and w.agrees(l))
        assert seen["drops"] == 0 and seen["queue"] == 0, seen
        assert ask(w.admin, "/readyz")[0] == 200
        assert b"accept." not in w.stoa.said


# ---- the SYN queue ----

def flood(io, backlog, count, is_there, cause):
    """A SYN queue that is too small: what the server tells of it."""
    with Watched(io, OURS + ":0", backlog) as w:
        send_syns(w.stoa.port, count)
        seen = w.until(lambda l: is_there(l) and w.agrees(l) and
                       l["syn_queue"] == half_open(w.stoa.port))
        laid = w.metrics_agree(seen)
        assert laid.get(cause, 0) == seen["drops"], (laid, seen)
        assert seen["queue"] == 0 and seen["overflows"] == 0, seen
        queue, limit, syn_queue, dropped = w.said(cause)
        # It may have been said while they still came.
        assert (queue, limit) == (0, backlog) and 0 < syn_queue <= seen["syn_queue"]
        assert (dropped > 0) == (seen["drops"] > 0) and dropped <= seen["drops"], (dropped, seen)
        assert ask(w.admin, "/readyz")[0] == 200
        return seen


@each_io
def test_syn_queue_overflows(io):
    with Sysctl("net/ipv4/tcp_syncookies", 0):
        seen = flood(io, 8, 40, lambda l: l["syn_drops"] > 0, "accept.syn_queue_full")
        assert seen["syn_queue"] == 9 and seen["syn_drops"] == 31, seen
        assert seen["drops"] == seen["listen_drops"] == 31, seen


@each_io
def test_syn_cookies_instead(io):
    with Sysctl("net/ipv4/tcp_syncookies", 1):
        seen = flood(io, 8, 40, lambda l: l["syn_cookies"] > 0, "accept.syn_cookies")
        assert seen["syn_queue"] == 9 and seen["syn_cookies"] == 31, seen
        assert seen["drops"] == seen["listen_drops"] == 0, seen


@each_io
def test_syns_of_strangers(io):
    with Sysctl("net/ipv4/tcp_syncookies", 0), Sysctl("net/ipv4/tcp_max_syn_backlog", 16):
        seen = flood(io, 64, 40, lambda l: l["listen_drops"] > 0, "accept.syn_dropped")
        assert seen["syn_drops"] == 0 and seen["drops"] == seen["listen_drops"] > 0, seen


crowd.enter()
run_tests(globals())
