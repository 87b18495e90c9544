#!/usr/bin/python3
"""The access log of a running server: its formats, what peers cannot write into it, and outputs that
fail or do not keep up."""
import calendar
import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from stoa_process import IO, WITHIN, Stoa, run_tests  # noqa: E402


@contextlib.contextmanager
def logged(log, io, stdout=subprocess.PIPE):
    with tempfile.TemporaryDirectory() as root:
        with open(root + "/a", "wb") as f:
            f.write(b"x" * 2000)
        with Stoa(root, "-w", "1", "--log", log, io=io, stdout=stdout) as s:
            yield s


def send(s, request):
    """Sends bytes on a connection of its own; what came back."""
    with socket.create_connection(("127.0.0.1", s.port), timeout=WITHIN) as c:
        c.sendall(request)
        return c.makefile("rb").read()


def get(target, *fields):
    lines = [b"GET " + target + b" HTTP/1.1", b"Host: a", b"Connection: close", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def next_line(s):
    """The next line of the log, while the server runs."""
    line = b""
    while not line.endswith(b"\n"):
        assert select.select([s.process.stdout], [], [], WITHIN)[0], line
        more = os.read(s.process.stdout.fileno(), 1)
        assert more, line
        line += more
    return line[:-1].decode("ascii")


def test_combined():
    for io in IO:
        with logged("combined", io) as s:
            send(s, get(b"/a?b=c", b"Referer: http://r/", b"User-Agent: curl/7"))
            line = next_line(s)
            assert re.fullmatch(r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] '
                                r'"GET /a\?b=c HTTP/1\.1" 200 2000 "http://r/" "curl/7"', line), line
            send(s, b"bad\r\n\r\n")
            assert '" 400 ' in next_line(s)


def test_json():
    for io in IO:
        with logged("json", io) as s:
            before = time.time()
            request = get(b"/a", b"User-Agent: \xc3\xa9\"\\x")
            send(s, request)
            entry = json.loads(next_line(s))
            assert list(entry) == ["time", "peer", "method", "target", "version", "status", "bytes",
                                   "duration_us", "head_bytes", "body_in", "referer", "user_agent",
                                   "cause", "error", "stages"]
            stamp = time.strptime(entry["time"].split(".")[0] + " UTC", "%Y-%m-%dT%H:%M:%S %Z")
            assert abs(calendar.timegm(stamp) - before) < WITHIN
            assert (entry["peer"], entry["method"], entry["target"], entry["version"]) == (
                "127.0.0.1", "GET", "/a", "HTTP/1.1")
            assert (entry["status"], entry["bytes"], entry["body_in"]) == (200, 2000, 0)
            assert entry["head_bytes"] == len(request) and entry["duration_us"] >= 0, entry
            assert entry["user_agent"] == "\xc3\xa9\"\\x"
            assert entry["referer"] is entry["cause"] is entry["error"] is None
            send(s, b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\n12345")
            entry = json.loads(next_line(s))
            assert (entry["status"], entry["method"], entry["body_in"]) == (405, "POST", 5)
            send(s, b"GET /a HTTP/1.1\r\n\r\n")
            entry = json.loads(next_line(s))
            assert entry["status"] == 400 and entry["cause"]


def test_pretty():
    for io in IO:
        with logged("pretty", io) as s:
            send(s, get(b"/a"))
            line = next_line(s)
            assert re.fullmatch(r"\d\d:\d\d:\d\d 200 GET /a 1\.9 KiB \d+\.\d\d ms \([a-z]+ \d+\.\d\d\) 127\.0\.0\.1",
                                line), line


def test_a_client_that_leaves_within_a_file():
    size = 256 << 20  # far more than what the kernel holds for a socket
    for io in IO:
        with tempfile.TemporaryDirectory() as root:
            with open(root + "/a", "wb") as f:
                f.truncate(size)
            with Stoa(root, "-w", "1", "--log", "json", io=io, stdout=subprocess.PIPE) as s:
                with socket.create_connection(("127.0.0.1", s.port), timeout=WITHIN) as c:
                    c.sendall(get(b"/a"))
                    assert c.recv(1000)
                line = json.loads(next_line(s))
                assert (line["status"], line["cause"]) == (200, "close.client_gone"), line
                assert 1000 < line["bytes"] < size / 2, line


def test_peers_cannot_forge_lines():
    for io in IO:
        with logged("combined", io) as s:
            send(s, get(b'/a"\xff', b'User-Agent: \x1b[2J" 200 1\xe2\x80\xa8', b"Referer: a\tb\\"))
            line = next_line(s)
            assert all(" " <= c <= "~" for c in line), line
            assert line.count('"') == 6, line
            send(s, get(b"/" + b"x" * 5000))
            assert len(next_line(s)) < 2000


def test_a_full_disk_is_said_and_service_goes_on():
    if not os.path.exists("/dev/full"):
        return
    for io in IO:
        with open("/dev/full", "wb") as full, logged("combined", io, full) as s:
            assert send(s, get(b"/a")).startswith(b"HTTP/1.1 200")
            s.wait_for("log.failed: 1 line of the access log lost: No space left on device")
            assert send(s, get(b"/a")).startswith(b"HTTP/1.1 200")


def test_a_reader_that_does_not_read_holds_up_nobody():
    for io in IO:
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as out, os.fdopen(writing, "wb") as end:
            with logged("json", io, end) as s:
                count, batch = 6000, 200
                for _ in range(count // batch):
                    data = send(s, b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n" * (batch - 1)
                                + get(b"/none"))
                    assert data.count(b"HTTP/1.1 404 ") == batch
                end.close()
                s.signal()
                assert s.wait() == 0
            lines = out.read().split(b"\n")
            said = s.said.decode()
        lost = sum(int(n) for n in re.findall(r"(\d+) lines? of the access log", said))
        assert "log.dropped" in said and len(lines) - 1 + lost == count, (len(lines), said)


def test_everything_is_written_at_the_end():
    for io in IO:
        with tempfile.TemporaryFile() as f:
            with logged("combined", io, f) as s:
                for _ in range(20):
                    send(s, get(b"/a"))
            f.seek(0)
            assert f.read().count(b"\n") == 20


if __name__ == "__main__":
    run_tests(globals())
