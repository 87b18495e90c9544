#!/usr/bin/env python3
"""`stoa watch` on a terminal: what is drawn in which size, the keys, and that it always leaves the terminal
as it was."""
import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stoa_process import STOA, WITHIN, Stoa, run_tests  # noqa: E402
from terminal import DOWN, ENTER, ESC, LEFT, RIGHT, UP, Terminal  # noqa: E402

COLORS = frozenset(range(30, 38)) | frozenset(range(90, 98))
RED, YELLOW = 31, 33


@contextlib.contextmanager
def listener(backlog=16, host="127.0.0.1"):
    with socket.create_server((host, 0), backlog=backlog) as s:
        yield s, s.getsockname()[1]


@contextlib.contextmanager
def full_queue():
    """A listener that accepts nothing, with an accept queue that is full: one more than the limit."""
    with listener(backlog=2) as (_, port), contextlib.ExitStack() as clients:
        for _ in range(3):
            clients.enter_context(socket.create_connection(("127.0.0.1", port), WITHIN))
        yield port


def watch(*args, **options):
    return Terminal([STOA, "watch", *map(str, args)], **options)


def end(t, keys="q", code=0):
    t.type(keys)
    assert t.wait() == code, (t.process.returncode, t.error)
    assert t.error == "", t.error
    assert t.is_as_before(), t.raw[-200:]


def framed(rows, columns):
    """Whether all of a page is there: title, time and keys where they belong."""
    def is_so(s):
        lines = s.lines()
        return (len(lines) == rows and s.columns == columns and lines[0].startswith(" stoa watch  ")
                and lines[0].count(":") >= 2 and len(lines[0]) == columns - 1
                and lines[-1].startswith(" q quit"))
    return is_so


def test_every_size():
    for rows, columns in ((24, 80), (15, 40), (60, 200), (5, 20)):
        with listener() as (_, port), watch(f":{port}", rows=rows, columns=columns) as t:
            if columns >= 40:
                t.until(framed(rows, columns))
                assert f":{port}" in t.screen.lines()[0]
                t.until("nothing wrong seen" if columns >= 80 else "accept queue")
            else:
                t.until("q quit")
            end(t)


def test_unread():
    """How many connections have something unread."""
    with listener() as (s, port), contextlib.ExitStack() as stack:
        for n in (900, 300, 0):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            stack.enter_context(s.accept()[0])
            client.sendall(b"x" * n)
        with watch(f":{port}") as t:
            t.until("unread 1.1 KiB on 2")
            end(t)


def test_into_a_listener_and_back():
    with listener() as (s, port), watch("--filter", f"127.0.0.1:{port}") as t:
        t.until(f"▸  127.0.0.1:{port}")
        t.until(f"filter 127.0.0.1:{port}   / change")
        t.type(ENTER)
        t.until("accept queue  ─")
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"x" * 900)
            t.until(" ESTABLISHED")
            t.until("900 B")
            host, own = client.getsockname()
            assert f"{host}:{own}" in t.screen.text()
        t.until("CLOSE_WAIT")
        t.until("900 B")  # the FIN is none
        t.type(ESC)
        t.until("LISTENER ")
        end(t)


def test_a_full_queue_is_seen_and_said_in_words():
    with full_queue() as port, watch(f":{port}", columns=100) as t:
        t.until("accept queue full")
        t.until("accept queue  ━")
        assert YELLOW in t.screen.looks_of("accept queue full")
        t.until("3 of 2")
        assert RED in t.screen.looks_of("3 of 2")
        with socket.socket() as late:  # its SYN is dropped, again and again
            late.setblocking(False)
            late.connect_ex(("127.0.0.1", port))
            t.until(lambda s: "accept queue full" in s.text()
                    and RED in s.looks_of("accept queue full"))
            t.until(" since it listens")
        end(t)


def test_no_color():
    with full_queue() as port, watch(f":{port}", env={"NO_COLOR": "1"}) as t:
        t.until("3 of 2")
        end(t)
        assert t.screen.looks_used and not t.screen.looks_used & COLORS, t.screen.looks_used
    # An empty one says nothing: https://no-color.org
    with full_queue() as port, watch(f":{port}", env={"NO_COLOR": ""}) as t:
        t.until("3 of 2")
        end(t)
        assert t.screen.looks_used & COLORS


def test_plain_locale():
    for env in ({"LC_ALL": "C"}, {"LC_ALL": None, "LC_CTYPE": None, "LANG": None},
                {"LC_ALL": "", "LC_CTYPE": "de_DE.ISO-8859-1", "LANG": "C.UTF-8"}):
        with full_queue() as port, watch(f":{port}", env=env) as t:
            t.until("==  3 of 2")
            end(t)
            assert all(byte < 0x80 for byte in t.raw)
    with full_queue() as port, watch(f":{port}", env={"LC_ALL": "de_DE.utf8@euro"}) as t:
        t.until("━━  3 of 2")
        end(t)


def test_ways_to_end():
    with listener() as (_, port):
        for keys in ("q", "Q", "\x03"):
            with watch(f":{port}") as t:
                t.until("accept queue")
                assert t.screen.alternate and not t.screen.cursor_shown
                end(t, keys)
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with watch(f":{port}") as t:
                t.until("accept queue")
                t.process.send_signal(which)
                end(t, "")


def test_keys_are_of_the_terminal_though_stdin_is_not():
    with listener() as (_, port):
        command = f'exec "{STOA}" watch :{port} < /dev/null'
        with Terminal(["sh", "-c", command]) as t:
            t.until("accept queue")
            end(t)


def test_the_terminal_is_gone():
    with listener() as (_, port), watch(f":{port}") as t:
        t.until("accept queue")
        t.hang_up()
        assert t.process.wait(WITHIN) == 0


def test_stopped_and_continued():
    """Ctrl-Z gives the terminal back to the shell; fg takes it again."""
    with listener() as (_, port):
        command = f'"{STOA}" watch :{port}; echo; stty -a; fg >/dev/null; echo "code $?"'
        with Terminal(["sh", "-mc", command]) as t:
            t.until("accept queue")
            t.type("\x1a")
            t.until_said("icanon")
            assert b" echo " in t.raw.replace(b"\n", b" "), t.raw
            t.until(lambda s: s.alternate and framed(24, 80)(s))
            t.type("q")
            t.until_said("code 0")
            assert t.wait() == 0
            assert t.is_as_before()


def test_resized():
    with listener() as (_, port), watch(f":{port}") as t:
        t.type("p")  # nothing is drawn by itself
        t.until("paused at")
        for rows, columns in ((60, 200), (15, 40), (3, 12), (24, 80)):
            t.resize(rows, columns)
            if columns >= 40:
                t.until(lambda s: s.lines()[-1].startswith(" q quit") and s.lines()[0].startswith(
                    " stoa watch"))
            else:
                t.until("quit")
        t.type("p")
        t.until("every 1 s")
        end(t)


def test_redraws_when_asked():
    with listener() as (_, port), watch(f":{port}") as t:
        t.type("p")
        t.until("paused at")
        t.screen.clear()  # as if another program had written over it
        t.type("\x0c")
        t.until(lambda s: "stoa watch" in s.lines()[0] and "quit" in s.lines()[-1])
        end(t)


def test_keys():
    with listener() as (_, port), listener() as (_, other), watch("--interval", "60", rows=60) as t:
        t.until("s sort: trouble")
        t.type("s")
        t.until("s sort: address")
        t.type(RIGHT + RIGHT)
        t.until("s sort: queue")
        t.type(LEFT + LEFT + "S")
        t.until("s sort: trouble")
        t.type("?")
        t.until("select a listener, or scroll")
        t.type("x")
        t.until("LISTENER")
        t.type(f"/127.0.0.1:{port}")
        t.until(lambda s: f"▸  127.0.0.1:{port}" in s.text() and f":{other}" not in s.text())
        t.type("\x7f" * len(str(port)) + ENTER)
        t.until(lambda s: f":{port}" in s.text() and f":{other}" in s.text())
        t.type("/nothing" + ENTER)
        t.until("no listener matches the filter")
        t.type(ESC)
        t.until("q quit")
        t.type(DOWN + UP + "jjkkG g")
        end(t)


def test_names_cannot_draw():
    """A process chooses its own name."""
    program = ("import socket\nopen('/proc/self/comm', 'w').write('a\\033[2Jb')\n"
               "s = socket.create_server(('127.0.0.1', 0))\nprint(s.getsockname()[1], flush=True)\n"
               "import sys; sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as p:
        port = int(p.stdout.readline())
        with watch(f":{port}", columns=120) as t:
            t.until("a\\x1b[2Jb")
            end(t)
        p.stdin.close()


def test_stages_of_a_server_that_does_not_help():
    with Stoa("--text", "hello") as s:
        for _ in range(20):
            urllib.request.urlopen(s.url, timeout=WITHIN).read()
        s.signal(signal.SIGSTOP)
        try:
            with watch(s.process.pid, rows=60, columns=120) as t:
                t.until("STAGE")
                t.until("handler")
                t.until("SLOWEST REQUESTS")
                assert "GET / 200" in t.screen.text()
                end(t)
            with watch(s.process.pid) as t:
                t.until("STAGE")
                t.type("\t")
                t.until(lambda x: "STAGE" not in x.text())
                end(t)
        finally:
            s.signal(signal.SIGCONT)


def test_a_server_that_drains():
    with Stoa("--text", "hi", "--delay", "handle=600", "--drain", "600") as s, \
            socket.create_connection(("127.0.0.1", s.port), WITHIN) as c:
        c.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        with watch(s.process.pid, "-i", "0.1", rows=40, columns=100) as t:
            t.until("handler 1")
            s.signal()
            t.until("the server drains: 1 connection is being finished")
            t.until("connections   ESTABLISHED 1")
            t.until("127.0.0.1:%d" % c.getsockname()[1])
            t.until("handler 1")
            end(t)
        s.signal()  # the second ends it at once


def test_what_is_no_screen():
    with listener() as (_, port):
        for env in ({"TERM": "dumb"}, {"TERM": None}):
            with watch(f":{port}", env=env) as t:
                t.until_said(str(port))
                t.process.send_signal(signal.SIGINT)
                assert t.wait() == 0
                assert b"\033" not in t.raw, t.raw
        for option in ("--once", "--json"):
            with watch(f":{port}", option) as t:
                t.until_said(str(port))
                t.process.send_signal(signal.SIGINT)
                t.wait()
                assert b"\033" not in t.raw, t.raw


run_tests(globals())
