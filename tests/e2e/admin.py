#!/usr/bin/env python3
"""`stoa serve --admin`: each page, its form and its numbers; whether the server is ready; who may ask;
what follows the events, and how that ends."""
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import openmetrics  # noqa: E402
from stoa_process import IO, STOA, WITHIN, Stoa, run_tests  # noqa: E402

PAGES = ["/", "/metrics", "/stages", "/healthz", "/readyz"]


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body
        self.text = body.decode()


def read_answer(f, head_only=False):
    status = int(f.readline().split()[1])
    fields = {}
    while (line := f.readline().strip()):
        name, _, value = line.partition(b":")
        fields[name.decode().lower()] = value.strip().decode()
    body = b"" if head_only or status == 204 else f.read(int(fields["content-length"]))
    return Answer(status, fields, body)


def connect(port, **options):
    s = socket.socket()
    for name, value in options.items():
        s.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    s.settimeout(WITHIN)
    s.connect(("127.0.0.1", port))
    return s


def ask(port, path, method="GET", host=None):
    with connect(port) as s, s.makefile("rb") as f:
        s.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{port}'}\r\n"
                  "Connection: close\r\n\r\n".encode())
        answer = read_answer(f, method == "HEAD")
        assert f.read() == b"", "more than was announced"
        return answer


@contextlib.contextmanager
def admin(*args, io=None, addr="127.0.0.1:0", **more):
    """A server and the port of its admin address."""
    with Stoa(*args, "--admin", addr, io=io, **more) as s:
        s.wait_for("admin pages at")
        s.wait_for("\n")
        while not (m := re.search(rb"admin pages at http://\S+:(\d+)/\n", s.said)):
            s.read_more(WITHIN)
        s.admin = int(m.group(1))
        yield s


def each_io(test):
    def run():
        for io in IO:
            test(io)
    return run


def stages(s):
    return json.loads(ask(s.admin, "/stages").text)


def until(look, is_so):
    """Looks until it is so. returns what was seen."""
    end = time.monotonic() + WITHIN
    while not is_so(seen := look()):
        assert time.monotonic() < end, seen
    return seen


# ---- the pages ----

@each_io
def test_pages_and_their_types(io):
    with admin("--text", "hi", io=io) as s:
        types = ["text/html; charset=utf-8",
                 "application/openmetrics-text; version=1.0.0; charset=utf-8", "application/json",
                 "text/plain; charset=utf-8", "text/plain; charset=utf-8"]
        for path, kind in zip(PAGES, types):
            a = ask(s.admin, path)
            assert (a.status, a.fields["content-type"]) == (200, kind), (path, a.status, a.fields)
            assert a.fields["cache-control"] == "no-store", path
            assert a.fields["x-content-type-options"] == "nosniff", path
            head = ask(s.admin, path, "HEAD")
            assert head.status == 200 and head.fields["content-type"] == kind, path
        page = ask(s.admin, "/")
        assert page.text.lstrip().lower().startswith("<!doctype html>")
        assert "default-src 'none'" in page.fields["content-security-policy"]
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", page.text), "not in one file"
        assert ask(s.admin, "/healthz").text == "alive\n"
        assert ask(s.admin, "/readyz").text == "ready\n"


def test_what_is_not_there():
    with admin("--text", "hi") as s:
        for path in ["/nothing", "/metrics/", "/stages.json", "//"]:
            assert ask(s.admin, path).status == 404, path
        for path in PAGES + ["/events"]:
            for method in ["POST", "PUT", "DELETE"]:
                a = ask(s.admin, path, method)
                assert (a.status, a.fields["allow"]) == (405, "GET, HEAD, OPTIONS"), (path, method)
            assert ask(s.admin, path, "OPTIONS").fields["allow"] == "GET, HEAD, OPTIONS"


def test_not_on_the_public_address():
    with admin("--text", "hi") as s:
        for path in PAGES + ["/events"]:
            assert ask(s.port, path).text == "hi", path


def test_only_where_it_is_asked_for():
    with Stoa("--text", "hi") as s:
        assert ask(s.port, "/metrics").text == "hi"
        assert b"admin" not in s.said
    with admin("--text", "hi", addr=":0") as s:  # without a host: this machine's loopback
        assert re.search(rb"admin pages at http://127\.0\.0\.1:", s.said)
        assert b"0.0.0.0" not in s.said and b"[::]" not in s.said
        assert ask(s.port, "/").text == "hi"
    with admin("--text", "hi", addr="0.0.0.0:0") as s:
        assert ask(s.admin, "/healthz", host="stats.example").status == 200


def test_names_that_others_made_point_here():
    with admin("--text", "hi") as s:
        for host in ["localhost", f"LOCALHOST:{s.admin}", f"127.0.0.1:{s.admin}", "[::1]", "10.0.0.1"]:
            assert ask(s.admin, "/healthz", host=host).status == 200, host
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"]:
            assert ask(s.admin, "/stages", host=host).status == 421, host


def test_on_a_unix_socket():
    path = f"/tmp/stoa-admin-{os.getpid()}"
    with Stoa("--text", "hi", "--admin", "unix:" + path) as s:
        s.wait_for("admin pages at unix:" + path)
        with socket.socket(socket.AF_UNIX) as c:
            c.settimeout(WITHIN)
            c.connect(path)
            c.sendall(b"GET /healthz HTTP/1.1\r\nHost: any.name\r\n\r\n")
            with c.makefile("rb") as f:
                assert read_answer(f).text == "alive\n"
    assert not os.path.exists(path)


def test_an_address_that_cannot_be_had():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        for args, code, text in [([at], 7, "cause bind.in_use"), (["127.0.0.1"], 2, "--admin"),
                                 ([":0", "--stages", "off"], 2, "--stages off")]:
            p = subprocess.run([STOA, "serve", "--text", "x", "-l", "127.0.0.1:0", "--admin", *args],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=WITHIN)
            assert p.returncode == code and text in p.stderr, (args, p.returncode, p.stderr)


# ---- the numbers ----

@each_io
def test_stages_are_json_with_the_numbers(io):
    with admin("--text", "hi", "--workers", "2", io=io) as s:
        for _ in range(7):
            assert ask(s.port, "/a'b").status == 200
        assert ask(s.port, "/", "DELETE").status == 200
        with connect(s.port) as c, c.makefile("rb") as f:
            c.sendall(b"BAD\r\n\r\n")
            assert read_answer(f).status == 400
        j = until(lambda: stages(s), lambda j: j["totals"]["requests"] >= 9 and
                  j["totals"]["open"] == 0)
        assert j["server"]["io"] == io and j["server"]["cores"] == 2, j["server"]
        assert j["server"]["pid"] == s.process.pid and j["server"]["draining"] is False
        assert abs(j["server"]["time"] - time.time()) < WITHIN
        assert len(j["server"]["alive"]) == 2
        assert j["totals"]["connections"] == 9
        assert j["totals"]["statuses"]["2xx"] == 8 and j["totals"]["statuses"]["4xx"] == 1, j["totals"]
        [l] = j["listeners"]
        assert l["name"] == s.url
        with open("/proc/sys/net/core/somaxconn") as f:
            somaxconn = int(f.read())
        assert until(lambda: stages(s)["listeners"][0], lambda l: l["queue_max"])["queue_max"] == \
            2 * somaxconn
        names = [span["name"] for span in j["spans"]]
        assert names[:10] == ["handshake", "accept", "queued", "buffer", "core", "head", "body",
                              "handler", "send", "network"], names
        assert all(span["grade"] in ("exact", "bounded", "estimated") for span in j["spans"])
        handler = j["spans"][7]
        assert handler["count"] >= 8 and 0 < handler["p50_us"] <= handler["p99_us"] <= handler["max_us"]
        assert j["took"]["count"] >= 8
        assert list(j["at"]) == ["ready", "head", "body", "handler", "send", "idle", "linger", "held"]
        assert any(r["path"] == "/a'b" and r["method"] == "GET" for r in j["slowest"]), \
            j["slowest"]
        assert any(c["count"] for c in j["causes"]), j["causes"]


@each_io
def test_a_client_of_a_unix_socket_has_no_name(io):
    with tempfile.TemporaryDirectory() as d, \
            admin("--text", "hi", io=io, listen="unix:" + os.path.join(d, "s")) as s:
        with socket.socket(socket.AF_UNIX) as c:
            c.settimeout(WITHIN)
            c.connect(os.path.join(d, "s"))
            c.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert c.makefile("rb").read().endswith(b"hi")
        j = until(lambda: stages(s), lambda j: j["slowest"])
        assert [r["peer"] for r in j["slowest"]] == ["a Unix socket"], j["slowest"]


@each_io
def test_connections_are_listed(io):
    with admin("--text", "hi", io=io) as s, connect(s.port) as c, c.makefile("rb") as f:
        c.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        read_answer(f)
        j = until(lambda: stages(s), lambda j: j["at"]["idle"] == 1)
        [one] = j["connections"]
        assert one["peer"] == "127.0.0.1:%d" % c.getsockname()[1] and one["at"] == "idle", one
        assert one["requests"] == 1 and one["in"] > 10 and one["out"] > 10, one
        c.sendall(b"GET / HTTP/1.1\r\nHo")
        until(lambda: stages(s), lambda j: j["at"]["head"] == 1 and j["at"]["idle"] == 0)
        assert stages(s)["connections_more"] == 0
    with admin("--text", "hi", io=io) as s, contextlib.ExitStack() as stack:
        for _ in range(105):
            stack.enter_context(connect(s.port))
        j = until(lambda: stages(s), lambda j: j["totals"]["open"] == 105)
        j = until(lambda: stages(s), lambda j: len(j["connections"]) + j["connections_more"] == 105)
        assert len(j["connections"]) == 100


@each_io
def test_metrics_are_valid_and_documented(io):
    with admin("--text", "hi", "--workers", "2", io=io) as s:
        for _ in range(5):
            ask(s.port, "/")
        m = until(lambda: openmetrics.read(ask(s.admin, "/metrics").text),
                  lambda m: openmetrics.value(m, "stoa_requests", "_total", status="2xx") >= 5 and
                  openmetrics.value(m, "stoa_accept_queue_limit", listener=s.url) > 0)
        assert openmetrics.value(m, "stoa_connections_accepted", "_total") >= 5
        assert openmetrics.value(m, "stoa_build", "_info", io=io) == 1
        assert openmetrics.value(m, "stoa_request_seconds", "_count") >= 5
        assert openmetrics.value(m, "stoa_stage_seconds", "_bucket", stage="handler", le="+Inf") >= 5
        assert openmetrics.value(m, "stoa_causes", "_total", cause="accept.queue_full") == 0
        with open(os.path.join(HERE, "../../docs/metrics.md")) as f:
            documented = set(re.findall(r"^\| `(stoa_\w+)`", f.read(), re.M))
        assert documented == set(m), documented ^ set(m)


def test_the_reader_of_metrics_is_strict():
    good = ('# TYPE a counter\n# HELP a x\na_total{b="c"} 1\n# TYPE h_seconds histogram\n'
            '# UNIT h_seconds seconds\n# HELP h_seconds x\nh_seconds_bucket{le="1.0"} 1\n'
            'h_seconds_bucket{le="+Inf"} 2\nh_seconds_count 2\nh_seconds_sum 3.5\n# EOF\n')
    openmetrics.read(good)
    for old, new in [("# EOF\n", ""), ("# EOF\n", "# EOF"), ("a_total", "a"), ("a_total", "b_total"),
                     ('{b="c"} 1', '{b="c"}  1'), ('{b="c"} 1', '{b="c"} '), ('"c"', '"c\\x"'),
                     ('b="c"', 'b="c",'), ('b="c"', 'b="c",b="d"'), ("# HELP a x\n", ""),
                     ("# UNIT h_seconds seconds", "# UNIT h_seconds bytes"), ('le="1.0"', 'le="+Inf"'),
                     ("h_seconds_count 2", "h_seconds_count 3"), ("h_seconds_sum 3.5\n", ""),
                     ('le="1.0"} 1', 'le="1.0"} 5'), ("# TYPE a counter", "# TYPE a thing"),
                     ("a_total", "\na_total"), (' 1\n', ' -1\n'), ("# TYPE h", "# TYPE a counter\n# TYPE h")]:
        assert old in good
        try:
            openmetrics.read(good.replace(old, new, 1))
        except openmetrics.Wrong:
            continue
        raise AssertionError((old, new))


# ---- events ----

class Follower:
    """Reads /events: chunks, and in them events."""

    def __init__(self, port, **options):
        self.socket = connect(port, **options)
        self.socket.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.fields = {}
        while (line := self.file.readline().strip()):
            name, _, value = line.partition(b":")
            self.fields[name.decode().lower()] = value.strip().decode()
        self.body = b""

    def read_chunk(self):
        """False at the last one."""
        size = int(self.file.readline(), 16)
        self.body += self.file.read(size)
        assert self.file.read(2) == b"\r\n"
        return size > 0

    def next(self):
        while b"\n\n" not in self.body:
            assert self.read_chunk(), "ended"
        event, _, self.body = self.body.partition(b"\n\n")
        lines = [line.partition(b": ") for line in event.split(b"\n")]
        assert [name for name, _, _ in lines] == [b"event", b"data"], event
        assert lines[0][2] == b"stages", event
        return json.loads(lines[1][2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()


@each_io
def test_events_come_again_and_again(io):
    with admin("--text", "hi", io=io) as s, Follower(s.admin) as one, Follower(s.admin) as two:
        assert one.status == 200 and one.fields["content-type"] == "text/event-stream"
        assert one.fields["cache-control"] == "no-store"
        first = one.next()
        assert set(first) == set(stages(s))
        ask(s.port, "/")
        for f in (one, two):
            while f.next()["totals"]["statuses"]["2xx"] != 1:
                pass
        times = [one.next()["server"]["uptime_s"] for _ in range(3)]
        assert times == sorted(set(times)), times
        until(lambda: one.next(), lambda j: j["rates"]["requests"] == 0)


def test_events_end_in_order():
    with admin("--text", "hi") as s, Follower(s.admin) as f:
        f.next()
        s.signal()
        while f.read_chunk():
            pass
        assert f.file.read() == b""
        assert s.wait() == 0


def test_followers_are_bounded_and_leave():
    with admin("--text", "hi") as s:
        with contextlib.ExitStack() as stack:
            for _ in range(32):
                assert stack.enter_context(Follower(s.admin)).status == 200
            refused = stack.enter_context(Follower(s.admin))
            assert refused.status == 503
            assert ask(s.admin, "/healthz").status == 200
        def again():
            with Follower(s.admin) as f:
                return f.status
        until(again, lambda status: status == 200)
    assert b"connection from" not in s.said, s.said  # that a page was closed is no news


def test_a_slow_follower_holds_nobody_up():
    with admin("--text", "hi") as s, Follower(s.admin, SO_RCVBUF=2048) as slow, \
            contextlib.ExitStack() as stack:
        for _ in range(100):  # so that an event is larger than what is buffered on the way
            stack.enter_context(connect(s.port))
        with Follower(s.admin) as f:
            for _ in range(4):
                f.next()
        assert slow.status == 200
        assert ask(s.admin, "/readyz").status == 200


# ---- ready ----

@each_io
def test_not_ready_while_it_drains(io):
    with admin("--text", "hi", io=io) as s, connect(s.port) as c, c.makefile("rb") as f:
        c.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        until(lambda: stages(s), lambda j: j["at"]["head"] == 1)
        assert ask(s.admin, "/readyz").status == 200
        s.signal()
        a = until(lambda: ask(s.admin, "/readyz"), lambda a: a.status == 503)
        assert a.text == "draining\n"
        assert stages(s)["server"]["draining"] is True
        assert ask(s.admin, "/healthz").status == 200
        assert "\nstoa_draining 1\n" in ask(s.admin, "/metrics").text
        c.sendall(b"\r\n")
        assert read_answer(f).text == "hi"
        assert s.wait() == 0


@each_io
def test_not_ready_while_the_queue_is_full(io):
    with admin("--fault", "never-accept", "--backlog", "4", io=io) as s, \
            contextlib.ExitStack() as stack:
        stack.enter_context(connect(s.port))
        stack.enter_context(connect(s.port))
        until(lambda: stages(s)["listeners"][0], lambda l: l["queue"] == 2)
        assert ask(s.admin, "/readyz").status == 200
        stack.enter_context(connect(s.port))
        a = until(lambda: ask(s.admin, "/readyz"), lambda a: a.status == 503)
        assert a.text == f"the accept queue of {s.url} is more than half full: 3 of 4 wait\n", a.text
        assert ask(s.admin, "/healthz").status == 200
        s.wait_for("accept.queue_filling: " + s.url)
        [l] = stages(s)["listeners"]
        assert (l["queue"], l["queue_max"], l["backlog_asked"], l["fullest"]) == (3, 4, 4, 0.75), l


def test_the_queue_of_a_unix_socket():
    path = f"/tmp/stoa-queue-{os.getpid()}"
    with admin("--fault", "never-accept", "--backlog", "4", listen="unix:" + path) as s, \
            contextlib.ExitStack() as stack:
        for _ in range(3):
            c = stack.enter_context(socket.socket(socket.AF_UNIX))
            c.connect(path)
        l = until(lambda: stages(s)["listeners"][0], lambda l: l["queue"] == 3)
        assert (l["name"], l["queue_max"], l["queue_peak"]) == ("unix:" + path, 4, 3), l
        assert ask(s.admin, "/readyz").status == 503
        s.wait_for("accept.queue_filling: unix:" + path)


run_tests(globals())
