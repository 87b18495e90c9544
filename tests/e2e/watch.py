#!/usr/bin/python3
"""`stoa watch` on servers that are not stoa (a socket of this test's own, nginx) and on one that is and
hangs: what it counts, whom it names, what it says is wrong; as root and as nobody."""
import contextlib
import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from stoa_process import STOA, WITHIN, Stoa, run_tests  # noqa: E402

NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}


def run(*args, **how):
    return subprocess.run([STOA, "watch", *args], capture_output=True, text=True, timeout=WITHIN, **how)


def look(*args, **how):
    """One picture."""
    done = run("--once", "--json", "-i", "0.1", *args, **how)
    assert (done.returncode, done.stderr) == (0, ""), done
    return json.loads(done.stdout)


def until(is_so, *args, **how):
    """The first picture of which it is so."""
    end = time.monotonic() + WITHIN
    while True:
        seen = look(*args, **how)
        if is_so(seen):
            return seen
        assert time.monotonic() < end, seen


class Following:
    """A `stoa watch` that goes on: its lines."""

    def __init__(self, *args):
        self.process = subprocess.Popen([STOA, "watch", "-i", "0.1", *args], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)

    def lines(self):
        end = time.monotonic() + WITHIN
        while time.monotonic() < end:
            assert select.select([self.process.stdout], [], [], WITHIN)[0]
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            yield line.decode()
        raise AssertionError(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def verdicts(seen):
    return " / ".join(v["text"] for v in seen["verdicts"])


@contextlib.contextmanager
def listening(backlog=8, family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family) as s:
        s.bind((host, 0))
        s.listen(backlog)
        yield s, s.getsockname()[1]


@contextlib.contextmanager
def connected(server, count=1):
    """Connections to it, accepted: [(client, ours), ...]."""
    with contextlib.ExitStack() as stack:
        pairs = []
        for _ in range(count):
            c = stack.enter_context(socket.create_connection(server.getsockname()[:2], WITHIN))
            pairs.append((c, stack.enter_context(server.accept()[0])))
        yield pairs


# ---- listeners ----

def test_accept_queue():
    with listening(3) as (server, port), contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), WITHIN))
        seen = look(f":{port}")
        [l] = seen["listeners"]
        assert l["address"] == f"127.0.0.1:{port}" and l["sockets"] == 1, l
        assert (l["queue"], l["queue_max"], l["drops"]) == (2, 3, 0), l
        assert l["connections"]["states"]["ESTABLISHED"] == 2, l
        assert l["process"]["pid"] == os.getpid() and l["process"]["uid"] == os.getuid(), l
        assert [c["in_accept_queue"] for c in seen["connections"]] == [True, True], seen
        assert l["cause"] == "accept.queue_filling", l
        assert "accept queue more than half full (2/3)" in verdicts(seen), seen
        assert "listening on 127.0.0.1 only" in verdicts(seen), seen
        assert seen["stoa"] is None


def test_targets():
    with listening() as (_, port), listening(host="127.0.0.2") as (_, other):
        def addresses(*args):
            return [l["address"] for l in look(*args)["listeners"]]
        one, two = f"127.0.0.1:{port}", f"127.0.0.2:{other}"
        assert addresses(f":{port}") == addresses(one) == addresses(f"localhost:{port}") == [one]
        assert two in addresses("127.0.0.2") and one not in addresses("127.0.0.2")
        mine = addresses(str(os.getpid()))
        assert sorted(mine) == sorted([one, two]), mine
        assert {one, two} <= set(addresses())
        assert addresses("--filter", one) == [one]


def test_both_families_at_one_socket():
    with socket.socket(socket.AF_INET6) as s:
        try:
            s.bind(("::", 0))
        except OSError:
            return  # no IPv6 here
        s.listen(4)
        port = s.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), WITHIN) as c:
            seen = look(f"127.0.0.1:{port}")
            [l] = seen["listeners"]
            assert l["address"] == f"[::]:{port}", l
            [conn] = seen["connections"]
            assert conn["peer"] == "127.0.0.1:%d" % c.getsockname()[1], conn
            assert conn["listener"] == l["address"], conn
            assert "only" not in verdicts(seen), seen


def test_a_process_that_goes_and_leaves_its_socket():
    with listening() as (server, port), contextlib.ExitStack() as stack:
        heirs = {}
        for _ in range(2):
            p = subprocess.Popen(["sleep", "600"], pass_fds=[server.fileno()])
            stack.callback(lambda p=p: (p.kill(), p.wait()))
            heirs[p.pid] = p
        server.close()
        with Following("--json", f":{port}") as w:
            lines = w.lines()
            first = json.loads(next(lines))["listeners"][0]["process"]["pid"]
            heirs[first].kill()
            heirs[first].wait()
            [other] = set(heirs) - {first}
            for line in lines:
                if json.loads(line)["listeners"][0]["process"]["pid"] == other:
                    break


def test_order_and_filter():
    with listening() as (_, few), listening() as (_, many), contextlib.ExitStack() as stack:
        for port, count in ((few, 1), (many, 4)):
            for _ in range(count):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), WITHIN))
        pid = str(os.getpid())
        order = [l["address"] for l in look(pid, "--sort", "queue")["listeners"]]
        assert order == [f"127.0.0.1:{many}", f"127.0.0.1:{few}"], order
        order = [l["address"] for l in look(pid, "-s", "address")["listeners"]]
        assert order == sorted(order, key=lambda a: int(a.split(":")[1])), order


def test_names_are_escaped():
    libc = ctypes.CDLL(None)
    with open("/proc/self/comm", "rb") as f:
        before = f.read().strip()
    with listening() as (_, port):
        libc.prctl(15, b"a\x1b[2Jb")  # PR_SET_NAME
        try:
            shown = run("--once", "-i", "0.1", f":{port}").stdout
        finally:
            libc.prctl(15, before)
    assert "a\\x1b[2Jb" in shown and "\x1b" not in shown, shown


# ---- connections ----

def test_unread():
    with listening() as (server, port), connected(server, 2) as pairs:
        pairs[0][0].sendall(b"x" * 5000)
        seen = until(lambda s: s["all"]["late"] == 1, f":{port}")
        assert (seen["all"]["unread"], seen["all"]["unread_max"]) == (5000, 5000), seen["all"]
        assert seen["all"]["late_bytes"] == 5000
        assert "reads nothing: 4.8 KiB unread on 1 connection" in verdicts(seen), seen
        assert seen["connections"][0]["unread"] == 5000, seen["connections"]


def test_close_wait():
    with listening() as (server, port), connected(server, 3) as pairs, \
            Following("--json", f":{port}") as w:
        for client, _ in pairs[:2]:
            client.close()
        for line in w.lines():
            seen = json.loads(line)["all"]
            least, most = seen["close_wait_oldest_s"]
            if least and least >= 0.3:
                break
        assert seen["states"]["CLOSE_WAIT"] == 2 and seen["states"]["ESTABLISHED"] == 1, seen
        assert least <= most and seen["gave_up"] == 0, seen
        assert seen["unread"] == seen["late"] == 0, seen  # the end is no byte


def test_clients_that_gave_up():
    with listening() as (_, port):
        socket.create_connection(("127.0.0.1", port), WITHIN).close()
        seen = until(lambda s: s["all"]["gave_up"] == 1, f":{port}")
        assert "1 client gave up waiting in the accept queue" in verdicts(seen), seen
        assert seen["all"]["close_wait_oldest_s"] == [None, None], seen


def test_peer_that_takes_nothing():
    with listening() as (server, port), connected(server) as [(_, ours)]:
        ours.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                ours.send(b"x" * 65536)
        seen = until(lambda s: s["all"]["stuck"] == 1, f":{port}")
        assert "the peer takes nothing" in verdicts(seen), seen
        assert seen["all"]["unsent_max"] == seen["connections"][0]["unsent"] > 0, seen


# ---- nginx ----

CONF = """user root; daemon off; worker_processes 1; pid {0}/pid; error_log {0}/log;
events {{}}
http {{
    access_log off; client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path {0}/c;
    uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;
    server {{ listen 127.0.0.1:{1}; location / {{ return 200 hi; }} }}
}}
"""


@contextlib.contextmanager
def nginx():
    """At a port that is reserved for it: it takes the socket over, as in its own upgrades."""
    folder = tempfile.mkdtemp(prefix="stoa-watch-")
    os.chmod(folder, 0o755)
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(511)
    port = s.getsockname()[1]
    with open(f"{folder}/conf", "w") as f:
        f.write(CONF.format(folder, port))
    p = subprocess.Popen(["nginx", "-e", f"{folder}/log", "-p", folder, "-c", f"{folder}/conf"],
                         env={**os.environ, "NGINX": f"{s.fileno()};"}, pass_fds=[s.fileno()],
                         stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        s.close()
        yield p, port
    finally:
        p.terminate()
        p.wait(WITHIN)
        shutil.rmtree(folder)


def get(port):
    c = socket.create_connection(("127.0.0.1", port), WITHIN)
    c.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert c.recv(4096).startswith(b"HTTP/1.1 200")
    return c


def test_nginx():
    with nginx() as (p, port), get(port), get(port):
        seen = look(str(p.pid))
        [l] = seen["listeners"]
        assert l["process"]["pid"] == p.pid and l["process"]["command"] == "nginx", l
        assert (l["queue"], l["queue_max"]) == (0, 511), l
        assert l["connections"]["states"]["ESTABLISHED"] == 2, l
        assert [c["state"] for c in seen["connections"]] == ["ESTABLISHED"] * 2
        assert "nothing wrong seen" in verdicts(seen), seen
        lines = run("--once", "-i", "0.1", f":{port}").stdout
        assert re.search(rf"127\.0\.0\.1:{port}  {p.pid} nginx +0/511 ", lines), lines


def test_as_nobody():
    """What belongs to others is counted as well; only their pids stay unknown."""
    if not NOBODY:
        return
    with nginx() as (p, port), get(port):
        [l] = look(f":{port}", **NOBODY)["listeners"]
        assert l["process"]["pid"] is None and l["process"]["uid"] == 0, l
        assert l["process"]["user"] == "root", l
        assert (l["queue"], l["queue_max"]) == (0, 511), l
        assert l["connections"]["states"]["ESTABLISHED"] == 1, l
        failed = run("--once", str(p.pid), **NOBODY)
        assert failed.returncode == 1 and "is another user's" in failed.stderr, failed
        with Stoa("--text", "hi", **NOBODY) as s:
            seen = look(f":{s.port}", **NOBODY)
            assert seen["stoa"]["server"]["pid"] == s.process.pid, seen


# ---- a stoa server ----

def is_idle(seen):
    """The one request has been counted: the reply is read before that."""
    return seen["stoa"]["totals"]["requests"] == 1 and seen["stoa"]["at"]["idle"] == 1


def test_stages():
    with Stoa("--text", "hi", "-w", "2") as s, get(s.port):
        seen = until(is_idle, f":{s.port}")
        [l] = seen["listeners"]
        assert l["sockets"] == 2 and l["queue_max"] == 2 * l["fullest_queue_max"], l
        server = seen["stoa"]["server"]
        assert (server["pid"], server["cores"]) == (s.process.pid, 2), server
        lines = run("--once", "-i", "0.1", str(s.process.pid)).stdout
        assert re.search(r"\nwhole request +\S+ [mu]?s ", lines), lines
        assert "open connections are at: 1 idle\n" in lines, lines
        assert "GET / 200 from 127.0.0.1" in lines, lines


def test_stopped():
    """A process that is stopped answers nobody, and is read all the same."""
    with Stoa("--text", "hi", "-w", "1") as s, get(s.port):
        until(is_idle, f":{s.port}")
        s.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, s.process.pid, os.WSTOPPED | os.WNOWAIT)
        try:
            with socket.create_connection(("127.0.0.1", s.port), WITHIN):
                seen = look(f":{s.port}")
        finally:
            s.signal(signal.SIGCONT)
        assert seen["stopped"] and seen["listeners"][0]["queue"] == 1, seen
        assert seen["verdicts"][0]["level"] == "bad", seen
        assert "the process is stopped" in seen["verdicts"][0]["text"], seen
        assert seen["stoa"]["totals"]["requests"] == 1, seen


def test_core_that_spins():
    with Stoa("--text", "hi", "-w", "1", "--delay", "core=3s") as s, \
            socket.create_connection(("127.0.0.1", s.port), WITHIN) as c:
        c.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        seen = until(lambda p: "core 0 stands still" in verdicts(p), f":{s.port}")
        assert seen["verdicts"][0]["level"] == "bad" and not seen["stopped"], seen
        assert c.recv(4096).startswith(b"HTTP/1.1 200")


def test_no_stages():
    with Stoa("--text", "hi", "--stages", "off") as s:
        seen = look(f":{s.port}")
        assert seen["stoa"] is None and "--stages off" in seen["stoa_why_not"], seen


@contextlib.contextmanager
def draining(*args):
    """A server that drains, and the requests that it finishes meanwhile: they take longer than any test."""
    with Stoa("--text", "hi", "--delay", "handle=600", "--drain", "600", *args) as s, \
            contextlib.ExitStack() as clients:
        ours = []
        for _ in range(2):
            c = clients.enter_context(socket.create_connection(("127.0.0.1", s.port), WITHIN))
            c.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            ours.append("127.0.0.1:%d" % c.getsockname()[1])
        until(lambda p: p["stoa"]["at"]["handler"] == 2, f":{s.port}")
        try:
            with Following("--json", str(s.process.pid)) as w:
                lines = w.lines()
                next(lines)
                s.signal()
                yield s, sorted(ours), lines
        finally:
            s.signal()  # the second ends it at once


DRAINS = "the server drains: 2 connections are being finished, and it takes no new ones"


def is_drained_of(seen, listeners, ours):
    """Whether it shows a draining server with these connections, which no listener of its has."""
    return ([l["address"] for l in seen["listeners"]] == listeners and seen["stoa"]
            and seen["stoa"]["server"]["draining"] and seen["stoa"]["at"]["handler"] == 2
            and seen["all"]["states"]["ESTABLISHED"] == 2
            and sorted(c["peer"] for c in seen["connections"]) == ours
            and {c["listener"] for c in seen["connections"]} == {None}
            and DRAINS in verdicts(seen) and "nobody listens" not in verdicts(seen)
            and "reaches it" not in verdicts(seen))


def until_line(is_so, lines):
    for line in lines:
        if is_so(json.loads(line)):
            return


def test_a_server_that_drains():
    """Its listeners are closed, and its connections are there still: it has them, whoever listens now."""
    with draining() as (s, ours, lines):
        until_line(lambda seen: is_drained_of(seen, [], ours), lines)
        pid = str(s.process.pid)
        until(lambda seen: is_drained_of(seen, [], ours), pid)
        shown = run("--once", "-i", "0.1", pid)
        assert shown.returncode == 0 and DRAINS in shown.stdout, shown
        assert "\nit listens no more\n" in shown.stdout, shown
        assert "\nconnections: 2 ESTABLISHED\n" in shown.stdout, shown
        assert "open connections are at: 2 handler\n" in shown.stdout, shown
        assert f"\n{ours[0]} " in shown.stdout and f"\n{ours[1]} " in shown.stdout, shown
        with socket.socket() as next_one:
            next_one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            next_one.bind(("127.0.0.1", s.port))
            next_one.listen(1)
            assert is_drained_of(look(pid), [], ours), look(pid)
            [l] = look(f":{s.port}")["listeners"]
            assert l["process"]["pid"] == os.getpid(), l
        s.signal()
        for line in lines:
            seen = json.loads(line)
            if "nobody listens" in verdicts(seen):
                break
        assert seen["stoa"] is None and seen["connections"] == [], seen


def test_a_server_that_drains_and_tells():
    """The listener of --admin stays."""
    with draining("--admin", "127.0.0.1:0") as (s, ours, lines):
        s.wait_for("admin pages at ")
        admin = re.findall(r"admin pages at http://([0-9.:]+)", s.said.decode())
        until_line(lambda seen: is_drained_of(seen, admin, ours), lines)
        until(lambda seen: is_drained_of(seen, admin, ours), str(s.process.pid))


# A listener that becomes a server when a line comes: its socket stays, as a service manager's does.
BECOMES_STOA = """import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
sys.stdin.readline()
if s.fileno() != 3:
    os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[1], [sys.argv[1], "serve", "--text", "hi"])
"""


def test_stages_that_come_later_and_go():
    """The program may have become a stoa server since the first look; and none is left once it has ended."""
    with subprocess.Popen([sys.executable, "-c", BECOMES_STOA, STOA], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
        try:
            port = int(p.stdout.readline())
            with Following("--json", str(p.pid)) as w:
                lines = w.lines()
                first = json.loads(next(lines))
                assert first["stoa"] is None and first["listeners"], first
                p.stdin.write(b"\n")
                p.stdin.flush()
                for line in lines:
                    seen = json.loads(line)
                    if seen["stoa"]:
                        break
                assert seen["stoa"]["server"]["pid"] == p.pid, seen
                with get(port):
                    pass
                p.kill()
                p.wait()
                for line in lines:
                    seen = json.loads(line)
                    if not seen["listeners"]:
                        break
                assert seen["stoa"] is None, seen["stoa"]
        finally:
            p.kill()


# ---- the command ----

def test_lines_go_on_until_a_signal():
    with listening() as (_, port):
        for which, args in ((signal.SIGINT, ()), (signal.SIGTERM, ("--json",))):
            with Following(*args, f":{port}") as w:
                lines = w.lines()
                for _ in range(2):
                    while f"127.0.0.1:{port}" not in next(lines):
                        pass
                w.process.send_signal(which)
                _, said = w.process.communicate(timeout=WITHIN)
                assert (w.process.returncode, said) == (0, b""), (w.process.returncode, said)


def test_a_reader_that_has_enough():
    with Following() as w:
        next(w.lines())
        w.process.stdout.close()
        assert w.process.wait(WITHIN) == 0
        assert w.process.stderr.read() == b""


def test_a_full_disk_is_said():
    for args in (), ("--json",):
        with open("/dev/full", "w") as full:
            done = subprocess.run([STOA, "watch", "--once", "-i", "0.1", *args], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=WITHIN)
        assert done.returncode == 1, done
        assert "cannot write to standard output: No space left on device (ENOSPC)" in done.stderr, done


def test_a_listener_that_goes():
    with listening() as (server, port), Following("--json", f":{port}") as w:
        lines = w.lines()
        assert json.loads(next(lines))["listeners"]
        server.close()
        for line in lines:
            seen = json.loads(line)
            if not seen["listeners"]:
                break
        assert seen["verdicts"][0]["cause"] == "connect.refused", seen
        assert f"nobody listens at :{port} any more" in verdicts(seen)


def fails(code, text, *args):
    done = run("--once", *args)
    assert done.returncode == code and text in done.stderr and not done.stdout, (args, done)


def test_errors():
    with listening() as (_, port), subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            fails(1, "listens on no TCP port", str(sleeper.pid))
        finally:
            sleeper.kill()
            sleeper.wait()
        fails(1, "there is no process", str(sleeper.pid))
        fails(1, f"stoa watch 127.0.0.1:{port}", f"127.0.0.3:{port}")
    fails(1, f"nobody listens at :{port}", f":{port}")
    fails(2, "--filter TEXT", "nginx")
    fails(2, "a port is a number", ":99999")
    fails(2, "port 0", ":0")
    fails(2, "a pid is a number", "0")
    fails(2, "only TCP", "unix:/tmp/x")
    fails(2, "one target at a time", ":1", ":2")
    fails(2, "did you mean queue?", "--sort", "queu")
    fails(2, "an interval is from", "--interval", "0.01")
    fails(2, "a time is wanted", "--interval", "soon")
    assert "--filter" in run("--help").stdout and run("--version").stdout.startswith("stoa ")


run_tests(globals())
