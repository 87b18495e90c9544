#!/usr/bin/python3
"""The stage clock of a running server: known delays are found in the right stage, the stages add up to
what the client waited, and bounds contain the truth; read from the JSON log, from Server-Timing, and
from the mapped file as another program would.

The machine is shared and the clock goes on: what is never allowed (a stage shorter than its delay,
stages that are longer than all that the client waited for) is asserted each time; how near they come
to the truth, of the best of some tries."""
import contextlib
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from stoa_process import IO, STOA, WITHIN, Stoa, run_tests  # noqa: E402

PARTS = ["queued", "buffer", "core", "head", "body", "handler", "send"]
TRIES = 40
NEAR = 1000.0  # us: as near as the best try must come
LOOK = 1000.0  # us: so often the server looks whether there is something to delay
GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"


class Exchange:
    """What the client saw of one request, and what the server says of it. Times in microseconds."""

    def __init__(self, began, ended, head, entry):
        self.waited = (ended - began) / 1000
        self.head = head
        self.stages = entry["stages"]
        self.entry = entry

    def rest(self, *names):
        """What took, without these stages."""
        return self.stages["took"] - sum(self.stages[n] for n in names)


def log_entry(s):
    line = b""
    while not line.endswith(b"\n"):
        assert select.select([s.process.stdout], [], [], WITHIN)[0], line
        line += os.read(s.process.stdout.fileno(), 1)
    return json.loads(line)


def read_reply(c):
    got = b""
    while b"\r\n\r\n" not in got:
        more = c.recv(65536)
        assert more, got
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    left = int(re.search(rb"Content-Length: (\d+)", head).group(1)) - len(body)
    while left > 0:
        left -= len(c.recv(min(left, 1 << 20)))
    return head.decode()


def ask(s, c, *pieces, between=0.0):
    """Sends a request, in pieces with a pause between them; waits for the reply."""
    began = time.monotonic_ns()
    c.sendall(pieces[0])
    for piece in pieces[1:]:
        time.sleep(between)  # a client that is slow is what is tested
        c.sendall(piece)
    head = read_reply(c)
    ended = time.monotonic_ns()
    return Exchange(began, ended, head, log_entry(s))


@contextlib.contextmanager
def serving(io, *options, what=("--text", "hi")):
    with Stoa(*what, "-w", "1", "--log", "json", *options, io=io, stdout=subprocess.PIPE) as s:
        yield s


def connect(s):
    """What it sends leaves at once: else a request waits at the client until its last one's body has been
    acknowledged, which the server's kernel may take 40 ms for."""
    c = socket.create_connection(("127.0.0.1", s.port), timeout=WITHIN)
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return c


def check_sum(x):
    """The parts are the whole, and no longer than what the client waited for; but the client may have
    read the reply before the server's call that sends it returns, or before its body is dropped."""
    assert all(isinstance(x.stages[p], float) for p in PARTS), x.stages
    assert abs(x.rest(*PARTS)) < 1, x.stages  # each was cut to a tenth
    assert x.rest("body", "buffer", "core", "send") <= x.waited + 1, (x.waited, x.stages)


def best(tries, why):
    """Of the values that tries() makes, the first that is near enough."""
    all_of_them = []
    for _ in range(TRIES):
        all_of_them.append(tries())
        if all_of_them[-1] < NEAR:
            return
    raise AssertionError((why, all_of_them))


def check_delay(io, where, ms, stage, first=False):
    """One delay, in each request (or in each connection's first) of several."""
    us = ms * 1000
    with serving(io, "--delay", "%s=%dms" % (where, ms)) as s, contextlib.ExitStack() as stack:
        kept = stack.enter_context(connect(s))

        def once():
            c = stack.enter_context(connect(s)) if first else kept
            x = ask(s, c, GET)
            check_sum(x)
            if not first:
                assert x.stages[stage] >= us - 1, x.stages
            over = x.stages[stage] - us - (LOOK if where in ("accept", "read") else 0)
            return max(abs(over) if over > 0 else 0, abs(x.waited - x.stages["took"]), x.rest(stage))
        best(once, (io, where))


def test_read():
    for io in IO:
        check_delay(io, "read", 30, "buffer")


def test_handle():
    for io in IO:
        check_delay(io, "handle", 20, "handler")


def test_core():
    for io in IO:
        check_delay(io, "core", 40, "core")


def test_write():
    for io in IO:
        check_delay(io, "write", 100, "send")


def test_accept():
    """Established between the call of connect and its return; accepted 50 ms after at the earliest, and
    before the reply came."""
    for io in IO:
        with serving(io, "--delay", "accept=50ms") as s:
            def once():
                before = time.monotonic_ns()
                with connect(s) as c:
                    x = ask(s, c, GET)
                    ended = time.monotonic_ns()
                    check_sum(x)
                    y = ask(s, c, GET)
                check_sum(y)
                least, most = x.stages["accept"]
                assert most >= 50000, x.stages
                assert least <= (ended - before) / 1000, (x.stages, x.waited)
                assert least <= most and x.stages["queued"] <= most, x.stages
                # It was sent at once, so that nearly all of the wait was the request's, too.
                assert x.stages["queued"] >= 50000 - (ended - before) / 1000 + x.stages["took"] - 1
                assert x.stages["handshake"] > 0
                assert y.stages["accept"] is None and y.stages["handshake"] is None
                assert y.stages["queued"] == 0, y.stages
                return max(x.stages["queued"] - 50000 - LOOK, abs(x.waited - x.stages["took"]), x.rest("queued"))
            best(once, io)


def test_over_the_limit():
    """Two come while the core is busy, and one of them is over the limit of connections: it waits until
    another one has gone, and not for the core, whether it was accepted or not."""
    for io in IO:
        with serving(io, "--max-connections", "2", "--delay", "core=40ms") as s, contextlib.ExitStack() as stack:
            first = stack.enter_context(connect(s))
            ask(s, first, GET)
            first.sendall(GET)
            second, third = (stack.enter_context(connect(s)) for _ in range(2))
            second.sendall(GET)
            began = time.monotonic_ns()
            third.sendall(GET)
            for c in (first, second):
                read_reply(c)
                log_entry(s)
            time.sleep(0.1)  # a client that has its reply, and stays
            assert set(File(stages_of(s)).states()) <= {IDLE, HELD}
            first.close()
            head = read_reply(third)
            x = Exchange(began, time.monotonic_ns(), head, log_entry(s))
            check_sum(x)
            assert x.stages["queued"] >= 100000, x.stages
            assert x.stages["accept"][1] >= x.stages["queued"], x.stages


def test_together():
    delays = {"queued": 50, "buffer": 30, "core": 40, "handler": 20, "send": 100}
    for io in IO:
        with serving(io, "--delay", "accept=50ms,read=30ms,core=40ms,handle=20ms,write=100ms") as s:
            def once():
                with connect(s) as c:
                    x = ask(s, c, GET)
                check_sum(x)
                assert x.stages["accept"][1] >= 50000, x.stages
                off = 0
                for stage, ms in delays.items():
                    if stage != "queued":
                        assert x.stages[stage] >= ms * 1000 - 1, (stage, x.stages)
                    look = LOOK if stage in ("queued", "buffer") else 0
                    off = max(off, x.stages[stage] - ms * 1000 - look)
                return max(off, abs(x.waited - x.stages["took"]))
            best(once, io)


def test_first_request():
    """Of a server that has only just begun to listen."""
    for io in IO:
        for _ in range(5):
            with serving(io) as s, connect(s) as c:
                check_sum(ask(s, c, GET))


def test_nothing_is_delayed():
    for io in IO:
        with serving(io) as s, connect(s) as c:
            def once():
                x = ask(s, c, GET)
                check_sum(x)
                return x.waited
            best(once, io)


def test_head_in_pieces():
    for io in IO:
        with serving(io) as s, connect(s) as c:
            def once():
                x = ask(s, c, GET[:9], GET[9:], between=0.03)
                check_sum(x)
                return max(abs(x.waited - x.stages["head"]), x.rest("head"))
            best(once, io)


def test_slow_body():
    request = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab"
    for io in IO:
        with serving(io) as s, connect(s) as c:
            def once():
                x = ask(s, c, request, b"cd", between=0.03)
                check_sum(x)
                return max(abs(x.waited - x.stages["body"]), x.rest("body"))
            best(once, io)


def test_slow_reader():
    """A client that reads nothing of a large reply for 100 ms: that is not the handler's time."""
    for io in IO:
        with tempfile.TemporaryDirectory() as root:
            with open(root + "/a", "wb") as f:
                f.truncate(64 << 20)
            with serving(io, what=(root,)) as s:
                def once():
                    with connect(s) as c:
                        began = time.monotonic_ns()
                        c.sendall(GET)
                        time.sleep(0.1)
                        read_reply(c)
                        x = Exchange(began, time.monotonic_ns(), "", log_entry(s))
                    check_sum(x)
                    assert x.stages["took"] >= 100000, x.stages
                    # Filling the socket's buffers is the handler's; all else is waiting for the client.
                    return x.rest("send") - 80000
                best(once, io)


def test_cause():
    for io in IO:
        with serving(io, "--head-timeout", "50ms") as s:
            c = connect(s)
            began = time.monotonic_ns()
            c.sendall(GET[:9])
            head = read_reply(c)
            c.close()
            x = Exchange(began, time.monotonic_ns(), head, log_entry(s))
            check_sum(x)
            assert x.entry["cause"] == "request.head_timeout"
            assert x.stages["head"] >= 50000 - 1, x.stages


def timing(head):
    """{name: (ms, desc or None)}"""
    line = re.search(r"^Server-Timing: (.*)\r?$", head, re.M).group(1).rstrip("\r")
    found = {}
    for part in line.split(", "):
        m = re.fullmatch(r'([a-z]+);dur=(\d+\.\d{3})(?:;desc="([0-9.]+)")?', part)
        assert m, line
        found[m.group(1)] = (float(m.group(2)), m.group(3))
    return found


def test_server_timing():
    for io in IO:
        with serving(io, "--server-timing", "--delay", "accept=50ms,handle=20ms") as s:
            c = connect(s)
            x = ask(s, c, GET)
            told = timing(x.head)
            bounds = re.fullmatch(r"(\d+\.\d+)\.\.(\d+\.\d+)", told["accept"][1])
            least, most = map(float, bounds.groups())
            assert least <= most == told["accept"][0] and most >= 50, told
            assert 20 <= told["handler"][0] <= x.stages["handler"] / 1000 + 0.001, (told, x.stages)
            for name in ("queued", "handshake"):
                assert abs(told[name][0] - x.stages[name] / 1000) < 0.002, (told, x.stages)
            assert "send" not in told
            assert "accept" not in timing(ask(s, c, GET).head)
            c.close()
        with serving(io) as s, connect(s) as c:
            assert "Server-Timing" not in ask(s, c, GET).head


# ---- the mapped file, by stoa/stage.h alone ----

HEAD = struct.Struct("8sIIqqqq8s16sII")
NAME_BYTES, CAUSE_BYTES, SPANS, STATUSES, CAUSES, BUCKETS = 24, 40, 16, 6, 160, 216
IDLE, HELD = 6, 8  # enum stoa_at
TABLE = struct.Struct("QII")
HISTOGRAM = 16 + 8 * BUCKETS


class File:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.bytes = f.read()
        (self.magic, self.version, self.head_bytes, self.pid, self.started, self.mono, self.real, self.io,
         self.release, self.draining, self.marks) = HEAD.unpack_from(self.bytes)
        at = HEAD.size
        self.spans = [self.text(at + i * NAME_BYTES, NAME_BYTES) for i in range(SPANS)]
        at += SPANS * NAME_BYTES + CAUSES * CAUSE_BYTES
        self.cores, self.listeners, self.conns = (TABLE.unpack_from(self.bytes, at + i * TABLE.size)
                                                  for i in range(3))

    def text(self, at, n):
        return self.bytes[at:at + n].partition(b"\0")[0].decode()

    def span_count(self, name):
        at = 8 * (2 + 6 + STATUSES + CAUSES) + HISTOGRAM * self.spans.index(name)
        return sum(struct.unpack_from("Q", self.bytes, self.cores[0] + i * self.cores[2] + at)[0]
                   for i in range(self.cores[1]))

    def core(self):
        """alive, busy_since, accepted, closed, requests, bytes_in, bytes_out of the first."""
        return struct.unpack_from("7q", self.bytes, self.cores[0])

    def states(self):
        """What the connections are at."""
        offset, count, size = self.conns
        at = [self.bytes[offset + i * size + 4] for i in range(count)]
        return [a for a in at if a]


def stages_of(s):
    folder = "/proc/%d/fd" % s.process.pid
    for n in os.listdir(folder):
        try:
            if os.readlink(folder + "/" + n).startswith("/memfd:stoa-stages"):
                return folder + "/" + n
        except FileNotFoundError:
            pass  # closed meanwhile
    return None


def until(found, what):
    end = time.monotonic() + WITHIN
    while not found():
        assert time.monotonic() < end, what


def test_file():
    for io in IO:
        with serving(io) as s, connect(s) as other:
            for _ in range(2):
                ask(s, other, GET)
            c = connect(s)
            for _ in range(2):
                ask(s, c, GET)
            path = stages_of(s)
            f = File(path)
            assert (f.magic, f.version, f.pid, f.draining) == (b"stoa\0stg", 1, s.process.pid, 0)
            assert f.io.rstrip(b"\0").decode() == io
            assert f.spans[:10] == ["handshake", "accept", "queued", "buffer", "core", "head", "body",
                                    "handler", "send", "network"]
            assert f.listeners[1] == 1 and f.text(f.listeners[0] + 4, 124) == s.url
            counts = f.core()[4], f.span_count("handler"), 4
            assert len(set(counts)) == 1, counts
            assert f.span_count("handshake") == f.span_count("accept") == 2
            # The first reply's ACK came with the second request, at the latest.
            assert f.span_count("network") >= 1
            until(lambda: File(path).states() == [6, 6], "both wait for a request")
            c.close()


def test_hung():
    """The handler of a request does not return: the file tells all the same."""
    for io in IO:
        with serving(io, "--delay", "handle=600", "--drain", "0") as s, connect(s) as c:
            c.sendall(GET)
            until(lambda: File(stages_of(s)).states() == [4], "the handler runs")


def test_off():
    for io in IO:
        with serving(io, "--stages", "off") as s, connect(s) as c:
            c.sendall(GET)
            read_reply(c)
            assert log_entry(s)["stages"] is None
            assert stages_of(s) is None


def test_named_file():
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/stages"
        for _ in range(2):  # that of the last server is replaced
            with serving(IO[0], "--stages", path) as s, connect(s) as c:
                ask(s, c, GET)
                assert File(path).core()[4] == 1
        assert File(path).draining == 1  # it tells how it ended
        with open(path, "w") as f:
            f.write("something else")
        p = subprocess.run([STOA, "serve", "--text", "a", "-l", "127.0.0.1:0", "--stages", path],
                           capture_output=True, timeout=WITHIN)
        assert p.returncode == 2 and b"something else is there" in p.stderr, p.stderr
        with open(path) as f:
            assert f.read() == "something else"


def test_usage():
    for args, said in [(["--delay", "reed=3ms"], b"wanted are accept="),
                       (["--delay", "read"], b"wanted are accept="),
                       (["--delay", "read=3ms,"], b"wanted are accept="),
                       (["--delay", "read=x"], b"a time is wanted"),
                       (["--delay", "read=3ms", "--echo"], b"leave --echo out"),
                       (["--stages", ""], b"is wanted"),
                       (["--stages", "off", "--server-timing"], b"leave out --stages off")]:
        p = subprocess.run([STOA, "serve", *args, "-l", "127.0.0.1:0"], capture_output=True, timeout=WITHIN)
        assert p.returncode == 2 and said in p.stderr, (args, p.stderr)


run_tests(globals())
