#!/usr/bin/python3
"""`stoa serve --fault`: for each kind, exactly what reaches a client: its bytes, and FIN or RST after them."""
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
from stoa_process import IO, STOA, WITHIN, Stoa, run_tests  # noqa: E402

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
TYPE = b"Content-Type: text/plain\r\n"
WHOLE = b"This reply is whole.\n"
PART = b"This reply is not whole.\n"
CHUNKED = OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\n"
FINE = OK + TYPE + b"Content-Length: 21\r\n\r\n" + WHOLE
FIN, RST = "FIN", "RST"

# What a client does (None: it says nothing), what comes, and how the stream ends.
ENDED = {
    "reset-at-accept": (None, b"", RST),
    "close-at-accept": (None, b"", FIN),
    "early-408": (None, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                  FIN),
    "reset-while-request": (b"P", b"", RST),
    "early-413": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbody",
                  b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", RST),
    "reset-after-request": (GET, b"", RST),
    "close-without-reply": (GET, b"", FIN),
    "close-when-idle": (GET, FINE, FIN),
    "reset-on-reuse": (GET + GET, FINE, RST),
    "reset-in-head": (GET, OK + b"Content-", RST),
    "reset-in-body": (GET, OK + TYPE + b"Content-Length: 1000\r\n\r\n" + PART, RST),
    "cut-head": (GET, OK + TYPE + b"Content-Length: 21\r\n", FIN),
    "cut-body": (GET, OK + TYPE + b"Content-Length: 1000\r\n\r\n" + PART, FIN),
    "cut-chunk": (GET, CHUNKED + b"19\r\n" + PART + b"\r\n", FIN),
    "cut-in-chunk": (GET, CHUNKED + b"19\r\n" + PART + b"\r\n19\r\nThis reply", FIN),
    "two-lengths": (GET, OK + TYPE + b"Content-Length: 4\r\nContent-Length: 21\r\n\r\n" + WHOLE, FIN),
    "length-and-chunked": (GET, OK + TYPE + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n"
                           + WHOLE + b"\r\n0\r\n\r\n", FIN),
    "bad-length": (GET, OK + TYPE + b"Content-Length: 21 bytes\r\n\r\n" + WHOLE, FIN),
    "huge-length": (GET, OK + TYPE + b"Content-Length: %d\r\n\r\n" % (2**64 + 21) + WHOLE, FIN),
    "bad-chunk": (GET, CHUNKED + b"15\r\n" + WHOLE + b"\r\nlast\r\n\r\n", FIN),
    "huge-chunk": (GET, CHUNKED + b"%x\r\n" % (2**64 + 21) + WHOLE + b"\r\n0\r\n\r\n", FIN),
    "bad-status-line": (GET, b"HTTP/1.1 OK 200\r\nContent-Length: 21\r\n\r\n" + WHOLE, FIN),
    "bad-header": (GET, OK + b"This line has no colon\r\nContent-Length: 21\r\n\r\n" + WHOLE, FIN),
    "old-http": (GET, b"<title>1991</title>" + WHOLE, FIN),
    "garbage": (GET, bytes.fromhex("ff001b5b33316d7f80fe0d0a0d0a00009de228a11b5d303b7807") + OK + b"\r\n"
                + b"\xf0\x9f\n", FIN),
    "tls-alert": (b"G", bytes([21, 3, 1, 0, 2, 2, 70]), FIN),
    "ssh-banner": (b"G", b"SSH-2.0-OpenSSH_9.2\r\nInvalid SSH identification string.\r\n", FIN),
    "smtp-banner": (b"G", b"220 mail.example ESMTP ready\r\n500 5.5.1 Command unrecognized\r\n", FIN),
    "http2-preface": (b"G", bytes([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100,
                                   0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), FIN),
}

# What answers each request of a connection, again and again.
REPEATED = {
    "no-continue": FINE,
    "stall=1": FINE,
    "stall-in-head=1ms": FINE,
    "stall-in-body=1": FINE,
    "wrong-length": OK + TYPE + b"Content-Length: 4\r\n\r\n" + WHOLE,
    "body-with-204": b"HTTP/1.1 204 No Content\r\n\r\n" + WHOLE,
    "folded-header": OK + b"Content-Type: text/\r\n plain\r\nContent-Length: 21\r\n\r\n" + WHOLE,
    "bad-gzip": OK + TYPE + b"Content-Encoding: gzip\r\nContent-Length: 21\r\n\r\n" + WHOLE,
    "escapes": b"HTTP/1.1 200 \x1b]0;owned\x07\r\nX-Odd: \x1b[2J\x1b[31mred\r\n" + TYPE
               + b"Content-Length: 17\r\n\r\n\x1b[2J\x1b[31mred\x1b[0m\n",
    "redirect-loop": b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
    "slow=1000M": OK + TYPE + b"Content-Length: 65536\r\n\r\n"
                  + (b"Slowly, slowly, and not one byte faster: this line repeats itself.\n" * 1000)[:65536],
}

# What comes, and then nothing more.
SILENT = {
    "stall": b"",
    "stall-in-head": OK + b"Content-",
    "stall-in-body": OK + TYPE + b"Content-Length: 21\r\n\r\nThis reply",
    "never-close": b"HTTP/1.0 200 OK\r\n" + TYPE + b"\r\n" + PART,
}

# What comes first, and what then comes for ever.
ENDLESS = {
    "endless-head": (OK, b"X-Endless: and so on, and on, and on, and on\r\n"),
    "endless-1xx": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "endless-body": (CHUNKED, b"15\r\nand on and on and on\n\r\n"),
}

ALONE = ("refuse-after", "never-accept", "never-read")  # each has a test of its own


def run(*args):
    done = subprocess.run([STOA, *args], capture_output=True, text=True, timeout=WITHIN,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def kinds():
    """The names that `--fault list` gives."""
    return re.findall(r"^  ([a-z][a-z0-9-]+)", run("serve", "--fault", "list")[1], re.M)


@contextlib.contextmanager
def client(port_or_path):
    c = socket.socket(socket.AF_INET if isinstance(port_or_path, int) else socket.AF_UNIX)
    c.settimeout(WITHIN)
    with contextlib.closing(c):
        c.connect(("127.0.0.1", port_or_path) if isinstance(port_or_path, int) else port_or_path)
        yield c


def read_n(c, n):
    got = b""
    while len(got) < n:
        more = c.recv(n - len(got))
        if not more:
            break
        got += more
    return got


def read_end(c):
    """All that still comes, and how it ends."""
    got = b""
    try:
        while True:
            more = c.recv(65536)
            if not more:
                return got, FIN
            got += more
    except ConnectionResetError:
        return got, RST


def talk(port, says):
    """Connects, says that, and reads to the end."""
    try:
        with client(port) as c:
            c.sendall(says or b"")
            return read_end(c)
    except ConnectionResetError:  # connect(2) tells it when it came first
        return b"", RST


def each(table, *listen):
    """A server for each kind in the table, on both kinds of I/O."""
    for io in IO:
        for kind, expected in table.items():
            with Stoa("--fault", kind, io=io, listen=listen[0] if listen else "127.0.0.1:0") as s:
                yield kind, s, expected


def queue_of(port, peer):
    """The receive queue of a socket on that port, from the kernel's table; peer 0: one that listens."""
    with open("/proc/net/tcp") as f:
        for line in f.readlines()[1:]:
            _, local, remote, _, queues = line.split()[:5]
            if int(local.split(":")[1], 16) == port and int(remote.split(":")[1], 16) == peer:
                return int(queues.split(":")[1], 16)
    return None


def test_every_kind_is_tested_here_and_in_the_manual():
    tested = {name.split("=")[0] for table in (ENDED, REPEATED, SILENT, ENDLESS) for name in table}
    assert sorted(tested | set(ALONE)) == sorted(kinds())
    assert len(kinds()) == len(set(kinds())) >= 24


def words(text):
    return " ".join(text.replace(".", " ").lower().split())


def test_list_and_manual_say_the_same():
    with open("man/stoa-serve.1") as f:
        page = f.read().split(".Sh FAULTS\n")[1].split(".Sh ")[0].replace("\\(ha", "^")
    told = re.findall(r"^\.It Cm ([a-z0-9-]+).*\n((?:[^.\n].*\n)+)", page, re.M)
    listed = re.findall(r"^  ([a-z][a-z0-9-]+)\S* +((?:.+\n)(?: {20,}.+\n)+)",
                        run("serve", "--fault", "list")[1], re.M)
    assert len(listed) == len(kinds())
    assert [(k, words(t)) for k, t in told] == [(k, words(t)) for k, t in listed]


def test_list():
    code, out, err = run("serve", "--fault", "list")
    assert code == 0 and err == ""
    assert max(map(len, out.split("\n"))) <= 85
    for usage in ("refuse-after=N", "stall[=MS]", "slow=BYTES_PER_S", "cut-body "):
        assert f"  {usage}" in out, usage
    assert run("serve", "--fault=list")[1] == out


def test_wrong_usage_is_said_and_exits_2():
    for args, says in (
            (("--fault", "cut-bdoy"), "did you mean cut-body?"),
            (("--fault", "explode"), "--fault list names them all"),
            (("--fault", "\x1b[1m"), "\\x1b[1m"),
            (("--fault", "x" * 300), "no such kind"),
            (("--fault", ""), "no such kind"),
            (("--fault",), "wants a value"),
            (("--fault", "cut-body=3"), "cut-body: it takes no argument"),
            (("--fault", "cut-body="), "cut-body: it takes no argument"),
            (("--fault", "refuse-after"), "refuse-after=N: a number of connections from 1 to"),
            (("--fault", "refuse-after=0"), "from 1 to 1000000"),
            (("--fault", "refuse-after=1000001"), "from 1 to 1000000"),
            (("--fault", "refuse-after=5s"), "a number of connections"),
            (("--fault", "slow"), "slow=BYTES_PER_S: bytes per second"),
            (("--fault", "slow=-1"), "bytes per second"),
            (("--fault", "slow=2000M"), "from 1 to 1024M"),
            (("--fault", "stall="), "stall[=MS]: milliseconds from 1"),
            (("--fault", "stall=soon"), "500ms, 2s, 1m"),
            (("--fault", "stall=0"), "milliseconds from 1"),
            (("--fault", "stall=86400001"), "(a day)"),
            (("--fault", "stall=99999999999999999999"), "(a day)"),
            (("--fault", "stall", "--text", "x"), "leave --text out"),
            (("--fault", "stall", "--echo"), "leave --echo out"),
            (("--fault", "stall", "."), "leave the folder out"),
            (("--fault", "stall", "-w", "2"), "leave --workers out"),
            (("--fault", "stall", "-l", "udp://:1"), "a datagram has none"),
            (("--fault", "slow=64K", "--fault", "cut-body"),
             "--fault cut-body: replies are broken in one way, slow=65536 was given already"),
            (("--fault", "cut-body", "--fault", "cut-body"), "cut-body was given already"),
            (("--fault", "cut-body", "--fault", "cut-bdoy"), "did you mean cut-body?")):
        code, out, err = run("serve", *args)
        assert (code, out) == (2, "") and says in err and "\x1b" not in err, (args, code, err)


def test_it_says_that_it_breaks():
    with Stoa("--fault", "stall=2s") as s:
        s.wait_for("stoa: every reply is broken on purpose: stall=2000\n")
    with Stoa("--fault", "cut-body") as s:
        with client(s.port) as c:
            c.sendall(GET)
            read_end(c)
            peer = c.getsockname()[1]
        s.wait_for(f"cut-body on purpose: connection from 127.0.0.1:{peer} to 127.0.0.1:{s.port}\n")
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "s")
        with Stoa("--fault", "cut-body", listen=f"unix:{path}") as s, client(path) as c:
            c.sendall(GET)
            read_end(c)
            s.wait_for(f"cut-body on purpose: connection from a Unix socket to unix:{path}\n")


def test_what_is_meant_is_not_told_as_a_failure():
    for kind, s, (says, _, end) in each({k: v for k, v in ENDED.items() if v[2] == RST}):
        assert talk(s.port, says)[1] == end
        s.stop()
        assert b"failed" not in s.said and b"warning" not in s.said, (kind, s.said)
        assert f"{kind} on purpose".encode() in s.said, (kind, s.said)


def test_kinds_that_end_the_connection():
    for kind, s, (says, comes, end) in each(ENDED):
        for _ in range(2):
            assert talk(s.port, says) == (comes, end), kind


def test_the_same_over_tcp_where_a_request_is_what_comes_first():
    for kind, s, (says, comes, end) in each(ENDED, "tcp://127.0.0.1:0"):
        if kind != "reset-on-reuse":
            assert talk(s.port, says and b"x") == (comes, end), kind
            continue
        with client(s.port) as c:
            c.sendall(b"x")
            assert read_n(c, len(FINE)) == FINE
            c.sendall(b"x")
            assert read_end(c) == (b"", RST)


def test_the_same_on_a_unix_socket_which_knows_no_reset():
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "s")
        for kind, s, (says, comes, _) in each({k: v for k, v in ENDED.items() if v[0] == GET},
                                              f"unix:{path}"):
            with client(path) as c:
                c.sendall(says)
                assert read_end(c) == (comes, FIN), kind


def test_kinds_that_go_on_with_the_next_request():
    for kind, s, comes in each(REPEATED):
        with client(s.port) as c:
            for _ in range(2):
                c.sendall(GET)
                assert read_n(c, len(comes)) == comes, kind
            c.sendall(GET + LAST)
            assert read_end(c) == (comes + comes, FIN), kind


def test_bodies_of_requests_are_taken():
    length = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100000
    chunks = (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
              + b"ffff\r\n" + b"x" * 65535 + b"\r\n3\r\nabc\r\n0\r\nX-Trailer: y\r\n\r\n")
    for kind, s, comes in each({"redirect-loop": REPEATED["redirect-loop"]}):
        with client(s.port) as c:
            c.sendall(length + chunks + GET)
            assert read_n(c, 3 * len(comes)) == 3 * comes
            for byte in chunks[:100]:
                c.sendall(bytes([byte]))
            c.sendall(chunks[100:] + LAST)
            assert read_end(c) == (2 * comes, FIN)


def test_what_cannot_be_read_is_a_request_too():
    for kind, s, comes in each({"redirect-loop": REPEATED["redirect-loop"]}):
        for bad in (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n", b"HELO x\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with client(s.port) as c:
                c.sendall(bad)
                assert read_end(c) == (comes, FIN), bad
        with client(s.port) as c:  # nor is one that ends before its end
            c.sendall(GET[:-1])
            c.shutdown(socket.SHUT_WR)
            assert read_end(c) == (b"", FIN)


def test_expect_continue():
    head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    for kind, s, (_, comes, end) in each({"cut-body": ENDED["cut-body"]}):
        with client(s.port) as c:
            c.sendall(head)
            assert read_n(c, len(go_on)) == go_on
            c.sendall(b"body")
            assert read_end(c) == (comes, end)
    for kind, s, comes in each({"no-continue": FINE}):
        with client(s.port) as c:
            c.sendall(head)
            c.sendall(b"body" + LAST)
            assert read_end(c) == (FINE + FINE, FIN)


def test_kinds_that_fall_silent():
    for kind, s, comes in each(SILENT):
        with client(s.port) as c:
            c.sendall(GET)
            assert read_n(c, len(comes)) == comes, kind
            s.wait_for(f"{kind} on purpose")
            c.sendall(b"more")  # read and dropped
            s.stop()  # at once: nothing that was broken on purpose is waited for
            assert read_end(c) == (b"", RST), kind


def test_a_half_close_does_not_end_the_silence():
    for kind, s, _ in each({"stall": b""}):
        with client(s.port) as c:
            c.sendall(GET)
            c.shutdown(socket.SHUT_WR)
            s.wait_for("stall on purpose")
            with client(s.port) as other:  # served after the end of the first was seen, if not before
                other.sendall(GET)
                s.wait_for(f"{other.getsockname()[1]} to ")
            s.stop()
            assert read_end(c) == (b"", RST)


def test_endless_kinds():
    for kind, s, (first, again) in each(ENDLESS):
        with client(s.port) as c:
            c.sendall(GET)
            n = 3 << 20
            expected = first + again * (n // len(again) + 1)
            assert read_n(c, n) == expected[:n], kind
        with client(s.port) as c:  # the others are served meanwhile
            c.sendall(GET)
            assert read_n(c, 1000) == expected[:1000], kind


@contextlib.contextmanager
def port_of_ours():
    """A free port that nobody else is given, even when the server has let go of it."""
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


def test_refuse_after():
    for io in IO:
        with port_of_ours() as port, Stoa("--fault", "refuse-after=2", io=io,
                                          listen=f"127.0.0.1:{port}") as s:
            with client(s.port) as first, client(s.port) as second:
                for c in (first, second, first):  # who is there is served on
                    c.sendall(GET)
                    assert read_n(c, len(FINE)) == FINE
                for _ in range(3):
                    try:
                        with client(s.port):
                            raise AssertionError("a third connection was accepted")
                    except ConnectionRefusedError:
                        pass
            s.wait_for(f"127.0.0.1:{s.port} refuses from now on: 2 connections were accepted")
            assert b"warning" not in s.said, s.said
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "s")
            with Stoa("--fault", "refuse-after=1", io=io, listen=f"unix:{path}"):
                with client(path) as c:
                    c.sendall(LAST)
                    assert read_end(c) == (FINE, FIN)
                try:
                    with client(path):
                        raise AssertionError("a second connection was accepted")
                except ConnectionRefusedError:
                    pass
            assert not os.path.exists(path)


def test_never_accept():
    for io in IO:
        with Stoa("--fault", "never-accept", "--backlog", "3", io=io) as s:
            with client(s.port) as one, client(s.port) as two:
                one.sendall(GET)
                s.wait_for("on purpose")
                while queue_of(s.port, 0) < 2:  # of the listener: connections that wait
                    pass
                s.stop()
                assert read_end(one) == (b"", RST) and read_end(two) == (b"", RST)
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "s")
            with Stoa("--fault", "never-accept", "--backlog", "1", io=io, listen=f"unix:{path}") as s:
                s.wait_for("on purpose")
                with client(path), client(path), socket.socket(socket.AF_UNIX) as third:
                    third.setblocking(False)
                    try:
                        third.connect(path)
                        raise AssertionError("the accept queue took a third connection")
                    except BlockingIOError:
                        pass


def test_never_read():
    for io in IO:
        with Stoa("--fault", "never-read", io=io) as s:
            with client(s.port) as c:
                c.sendall(b"x" * 1000)
                s.wait_for("never-read on purpose")
                peer = c.getsockname()[1]
                while queue_of(s.port, peer) != 1000:
                    pass
                c.sendall(b"x" * 500)
                while queue_of(s.port, peer) != 1500:
                    pass
                s.stop()
                assert read_end(c) == (b"", RST)


if __name__ == "__main__":
    run_tests(globals())
