#!/usr/bin/env python3
"""What RFC 9112 and 9110 demand, through real sockets, on io_uring and on epoll: the table of
http_conformance.inc, and what a table cannot say: time, many requests at once, ends of connections."""
import os
import re
import socket
import threading

from stoa_process import IO, Stoa, run_tests

WORDS = {
    "H": b"Host: a\r\n",
    "TE": b"Transfer-Encoding: chunked\r\n",
    "OK": b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n",
}
OK = WORDS["OK"]
WITHIN = 30


def c_string(literal):
    """The bytes of a C literal's inside: \\r \\n \\t \\" \\\\ and octal escapes of three digits."""
    def one(m):
        code = m.group(1)
        if code[:1].isdigit():
            return bytes([int(code, 8)])
        return {b"r": b"\r", b"n": b"\n", b"t": b"\t"}.get(code, code)
    return re.sub(rb"\\([0-7]{3}|.)", one, literal.encode())


def rows():
    """(what, bytes, statuses, kept) of each row."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "http_conformance.inc"), encoding="ascii") as f:
        lines = [line for line in f.read().split("\n") if line.startswith("ROW(")]
    for line in lines:
        args = [b""]
        for string, word, comma in re.findall(r'"((?:\\.|[^"\\])*)"|(\w+)|(,)', line[len("ROW"):]):
            if comma:
                args.append(b"")
            elif word:
                args[-1] += WORDS.get(word, word.encode())
            else:
                args[-1] += c_string(string)
        what, data, statuses, end = args
        yield what.decode(), data, statuses.decode().split("|"), end == b"KEPT"


class Client:
    """A connection that reads responses one by one."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WITHIN)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        data = self.socket.recv(65536)
        self.got += data
        return bool(data)

    def until(self, n):
        while len(self.got) < n:
            assert self.more(), ("ended early", self.got)
        data, self.got = self.got[:n], self.got[n:]
        return data

    def response(self, method="GET"):
        """(status, fields, body); None when the connection has ended in order before it."""
        while b"\r\n\r\n" not in self.got:
            if not self.more():
                assert self.got == b"", ("half a head", self.got)
                return None
        head = self.until(self.got.index(b"\r\n\r\n") + 4)
        first, *lines = head[:-4].split(b"\r\n")
        assert re.fullmatch(rb"HTTP/1\.1 [1-5]\d\d [ -~]*", first), first
        status = int(first[9:12])
        fields = {}
        for line in lines:
            name, value = line.split(b": ", 1)
            assert name.lower() not in fields, name
            fields[name.lower().decode()] = value.decode()
        if status < 200:
            return status, fields, b""
        assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", fields["date"])
        if method == "HEAD" or status in (204, 304):
            return status, fields, b""
        return status, fields, self.until(int(fields["content-length"]))

    def expect(self, *statuses):
        for status in statuses:
            got = self.response()
            assert got and got[0] == status, (status, got)
        return got

    def expect_end(self):
        """Nothing more comes, and the connection ends in order, without a reset."""
        assert self.response() is None


def play(port, row, step):
    what, data, expected, kept = row
    with Client(port) as c:
        for at in range(0, len(data), step or len(data)):
            c.send(data[at:at + (step or len(data))])
        got = []
        for _ in expected[0].split():
            response = c.response()
            assert response, (what, got, "ended")
            status, fields, body = response
            got.append(str(status))
            if status >= 400:
                assert re.fullmatch(rb"[ -~]+\n", body), (what, body)
                assert fields["content-type"].startswith("text/plain"), what
        assert " ".join(got) in expected, (what, step, got)
        if kept:
            c.send(OK)
            c.expect(200)
        else:
            c.expect_end()


def on_each_io(*args, **named):
    """A server on each I/O in turn."""
    for io in IO:
        with Stoa("--text", "hi", *args, io=io, **named) as s:
            yield s


def test_table():
    for s in on_each_io():
        for row in rows():
            play(s.port, row, 0)


def test_table_byte_by_byte():
    # One connection in flight a row, so that the small packets of many overlap.
    for s in on_each_io():
        failed = []

        def some(part):
            for row in part:
                try:
                    play(s.port, row, 1)
                except (ConnectionResetError, BrokenPipeError):
                    # The refusal was closed while we still sent, byte by byte, long after it.
                    if row[3]:
                        failed.append((row[0], "reset"))
                except Exception as e:
                    failed.append((row[0], e))

        every = list(rows())
        threads = [threading.Thread(target=some, args=(every[i::8],)) for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not failed, failed


def test_head_is_get_without_a_body():
    for s in on_each_io():
        with Client(s.port) as c:
            c.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            status, fields, _ = c.response("HEAD")
            assert status == 200
            assert fields["content-length"] == "2"
            status, also, body = c.response()
            assert body == b"hi"
            assert fields == {**also, "date": fields["date"]}


def test_pipelining():
    for s in on_each_io():
        for step in (0, 1, 7, 1000):
            with Client(s.port) as c:
                data = OK * 64
                for at in range(0, len(data), step or len(data)):
                    c.send(data[at:at + (step or len(data))])
                c.expect(*[200] * 64)


def test_answers_do_not_wait_for_the_rest_of_the_next_request():
    for s in on_each_io():
        with Client(s.port) as c:
            c.send(OK + OK + OK[:10])
            c.expect(200, 200)
            c.send(OK[10:])
            c.expect(200)


def test_half_close():
    for s in on_each_io():
        with Client(s.port) as c:
            c.send(OK * 3)
            c.socket.shutdown(socket.SHUT_WR)
            c.expect(200, 200, 200)
            c.expect_end()
        with Client(s.port) as c:
            c.send(OK + OK[:-2])
            c.socket.shutdown(socket.SHUT_WR)
            c.expect(200)
            c.expect_end()


def test_slow_head():
    for s in on_each_io("--head-timeout", "300ms", "--idle-timeout", "600ms"):
        with Client(s.port) as c:
            c.send(b"GET / HT")
            _, fields, body = c.expect(408)
            assert fields["connection"] == "close"
            assert body
            c.expect_end()
        # Nothing was sent: nothing is answered.
        with Client(s.port) as c:
            c.expect_end()
        with Client(s.port) as c:
            c.send(OK)
            c.expect(200)
            c.expect_end()


def test_slow_body():
    for s in on_each_io("--body-timeout", "300ms", "--head-timeout", "300ms"):
        with Client(s.port) as c:
            c.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
            c.expect(200)  # this handler does not want it
            c.expect_end()


def test_a_refusal_reaches_a_client_that_sends_first_and_reads_then():
    large = b"x" * (1 << 20)
    for s in on_each_io("--max-body", "1000"):
        for head in (b"Content-Length: 1048576\r\n", b"Content-Length: 1048576\r\nConnection: close\r\n"):
            with Client(s.port) as c:
                c.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n" + large)
                _, fields, body = c.expect(413)
                assert fields["connection"] == "close"
                assert body == b"the body is too large\n"
                c.expect_end()
    # Neither too large nor wanted.
    for s in on_each_io():
        with Client(s.port) as c:
            c.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n" + large)
            _, fields, body = c.expect(200)
            assert fields["connection"] == "close"
            c.expect_end()


def test_bodies_that_nobody_wants_do_not_cost_the_connection():
    for s in on_each_io():
        for n in (1, 4096, 60000):
            with Client(s.port) as c:
                c.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % n + b"x" * n + OK)
                c.expect(200, 200)
            with Client(s.port) as c:
                c.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                c.send(b"%x\r\n" % n + b"x" * n + b"\r\n0\r\n\r\n" + OK)
                c.expect(200, 200)


def test_expectations():
    for s in on_each_io():
        with Client(s.port) as c:
            c.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            _, fields, _ = c.expect(200)  # this handler does not want the body: no 100
            assert fields["connection"] == "close"
            c.expect_end()


def test_limits():
    for s in on_each_io():
        for line, field, count, status in (
                (8000, 1, 1, 200), (8200, 1, 1, 414), (100000, 1, 1, 414), (1, 8000, 1, 200),
                (1, 8200, 1, 431), (1, 3000, 10, 200), (1, 3000, 11, 431), (1, 1, 99, 200),
                (1, 1, 100, 431)):
            with Client(s.port) as c:
                fields = b"".join(b"A: " + b"b" * field + b"\r\n" for _ in range(count))
                c.send(b"GET /" + b"a" * line + b" HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")
                c.expect(status)
                if status != 200:
                    c.expect_end()


def test_drain():
    """On one core: several hear of the end one after the other."""
    for io in IO:
        s = Stoa("--text", "hi", "-w", "1", io=io)
        with Client(s.port) as idle, Client(s.port) as busy:
            idle.send(OK)
            idle.expect(200)
            busy.send(OK + OK[:-2])
            busy.expect(200)
            s.signal()
            idle.expect_end()
            busy.send(OK[-2:])
            _, fields, _ = busy.expect(200)
            assert fields["connection"] == "close"
            busy.expect_end()
        assert s.wait() == 0


def test_many_connections():
    for s in on_each_io():
        clients = [Client(s.port) for _ in range(200)]
        for _ in range(3):
            for c in clients:
                c.send(OK)
            for c in clients:
                c.expect(200)
        for c in clients:
            c.socket.close()


if __name__ == "__main__":
    run_tests(globals())
